"""Which phrases of a lexicon stand in a passage, in one walk over it.

How it decides: the automaton proposes, word boundaries and the pattern's check confirm, of overlapping
phrases of one kind the longest stays. A look-alike that overlaps a cue takes it out, and the refusal is
kept for `explain`. Negation and the like are not judged here: scope.py does that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from service.core.reading.lexicon import CueKind, CueSource, Entry, Lexicon
from service.core.reading.patterns import words_of


@dataclass(frozen=True, slots=True)
class Mark:
    """A phrase of a word class (or a relation, its id in `value`) in a passage."""

    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks of one class in text order, none overlapping another: a range of them is found by halving."""

    all: tuple[Mark, ...] = ()
    ends: tuple[int, ...] = field(default=(), repr=False)

    def within(self, start: int, end: int) -> tuple[Mark, ...]:
        """Those wholly between `start` and `end`."""
        first = bisect_left(self.ends, start + 1)
        last = bisect_left(self.ends, end + 1)
        return tuple(mark for mark in self.all[first:last] if mark.start >= start)

    def overlapping(self, start: int, end: int) -> Mark | None:
        """The first that shares a character with `start`..`end`."""
        first = bisect_left(self.ends, start + 1)
        return self.all[first] if first < len(self.all) and self.all[first].start < end else None


_NONE = Marks()
_LONGEST_PARTICLE = 6
_TOKEN = 8  # characters of a word with its space, roughly


@dataclass(frozen=True, slots=True)
class Hit:
    """A cue in a passage."""

    cue: CueSource
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A cue that a look-alike took out."""

    hit: Hit
    why: str


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything of a lexicon that stands in one passage, each list in text order."""

    hits: tuple[Hit, ...]
    starts: tuple[int, ...]
    refused: tuple[Refused, ...]
    marks: Mapping[str, Marks]

    def hits_between(self, start: int, end: int) -> tuple[Hit, ...]:
        """The cues that begin in `start`..`end`."""
        return self.hits[bisect_left(self.starts, start) : bisect_left(self.starts, end)]

    def of(self, name: str) -> Marks:
        """The marks of one class."""
        return self.marks.get(name, _NONE)

    def within(self, name: str, start: int, end: int) -> tuple[Mark, ...]:
        """The marks of one class that lie wholly between `start` and `end`."""
        return self.of(name).within(start, end)


def scan(flat: str, lexicon: Lexicon, *, every: bool = False) -> Scan:
    """What stands in `flat` (folded, on one line); with `every`, overlapping cues of one kind too."""
    hits: list[Hit] = []
    marks: dict[str, list[Mark]] = {}
    for start, end, entry in _found(flat, lexicon.automaton, lexicon):
        if entry.label == "cue":
            hits.append(Hit(lexicon.cues[entry.value], start, end))
        elif entry.label in marks:
            marks[entry.label].append(Mark(start, end, entry.value))
        else:
            marks[entry.label] = [Mark(start, end, entry.value)]
    kept = {name: _longest_marks(found) for name, found in marks.items()}
    good, refused = _sift(hits if every else _heaviest(hits, kept), kept)
    return Scan(good, tuple(hit.start for hit in good), refused, kept)


def tells(flat: str, lexicon: Lexicon) -> bool:
    """Whether any cue that makes a statement may stand in `flat`: a quick look before the full scan."""
    return any(True for _ in _found(flat, lexicon.tellers, lexicon))


def _found(flat: str, automaton: Any, lexicon: Lexicon) -> Iterator[tuple[int, int, Entry]]:
    """Start, end and entry of each phrase of `automaton` in `flat`; a check is tried where it can hold."""
    spaced = lexicon.source.spaced
    if not flat or not len(automaton):
        return
    words = words_of(flat) if spaced else frozenset()
    for last, (length, entries) in automaton.iter(flat):
        start, stop = last + 1 - length, last + 1
        if spaced and start and flat[start - 1].isalnum():
            continue
        whole = not _is_inside(flat, stop, lexicon)
        for entry in entries:
            pattern = entry.pattern
            if pattern.exact:
                if whole:
                    yield start, stop, entry
            elif not pattern.later or not pattern.later.isdisjoint(words):
                end = pattern.ends_at(flat, start)
                if end:
                    yield start, end, entry


def _is_inside(flat: str, end: int, lexicon: Lexicon) -> bool:
    """Whether the word goes on at `end`, so that no whole word ends there."""
    source = lexicon.source
    if not source.spaced or not flat[end : end + 1].isalnum() or flat[end - 1] == "'":
        return False
    return not _is_particle(flat, end, source.particles)


def _is_particle(flat: str, start: int, particles: frozenset[str]) -> bool:
    """Whether the rest of the word from `start` is a particle that the language glues to words."""
    if not particles:
        return False
    end = start
    while end - start < _LONGEST_PARTICLE and flat[end : end + 1].isalnum():
        end += 1
    return flat[start:end] in particles and not flat[end : end + 1].isalnum()


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
    near = marks.get(f"needs:{cue.id}", _NONE).within(hit.start, hit.end + _TOKEN * cue.reach)
    return bool(near) or not cue.needs, cue.weight, hit.end - hit.start


def _longest_marks(marks: Iterable[Mark]) -> Marks:
    kept: list[Mark] = []
    end = 0
    for mark in sorted(marks, key=lambda m: (m.start, -m.end)):
        if mark.start >= end:
            kept.append(mark)
            end = mark.end
    return Marks(tuple(kept), tuple(mark.end for mark in kept))


def _sift(hits: list[Hit], marks: Mapping[str, Marks]) -> tuple[tuple[Hit, ...], tuple[Refused, ...]]:
    pseudo = _longest_marks(Mark(h.start, h.end, h.cue.id) for h in hits if h.cue.kind is CueKind.PSEUDO)
    good: list[Hit] = []
    refused: list[Refused] = []
    for hit in hits:
        if hit.cue.kind is CueKind.PSEUDO:
            continue
        reason = _cancelled_by(hit, pseudo, marks.get(f"look_alike:{hit.cue.id}", _NONE))
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
