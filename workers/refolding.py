"""Fold stories anew: after a late arrival, a person's decision or its undo. One way for all of them.

The rows of the stories are loaded, the decisions in force say where each statement stands, the core folds,
and what came of it is saved. Only statements that nobody was told of yet may alert, so a fold repeats none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.core.alerting import said_of
from service.core.decisions import (
    Decision,
    Ruling,
    in_force,
    mark_of,
    name_of,
    related,
    rule,
    survivor,
    touching,
)
from service.core.folding import Folded, Kept, fold, order_of
from service.core.matching import keys_of
from service.core.model import Status, Step, Story, Subscription
from service.store.handling import Handling
from service.store.kept import Outcome, Stored
from workers.telling import Handled, News, tell_after_fold


@dataclass(frozen=True, slots=True)
class _Ruled:
    stored: Stored
    kept: Kept
    ruling: Ruling


def refold(
    transaction: Handling,
    subscriptions: Sequence[Subscription],
    log: Sequence[Decision],
    story_ids: Collection[str],
    now: datetime,
    item_ids: Collection[str] = (),
) -> tuple[Handled, ...]:
    """Folds the stories, and all that decisions tie to them, from what is saved; tells what is news of it.

    `item_ids`: items whose statements may come to stand in these stories, or leave them.
    """
    force = in_force(log)
    wanted = related(log, story_ids)
    ruled = [_ruled(one, force) for one in transaction.kept_of(wanted, item_ids)]
    concerned = [one for one in ruled if {one.stored.story_id, one.ruling.story_id} & (wanted | {None})]
    handled: list[Handled] = []
    empty: list[str] = []
    for story_id in sorted(wanted | {one.ruling.story_id for one in concerned if one.ruling.story_id}):
        mine = [one for one in concerned if one.ruling.story_id == story_id]
        if mine:
            handled += _fold_one(transaction, subscriptions, force, wanted, story_id, mine, now)
        else:
            empty.append(story_id)
    for story_id in empty:
        placed = [one.kept for one in concerned if one.kept.placed == story_id]
        _leave_empty(transaction, force, story_id, placed)
    gone = [one for one in concerned if one.ruling.story_id is None and one.stored.story_id is not None]
    transaction.save_outcomes([Outcome(one.kept, None, None, one.ruling.because) for one in gone])
    return tuple(sorted(handled, key=lambda one: order_of(one.step.item, 0)))


def _ruled(stored: Stored, force: Sequence[Decision]) -> _Ruled:
    kept = stored.kept
    mark, claim = mark_of(kept.item.id, kept.statement), kept.statement.claim.text
    ruling = rule(force, mark, claim, kept.placed, sure=kept.joined.sure)
    return _Ruled(stored, replace(kept, held=ruling.held, wrong=ruling.wrong), ruling)


def _fold_one(
    transaction: Handling,
    subscriptions: Sequence[Subscription],
    force: Sequence[Decision],
    wanted: Collection[str],
    story_id: str,
    mine: Sequence[_Ruled],
    now: datetime,
) -> list[Handled]:
    before = transaction.story(story_id)
    folded = fold(story_id, [one.kept for one in mine], name_of(force, story_id))
    folded = replace(folded, story=replace(folded.story, curated=touching(force, story_id)))
    counted = [one for one in folded.kept if not (one.held or one.wrong)]
    alive = folded.story.became is None
    keys = {key for one in counted for key in keys_of(one.statement.claim)} if alive else set()
    story = transaction.save_fold(folded, before.version if before else 0, keys)
    outcomes = _outcomes(folded, mine)
    transaction.save_outcomes(outcomes)
    news = [News(one.step, one.kept.ordinal, story) for one in outcomes if one.kept.news and one.step]
    told = _told(transaction, folded, wanted) if news else set()
    handled = []
    for new in news:
        one = tell_after_fold(transaction, subscriptions, new, told, now)
        told |= {said_of(decision.alert) for decision in one.decisions if decision.alert}
        handled.append(one)
    return handled


def _outcomes(folded: Folded, mine: Sequence[_Ruled]) -> list[Outcome]:
    """What changed for statements; most of a long story stays as it was."""
    before = {_key(one.kept): one for one in mine}
    outcomes = []
    for kept, step in zip(folded.kept, folded.steps, strict=True):
        was = before[_key(kept)]
        now = (folded.story.id, step.event, step.reason, was.ruling.because)
        if now != (was.stored.story_id, was.stored.event, was.stored.reason, was.stored.because):
            outcomes.append(Outcome(kept, folded.story.id, step, was.ruling.because))
    return outcomes


def _key(kept: Kept) -> tuple[str, int, int]:
    return (kept.item.id, kept.item.revision, kept.ordinal)


def _told(transaction: Handling, folded: Folded, wanted: Collection[str]) -> set[str]:
    """What was said of these statements before, also while they stood in another story, of `wanted` too."""
    ours = {_place(step) for kept, step in zip(folded.kept, folded.steps, strict=True) if not kept.wrong}
    before = {folded.story.id, *wanted, *(kept.placed for kept in folded.kept if kept.placed)}
    alerts = transaction.alerts_of(before)
    return {
        said_of(alert)
        for alert in alerts
        if (alert.evidence.item_id, alert.evidence.field, alert.evidence.start) in ours
    }


def _place(step: Step) -> tuple[str, str, int]:
    return (step.quotation.item_id, step.quotation.field, step.quotation.start)


def _leave_empty(
    transaction: Handling, force: Sequence[Decision], story_id: str, placed: Sequence[Kept]
) -> None:
    """A story that nothing stands in any more: emptied, or merged away.

    One that was merged is still found by what it was about, and leads to its survivor.
    """
    story = transaction.story(story_id)
    if story is None:
        return
    heir = transaction.story(survivor(force, story_id))
    merged = heir is not None and heir.id != story_id
    became = heir.id if heir is not None and merged else ""
    last_at = heir.last_at if heir is not None and merged else story.last_at
    keys = {key for one in placed for key in keys_of(one.statement.claim)} if merged else set()
    empty = replace(_emptied(story), became=became, last_at=last_at, version=story.version)
    if empty != story:
        transaction.save_fold(Folded(replace(empty, version=0), (), ()), story.version, keys)


def _emptied(story: Story) -> Story:
    return replace(story, status=Status.OPEN, positions=(), rumor=None, reports=0, repeats=0, curated=True)
