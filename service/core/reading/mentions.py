"""Who is spoken of: bodies, persons with their roles, unnamed sources, and words that stand for them.

How it decides: names, role nouns and pronouns are atoms of a sentence; neighbours join (Ford + CEO + Jim
Farley is one mention: a person who speaks for Ford). Then, in text order, "the company", "it" and "he" are
led back to the latest fitting body or person; words inside quotations do not become the topic. What it
leaves out: anything that would need syntax; "it" goes to the sentence's first body, else to the topic of
the one before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from service.core.model import Role
from service.core.reading.cues import Mark, Scan
from service.core.reading.lexicon import CueKind
from service.core.reading.names import LocalNames, Name
from service.core.reading.sentences import Passage, Sentence


class Sort(StrEnum):
    """What a mention is."""

    BODY = "body"
    PLACE = "place"
    OUTLET = "outlet"
    AUTHORITY = "authority"
    FACT_CHECKER = "fact_checker"
    PERSON = "person"
    SPOKESMAN = "spokesman"
    EXECUTIVE = "executive"
    OFFICIAL = "official"
    SOURCE = "source"
    THIRD_PARTY = "third_party"
    COMPANY = "company"
    ITS = "its"
    HE = "he"
    BOTH = "both"


_CLASSES = (
    ("spokesmen", Sort.SPOKESMAN),
    ("executives", Sort.EXECUTIVE),
    ("officials", Sort.OFFICIAL),
    ("authorities", Sort.AUTHORITY),
    ("fact_checkers", Sort.FACT_CHECKER),
    ("outlets", Sort.OUTLET),
    ("sources", Sort.SOURCE),
    ("third_parties", Sort.THIRD_PARTY),
    ("companies", Sort.COMPANY),
    ("its", Sort.ITS),
    ("persons", Sort.HE),
    ("both", Sort.BOTH),
    ("places", Sort.PLACE),
)
_KINDS = {
    "outlet": Sort.OUTLET,
    "regulator": Sort.AUTHORITY,
    "government": Sort.AUTHORITY,
    "exchange": Sort.AUTHORITY,
    "fact_checker": Sort.FACT_CHECKER,
    "person": Sort.PERSON,
}
_ROLES = {
    Sort.BODY: Role.PRINCIPAL,
    Sort.PLACE: Role.PRINCIPAL,
    Sort.OUTLET: Role.OUTLET,
    Sort.AUTHORITY: Role.AUTHORITY,
    Sort.FACT_CHECKER: Role.FACT_CHECKER,
    Sort.PERSON: Role.PRINCIPAL,
    Sort.SPOKESMAN: Role.SPOKESMAN,
    Sort.EXECUTIVE: Role.EXECUTIVE,
    Sort.OFFICIAL: Role.SPOKESMAN,
    Sort.SOURCE: Role.SOURCE,
    Sort.COMPANY: Role.PRINCIPAL,
    Sort.ITS: Role.PRINCIPAL,
}
_LONGEST_OF = 36
_TITLED = (Sort.SPOKESMAN, Sort.EXECUTIVE, Sort.OFFICIAL)
_BEFORE_TITLE = re.compile(r"-|(?:['’]s|['’])?,?\s+(?:[\w-]+\s+){0,2}")
_GLUED = re.compile("[\u3040-\u30ff\u4e00-\u9fff]{0,7}")  # an office between a body and a title, unspaced
_UNSPACED_PERSON = re.compile(r"\s?([\u30a1-\u30ff\u3005\u4e00-\u9fff\uac00-\ud7a3]{2,8})?\s?")
_PERSON_GAP = re.compile(r",?\s+(?:(?:an?|the|its)\s+)?")
# An article between a body and a title begins a new phrase: told X a spokesman.
_NEW_PHRASE = re.compile(r"\s(?:un|une|uno|una|um|uma|el|la|le|il|lo|ein|eine|der|die|das)\s")
_SURNAME = re.compile(r"[A-ZÀ-Þ][\w'’-]*[a-zß-ÿ]")  # right after a title one name is enough
_PERSON_NAME = re.compile(r"[A-ZÀ-Þ][\w.'’-]+(?:\s[A-ZÀ-Þ][\w.'’-]*){1,3}")


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody in a passage. `body` is the body spoken for or meant, `speaker` the person, both canonical."""

    start: int
    end: int
    sort: Sort
    body: str | None = None
    speaker: str | None = None
    role: Role | None = None
    country: str = ""
    named: bool = True


@dataclass(slots=True)
class Topic:
    """What a later "the company" or "he" would mean. Changes while an item is read."""

    body: str | None = None
    person: Mention | None = None
    outlet: str | None = None
    bodies: dict[str, str] = field(default_factory=dict)  # canonical name to country, latest last


def mentions(passage: Passage, scan: Scan, names: list[Name], local: LocalNames) -> list[Mention]:
    """The mentions of `passage` in order, roles joined to names, pronouns still open."""
    atoms = sorted(_atoms(passage, scan, names, local), key=lambda m: (m.start, -m.end))
    clear: list[Mention] = []
    for atom in atoms:
        if not clear or atom.start >= clear[-1].end:
            clear.append(atom)
    return list(_joined(clear, passage, scan))


def _atoms(passage: Passage, scan: Scan, names: list[Name], local: LocalNames) -> Iterator[Mention]:
    for name in names:
        sort = _KINDS.get(name.kind, Sort.BODY)
        canonical = local.canonical(name.name) if name.kind == "unknown" else name.name
        yield Mention(name.start, name.end, sort, canonical, None, _ROLES[sort], name.country)
    for label, sort in _CLASSES:
        for mark in scan.of(label).all:
            if sort is Sort.ITS and _is_nobody(mark, scan):
                continue
            body = (
                passage.text[mark.start : mark.end]
                if sort in (Sort.AUTHORITY, Sort.PLACE, Sort.OUTLET, Sort.FACT_CHECKER)
                else None
            )
            body = body or (_words(passage, mark.start, mark.end) if sort is Sort.SOURCE else None)
            yield Mention(mark.start, mark.end, sort, body, None, _ROLES.get(sort), named=False)


def _is_nobody(mark: Mark, scan: Scan) -> bool:
    """The "it" of "it is reported that" stands for nobody."""
    return any(hit.cue.kind is CueKind.RUMOR for hit in scan.hits_between(mark.start, mark.end))


def _words(passage: Passage, start: int, end: int) -> str:
    return re.sub(r"\s+", " ", passage.text[start:end])


def _joined(atoms: list[Mention], passage: Passage, scan: Scan) -> Iterator[Mention]:
    """Roles with the names beside them."""
    index = 0
    pending: Mention | None = None
    while index < len(atoms):
        atom = atoms[index]
        index += 1
        if atom.sort in _TITLED:
            atom, pending = _with_body_before(atom, pending, passage, scan)
            atom, index = _with_names_after(atom, atoms, index, passage, scan)
        elif atom.sort is Sort.THIRD_PARTY:
            atom, index = _with_person(atom, atoms, index, passage)
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
    return replace(title, end=follower.end), index + 1


def _with_body_before(
    title: Mention, before: Mention | None, passage: Passage, scan: Scan
) -> tuple[Mention, Mention | None]:
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
    if _NEW_PHRASE.search(gap):
        return title, before
    written = passage.text[before.start : before.end]
    if "," in gap and before.sort is Sort.BODY and _PERSON_NAME.fullmatch(written) and not before.country:
        return replace(title, start=before.start, speaker=before.body), None
    if "," in gap:
        return title, before
    body = before.body if before.sort is not Sort.COMPANY else None
    return replace(title, start=before.start, body=body, speaker=person or title.speaker), None


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
            title = replace(title, end=follower.end, body=title.body or follower.body)
        elif follower.sort is Sort.COMPANY and title.body is None and _is_of(gap, title.end, scan):
            title = replace(title, end=follower.end)
        elif title.sort is Sort.OFFICIAL and follower.sort is Sort.PLACE and gap.strip() == "in":
            title = replace(title, end=follower.end, body=follower.body)
        elif title.speaker is None and _is_person(follower, _after_of(gap, title.end, scan), passage):
            title = replace(title, end=follower.end, speaker=follower.body)
        else:
            break
        index += 1
    return title, index


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
    return named and bool(_PERSON_GAP.fullmatch(gap)) and bool(_PERSON_NAME.fullmatch(written))


# --- pronouns --------------------------------------------------------------------------------------


def resolve(found: list[Mention], passage: Passage, scan: Scan, topic: Topic) -> list[Mention]:
    """`found` with "the company", "it" and "he" led back; `topic` stands as after the passage."""
    resolved: list[Mention] = []
    sentence: Sentence | None = None
    first_body: str | None = None
    for mention in found:
        here = passage.sentence_at(mention.start)
        if here is not sentence:
            topic.body = first_body or topic.body
            sentence, first_body = here, None
        known = _led_back(mention, first_body, topic, scan)
        resolved.append(known)
        if passage.quotation_at(known.start) is None and _can_be_topic(known):
            first_body = first_body or known.body
        _note(topic, known)
    topic.body = first_body or topic.body
    return resolved


def _can_be_topic(mention: Mention) -> bool:
    sorts = (
        Sort.BODY,
        Sort.SPOKESMAN,
        Sort.EXECUTIVE,
        Sort.OFFICIAL,
        Sort.AUTHORITY,
        Sort.PERSON,
        Sort.COMPANY,
    )
    return mention.sort in sorts and mention.body is not None


def _note(topic: Topic, mention: Mention) -> None:
    if mention.sort is Sort.BODY and mention.body:
        topic.bodies.pop(mention.body, None)
        topic.bodies[mention.body] = mention.country
    if mention.sort is Sort.OUTLET and mention.body and mention.named:
        topic.outlet = mention.body
    if mention.sort in _TITLED or mention.sort is Sort.PERSON:
        topic.person = mention


def _led_back(mention: Mention, first_body: str | None, topic: Topic, scan: Scan) -> Mention:
    nearest = first_body or topic.body
    if mention.sort is Sort.OUTLET and mention.body and not mention.named:
        vague = mention.body.lower().endswith(("report", "reports"))
        return replace(mention, body=topic.outlet or (None if vague else mention.body))
    if mention.sort is Sort.COMPANY:
        return replace(mention, body=_by_country(mention, topic, scan) or nearest)
    if mention.sort is Sort.ITS:
        return replace(mention, body=nearest)
    if mention.sort in _TITLED and mention.body is None:
        return replace(mention, body=nearest)
    if mention.sort is Sort.HE and topic.person is not None:
        person = topic.person
        return replace(mention, body=person.body, speaker=person.speaker, role=person.role)
    if mention.sort is Sort.HE:
        return replace(mention, body=nearest, role=Role.PRINCIPAL if nearest else None)
    return mention


def _by_country(mention: Mention, topic: Topic, scan: Scan) -> str | None:
    """The latest body from the land that "the Japanese firm" names."""
    adjectives = scan.within("nationality", max(0, mention.start - 30), mention.end)
    countries = {adjective.value for adjective in adjectives}
    return next((name for name, country in reversed(topic.bodies.items()) if country in countries), None)
