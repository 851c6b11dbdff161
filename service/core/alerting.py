"""Who hears of a step, who does not, and the reason.

How it decides: the step's own reason says whether it is news (a first or stronger denial, a confirmation, a
reversal, a retraction); the item says whether it is told as news (a backfill is not); the subscription says
whom it concerns and how firm a denial must be. What it leaves out: when and by which channel (deliveries).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from service.core.clocks import Clock, Starts
from service.core.model import (
    Alert,
    AlertDecision,
    EventType,
    Item,
    Kind,
    Quotation,
    Reason,
    Statement,
    Step,
    Story,
    Strength,
    Subscription,
)
from service.core.nearby import Nearby
from service.core.text import fold, name_key, stable_id
from service.core.watching import Concerned, watches

NEWS = frozenset(
    {
        Reason.FIRST_DENIAL_BY_PARTY,
        Reason.STRONGER_DENIAL,
        Reason.FIRST_CONFIRMATION_BY_PARTY,
        Reason.REVERSAL,
        Reason.RETRACTION,
    }
)

# Told only to subscriptions that name their event.
_ON_REQUEST = frozenset({Reason.RUMOR, Reason.NO_COMMENT, Reason.STANDS_BY})

# The subscription of somebody who wants everything: what `replay` answers for, and the default.
EVERYTHING = Subscription(name="everything")


def decide_alert(
    step: Step, subscription: Subscription, told: Collection[str] = frozenset()
) -> AlertDecision:
    """Whether `step` alerts `subscription`, with the reason and, where it does, the alert itself.

    `told` holds what was said of the story before (`said_of`), also while it was another story.
    """
    doubtful = subscription.doubtful and step.supposed is not None
    believed = replace(step.supposed, story=step.story) if doubtful and step.supposed else step
    reason = _why_not(believed, subscription)
    if reason is not None:
        return AlertDecision(subscription.name, step.reason if doubtful else reason, None)
    alert = replace(_alert(believed, subscription), doubtful=doubtful)
    if said_of(alert) in told:
        return AlertDecision(subscription.name, Reason.REPEAT, None)
    return AlertDecision(subscription.name, believed.reason, alert)


def told_nearby(decision: AlertDecision, nearby: Sequence[Nearby], alerts: Sequence[Alert]) -> AlertDecision:
    """`decision` without its alert where one of `alerts`, told of a story of `nearby`, says the same already.

    What turned was told only by what told the same turn.
    """
    new = decision.alert
    if new is None:
        return decision
    for near in nearby:
        told = next(
            (one for one in alerts if one.story_id == near.story_id and _says_as_much(one, new)), None
        )
        if told is not None:
            note = f"told in {near.story_id} as {told.id}: {near.because}"
            return replace(decision, reason=Reason.TOLD_NEARBY, alert=None, note=note)
    return decision


def _says_as_much(told: Alert, new: Alert) -> bool:
    """Whether an alert said of the same party, no less firmly and no less news, what another would say."""
    if told.subscription != new.subscription or told.kind is not new.kind or told.doubtful:
        return False
    if name_key(told.party or "") != name_key(new.party or ""):
        return False
    if new.reason is Reason.REVERSAL and told.reason is not Reason.REVERSAL:
        return False
    return new.strength is None or (told.strength is not None and told.strength.rank >= new.strength.rank)


def decide_clock(story: Story, clock: Clock, subscription: Subscription) -> AlertDecision:
    """Whether a clock that ran out alerts `subscription`: if it takes such events and watches the story."""
    event = clock.rule.event
    reason = Reason.SILENCE if event is EventType.SILENT else Reason.RULE_CLOCK
    if not watches(subscription.watchlist, subscription.words, _concerned_by_story(story)):
        return AlertDecision(subscription.name, Reason.NOT_WATCHED, None)
    if subscription.paused:
        return AlertDecision(subscription.name, Reason.PAUSED, None)
    if event not in subscription.takes:
        return AlertDecision(subscription.name, reason, None)
    # A party may be bound again by a denial after a turn; the time after a report runs out once.
    since = clock.started_at.isoformat() if clock.rule.starts is Starts.DENIAL else ""
    alert = Alert(
        id=stable_id("a", subscription.name, story.id, clock.rule.id, fold(clock.party), since),
        subscription=subscription.name,
        event=event,
        reason=reason,
        story_id=story.id,
        claim=story.claim.text,
        status=story.status,
        kind=clock.since.kind,
        party=clock.party or clock.since.party,
        role=None,
        speaker=None,
        strength=None,
        at=clock.due_at,
        evidence=clock.since,
        rumor=story.rumor,
        earlier=None,
        positions=story.positions,
        note=clock.note,
        language=subscription.language,
        template=subscription.template,
    )
    return AlertDecision(subscription.name, reason, alert)


def as_news(step: Step, story: Story) -> Step:
    """The step of a statement that is looked at only now, told with `story` as it stands now.

    What its party has since taken back, or said more firmly, is late: it is no news any more.
    """
    if step.reason not in NEWS:
        return replace(step, story=story)
    now = story.position_of(step.statement.party or "")
    stands = now is not None and now.quotation == step.quotation
    return replace(step, story=story, reason=step.reason if stands else Reason.LATE)


def said_of(alert: Alert) -> str:
    """What an alert says, but for its story: two alike about one story would tell the same thing twice."""
    turned = alert.reason is Reason.REVERSAL
    return _said(
        alert.subscription, alert.party, alert.kind, alert.strength, alert.earlier if turned else None
    )


def told_again(alert: Alert) -> Alert:
    """`alert` under an id of its own, for when the one that had its id told what was no part of the story."""
    return replace(alert, id=stable_id("a", alert.id, alert.evidence.item_id, str(alert.evidence.start)))


def is_watched(statement: Statement, watchlist: Sequence[str]) -> bool:
    """Whether a statement concerns somebody on `watchlist` (canonical names); an empty list watches all."""
    if not watchlist:
        return True
    concerned = {*statement.claim.principals, *statement.entities, statement.party or ""}
    return not {name_key(name) for name in concerned}.isdisjoint(name_key(name) for name in watchlist)


def _why_not(step: Step, subscription: Subscription) -> Reason | None:
    """The first reason not to tell a step to a subscription; None: it is told."""
    if not _is_news(step, subscription):
        return step.reason
    statement, asked = step.statement, subscription
    strength = statement.strength
    speaks = {statement.party, statement.speaker}
    passed: tuple[tuple[Reason, bool], ...] = (
        (Reason.BACKFILL, not step.item.backfill),
        (Reason.PAUSED, not asked.paused),
        (Reason.NOT_WATCHED, watches(asked.watchlist, asked.words, _concerned_by(step))),
        (Reason.OTHER_EVENT, not asked.events or step.event in asked.events),
        (Reason.OTHER_LANGUAGE, not asked.languages or _language(step) in asked.languages),
        (Reason.OTHER_OUTLET, not asked.outlets or _is_of_outlet(step.item, asked.outlets)),
        (Reason.OTHER_PARTY, not asked.parties or not speaks.isdisjoint(asked.parties)),
        (Reason.BELOW_THRESHOLD, strength is None or strength.rank >= asked.minimum_strength.rank),
        (Reason.UNSURE, statement.confidence >= asked.minimum_confidence),
    )
    return next((reason for reason, passes in passed if not passes), None)


def _is_news(step: Step, subscription: Subscription) -> bool:
    """Whether a step is told at all: for what it is, or because the subscription asks for such events."""
    return step.reason in NEWS or (step.reason in _ON_REQUEST and step.event in subscription.events)


def _language(step: Step) -> str:
    return (step.item.lang or step.statement.claim.lang).partition("-")[0].lower()


def _is_of_outlet(item: Item, outlets: Sequence[str]) -> bool:
    """Whether an item is told by one of these, by its name or by the host of its address."""
    host = _host(item.url)
    names = {fold(outlet) for outlet in outlets}
    parents = {host[at:] for at, one in enumerate(f".{host}") if one == "."}
    return fold(item.outlet or "") in names or not names.isdisjoint(parents)


def _host(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:  # "http://[": an address that nobody can read
        return ""


def _concerned_by(step: Step) -> Concerned:
    statement = step.statement
    named = (*statement.claim.principals, *statement.entities, statement.party, statement.speaker)
    names = frozenset(name for name in named if name is not None)
    return Concerned(names, statement.claim.text, statement.evidence.text, step.item.title)


def _concerned_by_story(story: Story) -> Concerned:
    names = {*story.claim.principals, *(position.party for position in story.positions)}
    rumor = story.rumor
    words = (rumor.text, rumor.title) if rumor is not None else ("", "")
    return Concerned(frozenset(names), story.claim.text, *words)


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
        language=subscription.language,
        template=subscription.template,
    )


def _alert_id(step: Step, subscription: Subscription) -> str:
    """The same subscription, story, party, stance and strength give the same id, so a second never leaves.

    A turn back to a stance held before is news again: the words it turns away from tell it apart.
    """
    statement = step.statement
    earlier = step.earlier if step.reason is Reason.REVERSAL else None
    subject, party, stance, since = _parts(
        subscription.name, statement.party, statement.kind, statement.strength, earlier
    )
    return stable_id("a", subject, step.story.id, party, stance, since)


def _said(
    subscription: str, party: str | None, kind: Kind, strength: Strength | None, earlier: Quotation | None
) -> str:
    return "\x1f".join(_parts(subscription, party, kind, strength, earlier))


def _parts(
    subscription: str, party: str | None, kind: Kind, strength: Strength | None, earlier: Quotation | None
) -> tuple[str, str, str, str]:
    since = f"{earlier.item_id}:{earlier.start}" if earlier else ""
    stance = kind.value if kind is not Kind.DENIAL else f"denial.{strength}"
    return subscription, fold(party or ""), stance, since
