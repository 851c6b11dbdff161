"""What a person decided about stories, and what follows from it for a statement.

How it decides: decisions are a log that only grows; an undo is one more line of it. The matcher's own
placing of a statement is kept, and those decisions that are in force are applied to it in the order in which
they were taken. So an undo leaves what would be there without the decision, and a replay that is handed the
log ends in the same stories. Decisions name stories by an anchor too, a statement that stands in it, because
the id of a story depends on which of its items came first. What it leaves out: whether a decision is wise,
and placing anew what the matcher placed while a decision stood that was undone later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.core.model import Statement
from service.core.text import fold, stable_id


class Act(StrEnum):
    """What a person can decide."""

    JOIN = "join"  # a doubtful statement belongs to `story`
    REFUSE = "refuse"  # it does not, and is never asked about again; it opens `into`, or nothing
    MERGE = "merge"  # `story` is one with `into`, which survives
    SPLIT = "split"  # `marks` leave `story` and are `into`, a story of their own
    MOVE = "move"  # `marks` leave `story` (None: they stood in none) for `into`
    RENAME = "rename"  # `story` is shown as `name`
    WRONG = "wrong"  # `marks` were read wrongly and count for nothing
    UNDO = "undo"  # the decision `undoes` is taken back


@dataclass(frozen=True, slots=True)
class Mark:
    """Statements by what they say: one of an item, or all of it where `says` is None.

    A later revision of the item that says the same is the same statement.
    """

    item_id: str
    says: str | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A statement that stood in `story_id` when it was decided: finds that story in another ledger."""

    story_id: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the log: who decided what of which stories and statements, when and why.

    `claim` is the claim of a refused statement: whoever tells it in the same words is refused too.
    """

    id: str
    act: Act
    at: datetime
    who: str
    why: str
    story: str | None = None
    into: str | None = None
    marks: tuple[Mark, ...] = ()
    claim: str | None = None
    name: str | None = None
    undoes: str | None = None
    anchors: tuple[Anchor, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """Where a statement stands once the decisions are applied.

    `held`: it may belong there and moves nothing until somebody decides. `because` names the decisions.
    """

    story_id: str | None
    held: bool
    wrong: bool = False
    because: tuple[str, ...] = ()


def says(statement: Statement) -> str:
    """What tells a statement of an item from its others, over revisions and readings of it."""
    return stable_id("w", statement.kind, statement.evidence.text, statement.claim.text)


def mark_of(item_id: str, statement: Statement) -> Mark:
    """The mark of one statement."""
    return Mark(item_id, says(statement))


def decision_id(number: int, act: Act, at: datetime) -> str:
    """The id of the decision that is number `number` of its log."""
    return stable_id("d", str(number), act, at.isoformat())


def in_force(log: Sequence[Decision]) -> tuple[Decision, ...]:
    """The decisions that stand, in the order taken. An undo that was undone itself takes nothing back."""
    undone: set[str] = set()
    for decision in reversed(log):
        if decision.act is Act.UNDO and decision.id not in undone and decision.undoes is not None:
            undone.add(decision.undoes)
    return tuple(one for one in log if one.act is not Act.UNDO and one.id not in undone)


def rule(
    force: Iterable[Decision], mark: Mark, claim: str, placed: str | None, *, sure: bool = True
) -> Ruling:
    """Where the statement `mark` on `claim` stands, which the matcher placed in `placed`."""
    ruling = Ruling(placed, held=placed is not None and not sure)
    for decision in force:
        moved = _ruled(decision, mark, claim, ruling)
        if moved is not ruling:
            why = f"{decision.act.value} decided by {decision.who}"
            because = (*ruling.because, f"{why}: {decision.why}" if decision.why else why)
            ruling = Ruling(moved.story_id, moved.held, moved.wrong, because)
    return ruling


def _ruled(decision: Decision, mark: Mark, claim: str, now: Ruling) -> Ruling:
    named = covers(decision.marks, mark)
    here = now.story_id == decision.story
    match decision.act:
        case Act.WRONG if named:
            return Ruling(now.story_id, now.held, wrong=True)
        case Act.MERGE if here:
            return Ruling(decision.into, now.held, now.wrong)
        case Act.SPLIT | Act.MOVE if here and named:
            return Ruling(decision.into, False, now.wrong)
        case Act.JOIN if here and named and now.held:
            return Ruling(now.story_id, False, now.wrong)
        case Act.REFUSE if here and now.held and (named or _same(decision.claim, claim)):
            return Ruling(decision.into, False, now.wrong)
    return now


def _same(claim: str | None, other: str) -> bool:
    return claim is not None and fold(claim) == fold(other)


def covers(marks: Iterable[Mark], mark: Mark) -> bool:
    """Whether `mark` is one of `marks`, or its whole item is."""
    return any(one.item_id == mark.item_id and one.says in (None, mark.says) for one in marks)


def name_of(force: Iterable[Decision], story_id: str) -> str | None:
    """What a person named the story, or None."""
    names = [one.name for one in force if one.act is Act.RENAME and one.story == story_id]
    return names[-1] if names else None


def survivor(force: Iterable[Decision], story_id: str) -> str:
    """The story that `story_id` was merged into at last; itself where it was not."""
    for decision in force:
        if decision.act is Act.MERGE and decision.story == story_id and decision.into is not None:
            story_id = decision.into
    return story_id


def touching(log: Iterable[Decision], story_id: str) -> bool:
    """Whether any decision names the story."""
    return any(story_id in (decision.story, decision.into) for decision in log)


def held_apart(force: Iterable[Decision], one: str, other: str) -> Decision | None:
    """The decision by which the two stories are never to be joined, or None."""
    apart = (Act.REFUSE, Act.SPLIT)
    return next((d for d in force if d.act in apart and {d.story, d.into} == {one, other}), None)


def related(log: Sequence[Decision], story_ids: Iterable[str | None]) -> frozenset[str]:
    """All stories that decisions tie to any of `story_ids`, at any distance, with themselves."""
    found = {story for story in story_ids if story is not None}
    while True:
        tied = {
            story
            for decision in log
            if not found.isdisjoint({decision.story, decision.into})
            for story in (decision.story, decision.into)
            if story is not None
        }
        if tied <= found:
            return frozenset(found)
        found |= tied
