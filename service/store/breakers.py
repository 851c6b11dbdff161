"""How channels stand whose deliveries fail: written in the commit of the attempt that says so, and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, or_, select, update

from service.core.breaking import (
    LONGEST_PAUSE,
    Breaker,
    ChannelEvent,
    Failure,
    after_failure,
    after_success,
    is_news,
    told_of,
    what_to_tell,
)
from service.core.channel_alerts import Heard, decide_channel
from service.core.model import Subscription
from service.store.alerts import save_message
from service.store.engine import insert_into, lock_names, reading, writing
from service.store.schema import PENDING, Moment, breakers, deliveries

_b, _d = breakers, deliveries
_now = bindparam("now", type_=Moment)
# The channels that are left alone right now, or that one delivery is trying for all.
LEFT_ALONE = select(_b.c.channel).where(or_(_b.c.open_until > _now, _b.c.probe_until > _now))
_ALL = select(_b).order_by(_b.c.channel)
_ONE = select(_b).where(_b.c.channel == bindparam("of")).with_for_update()
_PROBE = (
    update(_b)
    .where(_b.c.channel == bindparam("of"), _b.c.open_until.is_not(None))
    .values(probe_until=bindparam("until", type_=Moment))
)
# What waits for a channel that is well again need not wait on. The try that follows does not count: however
# often a channel comes and goes, what it refuses is tried as often and as long as ever.
_HURRY = (
    update(_d)
    .where(
        _d.c.channel == bindparam("of"),
        _d.c.state == PENDING,
        _d.c.token.is_(None),
        _d.c.tries > 0,
        _d.c.next_at > _now,
    )
    .values(next_at=_now, since_try=_d.c.since_try + 1)
)


class BreakerRows:
    """How the channels of one ledger stand."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> tuple[Breaker, ...]:
        """Every channel that ever failed, by name."""
        with reading(self._engine) as connection:
            return breakers_of(connection)

    def tell(
        self, subscriptions: Sequence[Subscription], channels: Sequence[str], now: datetime
    ) -> tuple[Heard, ...]:
        """Tell others of the `channels`, all that are set, that fail or are back, once each; what was told.

        Saved together with what it says: a process killed in the middle has told nothing, and the next look
        does.
        """
        if not any(what_to_tell(one, now) for one in self.all()):
            return ()
        with writing(self._engine) as connection:
            lock_names(connection, ["rumorwatch breakers"])
            told = []
            for breaker in breakers_of(connection):
                if (event := what_to_tell(breaker, now)) is not None:
                    heard = decide_channel(breaker, event, subscriptions, channels, now)
                    save_message(connection, heard.alert, heard.channels, now)
                    _save(connection, told_of(breaker, event, now))
                    told.append(heard)
            return tuple(told)


def note_failure(connection: Connection, channel: str, failure: Failure) -> None:
    """Count a try that failed."""
    _save(connection, after_failure(_of(connection, channel) or Breaker(channel), failure))


def note_success(connection: Connection, channel: str, at: datetime) -> int:
    """Something got through; how many deliveries that waited for the channel are due now because of it."""
    before = _of(connection, channel)
    if before is None or not is_news(before):
        return 0
    _save(connection, after_success(before, at))
    return connection.execute(_HURRY, {"of": channel, "now": at}).rowcount if before.is_tripped else 0


def note_probe(connection: Connection, channel: str, now: datetime) -> None:
    """A delivery goes out on the channel: where the channel was left alone, it tries for all."""
    connection.execute(_PROBE, {"of": channel, "until": now + LONGEST_PAUSE})


def breakers_of(connection: Connection) -> tuple[Breaker, ...]:
    """Every channel that ever failed, by name."""
    return tuple(map(_breaker, connection.execute(_ALL)))


def _of(connection: Connection, channel: str) -> Breaker | None:
    row = connection.execute(_ONE, {"of": channel}).first()
    return None if row is None else _breaker(row)


def _breaker(row: Row[Any]) -> Breaker:
    values = dict(row._mapping)
    told = values.pop("told")
    return Breaker(**values, told=ChannelEvent(told) if told else None)


def _save(connection: Connection, breaker: Breaker) -> None:
    connection.execute(_put(connection.dialect.name), asdict(breaker))


@cache
def _put(dialect: str) -> Any:
    insert = insert_into(_b, dialect)
    changed = {column.name: insert.excluded[column.name] for column in _b.columns if not column.primary_key}
    return insert.on_conflict_do_update(index_elements=["channel"], set_=changed)
