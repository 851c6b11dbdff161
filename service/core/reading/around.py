"""What a party is looked for in: one field of an item with all that was found in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from service.core.reading.cues import Scan
from service.core.reading.mentions import Mention
from service.core.reading.sentences import Passage


class Around(NamedTuple):
    """What a party is looked for in: one passage with its marks and mentions."""

    passage: Passage
    scan: Scan
    mentions: Sequence[Mention]
    starts: Sequence[int]
    prepositions: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()
    after_verb: frozenset[str] = frozenset()
    postpositions: tuple[str, ...] = ()
    topic_marks: tuple[str, ...] = ()
    subject_marks: tuple[str, ...] = ()
    verb_final: bool = False
    spaced: bool = True

    def between(self, start: int, end: int) -> Sequence[Mention]:
        """The mentions that start in `start`..`end` and end there too."""
        first = bisect_left(self.starts, start)
        last = bisect_left(self.starts, end)
        return [m for m in self.mentions[first:last] if m.end <= end]
