"""Deliveries sent again because a person wants it: under the id they had, so receivers can tell a repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, or_, select, update

from service.core.model import DeliveryState
from service.errors import InputError
from service.store.engine import reading, writing
from service.store.schema import deliveries

_d = deliveries
_DONE = _d.c.state.in_([DeliveryState.DELIVERED.value, DeliveryState.DEAD.value])


@dataclass(frozen=True, slots=True)
class Again:
    """What is to be sent again: all that was due `since` then, on one channel or (None) all.

    `dead`: only what was given up.
    """

    since: datetime
    channel: str | None = None
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Resent:
    """A delivery that is sent again, or would be."""

    id: str
    channel: str
    state: DeliveryState


class Resending:
    """The repeats of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def one(self, asked: str, now: datetime) -> tuple[Resent, ...]:
        """Send the delivery of that id again, or all those of the alert of that id, from `now` on.

        One that still waits is due at once. InputError where there is none, where a restore holds it,
        or where it is on its way at this very moment.
        """
        with writing(self._engine) as connection:
            which = or_(_d.c.id == asked, _d.c.alert_id == asked)
            rows = connection.execute(select(_d).where(which).with_for_update()).all()
            if not rows:
                raise InputError(
                    f"there is no delivery {asked[:80]!r}: `rumorwatch deliveries list` shows them."
                )
            if any(row.state == DeliveryState.HELD.value for row in rows):
                raise InputError(
                    f"{asked} is held since a restore: `rumorwatch deliveries release` sends it."
                )
            if any(row.token is not None and row.lease_until > now for row in rows):
                raise InputError(f"{asked} is on its way at this moment: ask again when its try has ended.")
            _send_again(connection, [row.id for row in rows], now)
        return tuple(Resent(row.id, row.channel, DeliveryState(row.state)) for row in rows)

    def since(self, again: Again, now: datetime, *, dry: bool = False) -> tuple[Resent, ...]:
        """Send again all that was delivered or given up, from `now` on; what it is, the oldest first.

        What still waits, or is held, stays as it is. `dry`: nothing is changed.
        """
        found = select(_d).where(*_asked(again)).order_by(_d.c.created_at, _d.c.id)
        if dry:
            with reading(self._engine) as connection:
                rows = connection.execute(found).all()
        else:
            with writing(self._engine) as connection:
                rows = connection.execute(found.with_for_update()).all()
                _send_again(connection, [row.id for row in rows], now)
        return tuple(Resent(row.id, row.channel, DeliveryState(row.state)) for row in rows)


def _asked(again: Again) -> list[ColumnElement[bool]]:
    asked = [_d.c.created_at >= again.since]
    asked.append(_d.c.state == DeliveryState.DEAD.value if again.dead else _DONE)
    if again.channel is not None:
        asked.append(_d.c.channel == again.channel)
    return asked


def _send_again(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """All tries so far count no more, so it is tried as long as a new one."""
    fresh = {
        "state": DeliveryState.PENDING.value,
        "next_at": now,
        "since_try": _d.c.tries,
        "token": None,
        "lease_until": None,
    }
    for start in range(0, len(ids), 500):
        connection.execute(update(_d).where(_d.c.id.in_(ids[start : start + 500])).values(fresh))
