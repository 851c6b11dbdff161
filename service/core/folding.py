"""A story from its statements: the same whatever the order in which they arrived.

How it decides: the statements that a story keeps are put in the order in which they were told and taken one
by one through `advance`, as if each had arrived in its turn. One that may not belong to the story, one that a
person marked as wrong, and one told before anything that opens a story are passed over and say so. So a late
arrival, a decision of a person and its undo are all the same thing: fold again. What it leaves out: placing
the statements (matching.py, decisions.py) and who is told (alerting.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.core.model import Item, Kind, Match, Reason, Statement, Step, Story
from service.core.stories import advance, blank_story, hold_still, open_story


@dataclass(frozen=True, slots=True)
class Kept:
    """A statement as a story keeps it.

    `item` may come without its text. `ordinal` is its number in the reading, `place` the one in which the
    item's statements are taken. `news`: nobody has decided yet who hears of it.
    """

    statement: Statement
    item: Item
    ordinal: int
    place: int
    joined: Match
    placed: str | None
    held: bool = False
    wrong: bool = False
    news: bool = False


@dataclass(frozen=True, slots=True)
class Folded:
    """A story folded anew: `steps` are those of `kept`, pair by pair, in the order told.

    The story's version counts its statements. Nothing that opens a story: it `became` "".
    """

    story: Story
    kept: tuple[Kept, ...]
    steps: tuple[Step, ...]


Order = tuple[datetime, int, str, int, int]


def order_of(item: Item, place: int) -> Order:
    """Statements sorted by this stand in the order told; no two of a story are alike."""
    return (item.told_at, item.position, item.id, item.revision, place)


def fold(story_id: str, kept: Sequence[Kept], name: str | None = None) -> Folded:
    """The story that `kept`, not empty, amounts to. `name`: what a person called it."""
    lined = sorted(kept, key=lambda one: order_of(one.item, one.place))
    first = next((step for one in lined if (step := _opening(story_id, one))), None)
    if first is None:
        empty = replace(blank_story(story_id, lined[0].statement, lined[0].item), became="")
        early = [_passed_over(empty, one) for one in lined]
        return Folded(_named(replace(empty, version=len(lined)), name), tuple(lined), tuple(early))
    steps: list[Step] = []
    story: Story | None = None
    blank = blank_story(story_id, first.statement, first.item)
    reported: set[str] = set()
    for one in lined:
        if story is None:
            step = _opening(story_id, one) or _passed_over(blank, one)
            story = step.story if step.event is not None else None
        else:
            step = _next(story, one, told_already=one.item.id in reported)
            story = step.story
        if one.statement.kind is Kind.RUMOR and not (one.held or one.wrong):
            reported.add(one.item.id)
        steps.append(step)
    assert story is not None
    return Folded(_named(replace(story, version=len(lined)), name), tuple(lined), tuple(steps))


def _opening(story_id: str, one: Kept) -> Step | None:
    if one.held or one.wrong:
        return None
    return open_story(one.statement, one.item, one.joined, story_id=story_id)


def _next(story: Story, one: Kept, *, told_already: bool) -> Step:
    if one.wrong:
        return _passed_over(story, one)
    joined = replace(one.joined, sure=not one.held)
    return advance(story, one.statement, one.item, joined, told_already=told_already)


def _passed_over(story: Story, one: Kept) -> Step:
    """A statement that moves nothing: it is wrong, doubtful, or too early."""
    if one.wrong:
        return hold_still(story, one.statement, one.item, one.joined, Reason.MARKED_WRONG)
    if one.held:
        supposed = open_story(one.statement, one.item, one.joined, story_id=story.id)
        still = hold_still(story, one.statement, one.item, one.joined, Reason.DOUBTFUL_JOIN)
        return replace(still, supposed=supposed)
    return hold_still(story, one.statement, one.item, one.joined, Reason.EARLY)


def _named(story: Story, name: str | None) -> Story:
    return story if name is None else replace(story, claim=replace(story.claim, text=name))
