"""Deal with the clocks whose time has come: those that still run have run out, and alert who takes that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.core.alerting import decide_clock
from service.core.clocks import Clock, ClockBook, clocks_of
from service.core.model import AlertDecision, Story, Subscription
from service.store.clocks import Reminder
from service.store.handling import Handling
from service.store.ledger import Ledger
from service.store.verdicts import Cause

MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class RanOut:
    """A clock that ran out on a story, and what each subscription was told."""

    story: Story
    clock: Clock
    decisions: tuple[AlertDecision, ...]


def fire_due(
    ledger: Ledger,
    book: ClockBook,
    subscriptions: Sequence[Subscription],
    due_by: datetime,
    now: datetime,
    limit: int = MOST_AT_ONCE,
) -> tuple[tuple[RanOut, ...], bool]:
    """Deals with at most `limit` clocks due by `due_by`, in one commit; whether more may be due."""
    with ledger.timing() as transaction:
        reminders = transaction.due_clocks(due_by, limit)
        ran_out = [_deal(transaction, book, subscriptions, one, now) for one in reminders]
    return tuple(one for one in ran_out if one is not None), len(reminders) == limit


def _deal(
    transaction: Handling,
    book: ClockBook,
    subscriptions: Sequence[Subscription],
    reminder: Reminder,
    now: datetime,
) -> RanOut | None:
    story = transaction.story(reminder.story_id)
    running = clocks_of(story, book) if story is not None else ()
    clock = next((one for one in running if _is_of(reminder, one)), None)
    transaction.end_clock(reminder, fired=clock is not None)
    if story is None or clock is None:
        return None
    cause = Cause(story.id, rule=clock.rule.id, party=clock.party)
    decisions = tuple(
        transaction.put(decide_clock(story, clock, subscription), subscription, cause, now)
        for subscription in subscriptions
    )
    return RanOut(story, clock, decisions)


def _is_of(reminder: Reminder, clock: Clock) -> bool:
    same = (clock.rule.id, clock.party, clock.started_at)
    return same == (reminder.rule, reminder.party, reminder.started_at)
