"""Which phrases of a lexicon stand in a passage, in one walk over it.

How it decides: the automaton proposes, word boundaries and the pattern's check confirm, of overlapping
phrases of one kind the longest stays. A look-alike that overlaps a cue takes it out, and the refusal is
kept for `explain`. Negation and the like are not judged here: scope.py does that.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import NamedTuple

from service.core.reading.lexicon import CueKind, CueSource, Lexicon
from service.core.reading.phrases import Proposed


class Mark(NamedTuple):
    """A phrase of a word class (or a relation, its id in `value`) in a passage."""

    start: int
    end: int
    value: str


class Marks(NamedTuple):
    """Marks of one class in text order, none overlapping another: a range of them is found by halving."""

    all: tuple[Mark, ...] = ()
    ends: tuple[int, ...] = ()

    def within(self, start: int, end: int) -> tuple[Mark, ...]:
        """Those wholly between `start` and `end`."""
        ends = self.ends
        if not ends:
            return ()
        first = bisect_right(ends, start)
        last = bisect_right(ends, end, first) if end > start else first
        if first < last and self.all[first].start < start:
            first += 1
        return self.all[first:last]

    def overlapping(self, start: int, end: int) -> Mark | None:
        """The first that shares a character with `start`..`end`."""
        first = bisect_right(self.ends, start)
        return self.all[first] if first < len(self.all) and self.all[first].start < end else None


_NONE = Marks()
_START, _END, _AS_MARK = itemgetter(0), itemgetter(1), Mark._make
_TOKEN = 8  # characters of a word with its space, roughly


class _MarksOf(dict[str, Marks]):
    """Class to its marks in one text, each checked and sorted out when first asked for: most never are."""

    def __init__(self, flat: str, found: Mapping[str, list[Proposed]]) -> None:
        super().__init__()
        self._flat, self._found = flat, found

    def __missing__(self, name: str) -> Marks:
        found = self._found.get(name)
        marks = _longest_marks(_checked(self._flat, found)) if found else _NONE
        self[name] = marks
        return marks


class Hit(NamedTuple):
    """A cue in a passage."""

    cue: CueSource
    start: int
    end: int


class Refused(NamedTuple):
    """A cue that a look-alike took out."""

    hit: Hit
    why: str


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything of a lexicon that stands in one passage, each list in text order."""

    hits: tuple[Hit, ...]
    starts: tuple[int, ...]
    refused: tuple[Refused, ...]
    marks: Mapping[str, Marks]  # it has every name

    def hits_between(self, start: int, end: int) -> tuple[Hit, ...]:
        """The cues that begin in `start`..`end`."""
        return self.hits[bisect_left(self.starts, start) : bisect_left(self.starts, end)]

    def of(self, name: str) -> Marks:
        """The marks of one class."""
        return self.marks[name]

    def within(self, name: str, start: int, end: int) -> tuple[Mark, ...]:
        """The marks of one class that lie wholly between `start` and `end`."""
        marks = self.marks[name]
        return marks.within(start, end) if marks.ends else ()


def scan(flat: str, lexicon: Lexicon, *, every: bool = False) -> Scan:
    """What stands in `flat` (folded, on one line); with `every`, overlapping cues of one kind too."""
    found = lexicon.phrases.proposed_by_label(flat)
    proposed = found.get("cue", ())
    hits = [Hit(lexicon.cues[value], start, end) for start, end, value in _checked(flat, proposed)]
    marks = _MarksOf(flat, found)
    good, refused = _sift(hits if every else _heaviest(hits, marks), marks)
    return Scan(good, tuple(hit.start for hit in good), refused, marks)


def tells(flat: str, lexicon: Lexicon) -> bool:
    """Whether any cue that makes a statement may stand in `flat`: a quick look before the full scan."""
    return any(True for _ in _checked(flat, lexicon.tellers.proposed(flat)))


def _checked(flat: str, found: Iterable[Proposed]) -> Iterator[tuple[int, int, str]]:
    """Start, end and value of each that stands there."""
    for start, end, entry in found:
        end = end or entry.pattern.check.ends_at(flat, start)
        if end:
            yield start, end, entry.value


def _heaviest(hits: list[Hit], marks: Mapping[str, Marks]) -> list[Hit]:
    """Of hits of one kind that overlap, the one of more weight; of equals the longer.

    One that finds nothing near of what it needs gives way to any other.
    """
    kept: dict[CueKind, list[Hit]] = {}
    for hit in sorted(hits, key=lambda h: (h.start, h.start - h.end, h.cue.id)):
        same = kept.setdefault(hit.cue.kind, [])
        if not same or hit.start >= same[-1].end:
            same.append(hit)
        elif _weight(hit, marks) > _weight(same[-1], marks):
            same[-1] = hit
    return [hit for same in kept.values() for hit in same]


def _weight(hit: Hit, marks: Mapping[str, Marks]) -> tuple[bool, float, int]:
    cue = hit.cue
    near = marks[f"needs:{cue.id}"].within(hit.start, hit.end + _TOKEN * cue.reach)
    return bool(near) or not cue.needs, cue.weight, hit.end - hit.start


def _longest_marks(found: Iterable[tuple[int, int, str]]) -> Marks:
    ordered = list(found)
    if len(ordered) > 1:
        ordered.sort(key=_END, reverse=True)  # of those that start together the longest comes first
        ordered.sort(key=_START)
    kept: list[Mark] = []
    last = 0
    for one in ordered:
        if one[0] >= last:
            kept.append(_AS_MARK(one))
            last = one[1]
    return Marks(tuple(kept), tuple([mark[1] for mark in kept])) if kept else _NONE


def _sift(hits: list[Hit], marks: Mapping[str, Marks]) -> tuple[tuple[Hit, ...], tuple[Refused, ...]]:
    pseudo = _longest_marks((h.start, h.end, h.cue.id) for h in hits if h.cue.kind is CueKind.PSEUDO)
    good: list[Hit] = []
    refused: list[Refused] = []
    for hit in hits:
        if hit.cue.kind is CueKind.PSEUDO:
            continue
        reason = _cancelled_by(hit, pseudo, marks[f"look_alike:{hit.cue.id}"])
        if reason:
            refused.append(Refused(hit, reason))
        else:
            good.append(hit)
    return tuple(sorted(good, key=attrgetter("start"))), tuple(refused)


def _cancelled_by(hit: Hit, pseudo: Marks, own: Marks) -> str:
    other = pseudo.overlapping(hit.start, hit.end)
    if other and other.start <= hit.start and other.end - other.start > hit.end - hit.start:
        return f"look-alike {other.value}"
    return f"look-alike of {hit.cue.id}" if own.overlapping(hit.start, hit.end) else ""
