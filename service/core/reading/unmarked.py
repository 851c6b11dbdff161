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
from dataclasses import dataclass, replace

from service.core.reading.cues import Hit, Mark, Scan
from service.core.reading.lexicon import CueKind, Lexicon, SubjectPlace
from service.core.reading.names import Name
from service.core.reading.ordinary import is_foreign, is_land, is_made_of_words, past_deeds
from service.core.reading.sentences import Passage
from service.core.reading.spellings import ENTITY, IN_BRACKETS, LAND, found_again, spellings

_CLOSING = (
    "speech", "report", "stops", "negators", "third_parties", "sources", "spokesmen", "executives",
    "officials", "authorities", "fact_checkers", "outlets", "companies", "its", "persons", "both",
    "conditionals", "hedges", "name_edges", "relation", "plans", "leads",
)  # fmt: skip
_TITLES = ("spokesmen", "executives", "officials")
_WORD = re.compile(r"[\w·・]")
_LATIN = re.compile(r"(?<![A-Za-z0-9@/.])[A-Z][A-Za-z0-9&.-]{1,24}(?: [A-Z][A-Za-z0-9&.-]{1,24}){0,3}")
_DATED = re.compile("[\u4e00-\u9fff]{2,8}(?=[(\\d])")
_STOCK_CODE = re.compile(r"\((?:[a-z]{2,4}[.:]?)?\d{4,6}(?:[.-][a-z]{1,3})?(?=[),;])")
_BRANCH = re.compile("[\u4e00-\u9fff]{0,5}?(?:分局|支队|大队|总队|派出所)")
_PAUSE = re.compile(r"(?:^|[,。:;!?\n 、])")
_STRONG_PAUSE = ("", ":", "。", "!", "?", ";", '"', "】", "\n")
_FOLLOWING = frozenset("在于对向就也则曾昨今日")
_LONGEST_BEFORE = 8
_LONGEST_RUN = 6
_SHORT_CUE = 4
_PERSON_IN_RUN = 3  # a body and its person, glued
_LONGEST_DOTTED = 12  # a foreign name with its first name
_MOST_NAMES = 40
_POSITIONS = (CueKind.DENIAL, CueKind.CONFIRMATION, CueKind.NO_COMMENT)
_JOINERS = frozenset("、与和及與")
_NO_ENDING = frozenset("地中上里内下时后们者")  # places and manners end so, names hardly ever
_PLACES_END = frozenset("市县省区镇乡村局处部队路街")
_INNER = frozenset("于以成无之为和")  # small words that stand inside given names too
_LED_BY = frozenset("由与和对被据向及从就找跟")
_OF = "的"
_LONGEST_LAND = 6


@dataclass(frozen=True, slots=True)
class _Ground:
    """A passage with the places marked that no unknown name can cover."""

    passage: Passage
    scan: Scan
    lexicon: Lexicon
    closed: bytearray
    whole: str

    def run_before(self, position: int, longest: int) -> int:
        """Where the run of free letters that ends at `position` begins."""
        start, flat = position, self.passage.flat
        while start > 0 and position - start < longest and not self.closed[start - 1]:
            if not _WORD.match(flat[start - 1]) or self.lexicon.has("name_breaks", flat[start - 1]):
                break
            start -= 1
        return start - 2 if position - start == 1 and self._is_inner(start - 1) else start

    def _is_inner(self, position: int) -> bool:
        """Whether the small word at `position` stands inside a person's name that begins a clause."""
        flat, surname = self.passage.flat, position - 1
        if position < 1 or not self.lexicon.has("surnames", flat[surname]) or flat[position] not in _INNER:
            return False
        return surname == 0 or not _WORD.match(flat[surname - 1]) or bool(self.closed[surname - 1])

    def run_after(self, position: int, longest: int) -> int:
        """Where the run of free letters that begins at `position` ends."""
        end, flat = position, self.passage.flat
        while end < len(flat) and end - position < longest and not self.closed[end]:
            digit = end > position and flat[end].isdigit()
            if digit or not _WORD.match(flat[end]) or self.lexicon.has("name_breaks", flat[end]):
                break
            end += 1
        return end


def without_pitfalls(names: Sequence[Name], scan: Scan) -> list[Name]:
    """Known names but those inside an ordinary word."""
    pitfalls = scan.of("name_pitfalls")
    return [
        _with_place(name, scan)
        for name in names
        if not _is_inside(name, pitfalls.overlapping(name.start, name.end))
    ]


def _with_place(name: Name, scan: Scan) -> Name:
    """`name` with a land glued to it: the unit there speaks for the body."""
    place = scan.of("places").overlapping(name.end, name.end + 1)
    return name._replace(end=place.end) if place is not None and place.start == name.end else name


def _is_inside(name: Name, pitfall: Mark | None) -> bool:
    return pitfall is not None and pitfall.end - pitfall.start > name.end - name.start


def unmarked_names(
    passages: Sequence[Passage], scans: Sequence[Scan], lexicon: Lexicon, taken: Sequence[list[Name]]
) -> list[list[Name]]:
    """For each passage the names that the table does not know, in order."""
    whole = "\n".join(place.text for place in passages)
    grounds = [
        _ground(place, found, lexicon, known, whole)
        for place, found, known in zip(passages, scans, taken, strict=True)
    ]
    shown: dict[str, Name] = {}
    for ground in reversed(grounds):  # the body knows the longer forms
        for name in (
            *_ended(ground),
            *_jurisdictions(ground),
            *_placed(ground),
            *_titled(ground),
            *_coded(ground),
            *_before_title(ground),
            *_told_of(ground),
            *_opening(ground),
            *_dated(ground),
            *_latin(ground),
        ):
            if len(shown) < _MOST_NAMES:
                shown.setdefault(name.name, name)
    written_as = spellings(list(shown.values()), passages, lexicon)
    return [found_again(place, written_as, known) for place, known in zip(passages, taken, strict=True)]


def _ground(passage: Passage, scan: Scan, lexicon: Lexicon, taken: list[Name], whole: str) -> _Ground:
    closed = bytearray(len(passage.flat))
    spans = [(name.start, name.end) for name in taken]
    spans += [(mark.start, mark.end) for label in _CLOSING for mark in scan.of(label).all]
    for hit in scan.hits:
        whole_cue = hit.end - hit.start <= _SHORT_CUE and hit.cue.kind is not CueKind.RECAP  # gaps hold names
        spans += [(hit.start, hit.end)] if whole_cue else [(hit.start, hit.start + 1), (hit.end - 1, hit.end)]
    for start, end in spans:
        closed[start:end] = b"\x01" * (end - start)
    return _Ground(passage, scan, lexicon, closed, whole)


def _ended(ground: _Ground) -> Iterator[Name]:
    endings = ground.scan.of("name_endings").all
    for index, mark in enumerate(endings):
        if index and endings[index - 1].end == mark.start:
            continue  # the one before it opens the ending
        if ground.scan.of("authorities").overlapping(mark.start, mark.end):
            continue
        end = mark.end
        for following in endings[index + 1 : index + 4]:
            joins = following.start == end and not _is_title(following, ground.scan)
            end = following.end if joins else end
        run = ground.run_before(mark.start, _LONGEST_BEFORE)
        start = past_deeds(ground.passage.flat, run, mark.start, ground.lexicon)
        before = ground.passage.flat[start : mark.start]
        if is_made_of_words(before, ground.lexicon) or is_land(before, mark.value, ground.lexicon):
            continue
        if mark.start - start >= 2 or (mark.start > start == run and end - start >= 4):
            yield Name(start, end, ground.passage.text[start:end], ENTITY)


def _jurisdictions(ground: _Ground) -> Iterator[Name]:
    """Authorities with the land or town that is glued before them (whose police)."""
    for mark in ground.scan.of("authorities").all:
        run = ground.run_before(mark.start, _LONGEST_LAND)
        start = past_deeds(ground.passage.flat, run, mark.start, ground.lexicon)
        fits = mark.start - start >= 2 and (start > run or _begins(ground, start))
        fits = fits and not _is_ordinary(ground, start, mark.start)
        if fits and ground.passage.flat[start : mark.start].isalpha():
            branch = _BRANCH.match(ground.passage.flat, mark.end)
            end = branch.end() if branch else mark.end
            yield Name(start, end, ground.passage.text[start:end], LAND)


def _is_title(mark: Mark, scan: Scan) -> bool:
    """Whether the ending is the beginning of a title (the securities department)."""
    return any(scan.of(label).overlapping(mark.start, mark.end) for label in _TITLES)


def _placed(ground: _Ground) -> Iterator[Name]:
    """Runs between a pause and a reporting verb or the verb of a position."""
    firm, flat = {hit.start for hit in ground.scan.hits if _is_own_verb(hit)}, ground.passage.flat
    for place in _verbs(ground.scan):
        end = _without_edges(place, ground)
        start = ground.run_before(end, _LONGEST_RUN + 4)
        foreign = is_foreign(ground.passage.flat[start:end], ground.lexicon)
        if not foreign and end - start >= _LONGEST_RUN and _is_person(ground, end - _PERSON_IN_RUN, end):
            yield Name(end - _PERSON_IN_RUN, end, ground.passage.text[end - _PERSON_IN_RUN : end], "person")
            continue
        if not 2 <= end - start <= _LONGEST_RUN or not ground.passage.flat[start:end].isalpha():
            continue
        person = _is_person(ground, start, end)
        opens = _opens(ground, start, end) or (place in firm and not _WORD.match(flat[start - 1]))
        edged = start > 0 and ground.scan.of("name_edges").overlapping(start - 1, start) is not None
        told_of = not person and ground.scan.of("report").overlapping(end, end + 1) is not None
        if told_of or (not person and ground.passage.flat[end - 1] in _NO_ENDING):
            continue
        if (opens or edged or person) and not _is_ordinary(ground, start, end):
            yield Name(start, end, ground.passage.text[start:end], "person" if person else ENTITY)
            yield from _joined_before(ground, start)


def _joined_before(ground: _Ground, start: int) -> Iterator[Name]:
    """The run that "and" joins to the one that begins at `start`."""
    end = start - 1
    if end > 0 and ground.passage.flat[end] in _JOINERS:
        first = ground.run_before(end, _LONGEST_RUN + 1)
        if (
            2 <= end - first <= _LONGEST_RUN
            and _opens(ground, first, end)
            and not _is_ordinary(ground, first, end)
        ):
            yield Name(first, end, ground.passage.text[first:end], ENTITY)


def _opening(ground: _Ground) -> Iterator[Name]:
    """Three letters with a family name that open a clause, before a word of place, time or manner."""
    flat = ground.passage.flat
    for match in _PAUSE.finditer(flat):
        start = match.end()
        end = ground.run_after(start, _PERSON_IN_RUN + 1)
        following = flat[end : end + 1]
        followed = following in _FOLLOWING or following.isdigit()
        followed = followed or bool(end < len(flat) and ground.closed[end])
        person = end - start == _PERSON_IN_RUN and _is_person(ground, start, end)
        if person and followed and not _is_ordinary(ground, start, end):
            yield Name(start, end, ground.passage.text[start:end], "person")


def _dated(ground: _Ground) -> Iterator[Name]:
    """Runs that open a sentence and stand before a date or a bracketed code."""
    for sentence in ground.passage.sentences:
        match = _DATED.match(ground.passage.flat, sentence.start)
        if match is None or ground.run_after(sentence.start, match.end() - sentence.start) != match.end():
            continue
        if not _is_ordinary(ground, *match.span()):
            yield Name(*match.span(), ground.passage.text[match.start() : match.end()], ENTITY)


def _coded(ground: _Ground) -> Iterator[Name]:
    """Runs right before a bracketed stock code, and persons right before a bracketed Latin name."""
    for match in _STOCK_CODE.finditer(ground.passage.flat):
        run = ground.run_before(match.start(), _LONGEST_BEFORE)
        run = run if match.start() - run >= 2 else _since_pause(ground, match.start())
        start = past_deeds(ground.passage.flat, run, match.start(), ground.lexicon)
        ordinary = ground.lexicon.has("not_names", ground.passage.flat[start : match.start()])
        if match.start() - start >= 2 and not ordinary:
            yield Name(start, match.start(), ground.passage.text[start : match.start()], ENTITY)
    for match in IN_BRACKETS.finditer(ground.passage.text):
        start = ground.run_before(match.start(), _LONGEST_RUN)
        if _is_person(ground, start, match.start()) and not _is_ordinary(ground, start, match.start()):
            yield Name(start, match.start(), ground.passage.text[start : match.start()], "person")


def _since_pause(ground: _Ground, end: int) -> int:
    """Where a short name before `end` begins that holds a small word (and), if a pause stands before it."""
    start = end
    while start > 0 and _WORD.match(ground.passage.flat[start - 1]) and end - start <= _SHORT_CUE:
        start -= 1
    return start if end - start <= _SHORT_CUE and not ground.closed[start] else end


def _told_of(ground: _Ground) -> Iterator[Name]:
    """Persons right after a word of hearsay and before a plan, and those who speak for themselves."""
    for hit in ground.scan.hits:
        end = ground.run_after(hit.end, _PERSON_IN_RUN + 1)
        person = hit.cue.kind is CueKind.RUMOR and _is_person(ground, hit.end, end)
        closed = end < len(ground.closed) and bool(ground.closed[end])
        if person and closed and not _is_ordinary(ground, hit.end, end):
            yield Name(hit.end, end, ground.passage.text[hit.end : end], "person")
    for mark in ground.scan.of("persons").all:
        start = ground.run_before(mark.start, _LONGEST_RUN)
        person = _is_person(ground, start, mark.start) and _begins(ground, start)
        if person and not _is_ordinary(ground, start, mark.start):
            yield Name(start, mark.start, ground.passage.text[start : mark.start], "person")


def _verbs(scan: Scan) -> list[int]:
    cues = [hit.start for hit in scan.hits if hit.cue.kind in _POSITIONS]
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
            dotted = "·" in ground.passage.flat[mark.end : mark.end + _LONGEST_BEFORE]
            end = ground.run_after(_past_surname(ground, mark.end), _LONGEST_DOTTED if dotted else 5)
            named = end - mark.end == _PERSON_IN_RUN and bool(end < len(ground.closed) and ground.closed[end])
            named = named and not _is_ordinary(ground, mark.end, end)
            small = _past_surname(ground, mark.end) > mark.end and _is_ordinary(ground, mark.end + 1, end)
            if (named or _is_person(ground, mark.end, end)) and not small:
                yield Name(mark.end, end, ground.passage.text[mark.end : end], "person")


def _past_surname(ground: _Ground, position: int) -> int:
    """`position` behind a family name that is a small word too, where more letters of a name follow it."""
    letter = ground.passage.flat[position : position + 1]
    both = ground.lexicon.has("surnames", letter) and ground.lexicon.has("name_breaks", letter)
    edge = ground.scan.of("name_edges").overlapping(position, position + 1)
    single = not ground.closed[position : position + 1].count(1) or (edge and edge.end - edge.start == 1)
    free = position + 1 < len(ground.closed) and not ground.closed[position + 1]
    return position + 1 if both and single and free else position


def _is_own_verb(hit: Hit) -> bool:
    """Whether the cue is a verb of its party (denies), so that who stands right before it is the party."""
    return hit.cue.kind in _POSITIONS and hit.cue.subject is SubjectPlace.OWN


def _opens(ground: _Ground, start: int, end: int) -> bool:
    """Whether the run opens a sentence or a speech, or a clause while it stands elsewhere in the item too."""
    before = ground.passage.flat[start - 1 : start]
    if start == ground.passage.sentence_at(start).start or before in _STRONG_PAUSE:
        return True
    return not _WORD.match(before) and ground.whole.count(ground.passage.text[start:end]) > 1


def _before_title(ground: _Ground) -> Iterator[Name]:
    """Runs between a pause and a title: whose agent, whose studio, whose spokesman."""
    for label in _TITLES:
        for mark in ground.scan.of(label).all:
            owner = mark.start - 1 if ground.passage.flat[mark.start - 1 : mark.start] == _OF else mark.start
            start = ground.run_before(owner, _LONGEST_RUN + 1)
            if owner < mark.start and _is_person(ground, start, owner) and _begins(ground, start):
                yield Name(start, owner, ground.passage.text[start:owner], "person")
            elif (
                owner == mark.start
                and _begins(ground, start)
                and 2 <= mark.start - start <= _LONGEST_RUN
                and not _is_ordinary(ground, start, mark.start)
            ):
                kind = "person" if _is_person(ground, start, mark.start) else ENTITY
                yield Name(start, mark.start, ground.passage.text[start : mark.start], kind)


def _begins(ground: _Ground, start: int) -> bool:
    """Whether a name can begin at `start`: after a pause, a marked word or a preposition."""
    before = ground.passage.flat[start - 1 : start] if start else ""
    return not before or not _WORD.match(before) or bool(ground.closed[start - 1]) or before in _LED_BY


def _is_person(ground: _Ground, start: int, end: int) -> bool:
    written = ground.passage.flat[start:end]
    if "·" in written or "・" in written:
        return True
    if written[-1:] in _PLACES_END:
        return False
    if is_foreign(written, ground.lexicon):
        return True
    surnamed = ground.lexicon.has("surnames", written[:1]) and len(written) in (2, 3)
    compound = ground.lexicon.has("surnames", written[:2]) and len(written) in (3, 4)
    return surnamed or compound


def _latin(ground: _Ground) -> Iterator[Name]:
    for match in _LATIN.finditer(ground.passage.text):
        if not any(ground.closed[match.start() : match.end()]):
            written = match.group().rstrip(".-&")
            if not ground.lexicon.has("not_names", written.lower()):
                yield Name(match.start(), match.start() + len(written), written, ENTITY)


def _is_ordinary(ground: _Ground, start: int, end: int) -> bool:
    written = ground.passage.flat[start:end]
    if ground.lexicon.has("not_names", written) or ground.lexicon.has("stop_words", written):
        return True
    return is_made_of_words(written, ground.lexicon)


def without_cues_in_names(scan: Scan, names: Sequence[Name]) -> Scan:
    """`scan` without the recap marks that begin inside a name, whose letters are no words."""
    inside = {position for name in names for position in range(name.start, name.end)}
    hits = tuple(h for h in scan.hits if h.cue.kind is not CueKind.RECAP or h.start not in inside)
    return replace(scan, hits=hits, starts=tuple(h.start for h in hits))
