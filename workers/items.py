"""Handle one item: read, match, advance, decide; one commit.

The shell around the core: it loads candidates, asks the core, saves the steps. Everything interesting is
decided in service/core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.core.alerting import decide_alert, is_watched
from service.core.matching import find_story, keys_of
from service.core.model import (
    AlertDecision,
    Claim,
    ClaimedRevision,
    Item,
    Kind,
    Match,
    Reading,
    Statement,
    Step,
    Subscription,
)
from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.core.stories import advance, open_story
from service.store.ledger import Handling, Ledger

MOST_CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class Rules:
    """What an item is handled by: the language knowledge, what is tracked, and who hears of it.

    An empty `watchlist` (canonical names) tracks everything.
    """

    knowledge: Knowledge
    subscriptions: tuple[Subscription, ...]
    watchlist: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handled:
    """One statement that joined or opened a story, and what each subscription was told."""

    step: Step
    decisions: tuple[AlertDecision, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The statements of one item on one claim: (ordinal in the reading, statement), the reports first."""

    claim: Claim
    statements: tuple[tuple[int, Statement], ...]


def handle_item(ledger: Ledger, rules: Rules, claimed: ClaimedRevision, now: datetime) -> tuple[Handled, ...]:
    """Reads the item and commits all that follows from it at once; LeaseLost if it was taken over."""
    reading = read_statements(claimed.item, rules.knowledge)
    groups = group_by_claim(reading, rules.watchlist)
    locks = sorted({key for group in groups for key in keys_of(group.claim)})
    handled: list[Handled] = []
    reported: set[str] = set()
    with ledger.handling(claimed, locks) as transaction:
        for group in groups:
            for ordinal, step in _place(transaction, group, claimed.item, reported):
                transaction.save_step(step, ordinal, keys_of(step.statement.claim))
                handled.append(Handled(step, _tell(transaction, rules.subscriptions, step, now)))
    return tuple(handled)


def group_by_claim(reading: Reading, watchlist: Sequence[str]) -> tuple[Group, ...]:
    """The watched statements by claim, in the order in which the claims appear."""
    groups: dict[Claim, list[tuple[int, Statement]]] = {}
    for ordinal, statement in enumerate(reading.statements):
        if is_watched(statement, watchlist):
            groups.setdefault(statement.claim, []).append((ordinal, statement))
    return tuple(Group(claim, tuple(sorted(found, key=_reports_first))) for claim, found in groups.items())


def _reports_first(numbered: tuple[int, Statement]) -> bool:
    # The item that carries both a rumor and its denial opens the story with the rumor.
    return numbered[1].kind is not Kind.RUMOR


def _place(transaction: Handling, group: Group, item: Item, reported: set[str]) -> list[tuple[int, Step]]:
    """Finds the group's story and moves it. `reported`: the stories that this item has reported already."""
    candidates = transaction.candidates(keys_of(group.claim), MOST_CANDIDATES)
    joined = find_story(group.claim, item.told_at, candidates)
    story = next((story for story in candidates if story.id == joined.story_id), None)
    steps: list[tuple[int, Step]] = []
    if story is not None and story.rumor is not None and story.rumor.item_id == item.id:
        reported.add(story.id)
    for ordinal, statement in group.statements:
        if story is None:
            step = open_story(statement, item, joined)
        else:
            step = advance(story, statement, item, joined, told_already=story.id in reported)
        if step is None:
            transaction.note_unplaced(item, statement, ordinal, "no open story, and it opens none")
            continue
        story = step.story
        joined = joined if joined.story_id else Match(story.id, joined.score, True, ("opened by this item",))
        if statement.kind is Kind.RUMOR:
            reported.add(story.id)
        steps.append((ordinal, step))
    return steps


def _tell(
    transaction: Handling, subscriptions: Sequence[Subscription], step: Step, now: datetime
) -> tuple[AlertDecision, ...]:
    decisions = tuple(decide_alert(step, subscription) for subscription in subscriptions)
    for subscription, decision in zip(subscriptions, decisions, strict=True):
        if decision.alert is not None:
            transaction.save_alert(decision.alert, subscription.channels, now)
    return decisions
