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
_AGED = re.compile(r"\((?:[1-9]\d|[1-9]\d\uc138)[),]")  # after a person's name
_LISTED = re.compile(r"\(\d{4,6}[),]")  # the number of a stock after its company's name
_MIXED = re.compile("(?=.*(?:[\u30a1-\u30fa\u30fc]{3}|[A-Z]{2}))[^\uac00-\ud7a3]+")
_WORD_BEFORE = re.compile("[A-Za-z\uac00-\ud7a3]{2,8} $")
_SPACED_SUFFIX = 3
_OWNED = re.compile("の[\u30a1-\u30fa\u30fb\u30fc\u3005\u4e00-\u9fff]{0,8}")
_GIVEN = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc\u3005\u4e00-\u9fff]{1,3}")
_LONGEST_SURNAME = 3
_TITLES = ("spokesmen", "executives", "officials")
_HANGUL_NAME = 3
_MOST_NAMES = 40
_PERSON, _ENTITY, _AUTHORITY = "person", "unknown", "government"


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
    leading: tuple[str, ...]
    glued: tuple[str, ...]


def marked_names(
    passages: Sequence[Passage], scans: Sequence[Scan], lexicon: Lexicon, taken: Sequence[list[Name]]
) -> list[list[Name]]:
    """For each passage the names that the table does not know, in order."""
    marks = _marks(lexicon)
    shown: dict[str, str] = {}
    for place, found, known in zip(passages, scans, taken, strict=True):
        for start, end in _pieces(place, found, known, marks):
            kind = _kind(place, start, end, marks, lexicon) or _kind_beside(
                place, found, start, end, marks, lexicon
            )
            if kind and len(shown) < _MOST_NAMES:
                shown.setdefault(place.text[start:end], kind)
    ordered = sorted(shown, key=lambda written: (-len(written), written))
    return [
        _found_again(place, found, ordered, shown, known, marks)
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
        tuple(mark for mark in lexicon.folded.get("subject_marks", ()) if mark[-1] == " "),
        tuple(sorted(filter(_is_glued, lexicon.folded.get("name_follow", ())), key=len, reverse=True)),
    )


def _is_glued(honorific: str) -> bool:
    """Whether it stands right after a name and is no phrase of its own (whose agency)."""
    return honorific[0] not in " の의"


def _covered(passage: Passage, scan: Scan, taken: list[Name], suffixes: tuple[str, ...]) -> bytearray:
    """The places that no unknown name can hold; a town with the ending of a body after it begins one."""
    covered = bytearray(len(passage.flat))
    spans = [(name.start, name.end) for name in taken]
    spans += [
        (mark.start, mark.end)
        for label in _CLOSED
        for mark in scan.of(label).all
        if label != "places" or not passage.flat.startswith(suffixes, mark.end)
    ]
    for start, end in spans:
        covered[start:end] = b"\x01" * (end - start)
    return covered


def _pieces(passage: Passage, scan: Scan, taken: list[Name], marks: _Marks) -> Iterator[tuple[int, int]]:
    """Runs of name letters, cut at what is no name, without the particle at their end."""
    covered = _covered(passage, scan, taken, marks.suffixes)
    for run in _RUN.finditer(passage.text):
        start = run.start()
        while start < run.end():
            shut = covered.find(b"\x01", start, run.end())
            end = shut if shut >= 0 else run.end()
            if end > start:
                last = _without_particle(passage.flat, start, end, marks) if end == run.end() else end
                last = _without_honorific(passage.flat, start, last, marks)
                first = _head_off(
                    passage.flat, _with_soft_head(passage.flat, start, last, marks), last, marks
                )
                first = _with_word_before(passage.flat, covered, first, last, marks)
                yield first, _with_soft_tail(passage.flat, first, last, marks)
            start = max(end, start) + 1


def without_ordinary(names: list[Name], passage: Passage, scan: Scan, lexicon: Lexicon) -> list[Name]:
    """Known names without those that are an ordinary word here, or a title glued to a person's name."""
    titles = scan.of("executives")
    heads, follow = (tuple(sorted(lexicon.folded.get(c, ()))) for c in ("name_heads", "name_follow"))
    names = [name for name in names if not _is_surname(name, passage.flat, scan, heads, follow)]
    names = [name for name in names if not _is_only_titled(name, names, passage.flat, scan)]
    return [
        name
        for name in names
        if not lexicon.has("not_names", passage.flat[name.start : name.end])
        and not (
            titles.overlapping(name.start, name.end) and passage.flat[name.start - 1 : name.start].isalnum()
        )
    ]


def _is_surname(name: Name, flat: str, scan: Scan, heads: tuple[str, ...], follow: tuple[str, ...]) -> bool:
    """Whether a short known name is a person's family name here: a calling stands before it, or a given name
    with an age, an honorific or a title after it."""
    short = name.end - name.start <= _LONGEST_SURNAME and flat[name.start] >= "\u4e00"
    if not short or "\uac00" <= flat[name.start] <= "\ud7a3" or name.kind == "person":
        return False
    given = _GIVEN.match(flat, name.end)
    if given is None:
        return False
    if heads and flat.endswith(heads, max(0, name.start - _LONGEST_HEAD), name.start):
        return True
    titles = {m.start for c in ("executives", "officials") for m in scan.within(c, name.end, given.end() + 6)}
    return any(
        place in titles or _AGED.match(flat, place) or flat.startswith(follow, place)
        for place in range(name.end + 1, given.end() + 1)
    )


def _is_only_titled(name: Name, names: list[Name], flat: str, scan: Scan) -> bool:
    """Whether a short name stands in the passage only glued to titles: a person's (Nomura + manager)."""
    same = [other for other in names if other.name == name.name]
    return all(
        other.end - other.start <= _LONGEST_SURNAME
        and "\u4e00" <= flat[other.start] <= "\u9fff"
        and any(
            mark is not None and mark.start == other.end
            for label in ("executives", "officials")
            for mark in (scan.of(label).overlapping(other.end, other.end + 1),)
        )
        for other in same
    )


def _with_soft_tail(flat: str, start: int, end: int, marks: _Marks) -> int:
    """Where a person's name ends whose given name is written in hiragana (up to an honorific or a mark)."""
    headed = bool(marks.heads) and flat.endswith(marks.heads, max(0, start - _LONGEST_HEAD), start)
    if flat.startswith(marks.honorifics, end):
        return end
    for tail in range(1, _LONGEST_TAIL + 1):
        if not "\u3041" <= flat[end + tail - 1 : end + tail] <= "\u3096":
            break
        if (
            flat.startswith(marks.honorifics, end + tail)
            or _AGED.match(flat, end + tail)
            or (headed and tail > 1 and flat.startswith(marks.governed, end + tail))
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


def _with_word_before(flat: str, covered: bytearray, start: int, end: int, marks: _Marks) -> int:
    """Where a name of two words begins of which the second is an ending of its own (Paju + United)."""
    if end - start < _SPACED_SUFFIX or flat[start:end] not in marks.suffixes or flat[start] < "\uac00":
        return start
    word = _WORD_BEFORE.search(flat, max(0, start - _LONGEST_TAIL * 2 - 1), start)
    return word.start() if word and not any(covered[word.start() : start]) else start


def _without_honorific(flat: str, start: int, end: int, marks: _Marks) -> int:
    """`end` moved before an honorific that is glued to the name."""
    if not flat.endswith(marks.glued, start, end):
        return end
    called = next((h for h in marks.glued if flat.endswith(h, start, end)), "")
    return end - len(called) if end - start - len(called) >= 2 else end


def _without_particle(flat: str, start: int, end: int, marks: _Marks) -> int:
    if not flat.endswith(marks.particles, start, end):
        return end
    particle = next((p for p in marks.particles if flat.endswith(p, start, end)), "")
    return end - len(particle) if end - start - len(particle) >= 2 else end


def _kind(passage: Passage, start: int, end: int, marks: _Marks, lexicon: Lexicon) -> str:
    """`person`, `unknown`, or nothing where the piece is no name."""
    flat, written = passage.flat, passage.flat[start:end]
    ordinary = lexicon.has("not_names", written) or lexicon.has("stop_words", written) or written.isdigit()
    if not 2 <= len(written) <= _LONGEST or ordinary:
        return ""
    headed = flat.endswith(marks.heads, max(0, start - 8), start) if marks.heads else False
    if _ends_like_a_verb(written, lexicon):
        return ""
    if _AGED.match(flat, end):
        return _PERSON
    surnamed = not lexicon.words("surnames") or (len(written) <= 4 and lexicon.has("surnames", written[0]))
    if surnamed and (headed or flat.startswith(marks.honorifics, end)):
        return _PERSON
    ended = written.endswith(marks.suffixes)
    suffix = next((s for s in marks.suffixes if written.endswith(s)), "") if ended else ""
    if suffix and (len(written) - len(suffix) >= 2 or (len(written) > len(suffix) and len(written) >= 4)):
        return _AUTHORITY if lexicon.has("authorities", suffix) else _ENTITY
    if _LISTED.match(flat, end):
        return _ENTITY
    if flat.startswith(marks.sides, end) and marks.sides:
        return _ENTITY
    if not flat.startswith(marks.subjects, end):
        return _ENTITY if "・" in written and len(written) > _SHORT else ""
    opens = start == passage.sentence_at(start).start and len(written) >= _SHORT and flat[end] not in _PAUSES
    return _ENTITY if opens or _FOREIGN.fullmatch(passage.text, start, end) else ""


def _ends_like_a_verb(written: str, lexicon: Lexicon) -> bool:
    """Whether an ending of verbs closes the piece (has protested): it is no name."""
    endings = lexicon.source.endings
    return written.endswith(tuple(endings)) and any(len(e) > 1 and written.endswith(e) for e in endings)


def _kind_beside(passage: Passage, scan: Scan, start: int, end: int, marks: _Marks, lexicon: Lexicon) -> str:
    """What the place shows: before a title, or at the head of the item as its subject."""
    flat, written = passage.flat, passage.flat[start:end]
    ordinary = lexicon.has("not_names", written) or lexicon.has("stop_words", written) or written.isdigit()
    if ordinary or not 2 <= len(written) <= _LONGEST or _ends_like_a_verb(written, lexicon):
        return ""
    title = _title_after(passage, scan, end)
    if title >= 0 and "\uac00" <= written[0] <= "\ud7a3":
        named = len(written) == _HANGUL_NAME and lexicon.has("surnames", written[0])
        return _PERSON if named and _is_of_persons(title, scan, flat) else ""
    glued = title == end and not scan.of("spokesmen").overlapping(title, title + 1)
    if title >= 0 and not glued and len(written) >= _SHORT and _MIXED.fullmatch(passage.text, start, end):
        return _ENTITY
    if _opens_again(passage, scan, start, end, marks):
        return _ENTITY
    leads = start == 0 and len(written) >= _SHORT and flat.startswith(marks.leading, end)
    return _ENTITY if leads else ""


def _opens_again(passage: Passage, scan: Scan, start: int, end: int, marks: _Marks) -> bool:
    """Whether a word told twice, no event, is the topic after one short word (to this, X said)."""
    flat, written = passage.flat, passage.flat[start:end]
    opening = flat[passage.sentence_at(start).start : start]
    short = 0 < len(opening) <= _SHORT + 2 and opening.count(" ") == 1 and opening[-1] == " "
    hangul = len(written) >= _SHORT and "\uac00" <= written[0] <= "\ud7a3"
    topical = flat.startswith(marks.subjects, end) and flat[end] not in _PAUSES
    again = short and hangul and topical and flat.count(written) > 1
    return again and not any(scan.of(name).overlapping(start, end) for name in ("relation", "plans"))


def _title_after(passage: Passage, scan: Scan, end: int) -> int:
    """Where the title begins right after `end`, after a space, or after "of" and a name; or -1."""
    flat = passage.flat
    owned = _OWNED.match(flat, end)
    places = range(end + 1, owned.end() + 1) if owned else (end + flat.startswith(" ", end),)
    labels = (*_TITLES, "authorities") if not owned else _TITLES
    for place in places:
        marks = (scan.of(label).overlapping(place, place + 1) for label in labels)
        if any(mark is not None and mark.start == place for mark in marks):
            return place
    return -1


def _is_of_persons(position: int, scan: Scan, flat: str) -> bool:
    """Whether the title at `position` (an office before it aside) is one that a person bears."""
    office = scan.of("authorities").overlapping(position, position + 1)
    place = office.end + 1 if office and flat.startswith(" ", office.end) else position
    return any(scan.of(label).overlapping(place, place + 1) for label in ("executives", "officials"))


def _found_again(
    passage: Passage,
    scan: Scan,
    ordered: list[str],
    kinds: dict[str, str],
    taken: list[Name],
    marks: _Marks,
) -> list[Name]:
    covered = _covered(passage, scan, taken, marks.suffixes)
    found: list[Name] = []
    for written in ordered:
        start = passage.text.find(written)
        while start >= 0:
            end = start + len(written)
            if not any(covered[start:end]) and _begins_word(passage.text, start):
                called = next((h for h in marks.glued if passage.flat.startswith(h, end)), "")
                found.append(Name(start, end + len(called), written, kinds[written]))
                covered[start:end] = b"\x01" * len(written)
            start = passage.text.find(written, end)
    return sorted(found, key=lambda name: name.start)


def _begins_word(text: str, start: int) -> bool:
    """Hangul and Latin words are spaced, so a name begins where a word does."""
    spaced = "\uac00" <= text[start] <= "\ud7a3" or text[start].isascii()
    return not (
        spaced and start and text[start - 1].isalnum() and not "\u3040" <= text[start - 1] <= "\u9fff"
    )
