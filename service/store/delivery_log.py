"""Deliveries and their attempts as people look at them: what arrived, when, and what the receiver said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, or_, select

from service.core.breaking import Breaker
from service.core.messages import Message
from service.core.model import DeliveryState, Outcome
from service.store.alerts import message_of
from service.store.breakers import breakers_of
from service.store.engine import reading
from service.store.paging import cursor_of, page_of
from service.store.schema import alerts, attempts, deliveries
from service.store.views import Page

_a, _d = attempts, deliveries
_ATTEMPTS = select(_a, _d.c.channel, _d.c.alert_id, (_a.c.delivery_id).label("id")).join(
    _d, _d.c.id == _a.c.delivery_id
)
_DELIVERIES = select(
    _d, alerts.c.subscription, alerts.c.about, alerts.c.story_id, alerts.c.feed_id, alerts.c.alert
).join(alerts, alerts.c.id == _d.c.alert_id)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are asked for; None: of any. `since` is when they were first due or later."""

    channel: str | None = None
    state: DeliveryState | None = None
    since: datetime | None = None
    alert_id: str | None = None


EVERY = Wanted()


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try. `at` is when it ended, `seconds` how long it took; `answer` the receiver's first words.

    `status` is the answer's, None where there was none.
    """

    delivery_id: str
    alert_id: str
    channel: str
    number: int
    at: datetime
    ok: bool
    status: int | None
    answer: str
    seconds: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A message on one channel, and how it stands. `id` is the webhook-id; `last` is its last try.

    `about`: what the message tells of, as `messages.about_of` says it.
    """

    id: str
    alert_id: str
    channel: str
    state: DeliveryState
    created_at: datetime
    next_at: datetime
    tries: int
    subscription: str
    about: str
    story_id: str | None
    feed_id: str | None
    message: Message
    last: AttemptRow | None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """A delivery with all its attempts, the first one first."""

    delivery: DeliveryRow
    attempts: tuple[AttemptRow, ...]


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel by what it carried. `breaker` is None for one that never failed."""

    name: str
    waiting: int
    delivered: int
    dead: int
    held: int
    breaker: Breaker | None


class DeliveryLog:
    """The reads of one ledger's deliveries."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self, limit: int = 50, cursor: str | None = None, wanted: Wanted = EVERY) -> Page[DeliveryRow]:
        """Deliveries, the newest first. InputError for a cursor that is not ours."""
        which = _DELIVERIES
        if wanted.channel is not None:
            which = which.where(_d.c.channel == wanted.channel)
        if wanted.state is not None:
            which = which.where(_d.c.state == wanted.state.value)
        if wanted.since is not None:
            which = which.where(_d.c.created_at >= wanted.since)
        if wanted.alert_id is not None:
            which = which.where(_d.c.alert_id == wanted.alert_id)
        with reading(self._engine) as connection:
            asked = page_of(which, _d.c.created_at, _d.c.id, limit, cursor)
            rows = connection.execute(asked).all()
            shown = _deliveries(connection, rows[:limit])
        last = shown[-1] if len(rows) > limit else None
        return Page(shown, cursor_of(last.created_at, last.id) if last else None)

    def of(self, asked: str) -> tuple[DeliveryPage, ...]:
        """The delivery of that id, or those of the alert of that id, with their attempts; () : none."""
        with reading(self._engine) as connection:
            which = _DELIVERIES.where(or_(_d.c.id == asked, _d.c.alert_id == asked))
            rows = _deliveries(connection, connection.execute(which.order_by(_d.c.channel)).all())
            return tuple(DeliveryPage(row, _attempts_of(connection, row.id)) for row in rows)

    def attempts(
        self, limit: int = 50, cursor: str | None = None, channel: str | None = None
    ) -> Page[AttemptRow]:
        """Every attempt, the latest first. InputError for a cursor that is not ours."""
        which = _ATTEMPTS if channel is None else _ATTEMPTS.where(_d.c.channel == channel)
        with reading(self._engine) as connection:
            rows = connection.execute(page_of(which, _a.c.at, _a.c.delivery_id, limit, cursor)).all()
        shown = tuple(map(_attempt, rows[:limit]))
        last = shown[-1] if len(rows) > limit else None
        return Page(shown, cursor_of(last.at, last.delivery_id) if last else None)

    def channels(self) -> tuple[ChannelRow, ...]:
        """Every channel that ever was to carry something, by name."""
        counted = select(_d.c.channel, _d.c.state, func.count().label("many")).group_by(
            _d.c.channel, _d.c.state
        )
        with reading(self._engine) as connection:
            found = {(row.channel, row.state): row.many for row in connection.execute(counted)}
            breakers = {one.channel: one for one in breakers_of(connection)}
        names = sorted({*(channel for channel, _ in found), *breakers})
        return tuple(_channel(name, found, breakers.get(name)) for name in names)


def _channel(name: str, found: dict[tuple[str, str], int], breaker: Breaker | None) -> ChannelRow:
    def count(state: DeliveryState) -> int:
        return found.get((name, state.value), 0)

    return ChannelRow(
        name,
        count(DeliveryState.PENDING),
        count(DeliveryState.DELIVERED),
        count(DeliveryState.DEAD),
        count(DeliveryState.HELD),
        breaker,
    )


def _deliveries(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[DeliveryRow, ...]:
    ids = [row.id for row in rows]
    newest = select(_a.c.delivery_id, func.max(_a.c.number).label("number")).where(_a.c.delivery_id.in_(ids))
    latest = newest.group_by(_a.c.delivery_id).subquery()
    last = _ATTEMPTS.join(
        latest, (latest.c.delivery_id == _a.c.delivery_id) & (latest.c.number == _a.c.number)
    )
    tried = {row.delivery_id: _attempt(row) for row in connection.execute(last)}
    return tuple(
        DeliveryRow(
            id=row.id,
            alert_id=row.alert_id,
            channel=row.channel,
            state=DeliveryState(row.state),
            created_at=row.created_at,
            next_at=row.next_at,
            tries=row.tries,
            subscription=row.subscription,
            about=row.about,
            story_id=row.story_id,
            feed_id=row.feed_id,
            message=message_of(row.about, row.alert),
            last=tried.get(row.id),
        )
        for row in rows
    )


def _attempts_of(connection: Connection, delivery_id: str) -> tuple[AttemptRow, ...]:
    mine = _ATTEMPTS.where(_a.c.delivery_id == delivery_id).order_by(_a.c.number)
    return tuple(map(_attempt, connection.execute(mine)))


def _attempt(row: Row[Any]) -> AttemptRow:
    # Before outcomes were kept, one that failed was tried again as far as its row says.
    known = row.outcome or (Outcome.DELIVERED if row.ok else Outcome.RETRY)
    return AttemptRow(
        delivery_id=row.delivery_id,
        alert_id=row.alert_id,
        channel=row.channel,
        number=row.number,
        at=row.at,
        ok=row.ok,
        status=row.status,
        answer=row.answer,
        seconds=row.seconds,
        outcome=Outcome(known),
    )
