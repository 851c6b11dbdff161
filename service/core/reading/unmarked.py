"""Names in scripts that show none: no capitals, no spaces.

How it decides: a name shows by its ending (the words of `name_endings`: Technology, Bank, Club) together
with the run of letters before it, or by its place: the run between a pause and a reporting verb or a
position cue, with words of time and manner (`name_edges`) taken off. After a title, two to four letters that
begin with a family name (`surnames`) are a person. What such a place or ending shows is then found in the
whole item, also without its ending. A known name inside a longer ordinary word (`name_pitfalls`) is none.
What it leaves out: names that stand only among other words, and segmentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.core.reading.cues import Mark, Scan
from service.core.reading.lexicon import CueKind, Lexicon
from service.core.reading.names import Name
from service.core.reading.sentences import Passage
from service.core.text import fold

_CLOSING = (
    "speech", "report", "stops", "negators", "third_parties", "sources", "spokesmen", "executives",
    "officials", "authorities", "fact_checkers", "outlets", "companies", "its", "persons", "both",
    "conditionals", "hedges", "name_edges", "relation", "plans", "leads", "places",
)  # fmt: skip
_TITLES = ("spokesmen", "executives", "officials")
_WORD = re.compile(r"[\w·・]")
_LATIN = re.compile(r"(?<![\w@/.])[A-Z][\w&.-]{1,24}(?: [A-Z][\w&.-]{1,24}){0,3}")
_LONGEST_BEFORE = 8
_LONGEST_RUN = 6
_MOST_NAMES = 40
_ENTITY = "unknown"


@dataclass(frozen=True, slots=True)
class _Ground:
    """A passage with the places marked that no unknown name can cover."""

    passage: Passage
    scan: Scan
    lexicon: Lexicon
    closed: bytearray

    def run_before(self, position: int, longest: int) -> int:
        """Where the run of free letters that ends at `position` begins."""
        start, flat = position, self.passage.flat
        while start > 0 and position - start < longest and not self.closed[start - 1]:
            if not _WORD.match(flat[start - 1]) or self.lexicon.has("name_breaks", flat[start - 1]):
                break
            start -= 1
        return start

    def run_after(self, position: int, longest: int) -> int:
        """Where the run of free letters that begins at `position` ends."""
        end, flat = position, self.passage.flat
        while end < len(flat) and end - position < longest and not self.closed[end]:
            if not _WORD.match(flat[end]) or self.lexicon.has("name_breaks", flat[end]):
                break
            end += 1
        return end


def without_pitfalls(names: Sequence[Name], scan: Scan) -> list[Name]:
    """Known names but those inside an ordinary word."""
    pitfalls = scan.of("name_pitfalls")
    return [name for name in names if not _is_inside(name, pitfalls.overlapping(name.start, name.end))]


def _is_inside(name: Name, pitfall: Mark | None) -> bool:
    return pitfall is not None and pitfall.end - pitfall.start > name.end - name.start


def unmarked_names(
    passages: Sequence[Passage], scans: Sequence[Scan], lexicon: Lexicon, taken: Sequence[list[Name]]
) -> list[list[Name]]:
    """For each passage the names that the table does not know, in order."""
    grounds = [
        _ground(place, found, lexicon, known)
        for place, found, known in zip(passages, scans, taken, strict=True)
    ]
    shown: dict[str, Name] = {}
    for ground in reversed(grounds):  # the body knows the longer forms
        for name in (*_ended(ground), *_placed(ground), *_titled(ground), *_latin(ground)):
            if len(shown) < _MOST_NAMES:
                shown.setdefault(name.name, name)
    spellings = _spellings(list(shown.values()), lexicon)
    return [_found_again(ground, spellings, known) for ground, known in zip(grounds, taken, strict=True)]


def _ground(passage: Passage, scan: Scan, lexicon: Lexicon, taken: list[Name]) -> _Ground:
    closed = bytearray(len(passage.flat))
    spans = [(name.start, name.end) for name in taken]
    spans += [(mark.start, mark.end) for label in _CLOSING for mark in scan.of(label).all]
    spans += [(hit.start, hit.end) for hit in scan.hits if hit.cue.kind is not CueKind.RELAY]
    for start, end in spans:
        closed[start:end] = b"\x01" * (end - start)
    return _Ground(passage, scan, lexicon, closed)


def _ended(ground: _Ground) -> Iterator[Name]:
    endings = ground.scan.of("name_endings").all
    for index, mark in enumerate(endings):
        if index and endings[index - 1].end == mark.start:
            continue  # the one before it opens the ending
        end = mark.end
        for following in endings[index + 1 : index + 4]:
            end = following.end if following.start == end else end
        start = ground.run_before(mark.start, _LONGEST_BEFORE)
        if mark.start - start >= 2 or (mark.start > start and end - start >= 4):
            yield Name(start, end, ground.passage.text[start:end], _ENTITY)


def _placed(ground: _Ground) -> Iterator[Name]:
    """Runs between a pause and a reporting verb or the verb of a position."""
    for place in _verbs(ground.scan):
        end = _without_edges(place, ground)
        start = ground.run_before(end, _LONGEST_RUN + 1)
        if not 2 <= end - start <= _LONGEST_RUN or not ground.passage.flat[start:end].isalpha():
            continue
        person = _is_person(ground, start, end)
        opens = start == 0 or not _WORD.match(ground.passage.flat[start - 1])
        edged = start > 0 and ground.scan.of("name_edges").overlapping(start - 1, start) is not None
        if (opens or edged or person) and not _is_ordinary(ground, start, end):
            yield Name(start, end, ground.passage.text[start:end], "person" if person else _ENTITY)


def _verbs(scan: Scan) -> list[int]:
    kinds = (CueKind.DENIAL, CueKind.CONFIRMATION, CueKind.NO_COMMENT)
    cues = [hit.start for hit in scan.hits if hit.cue.kind in kinds]
    return sorted({*cues, *(mark.start for mark in scan.of("speech").all)})


def _without_edges(position: int, ground: _Ground) -> int:
    """`position` moved back over words of time and manner."""
    edges = ground.scan.of("name_edges")
    for _ in range(3):
        mark = edges.overlapping(position - 1, position) if position else None
        if mark is None or mark.end != position:
            break
        position = mark.start
    return position


def _titled(ground: _Ground) -> Iterator[Name]:
    for label in _TITLES:
        for mark in ground.scan.of(label).all:
            end = ground.run_after(mark.end, 5)
            if _is_person(ground, mark.end, end):
                yield Name(mark.end, end, ground.passage.text[mark.end : end], "person")


def _is_person(ground: _Ground, start: int, end: int) -> bool:
    written = ground.passage.flat[start:end]
    if "·" in written or "・" in written:
        return True
    surnamed = ground.lexicon.has("surnames", written[:1]) and len(written) in (2, 3)
    compound = ground.lexicon.has("surnames", written[:2]) and len(written) in (3, 4)
    return surnamed or compound


def _latin(ground: _Ground) -> Iterator[Name]:
    for match in _LATIN.finditer(ground.passage.text):
        if not any(ground.closed[match.start() : match.end()]):
            written = match.group().rstrip(".-&")
            if not ground.lexicon.has("not_names", written.lower()):
                yield Name(match.start(), match.start() + len(written), written, _ENTITY)


def _is_ordinary(ground: _Ground, start: int, end: int) -> bool:
    written = ground.passage.flat[start:end]
    return ground.lexicon.has("not_names", written) or ground.lexicon.has("stop_words", written)


def _spellings(names: list[Name], lexicon: Lexicon) -> dict[str, Name]:
    """How the names may be written, longest first: each in full, entities also without their ending."""
    endings = sorted(lexicon.folded.get("name_endings", frozenset()), key=len, reverse=True)
    found: dict[str, Name] = {}
    for name in names:
        found.setdefault(name.name, name)
    for name in names:
        short = _shortened(name.name, endings) if name.kind == _ENTITY else name.name
        if len(short) >= 2 and not lexicon.has("not_names", short):
            found.setdefault(short, name)
    return dict(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))


def _shortened(written: str, endings: list[str]) -> str:
    folded = fold(written)
    ending = next((e for e in endings if folded.endswith(e) and len(written) - len(e) >= 2), "")
    return written[: len(written) - len(ending)]


def _found_again(ground: _Ground, spellings: dict[str, Name], taken: list[Name]) -> list[Name]:
    covered = bytearray(len(ground.passage.text))
    for name in taken:
        covered[name.start : name.end] = b"\x01" * (name.end - name.start)
    found: list[Name] = []
    for written, name in spellings.items():
        start = ground.passage.text.find(written)
        while start >= 0:
            end = start + len(written)
            if not any(covered[start:end]):
                found.append(Name(start, end, name.name, name.kind))
                covered[start:end] = b"\x01" * (end - start)
            start = ground.passage.text.find(written, end)
    return sorted(found, key=lambda n: n.start)
