"""Names that a particle, a title or an ending shows, in scripts without capitals.

How it decides: a run of name letters (without the particle glued to it, and cut at words that are no names)
is a name where it ends like one (`name_suffixes`: Bank, Electric), where an honorific follows
(`name_follow`) or a calling stands before it (`name_heads`: the singer), where "the side of" makes it a
speaker, or where it is foreign spelling in a subject's place. What is shown once is found again in the
whole item. What it leaves out: bare native names that nothing marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.core.reading.cues import Scan
from service.core.reading.lexicon import Lexicon
from service.core.reading.names import Name
from service.core.reading.sentences import Passage

_RUN = re.compile(
    r"[A-Z][A-Za-z0-9&]*(?: [A-Z][A-Za-z0-9&]*)+"
    r"|[A-Za-z0-9&\u30a1-\u30fa\u30fb\u30fc\u3005\u4e00-\u9fff\uac00-\ud7a3]+"
)
_FOREIGN = re.compile(r"[A-Z][A-Za-z0-9& ]+|[A-Za-z&]*[\u30a1-\u30fa\u30fc\u30fb]{3,}[A-Za-z]*")
_CLOSED = (
    "spokesmen", "executives", "officials", "companies", "both", "outlets", "sources", "third_parties",
    "authorities", "fact_checkers", "persons", "its", "report", "speech", "places",
)  # fmt: skip
_LONGEST = 16
_LONGEST_HEAD = 7
_LONGEST_TAIL = 4
_SHORT = 3
_PAUSES = ',、 "'
_MOST_NAMES = 40
_PERSON, _ENTITY = "person", "unknown"


@dataclass(frozen=True, slots=True)
class _Marks:
    """A lexicon's marks of names, ready for comparing."""

    suffixes: tuple[str, ...]
    honorifics: tuple[str, ...]
    heads: tuple[str, ...]
    subjects: tuple[str, ...]
    sides: tuple[str, ...]
    particles: tuple[str, ...]
    governed: tuple[str, ...]


def marked_names(
    passages: Sequence[Passage], scans: Sequence[Scan], lexicon: Lexicon, taken: Sequence[list[Name]]
) -> list[list[Name]]:
    """For each passage the names that the table does not know, in order."""
    marks = _marks(lexicon)
    shown: dict[str, str] = {}
    for place, found, known in zip(passages, scans, taken, strict=True):
        for start, end in _pieces(place, found, known, marks):
            kind = _kind(place, start, end, marks, lexicon)
            if kind and len(shown) < _MOST_NAMES:
                shown.setdefault(place.text[start:end], kind)
    ordered = sorted(shown, key=lambda written: (-len(written), written))
    return [
        _found_again(place, found, ordered, shown, known)
        for place, found, known in zip(passages, scans, taken, strict=True)
    ]


def _marks(lexicon: Lexicon) -> _Marks:
    subjects = tuple(sorted(lexicon.folded.get("topic_marks", ())))
    return _Marks(
        tuple(sorted(lexicon.folded.get("name_suffixes", ()))),
        tuple(sorted(lexicon.folded.get("name_follow", ()))),
        tuple(sorted(lexicon.folded.get("name_heads", ()))),
        subjects,
        tuple(mark for mark in subjects if len(mark.strip()) > 1),
        tuple(sorted(lexicon.source.particles, key=len, reverse=True)),
        (*subjects, *lexicon.words("postpositions"), *lexicon.words("subject_marks")),
    )


def _covered(passage: Passage, scan: Scan, taken: list[Name]) -> bytearray:
    covered = bytearray(len(passage.flat))
    spans = [(name.start, name.end) for name in taken]
    spans += [(mark.start, mark.end) for label in _CLOSED for mark in scan.of(label).all]
    for start, end in spans:
        covered[start:end] = b"\x01" * (end - start)
    return covered


def _pieces(passage: Passage, scan: Scan, taken: list[Name], marks: _Marks) -> Iterator[tuple[int, int]]:
    """Runs of name letters, cut at what is no name, without the particle at their end."""
    covered = _covered(passage, scan, taken)
    for run in _RUN.finditer(passage.text):
        start = run.start()
        while start < run.end():
            shut = covered.find(b"\x01", start, run.end())
            end = shut if shut >= 0 else run.end()
            if end > start:
                last = _without_particle(passage.flat, start, end, marks) if end == run.end() else end
                first = _head_off(
                    passage.flat, _with_soft_head(passage.flat, start, last, marks), last, marks
                )
                yield first, _with_soft_tail(passage.flat, first, last, marks)
            start = max(end, start) + 1


def without_ordinary(names: list[Name], passage: Passage, scan: Scan, lexicon: Lexicon) -> list[Name]:
    """Known names without those that are an ordinary word here, or a title glued to a person's name."""
    titles = scan.of("executives")
    return [
        name
        for name in names
        if not lexicon.has("not_names", passage.flat[name.start : name.end])
        and not (
            titles.overlapping(name.start, name.end) and passage.flat[name.start - 1 : name.start].isalnum()
        )
    ]


def _with_soft_tail(flat: str, start: int, end: int, marks: _Marks) -> int:
    """Where a person's name ends whose given name is written in hiragana (up to an honorific or a mark)."""
    headed = bool(marks.heads) and flat.endswith(marks.heads, max(0, start - _LONGEST_HEAD), start)
    if flat.startswith(marks.honorifics, end):
        return end
    for tail in range(1, _LONGEST_TAIL + 1):
        if not "\u3041" <= flat[end + tail - 1 : end + tail] <= "\u3096":
            break
        if flat.startswith(marks.honorifics, end + tail) or (
            headed and tail > 1 and flat.startswith(marks.governed, end + tail)
        ):
            return end + tail
    return end


def _head_off(flat: str, start: int, end: int, marks: _Marks) -> int:
    """Where the name begins after a calling that is glued to it."""
    head = next((h for h in marks.heads if flat.startswith(h, start) and end - start - len(h) >= 2), "")
    return start + len(head)


def _with_soft_head(flat: str, start: int, end: int, marks: _Marks) -> int:
    """Where a name begins whose head is written in hiragana before its ending (Michinoku Bank)."""
    if flat[start:end] not in marks.suffixes:
        return start
    head = start
    while head > 0 and start - head < _LONGEST_HEAD and "\u3041" <= flat[head - 1] <= "\u309f":
        head -= 1
    follows = head > 0 and flat[head - 1].isalnum()
    return head + 1 if follows and flat[head : head + 1] in marks.governed else head


def _without_particle(flat: str, start: int, end: int, marks: _Marks) -> int:
    particle = next((p for p in marks.particles if flat.endswith(p, start, end)), "")
    return end - len(particle) if end - start - len(particle) >= 2 else end


def _kind(passage: Passage, start: int, end: int, marks: _Marks, lexicon: Lexicon) -> str:
    """`person`, `unknown`, or nothing where the piece is no name."""
    flat, written = passage.flat, passage.flat[start:end]
    ordinary = lexicon.has("not_names", written) or lexicon.has("stop_words", written) or written.isdigit()
    if not 2 <= len(written) <= _LONGEST or ordinary:
        return ""
    headed = flat.endswith(marks.heads, max(0, start - 8), start) if marks.heads else False
    surnamed = not lexicon.words("surnames") or (len(written) <= 4 and lexicon.has("surnames", written[0]))
    if surnamed and (headed or flat.startswith(marks.honorifics, end)):
        return _PERSON
    suffix = next((s for s in marks.suffixes if written.endswith(s)), "")
    if suffix and (len(written) - len(suffix) >= 2 or (len(written) > len(suffix) and len(written) >= 4)):
        return _ENTITY
    if flat.startswith(marks.sides, end) and marks.sides:
        return _ENTITY
    if not flat.startswith(marks.subjects, end):
        return _ENTITY if "・" in written and len(written) > _SHORT else ""
    opens = start == passage.sentence_at(start).start and len(written) >= _SHORT and flat[end] not in _PAUSES
    return _ENTITY if opens or _FOREIGN.fullmatch(passage.text, start, end) else ""


def _found_again(
    passage: Passage, scan: Scan, ordered: list[str], kinds: dict[str, str], taken: list[Name]
) -> list[Name]:
    covered = _covered(passage, scan, taken)
    found: list[Name] = []
    for written in ordered:
        start = passage.text.find(written)
        while start >= 0:
            end = start + len(written)
            if not any(covered[start:end]) and _begins_word(passage.text, start):
                found.append(Name(start, end, written, kinds[written]))
                covered[start:end] = b"\x01" * len(written)
            start = passage.text.find(written, end)
    return sorted(found, key=lambda name: name.start)


def _begins_word(text: str, start: int) -> bool:
    """Hangul and Latin words are spaced, so a name begins where a word does."""
    spaced = "\uac00" <= text[start] <= "\ud7a3" or text[start].isascii()
    return not (
        spaced and start and text[start - 1].isalnum() and not "\u3040" <= text[start - 1] <= "\u9fff"
    )
