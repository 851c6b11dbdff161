"""What an item, a story or an alert went through, as rows: what is stored, nothing worked out again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, or_, select

from service.core.hushes import Hush
from service.core.messages import Message
from service.core.model import Attempt, DeliveryState, EventType, Reason, Statement
from service.core.words import Hold
from service.store.alerts import message_of
from service.store.codec import decode, decode_all
from service.store.engine import reading
from service.store.hushes import hushes_of
from service.store.schema import (
    alerts,
    attempts,
    clocks,
    deliveries,
    holds,
    items,
    revisions,
    statements,
    stories,
    verdicts,
)
from service.store.stories import story_of
from service.store.verdicts import Cause, Verdict

MOST_STATEMENTS = 200


@dataclass(frozen=True, slots=True)
class RevisionTrace:
    """An item's text as it was at one time, and how far the work on it is."""

    item_id: str
    feed_id: str
    revision: int
    title: str
    outlet: str | None
    first_seen_at: datetime
    seen_at: datetime
    told_at: datetime
    published: datetime | None
    reason: str
    date_flag: str | None
    backfill: bool
    state: str
    why: str | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class StatementTrace:
    """A statement, the story it was given to, and what it moved there. `why`: where it joined none."""

    item_id: str
    revision: int
    ordinal: int
    at: datetime
    statement: Statement
    story_id: str | None
    score: float | None
    sure: bool | None
    joined_because: tuple[str, ...]
    decided_because: tuple[str, ...]
    why: str | None
    event: EventType | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class ClockTrace:
    """A clock that ran on a story. `state` is pending, fired or stopped."""

    rule: str
    party: str
    started_at: datetime
    due_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class DeliveryTrace:
    """A message on one channel, with every attempt."""

    channel: str
    state: DeliveryState
    next_at: datetime
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class HoldTrace:
    """That an alert was held: why, until when, and what became of it (pending, released, dropped).

    `digest_id`: the message that told it with others.
    """

    hold: Hold
    until: datetime
    state: str
    digest_id: str | None


@dataclass(frozen=True, slots=True)
class MessageTrace:
    """A message that was decided, whether it was held, and its deliveries or those of its digest."""

    message: Message
    created_at: datetime
    deliveries: tuple[DeliveryTrace, ...]
    held: HoldTrace | None = None


@dataclass(frozen=True, slots=True)
class StoryTrace:
    """A story by its name. `became` as in Story."""

    id: str
    claim: str
    status: str
    became: str | None


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is stored about what was asked for; what it has none of is empty."""

    story: StoryTrace | None = None
    revisions: tuple[RevisionTrace, ...] = ()
    statements: tuple[StatementTrace, ...] = ()
    clocks: tuple[ClockTrace, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    messages: tuple[MessageTrace, ...] = ()
    hushes: tuple[Hush, ...] = ()


class Traces:
    """The traces of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def item(self, item_id: str) -> Trace | None:
        """What became of an item; None where there is none."""
        with reading(self._engine) as connection:
            seen = _revisions(connection, [item_id])
            if not seen:
                return None
            said = _statements(connection, statements.c.item_id == item_id)
            decided = _verdicts(connection, verdicts.c.item_id == item_id)
            return Trace(None, seen, said, (), decided, _messages(connection, _ids(decided)))

    def story(self, story_id: str) -> Trace | None:
        """What became of all that was said in a story, and of its clocks; None where there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(select(stories).where(stories.c.id == story_id)).first()
            if row is None:
                return None
            said = _statements(connection, statements.c.story_id == story_id)
            items_of_it = {one.item_id for one in said}
            decided = _verdicts(
                connection, or_(verdicts.c.story_id == story_id, verdicts.c.item_id.in_(sorted(items_of_it)))
            )
            return Trace(
                _story(row),
                _revisions(connection, sorted(items_of_it)),
                said,
                _clocks(connection, story_id),
                decided,
                _messages(connection, _ids(decided)),
                hushes_of(connection, story_id),
            )

    def alert(self, alert_id: str) -> Trace | None:
        """What led to an alert and what became of it; None where there is none."""
        with reading(self._engine) as connection:
            sent = _messages(connection, {alert_id})
            if not sent:
                return None
            decided = _verdicts(connection, verdicts.c.alert_id == alert_id)
            causes = [one.cause for one in decided if one.cause.item_id is not None]
            said = _statements(connection, _any_of(causes)) if causes else ()
            ran = [one.cause for one in decided if one.cause.rule is not None]
            running = [clock for cause in ran for clock in _clocks(connection, cause.story_id, cause)]
            seen = _revisions(connection, sorted({one.item_id for one in said}))
            return Trace(None, seen, said, tuple(running), decided, sent)


def _any_of(causes: Sequence[Cause]) -> ColumnElement[bool]:
    s = statements.c
    return or_(
        *(
            and_(
                s.item_id == cause.item_id,
                s.revision == cause.revision,
                s.ordinal == cause.ordinal,
            )
            for cause in causes
        )
    )


def _ids(decided: Sequence[Verdict]) -> set[str]:
    return {one.alert_id for one in decided if one.alert_id is not None}


def _story(row: Row[Any]) -> StoryTrace:
    story = story_of(row)
    return StoryTrace(story.id, story.claim.text, story.status.value, story.became)


def _revisions(connection: Connection, item_ids: Sequence[str]) -> tuple[RevisionTrace, ...]:
    r = revisions.c
    wanted = (
        select(revisions, items.c.first_seen_at)
        .join(items, items.c.id == r.item_id)
        .where(r.item_id.in_(list(item_ids)))
        .order_by(r.told_at, r.item_id, r.revision)
    )
    return tuple(
        RevisionTrace(
            item_id=row.item_id,
            feed_id=row.feed_id,
            revision=row.revision,
            title=row.title,
            outlet=row.outlet,
            first_seen_at=row.first_seen_at,
            seen_at=row.seen_at,
            told_at=row.told_at,
            published=row.published,
            reason=row.reason,
            date_flag=row.date_flag,
            backfill=row.backfill,
            state=row.state,
            why=row.why,
            next_at=row.next_at,
        )
        for row in connection.execute(wanted)
    )


def _statements(connection: Connection, which: ColumnElement[bool]) -> tuple[StatementTrace, ...]:
    """The latest that fit, in the order told."""
    s = statements.c
    order = (s.at, s.position, s.item_id, s.revision, s.place)
    latest = select(statements).where(which).order_by(*(column.desc() for column in order))
    rows = connection.execute(latest.limit(MOST_STATEMENTS)).all()
    return tuple(_statement(row) for row in reversed(rows))


def _statement(row: Row[Any]) -> StatementTrace:
    return StatementTrace(
        item_id=row.item_id,
        revision=row.revision,
        ordinal=row.ordinal,
        at=row.at,
        statement=decode(Statement, row.statement),
        story_id=row.story_id,
        score=row.joined_score,
        sure=row.joined_sure,
        joined_because=decode_all(str, row.joined_because or "[]"),
        decided_because=decode_all(str, row.decided_because or "[]"),
        why=row.why,
        event=EventType(row.event) if row.event else None,
        reason=Reason(row.reason) if row.reason else None,
    )


def _clocks(connection: Connection, story_id: str, cause: Cause | None = None) -> tuple[ClockTrace, ...]:
    wanted = select(clocks).where(clocks.c.story_id == story_id)
    if cause is not None:
        wanted = wanted.where(clocks.c.rule == cause.rule, clocks.c.party == cause.party)
    rows = connection.execute(wanted.order_by(clocks.c.due_at, clocks.c.rule, clocks.c.party))
    return tuple(ClockTrace(row.rule, row.party, row.started_at, row.due_at, row.state) for row in rows)


def _verdicts(connection: Connection, which: ColumnElement[bool]) -> tuple[Verdict, ...]:
    """Those that hold: of several on one cause the last; but what was told stays told."""
    last: dict[tuple[Cause, str], Verdict] = {}
    for row in connection.execute(select(verdicts).where(which).order_by(verdicts.c.number)):
        cause = Cause(row.story_id, row.item_id, row.revision, row.ordinal, row.rule, row.party)
        key = Cause("", row.item_id, row.revision, row.ordinal, row.rule, row.party)
        verdict = Verdict(row.subscription, Reason(row.reason), row.alert_id, row.note or "", cause)
        before = last.get((key, row.subscription))
        if before is None or before.alert_id is None or verdict.alert_id is not None:
            last[key, row.subscription] = verdict
    return tuple(last.values())


def _messages(connection: Connection, ids: Collection[str]) -> tuple[MessageTrace, ...]:
    wanted = select(alerts).where(alerts.c.id.in_(sorted(ids))).order_by(alerts.c.created_at, alerts.c.id)
    rows = connection.execute(wanted).all()
    kept = _holds(connection, [row.id for row in rows])
    digests = {one.digest_id for one in kept.values() if one.digest_id is not None}
    sent = _deliveries(connection, sorted({*(row.id for row in rows), *digests}))
    found = []
    for row in rows:
        held = kept.get(row.id)
        through = (held.digest_id if held else None) or row.id
        message = message_of(row.about, row.alert)
        found.append(MessageTrace(message, row.created_at, tuple(sent.get(through, ())), held))
    return tuple(found)


def _holds(connection: Connection, ids: Sequence[str]) -> dict[str, HoldTrace]:
    wanted = select(holds).where(holds.c.alert_id.in_(list(ids)))
    return {
        row.alert_id: HoldTrace(Hold(row.hold), row.until, row.state, row.digest_id)
        for row in connection.execute(wanted)
    }


def _deliveries(connection: Connection, ids: Sequence[str]) -> dict[str, list[DeliveryTrace]]:
    wanted = select(deliveries).where(deliveries.c.alert_id.in_(list(ids)))
    rows = connection.execute(wanted.order_by(deliveries.c.alert_id, deliveries.c.channel)).all()
    tried: dict[str, list[Attempt]] = {}
    of = select(attempts).where(attempts.c.delivery_id.in_([row.id for row in rows]))
    for one in connection.execute(of.order_by(attempts.c.delivery_id, attempts.c.number)):
        attempt = Attempt(one.number, one.at, one.ok, one.status, one.answer, one.seconds)
        tried.setdefault(one.delivery_id, []).append(attempt)
    found: dict[str, list[DeliveryTrace]] = {}
    for row in rows:
        trace = DeliveryTrace(
            row.channel, DeliveryState(row.state), row.next_at, tuple(tried.get(row.id, ()))
        )
        found.setdefault(row.alert_id, []).append(trace)
    return found
