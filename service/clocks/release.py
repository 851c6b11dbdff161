"""Release what is held and due: one alert by itself, several in a digest, in one commit a subscription.

A process killed in the middle has released nothing of that subscription, and the next sweep does. What a
person quieted meanwhile, or whose subscription is paused or gone, is told to nobody, and its reason is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.core.digests import MOST_WHOLE, digest_of
from service.core.hushes import hushed
from service.core.messages import Message
from service.core.model import AlertDecision, Reason, Subscription
from service.store.handling import Handling
from service.store.holds import DueHolds
from service.store.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Released:
    """What left for one subscription: `message` is None where all that was due had been quieted."""

    subscription: str
    message: Message | None
    count: int


def release_due(ledger: Ledger, subscriptions: Sequence[Subscription], now: datetime) -> tuple[Released, ...]:
    """Releases all that is due at `now`."""
    with ledger.looking() as transaction:
        names = transaction.waiting(now)
    known = {one.name: one for one in subscriptions}
    released = []
    for name in names:
        with ledger.releasing() as transaction:
            released.append(_release(transaction, name, known.get(name), now))
    return tuple(one for one in released if one is not None)


def _release(
    transaction: Handling, name: str, subscription: Subscription | None, now: datetime
) -> Released | None:
    transaction.take_held(name, now)
    if subscription is None or subscription.paused:
        why = "it is paused" if subscription else "it was removed"
        transaction.drop_held(name, Reason.PAUSED, why, now)
        return Released(name, None, 0)
    _drop_hushed(transaction, name, now)
    due = transaction.taken(name, MOST_WHOLE)
    if not due.count:
        return None
    message = _message(name, due, now)
    transaction.release(message, due.count > 1, subscription.channels, now)
    return Released(name, message, due.count)


def _message(name: str, due: DueHolds, now: datetime) -> Message:
    return due.first[0] if due.count == 1 else digest_of(name, due.first, due.count, due.holds, now)


def _drop_hushed(transaction: Handling, name: str, now: datetime) -> None:
    """Drops the alerts on stories that a person quieted while they were held."""
    said = transaction.hushed_stories(name)
    for alert in transaction.held_of(name, said) if said else ():
        told = AlertDecision(name, alert.reason, alert)
        decision = hushed(told, said[alert.story_id], now)
        if decision.alert is None:
            transaction.drop_one(alert.id, decision, now)
