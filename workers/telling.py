"""Who hears of a step: asks the core for each subscription, and saves the alerts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.core.alerting import as_news, decide_alert, told_again, told_nearby
from service.core.clocks import NO_CLOCKS, ClockBook
from service.core.matching import find_story, keys_of
from service.core.model import Alert, AlertDecision, Claim, Match, Reason, Step, Story, Subscription
from service.core.nearby import Nearby, said_nearby
from service.core.reading.lexicon import Knowledge
from service.store.handling import Handling
from service.store.verdicts import Cause

MOST_NEARBY = 16


@dataclass(frozen=True, slots=True)
class Rules:
    """What an item is handled by: the language knowledge, what is tracked, and who hears of it.

    An empty `watchlist` (canonical names) tracks everything. `find`: the story that a claim belongs to;
    `clocks`: what runs on stories; `clock`: by which the stage times of alerts are kept, None: they are not.
    """

    knowledge: Knowledge
    subscriptions: tuple[Subscription, ...]
    watchlist: tuple[str, ...] = ()
    find: Callable[[Claim, datetime, Sequence[Story]], Match] = find_story
    clocks: ClockBook = NO_CLOCKS
    clock: Callable[[], datetime] | None = None


@dataclass(frozen=True, slots=True)
class Handled:
    """One statement that joined or opened a story, and what each subscription was told."""

    step: Step
    decisions: tuple[AlertDecision, ...]


@dataclass(frozen=True, slots=True)
class News:
    """A step that a fold brought, of the statement `ordinal` of its item, and its story as it stands now."""

    step: Step
    ordinal: int
    story: Story


def tell(
    transaction: Handling,
    subscriptions: Collection[Subscription],
    step: Step,
    ordinal: int,
    around: Collection[Story] | None,
    now: datetime,
) -> Handled:
    """Tells of a step that followed on all before it: what it moves, nobody heard of yet.

    `ordinal` is the number of its statement in the reading, `around` the stories that its claim was held
    against, as they stand now; None: they are looked for.
    """
    cause = _cause(step, ordinal)
    decided = [(subscription, decide_alert(step, subscription)) for subscription in subscriptions]
    return Handled(step, _saved(transaction, decided, step, cause, now, step.reason, around))


def tell_after_fold(
    transaction: Handling, subscriptions: Collection[Subscription], news: News, told: set[str], now: datetime
) -> Handled:
    """Tells of a step that a fold brought; `told` is what was said of the story before (alerting.said_of)."""
    step = as_news(news.step, news.story)
    cause = _cause(step, news.ordinal)
    decided = []
    for subscription in subscriptions:
        decision = decide_alert(step, subscription, told)
        if decision.alert is not None and transaction.alert_exists(decision.alert.id):
            decision = replace(decision, alert=told_again(decision.alert))
        decided.append((subscription, decision))
    return Handled(step, _saved(transaction, decided, step, cause, now, news.step.reason))


def _saved(
    transaction: Handling,
    decided: Sequence[tuple[Subscription, AlertDecision]],
    step: Step,
    cause: Cause,
    now: datetime,
    said: Reason,
    around: Collection[Story] | None = None,
) -> tuple[AlertDecision, ...]:
    """What was decided, without what a story that is nearly the same told already, saved."""
    nearby: tuple[Nearby, ...] = ()
    alerts: Sequence[Alert] = ()
    if any(decision.alert is not None for _, decision in decided):
        if around is None:
            around = transaction.candidates(keys_of(step.statement.claim), MOST_NEARBY)
        nearby = said_nearby(step, tuple(around))
        alerts = transaction.alerts_of([near.story_id for near in nearby]) if nearby else ()
    return tuple(
        transaction.put(told_nearby(decision, nearby, alerts), subscription, cause, now, said)
        for subscription, decision in decided
    )


def _cause(step: Step, ordinal: int) -> Cause:
    return Cause(step.story.id, step.item.id, step.item.revision, ordinal)
