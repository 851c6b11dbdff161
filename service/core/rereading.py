"""What changes where an item is read anew under other rules.

How it decides: statements that are equal in all are the same; of the others, one of the same words and kind,
or else of the same words, is the one that it became; what is left came or is gone. What it leaves out: how
sure the reader was and by which cues, since nobody is told otherwise because of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from service.core.model import Statement


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that came (`before` is None), is gone (`after` is None), or became another."""

    before: Statement | None
    after: Statement | None

    @property
    def word(self) -> str:
        """`added`, `gone` or `changed`."""
        if self.before is None:
            return "added"
        return "gone" if self.after is None else "changed"


def changes(before: Sequence[Statement], after: Sequence[Statement]) -> tuple[Change, ...]:
    """What reading made of `before`, in the order of the text: what came last."""
    left = list(after)
    gone = [one for one in before if not _take(left, one, _whole)]
    found: list[Change] = []
    for one in gone:
        became = _take(left, one, _words_and_kind) or _take(left, one, _words)
        found.append(Change(one, became))
    return (*found, *(Change(None, one) for one in left))


def _take(left: list[Statement], wanted: Statement, key: Callable[[Statement], object]) -> Statement | None:
    same = next((one for one in left if key(one) == key(wanted)), None)
    if same is not None:
        left.remove(same)
    return same


def _whole(one: Statement) -> object:
    return replace(one, confidence=0.0, because=())


def _words_and_kind(one: Statement) -> object:
    return (one.evidence, one.kind)


def _words(one: Statement) -> object:
    return one.evidence
