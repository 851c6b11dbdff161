"""A person's decisions about stories: checked, added to the log, and all that follows saved at once.

A decision that another worker's change crosses is taken again from the start. Each function names what it
refuses in one sentence (InputError), and then nothing was saved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from service.core.decisions import (
    Act,
    Anchor,
    Decision,
    Mark,
    covers,
    decision_id,
    held_apart,
    in_force,
    mark_of,
)
from service.core.folding import order_of
from service.core.model import Reason, Story, Subscription
from service.core.stories import open_story, opened_id
from service.core.text import stable_id
from service.errors import Conflict, InputError
from service.store.handling import Handling
from service.store.kept import Stored
from service.store.ledger import Ledger
from workers.refolding import refold
from workers.telling import Handled

MOST_CONFLICTS = 20
MOST_DOUBTS = 10_000
_UNSIGNED = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it stands in the log, and what was told because of it."""

    decision: Decision
    handled: tuple[Handled, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where decisions are taken: by `who`, at `now`, for these subscriptions."""

    ledger: Ledger
    subscriptions: tuple[Subscription, ...]
    who: str
    now: datetime

    def join(self, question: str, why: str = "") -> Decided:
        """The doubtful claim belongs to the story: it counts, and alerts whom it concerns."""
        return self._take(lambda transaction: _joined(transaction, question), why)

    def refuse(self, question: str, why: str = "") -> Decided:
        """The doubtful claim is another story, and is never asked about again."""
        return self._take(lambda transaction: _refused(transaction, question), why)

    def merge(self, story_id: str, into: str, why: str = "") -> Decided:
        """The two are one story, which keeps the id `into`."""
        return self._take(lambda transaction: _merged(transaction, story_id, into), why)

    def split(self, story_id: str, items: Sequence[str], why: str = "") -> Decided:
        """What `items` say leaves the story and is one of its own."""
        return self._take(lambda transaction: _split(transaction, story_id, items), why)

    def move(self, said: str, into: str, why: str = "") -> Decided:
        """A statement (`ITEM#2`), or all that an item says (`ITEM`), belongs to the story `into`."""
        return self._take(lambda transaction: _moved(transaction, said, into), why)

    def rename(self, story_id: str, name: str, why: str = "") -> Decided:
        """The story is shown as `name`."""
        return self._take(lambda transaction: _renamed(transaction, story_id, name), why)

    def wrong(self, said: str, why: str = "") -> Decided:
        """A statement, or all that an item says, was read wrongly: it counts for nothing."""
        return self._take(lambda transaction: _wrong(transaction, said), why)

    def undo(self, decision: str, why: str = "") -> Decided:
        """The decision is taken back; an undo too can be undone."""
        return self._take(lambda transaction: _undone(transaction, decision), why)

    def _take(self, draft: Callable[[Handling], Decision], why: str) -> Decided:
        for _ in range(MOST_CONFLICTS):
            try:
                with self.ledger.curating() as transaction:
                    drafted = replace(draft(transaction), who=self.who, why=why, at=self.now)
                    return take(transaction, self.subscriptions, drafted, self.now)
            except Conflict:
                continue
        raise Conflict(
            "The stories are being changed so often that the decision could not be taken: try again."
        )


def take(
    transaction: Handling, subscriptions: Sequence[Subscription], drafted: Decision, now: datetime
) -> Decided:
    """Adds a drafted decision to the log and folds what it touches; InputError where a story would die."""
    log = transaction.decisions()
    decision = drafted if drafted.id else _numbered(drafted, len(log) + 1)
    transaction.add_decision(decision)
    log = (*log, decision)
    target = next((one for one in log if one.id == decision.undoes), decision)
    stories = [story for one in (decision, target) for story in (one.story, one.into) if story is not None]
    items = {mark.item_id for one in (decision, target) for mark in one.marks}
    handled = refold(transaction, subscriptions, log, stories, now, items)
    if decision.act in (Act.SPLIT, Act.MOVE):
        _must_live(transaction, decision)
    return Decided(decision, handled)


def carried_over(transaction: Handling, decision: Decision) -> Decision | None:
    """A decision of another ledger, about the stories of this one that hold what its anchors say.

    None where one of them holds nothing of the kind yet.
    """
    ours: dict[str, str] = {}
    for anchor in decision.anchors:
        said = transaction.kept_of((), {anchor.mark.item_id})
        here = [one.story_id for one in said if mark_of(one.kept.item.id, one.kept.statement) == anchor.mark]
        if here and here[0] is not None:
            ours[anchor.story_id] = here[0]
        elif decision.act is not Act.WRONG:  # which is said of a statement, whatever story it stands in
            return None
    if decision.act is Act.MOVE and decision.story and decision.story not in ours:
        # All that it held was moved, so only that tells which story it was.
        said = transaction.kept_of((), {mark.item_id for mark in decision.marks})
        ours[decision.story] = next((one.story_id for one in said if one.story_id), decision.story)
    named = [ours.get(story, story) if story else None for story in (decision.story, decision.into)]
    if decision.act is Act.MERGE and named[0] == named[1]:
        return None  # they are one already
    return replace(decision, story=named[0], into=named[1])


def _numbered(drafted: Decision, number: int) -> Decision:
    id_ = decision_id(number, drafted.act, drafted.at)
    into = stable_id("s", id_) if drafted.act is Act.SPLIT and drafted.into is None else drafted.into
    return replace(drafted, id=id_, into=into)


def _must_live(transaction: Handling, decision: Decision) -> None:
    wanted = (decision.story, decision.into) if decision.act is Act.SPLIT else (decision.into,)
    for story_id in wanted:
        story = transaction.story(story_id) if story_id else None
        if story is None or story.became is not None:
            raise InputError(
                f"what would be left in {story_id} opens no story: it holds neither a report nor a denial."
            )


# --- drafts: checked against what is there, not yet numbered and signed -----------------------------


def _draft(act: Act, **parts: object) -> Decision:
    blank = Decision(id="", act=act, at=_UNSIGNED, who="", why="")
    return replace(blank, **parts)  # type: ignore[arg-type]


def _joined(transaction: Handling, question: str) -> Decision:
    asked = _asked(transaction, question)
    story = _living(transaction, asked[0].story_id or "")
    marks = _marks(asked)
    return _draft(Act.JOIN, story=story.id, marks=marks, anchors=_anchors(transaction, marks, story.id))


def _refused(transaction: Handling, question: str) -> Decision:
    asked = _asked(transaction, question)
    story = _living(transaction, asked[0].story_id or "")
    marks = _marks(asked)
    return _draft(
        Act.REFUSE,
        story=story.id,
        into=_own_story(asked),
        marks=marks,
        claim=asked[0].kept.statement.claim.text,
        anchors=_anchors(transaction, marks, story.id),
    )


def _own_story(asked: Sequence[Stored]) -> str | None:
    """The story that these statements open by themselves, None where they open none."""
    lined = sorted((one.kept for one in asked), key=lambda one: order_of(one.item, one.place))
    opening = [one for one in lined if open_story(one.statement, one.item, one.joined) is not None]
    return opened_id(opening[0].statement, opening[0].item) if opening else None


def _merged(transaction: Handling, story_id: str, into: str) -> Decision:
    first, second = _living(transaction, story_id), _living(transaction, into)
    if first.id == second.id:
        raise InputError(f"{first.id} cannot be merged with itself.")
    apart = held_apart(in_force(transaction.decisions()), first.id, second.id)
    if apart is not None:
        raise InputError(
            f"{first.id} and {second.id} were held apart by {apart.who} ({apart.id}): undo that first."
        )
    return _draft(
        Act.MERGE,
        story=first.id,
        into=second.id,
        anchors=_anchors(transaction, (), first.id, second.id),
    )


def _split(transaction: Handling, story_id: str, items: Sequence[str]) -> Decision:
    story = _living(transaction, story_id)
    here = transaction.kept_of({story.id})
    for item in items:
        if not any(one.kept.item.id == item for one in here):
            raise InputError(f"the item {item} says nothing in {story.id}.")
    if not items or all(one.kept.item.id in items for one in here):
        raise InputError(f"name some of the items of {story.id}, not all: a story cannot be split off whole.")
    marks = tuple(Mark(item) for item in dict.fromkeys(items))
    return _draft(Act.SPLIT, story=story.id, marks=marks, anchors=_anchors(transaction, marks, story.id))


def _moved(transaction: Handling, said: str, into: str) -> Decision:
    target = _living(transaction, into)
    stored, mark = _said(transaction, said)
    origin = stored[0].story_id
    if origin == target.id:
        raise InputError(f"{said} stands in {target.id} already.")
    named = [story for story in (origin, target.id) if story is not None]
    return _draft(
        Act.MOVE,
        story=origin,
        into=target.id,
        marks=(mark,),
        anchors=_anchors(transaction, (mark,), *named),
    )


def _renamed(transaction: Handling, story_id: str, name: str) -> Decision:
    story = _living(transaction, story_id)
    clean = " ".join(name.split())
    if not clean:
        raise InputError("a story's name cannot be empty.")
    return _draft(Act.RENAME, story=story.id, name=clean, anchors=_anchors(transaction, (), story.id))


def _wrong(transaction: Handling, said: str) -> Decision:
    stored, mark = _said(transaction, said)
    force = in_force(transaction.decisions())
    if any(one.act is Act.WRONG and covers(one.marks, mark) for one in force):
        raise InputError(f"{said} is marked as wrong already.")
    story = stored[0].story_id
    anchors = _anchors(transaction, (mark,), story) if story else ()
    return _draft(Act.WRONG, story=story, marks=(mark,), anchors=anchors)


def _undone(transaction: Handling, decision: str) -> Decision:
    log = transaction.decisions()
    target = next((one for one in log if one.id == decision), None)
    if target is None:
        raise InputError(f"there is no decision {decision}.")
    if any(one.undoes == decision and _stands(one, log) for one in log):
        raise InputError(f"{decision} was undone already.")
    if target.act is Act.UNDO:  # it names what it brings back, so that those stories are folded
        undone = next(one for one in log if one.id == target.undoes)
        return _draft(Act.UNDO, undoes=target.id, story=undone.story, into=undone.into, marks=undone.marks)
    return _draft(Act.UNDO, undoes=target.id, story=target.story, into=target.into, marks=target.marks)


def _stands(undo: Decision, log: Sequence[Decision]) -> bool:
    return undo.act is Act.UNDO and not any(one.undoes == undo.id and _stands(one, log) for one in log)


# --- what is named ---------------------------------------------------------------------------------


def _living(transaction: Handling, story_id: str) -> Story:
    story = transaction.story(story_id)
    if story is None:
        raise InputError(f"there is no story {story_id}.")
    if story.became is not None:
        where = f"was merged into {story.became}" if story.became else "holds nothing any more"
        raise InputError(f"{story_id} {where}.")
    return story


def _asked(transaction: Handling, question: str) -> list[Stored]:
    asked = transaction.doubts(MOST_DOUBTS).get(question)
    if not asked:
        raise InputError(f"the review list holds no {question}.")
    return asked


def _said(transaction: Handling, said: str) -> tuple[list[Stored], Mark]:
    """The statements that `ITEM` or `ITEM#2` names, all in one story, and their mark."""
    item, number = _parted(said)
    stored = transaction.kept_of((), {item})
    if not stored:
        item, number = said, None  # an id may hold a # of its own
        stored = transaction.kept_of((), {item})
    if not stored:
        raise InputError(f"no statement of an item {item} is known.")
    if number is None:
        places = {one.story_id for one in stored}
        if len(places) > 1:
            raise InputError(f"{item} speaks in several stories: name a statement of it, such as {item}#0.")
        return stored, Mark(item)
    latest = max(one.kept.item.revision for one in stored)
    one = [one for one in stored if one.kept.ordinal == number and one.kept.item.revision == latest]
    if not one:
        raise InputError(f"the item {item} has no statement number {number}.")
    return one, mark_of(item, one[0].kept.statement)


def _parted(said: str) -> tuple[str, int | None]:
    item, mark, number = said.rpartition("#")
    return (item, int(number)) if mark and number.isdecimal() else (said, None)


def _marks(stored: Sequence[Stored]) -> tuple[Mark, ...]:
    return tuple(dict.fromkeys(mark_of(one.kept.item.id, one.kept.statement) for one in stored))


def _anchors(transaction: Handling, marks: Sequence[Mark], *story_ids: str) -> tuple[Anchor, ...]:
    """For each story the first statement in it that counts there and that the decision does not move."""
    anchors = []
    for story_id in story_ids:
        here = sorted(
            transaction.kept_of({story_id}), key=lambda one: order_of(one.kept.item, one.kept.place)
        )
        counted = [one for one in here if one.kept.joined.sure and one.reason is not Reason.MARKED_WRONG]
        named = [mark_of(one.kept.item.id, one.kept.statement) for one in counted]
        staying = [mark for mark in named if not covers(marks, mark)]
        anchors += [Anchor(story_id, mark) for mark in staying[:1]]
    return tuple(anchors)
