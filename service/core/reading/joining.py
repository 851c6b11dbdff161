"""Roles joined with the names beside them: Ford CEO Jim Farley, a spokesman for Ford, Ann Lee of Haldon.

How it decides: what stands between two atoms (a space, an "of", a comma, a possessive) says whether they are
one mention. What it leaves out: anything that would need syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.core.model import Role
from service.core.reading.cues import Scan
from service.core.reading.mentions import KANA, PERSON_NAME, TITLED, Mention, Sort, is_personal
from service.core.reading.sentences import Passage

_LONGEST_OF = 36
_APPOSED = re.compile(r",\s(?:an?|the|one)\s(?:[\w-]+\s){0,3}|,\s(?:[a-z-]+\s){0,2}")
_BEFORE_TITLE = re.compile(r"-|(?:['’]s|['’])?,?\s+(?:[\w-]+\s+){0,2}")
_GLUED = re.compile("[\u3040-\u30ff\u4e00-\u9fff]{0,7}")  # an office between a body and a title, unspaced
_UNSPACED_PERSON = re.compile(r"\s?([\u30a1-\u30ff\u3005\u4e00-\u9fff\uac00-\ud7a3]{2,8})?\s?")
_OFFICE = re.compile("\\s[\uac00-\ud7a3]{2,8}\\s")  # a ministry between a person and a title, spaced
_NAME_LETTER = "[\u30a1-\u30ff\u3005\u4e00-\u9fff]"
_GLUED_PERSON = re.compile(f"(?<!{_NAME_LETTER}){_NAME_LETTER}{{2,8}}$")
_NO_PERSON = frozenset("元前新同副女男若現当両各全初次大小他某")
_LONGEST_PERSON = 9
_PERSON_GAP = re.compile(r",?\s+(?:(?:an?|the|its)\s+)?")
# An article between a body and a title begins a new phrase: told X a spokesman.
_NEW_PHRASE = re.compile(r"\s(?:un|une|uno|una|um|uma|el|la|le|il|lo|ein|eine|der|die|das)\s")
_SURNAME = re.compile(r"[A-ZÀ-Þ][\w'’-]*[a-zß-ÿ]")  # right after a title one name is enough
_NAMED_SO = re.compile(r"\s(?:al-|el-)?[\"“'‘]?")
_EMPLOYED = re.compile(r"\s(?:of|at|from|with|for)\s(?:the\s)?")
_OWNED = re.compile(r"['’]s?\s")
_SPEAKS_NEAR = 14
_TITLES_NEXT = re.compile(r" [A-ZÀ-Þ][a-zß-ÿ]")  # the title belongs to who is named next


def joined(atoms: list[Mention], passage: Passage, scan: Scan) -> Iterator[Mention]:
    """Roles with the names beside them."""
    index = 0
    pending: Mention | None = None
    while index < len(atoms):
        atom = atoms[index]
        index += 1
        if atom.sort in TITLED:
            atom, pending = _with_body_before(atom, pending, passage, scan)
            atom = _with_glued_person(atom, pending, passage)
            atom, index = _with_names_after(atom, atoms, index, passage, scan)
        elif atom.sort is Sort.THIRD_PARTY:
            atom, index = _with_person(atom, atoms, index, passage)
        elif atom.sort is Sort.AUTHORITY and not atom.named:
            atom, pending = _with_its_place(atom, pending, passage)
        elif atom.sort is Sort.OUTLET and not atom.named:
            atom, index = _with_its_name(atom, atoms, index, passage)
        elif atom.sort in (Sort.BODY, Sort.PERSON):
            if _is_outsider(atom, atoms[index : index + 1], passage):
                atom, index = atoms[index]._replace(start=atom.start, speaker=atom.body), index + 1
            else:
                atom, index = _with_employer(atom, atoms, index, passage, scan)
        if pending is not None:
            yield pending
        pending = atom
    if pending is not None:
        yield pending


def _with_person(title: Mention, atoms: list[Mention], index: int, passage: Passage) -> tuple[Mention, int]:
    """A third party with the name right after it (analyst Tom Reid): one mention, who cannot know."""
    follower = atoms[index] if index < len(atoms) else None
    if follower is None or follower.sort not in (Sort.BODY, Sort.PERSON):
        return title, index
    if passage.text[title.end : follower.start] not in (" ", "\n"):
        return title, index
    return title._replace(end=follower.end, speaker=follower.body), index + 1


def _is_outsider(one: Mention, following: list[Mention], passage: Passage) -> bool:
    """Whether a person is said to be a third party right after the name: Tom Reid, an analyst."""
    if not following or following[0].sort is not Sort.THIRD_PARTY or not is_personal(one, passage):
        return False
    return bool(_APPOSED.fullmatch(passage.text[one.end : following[0].start]))


def _with_its_place(
    body: Mention, before: Mention | None, passage: Passage
) -> tuple[Mention, Mention | None]:
    """An authority's noun with the place right before it: Pune police, Brazil's government."""
    if before is None or before.sort is not Sort.PLACE:
        return body, before
    if passage.text[before.end : body.start] not in (" ", "'s ", "’s "):
        return body, before
    written = passage.text[before.start : body.end]
    return body._replace(start=before.start, body=" ".join(written.split())), None


def _with_its_name(
    outlet: Mention, atoms: list[Mention], index: int, passage: Passage
) -> tuple[Mention, int]:
    """An outlet's noun with the name right after it (the daily al-Qabas): the name of an outlet."""
    follower = atoms[index] if index < len(atoms) else None
    if follower is None or follower.sort is not Sort.BODY or follower.country:
        return outlet, index
    if not _NAMED_SO.fullmatch(passage.text[outlet.end : follower.start]):
        return outlet, index
    return outlet._replace(end=follower.end, body=follower.body, named=True), index + 1


def _with_employer(
    one: Mention, atoms: list[Mention], index: int, passage: Passage, scan: Scan
) -> tuple[Mention, int]:
    """Two names of which one speaks for the other: Ann Lee of Haldon said, Haldon's Ann Lee said."""
    other = atoms[index] if index < len(atoms) else None
    if other is None or other.sort not in (Sort.BODY, Sort.PERSON):
        return one, index
    gap, end = passage.text[one.end : other.start], other.end
    if not (scan.within("speech", end, end + _SPEAKS_NEAR) or _said_right_before(one.start, scan)):
        return one, index
    if _EMPLOYED.fullmatch(gap) and is_personal(one, passage) and not is_personal(other, passage):
        joined = other._replace(start=one.start, speaker=one.body, role=Role.PRINCIPAL)
    elif _OWNED.fullmatch(gap) and is_personal(other, passage) and one.sort is Sort.BODY:
        joined = one._replace(end=end, speaker=other.body)
    else:
        return one, index
    return joined, index + 1


def _said_right_before(start: int, scan: Scan) -> bool:
    return bool(scan.within("speech", max(0, start - _SPEAKS_NEAR), start))


def _with_body_before(
    title: Mention, before: Mention | None, passage: Passage, scan: Scan
) -> tuple[Mention, Mention | None]:
    if before is not None and before.sort is Sort.PERSON:
        return _with_person_before(title, before, passage, scan)
    if before is None or before.sort not in (
        Sort.BODY,
        Sort.COMPANY,
        Sort.AUTHORITY,
        Sort.PLACE,
        Sort.OUTLET,
    ):
        return title, before
    gap, person = _owned(passage.text[before.end : title.start], before.end, scan)
    glued = _GLUED.fullmatch(gap) and not scan.within("speech", before.end, title.start)
    if not (glued or _BEFORE_TITLE.fullmatch(gap)) or passage.sentence_at(
        before.start
    ) != passage.sentence_at(title.start):
        return title, before
    if _NEW_PHRASE.search(gap) or (gap.strip() and _opens_hit(gap, before.end, scan)):
        return title, before
    written = passage.text[before.start : before.end]
    named = "," in gap and before.sort is Sort.BODY and PERSON_NAME.fullmatch(written)
    if named and not before.country and not _TITLES_NEXT.match(passage.text, title.end):
        return title._replace(start=before.start, speaker=before.body), None
    if "," in gap:
        return title, before
    body = before.body if before.sort is not Sort.COMPANY else None
    return title._replace(start=before.start, body=body, speaker=person or title.speaker), None


def _with_glued_person(title: Mention, before: Mention | None, passage: Passage) -> Mention:
    """A title with the person whose name is glued before it (Aoki + chairman), in a script with kana."""
    if title.speaker is not None or title.sort is Sort.SPOKESMAN or title.named:
        return title
    start = before.end if before is not None else 0
    run = _GLUED_PERSON.search(passage.text, max(start, title.start - _LONGEST_PERSON), title.start)
    if run is None or run.group()[0] in _NO_PERSON or not KANA.search(passage.text):
        return title
    return title._replace(start=run.start(), speaker=run.group())


def _with_person_before(
    title: Mention, person: Mention, passage: Passage, scan: Scan
) -> tuple[Mention, Mention | None]:
    """In scripts without capitals: the name before a title, and the person whose agent or agency it is."""
    gap = passage.text[person.end : title.start]
    if passage.text[person.start] < "\u2e80" or not (gap == " " or _OFFICE.fullmatch(gap)):
        owns = passage.text[person.start] > "\u2e80" and title.sort is Sort.SPOKESMAN
        owner = scan.within("possessives", person.end, title.start)
        if not (owns and owner and owner[0].end - person.end == len(gap)):
            return title, person
    if title.sort is Sort.SPOKESMAN:
        return title._replace(start=person.start, body=person.body), None
    return title._replace(start=person.start, speaker=person.body), None


def _opens_hit(gap: str, start: int, scan: Scan) -> bool:
    """Whether a cue or a reporting verb begins between a body and a title: they are two subjects then."""
    return bool(scan.within("speech", start, start + len(gap))) or any(
        start <= hit.start < start + len(gap) for hit in scan.hits
    )


def _owned(gap: str, start: int, scan: Scan) -> tuple[str, str | None]:
    """What stands between a body and a title, without the possessive and the person before the title."""
    owner = scan.within("possessives", start, start + len(gap))
    inner = gap[owner[0].end - start :] if owner and owner[0].start == start else gap
    person = _UNSPACED_PERSON.fullmatch(inner)
    if person is None or not (inner != gap or gap.startswith(" ")):
        return gap, None
    return "", person.group(1)


def _with_names_after(
    title: Mention, atoms: list[Mention], index: int, passage: Passage, scan: Scan
) -> tuple[Mention, int]:
    for _ in range(2):
        if index >= len(atoms) or passage.sentence_at(atoms[index].start) != passage.sentence_at(title.start):
            break
        follower = atoms[index]
        gap = passage.text[title.end : follower.start]
        if follower.sort in (Sort.BODY, Sort.AUTHORITY, Sort.PLACE, Sort.OUTLET) and _is_of(
            gap, title.end, scan
        ):
            title = title._replace(end=follower.end, body=title.body or follower.body)
        elif follower.sort is Sort.COMPANY and title.body is None and _is_of(gap, title.end, scan):
            title = title._replace(end=follower.end)
        elif _is_seat(title, follower, gap):
            title = title._replace(end=follower.end, body=follower.body)
        elif title.speaker is None and _is_person(follower, _after_of(gap, title.end, scan), passage):
            title = title._replace(end=follower.end, speaker=follower.body)
        else:
            break
        index += 1
    return title, index


def _is_seat(title: Mention, follower: Mention, gap: str) -> bool:
    """Whether a place or a known body stands right after a title (officials in Rome, spokesman Haldon)."""
    if follower.sort is Sort.PLACE:
        return title.sort is Sort.OFFICIAL and gap.strip() == "in"
    return follower.sort is Sort.BODY and follower.known and title.body is None and gap == " "


def _is_of(gap: str, start: int, scan: Scan) -> bool:
    return len(gap) <= 14 and bool(scan.within("of", start, start + len(gap)))


def _after_of(gap: str, start: int, scan: Scan) -> str:
    """`gap` without an "of the club" that nobody's name is in: president of the club, Joan Vila."""
    tied = len(gap) <= _LONGEST_OF and scan.within("of", start, start + len(gap))
    comma = gap.rfind(",")
    return gap[comma:] if tied and tied[0].start - start <= 1 and comma > 0 else gap


def _is_person(mention: Mention, gap: str, passage: Passage) -> bool:
    written = passage.text[mention.start : mention.end]
    if mention.sort is Sort.PERSON and not gap and written[:1] > "\u2e80":
        return True
    named = mention.sort is Sort.PERSON or (mention.sort is Sort.BODY and not mention.country)
    if named and gap == " " and _SURNAME.fullmatch(written):
        return True
    return named and bool(_PERSON_GAP.fullmatch(gap)) and bool(PERSON_NAME.fullmatch(written))
