"""Reminders of clocks: one row a clock, kept after it ran out so that it does so once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, select, update

from service.core.clocks import Clock
from service.store.engine import insert_into
from service.store.schema import PENDING, Moment, clocks

_DUE = (
    select(clocks)
    .where(clocks.c.state == PENDING, clocks.c.due_at <= bindparam("now", type_=Moment))
    .order_by(clocks.c.due_at, clocks.c.story_id, clocks.c.rule, clocks.c.party)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_END = (
    update(clocks)
    .where(
        and_(
            clocks.c.story_id == bindparam("story"),
            clocks.c.rule == bindparam("of_rule"),
            clocks.c.party == bindparam("on"),
            clocks.c.started_at == bindparam("since", type_=Moment),
        )
    )
    .values(state=bindparam("ended"))
)


@dataclass(frozen=True, slots=True)
class Reminder:
    """A clock that may have run out: whether it still runs, the story says."""

    story_id: str
    rule: str
    party: str
    started_at: datetime
    due_at: datetime


def start_clocks(connection: Connection, started: Sequence[Clock]) -> None:
    """Remember when these run out; those that are remembered already stay as they are."""
    if not started:
        return
    rows = [
        {
            "story_id": clock.story_id,
            "rule": clock.rule.id,
            "party": clock.party,
            "started_at": clock.started_at,
            "due_at": clock.due_at,
            "state": "pending",
        }
        for clock in started
    ]
    connection.execute(insert_into(clocks, connection.dialect.name).on_conflict_do_nothing(), rows)


def due_clocks(connection: Connection, now: datetime, limit: int) -> list[Reminder]:
    """At most `limit` whose time has come, the first due first; others that look meanwhile pass them over."""
    rows = connection.execute(_DUE, {"now": now, "most": limit})
    return [Reminder(row.story_id, row.rule, row.party, row.started_at, row.due_at) for row in rows]


def end_clock(connection: Connection, reminder: Reminder, *, fired: bool) -> None:
    """Keep that it fired, or that it was stopped before."""
    given = {
        "story": reminder.story_id,
        "of_rule": reminder.rule,
        "on": reminder.party,
        "since": reminder.started_at,
        "ended": "fired" if fired else "stopped",
    }
    connection.execute(_END, given)
