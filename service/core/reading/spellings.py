"""Where the names that an unmarked script has shown stand again, in full, in short or under another name.

How it decides: an entity may be written without its ending, a name in brackets or after "hereinafter" is
another name for the one before it, and a bare word for the police means the one that the item names in full.
Longer spellings go first. What it leaves out: nicknames that no bracket explains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from service.core.reading.lexicon import Lexicon
from service.core.reading.names import Name
from service.core.reading.ordinary import is_made_of_words
from service.core.reading.sentences import Passage
from service.core.text import fold

ENTITY = "unknown"
LAND = "government"
IN_BRACKETS = re.compile(r"[(（]([A-Za-z][A-Za-z .'-]{1,20})[)）]")
_SHORT_FOR = re.compile(r"[(（]\s*(?:以下|下)?(?:简称|簡稱|称|稱)[:：]?\s*[\"“「‘]([^\"”」’]{2,10})[\"”」’]")
_ANOTHER_NAME = (IN_BRACKETS, _SHORT_FOR)


def spellings(names: Sequence[Name], passages: Sequence[Passage], lexicon: Lexicon) -> dict[str, Name]:
    """How the names may be written, longest first."""
    endings = sorted(lexicon.folded.get("name_endings", frozenset()), key=len, reverse=True)
    found: dict[str, Name] = {}
    for name in names:
        short = _shortened(name.name, endings) if name.kind == ENTITY else name.name
        folded = fold(short)
        ordinary = lexicon.has("not_names", folded) or is_made_of_words(folded, lexicon)
        if short != name.name and len(short) >= 2 and not ordinary:
            found.setdefault(short, name)
    for name in names:
        found.setdefault(name.name, name)
    found |= dict(_other_names(dict(found), passages, lexicon))
    for written in lexicon.words("police"):
        police = next((name for name in names if _is_police(name, lexicon)), None)
        if police is not None:
            found.setdefault(written, police)
    return dict(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))


def found_again(passage: Passage, written_as: dict[str, Name], taken: Sequence[Name]) -> list[Name]:
    """Every place of a spelling in `passage` that no name of `taken` and no longer spelling covers."""
    covered = bytearray(len(passage.text))
    for name in taken:
        covered[name.start : name.end] = b"\x01" * (name.end - name.start)
    found: list[Name] = []
    for written, name in written_as.items():
        start = passage.text.find(written)
        while start >= 0:
            end = start + len(written)
            if not any(covered[start:end]):
                found.append(Name(start, end, name.name, name.kind))
                covered[start:end] = b"\x01" * (end - start)
            start = passage.text.find(written, end)
    return sorted(found, key=lambda n: n.start)


def _shortened(written: str, endings: list[str]) -> str:
    folded = fold(written)
    ending = next((e for e in endings if folded.endswith(e) and len(written) - len(e) >= 2), "")
    return written[: len(written) - len(ending)]


def _other_names(
    known: dict[str, Name], passages: Sequence[Passage], lexicon: Lexicon
) -> Iterator[tuple[str, Name]]:
    for passage in passages:
        for pattern in _ANOTHER_NAME:
            for match in pattern.finditer(passage.text):
                before = passage.text[max(0, match.start() - 24) : match.start()]
                longest = max((w for w in known if before.endswith(w)), key=len, default="")
                written = match.group(1).strip()
                if longest and not lexicon.has("not_names", fold(written)):
                    yield written, known[longest]


def _is_police(name: Name, lexicon: Lexicon) -> bool:
    folded = fold(name.name)
    return name.kind == LAND and any(fold(word) in folded for word in lexicon.words("police"))
