"""Whom a passage speaks of, in order: names, role nouns and pronouns, joined where they belong together.

How it decides: a name of the table or of capital letters, and each phrase of a word class, is an atom; of
two that overlap the longer stays. Neighbours join (Ford + CEO + Jim Farley is one mention: a person who
speaks for Ford). What it leaves out: who a pronoun means (pronouns.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.core.model import Role
from service.core.reading.cues import Mark, Scan
from service.core.reading.joining import joined
from service.core.reading.lexicon import CueKind
from service.core.reading.mentions import KANA, Mention, Sort
from service.core.reading.names import LocalNames, Name
from service.core.reading.sentences import Passage

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
# A title inside a longer word (the governor's election), where kana shows the script.
_TITLE_IN_WORD = re.compile("(?![氏側等陣兼自本長員者役代補室部課局])[\u4e00-\u9fff]")
# A preposition grown together with an article (della, do) stands before the mention, not in it.
_GROWN_TOGETHER = re.compile(
    r"(?:[dnsc][aeou]|a)l(?:l[aoe])?\s|[dn][ao]s?\s|pel[ao]\s|ao\s|à\s", re.IGNORECASE
)
_GROWING = (Sort.COMPANY, Sort.HE)
_DATELINE = re.compile(r"[^\n:;\"]{2,50}?(?:\([^)\n]{2,30}\)\s?[-–—.]|\s[-–—]+\s|\.\s?[-–—]+)")


def mentions(passage: Passage, scan: Scan, names: list[Name], local: LocalNames) -> list[Mention]:
    """The mentions of `passage` in order, roles joined to names, pronouns still open."""
    atoms = sorted(_atoms(passage, scan, names, local), key=lambda m: (m.start, -m.end))
    clear: list[Mention] = []
    dateline = _dateline_end(passage)
    end = 0
    for atom in atoms:
        if atom.start < end or (atom.start < dateline and _is_town(atom, passage)):
            continue
        if not _is_part_of_name(atom, names):
            clear.append(atom)
            end = atom.end
    return list(joined(clear, passage, scan))


def _atoms(passage: Passage, scan: Scan, names: list[Name], local: LocalNames) -> Iterator[Mention]:
    for name in names:
        sort = _KINDS.get(name.kind, Sort.BODY)
        canonical = local.canonical(name.name) if name.kind == "unknown" else name.name
        known = name.kind != "unknown"
        yield Mention(name.start, name.end, sort, canonical, None, _ROLES[sort], name.country, known=known)
    kana = not passage.text.isascii() and bool(KANA.search(passage.text))
    for label, sort in _CLASSES:
        for mark in scan.of(label).all:
            if sort is Sort.ITS and _is_nobody(mark, scan):
                continue
            titled = kana and sort in (Sort.EXECUTIVE, Sort.OFFICIAL)
            if titled and _TITLE_IN_WORD.match(passage.text, mark.end):
                continue
            body = (
                passage.text[mark.start : mark.end]
                if sort in (Sort.AUTHORITY, Sort.PLACE, Sort.OUTLET, Sort.FACT_CHECKER, Sort.BOTH)
                else None
            )
            body = body or (_words(passage, mark.start, mark.end) if sort is Sort.SOURCE else None)
            joined = sort in _GROWING and _GROWN_TOGETHER.match(passage.text, mark.start)
            start = joined.end() if joined else mark.start
            yield Mention(start, mark.end, sort, body, None, _ROLES.get(sort), named=False)


def _dateline_end(passage: Passage) -> int:
    """Where the dateline of a text ends (LISBON, 4 May (Agency) - ...), 0 without one."""
    match = _DATELINE.match(passage.text) if passage.field == "text" else None
    return match.end() if match else 0


def _is_town(atom: Mention, passage: Passage) -> bool:
    """Whether `atom` is a place, or an unknown name in capitals alone as a dateline writes towns."""
    return atom.sort is Sort.PLACE or (not atom.known and passage.text[atom.start : atom.end].isupper())


def _is_part_of_name(atom: Mention, names: list[Name]) -> bool:
    """Whether "the Central Bank" or "the Tinsley Group" only begins, or is, the name of a body."""
    if atom.sort is not Sort.COMPANY:
        return False
    return any(atom.start < name.start < atom.end <= name.end for name in names)


def _is_nobody(mark: Mark, scan: Scan) -> bool:
    """The "it" of "it is reported that" stands for nobody."""
    return any(hit.cue.kind is CueKind.RUMOR for hit in scan.hits_between(mark.start, mark.end))


def _words(passage: Passage, start: int, end: int) -> str:
    return re.sub(r"\s+", " ", passage.text[start:end])
