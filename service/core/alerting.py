"""Who hears of a step, who does not, and the reason.

How it decides: the step's own reason says whether it is news (a first or stronger denial, a confirmation, a
reversal, a retraction); the item says whether it is told as news (a backfill is not); the subscription says
whom it concerns and how firm a denial must be. What it leaves out: when and by which channel (deliveries).
"""

from __future__ import annotations

from collections.abc import Sequence

from service.core.model import Alert, AlertDecision, EventType, Kind, Reason, Statement, Step, Subscription
from service.core.text import fold, stable_id

NEWS = frozenset(
    {
        Reason.FIRST_DENIAL_BY_PARTY,
        Reason.STRONGER_DENIAL,
        Reason.FIRST_CONFIRMATION_BY_PARTY,
        Reason.REVERSAL,
        Reason.RETRACTION,
    }
)

# The subscription of somebody who wants everything: what `replay` answers for, and the default.
EVERYTHING = Subscription(name="everything")


def decide_alert(step: Step, subscription: Subscription) -> AlertDecision:
    """Whether `step` alerts `subscription`, with the reason and, where it does, the alert itself."""
    reason = _reason(step, subscription)
    alert = _alert(step, subscription) if reason in NEWS else None
    return AlertDecision(subscription.name, reason, alert)


def is_watched(statement: Statement, watchlist: Sequence[str]) -> bool:
    """Whether a statement concerns somebody on `watchlist` (canonical names); an empty list watches all."""
    if not watchlist:
        return True
    concerned = {*statement.claim.principals, *statement.entities, statement.party}
    return not concerned.isdisjoint(watchlist)


def _reason(step: Step, subscription: Subscription) -> Reason:
    if step.reason not in NEWS:
        return step.reason
    if step.item.backfill:
        return Reason.BACKFILL
    if subscription.watchlist and not is_watched(step.statement, subscription.watchlist):
        return Reason.NOT_WATCHED
    strength = step.statement.strength
    if strength is not None and strength.rank < subscription.minimum_strength.rank:
        return Reason.BELOW_THRESHOLD
    return step.reason


def _alert(step: Step, subscription: Subscription) -> Alert:
    statement, story = step.statement, step.story
    return Alert(
        id=_alert_id(step, subscription),
        subscription=subscription.name,
        event=step.event or EventType.DENIED,
        reason=step.reason,
        story_id=story.id,
        claim=story.claim.text,
        status=story.status,
        kind=statement.kind,
        party=statement.party,
        role=statement.role,
        speaker=statement.speaker,
        strength=statement.strength,
        at=step.item.told_at,
        evidence=step.quotation,
        rumor=story.rumor,
        earlier=step.earlier,
        positions=story.positions,
    )


def _alert_id(step: Step, subscription: Subscription) -> str:
    """The same subscription, story, party, stance and strength give the same id, so a second never leaves.

    A turn back to a stance held before is news again: the words it turns away from tell it apart.
    """
    statement = step.statement
    turned = step.reason is Reason.REVERSAL and step.earlier is not None
    since = f"{step.earlier.item_id}:{step.earlier.start}" if turned and step.earlier else ""
    stance = statement.kind.value if statement.kind is not Kind.DENIAL else f"denial.{statement.strength}"
    return stable_id("a", subscription.name, step.story.id, fold(statement.party or ""), stance, since)
