"""Names of the table in a passage: where they stand as names, and where they are part of another.

How it decides: a known name must stand alone as a word, and where it is an ordinary word too (Target, Great
Wall) it must be written as a name; the last word of a person's name (Ana Costa) is no company, and a land
right after a name makes a body of its own (Castrol India).
"""

from __future__ import annotations

import re

from service.core.reading.lexicon import Knowledge, Lexicon, NameKey
from service.core.reading.names import ONE_WORD, POSSESSIVE, Name, is_letter, without_overlaps
from service.core.reading.sentences import Passage
from service.core.text import fold

_LAST_WORD = re.compile(r"(?<![\w'’.-])([A-ZÀ-ÖØ-Þ][a-zß-ÿ]+) \Z")
_LONGEST_FORENAME = 16
_LONGEST_TICKER = 5
_SHORT = 3


def known_names(passage: Passage, knowledge: Knowledge) -> list[Name]:
    """The table's names in `passage`, in order, the longest where several start together."""
    found: list[Name] = []
    for start, end, key in knowledge.names.found(passage.flat):
        if _stands_alone(passage.flat, start, end, key) and _is_written_as_name(passage, start, end, key):
            found.append(Name(start, end, key.row.name, key.row.kind, key.row.country))
    return without_overlaps(found)


def without_namesakes(names: list[Name], passage: Passage, lexicon: Lexicon) -> list[Name]:
    """`names` without a body's single word that ends somebody's name: Ana Costa is not Costa."""
    ends = {name.end for name in names}
    return [n for n in names if n.start - 1 in ends or not _is_surname(n, passage, lexicon)]


def _is_surname(name: Name, passage: Passage, lexicon: Lexicon) -> bool:
    written = passage.text[name.start : name.end]
    if name.kind == "person" or " " in written or not written[1:].islower() or not name.start:
        return False
    before = _LAST_WORD.search(passage.text, max(0, name.start - _LONGEST_FORENAME), name.start)
    if before is None or before.start() == passage.sentence_at(name.start).start:
        return False
    word = fold(before.group(1))
    classes = ("titles", "ordinary", "nobody", "title_fields", "companies", "name_tails")
    known = any(lexicon.has(words, word) for words in classes)
    return not known and word not in lexicon.source.nationalities


def _stands_alone(flat: str, start: int, end: int, key: NameKey) -> bool:
    if not key.bounded:
        return True
    before, after = flat[start - 1 : start], flat[end : end + 1]
    if before == "<" and after == ">" and end - start <= _LONGEST_TICKER:
        return False
    if before == "-" and len(key.spelling) <= _SHORT:  # Atlético-MG is not MG
        return False
    return not (is_letter(before) or is_letter(after)) and not (before in ("@", "/") or after == "@")


def _is_written_as_name(passage: Passage, start: int, end: int, key: NameKey) -> bool:
    written = passage.text[start:end].replace("\n", " ")
    if not key.bounded:
        return True
    if len(written) <= 4 and key.spelling.isupper():
        return written == key.spelling
    if not key.row.guarded:
        return any(character.isupper() for character in written) or written == key.spelling
    return written == key.spelling or written.isupper()


def with_longer_forms(names: list[Name], passage: Passage, longer: dict[str, str]) -> list[Name]:
    """`names` with short forms led back: in an item on Manchester United, United is no airline."""
    return [
        name._replace(name=longer[short])
        if (short := passage.flat[name.start : name.end]) in longer
        else name
        for name in names
    ]


def last_words(names: list[Name], passage: Passage) -> dict[str, str]:
    """The last words by which the longer names among `names` may be told, each with its one name."""
    found: dict[str, set[str]] = {}
    for name in names:
        words = passage.flat[name.start : name.end].split()
        if len(words) > 1 and name.kind != "person":
            found.setdefault(words[-1], set()).add(name.name)
    return {word: min(full) for word, full in found.items() if len(full) == 1}


def with_places(names: list[Name], passage: Passage, lexicon: Lexicon) -> list[Name]:
    """Known names with a land right after them made bodies of their own: Castrol India is not Castrol."""
    return [_with_place(name, passage, lexicon) for name in names if not _is_city(name, passage, lexicon)]


def _is_city(name: Name, passage: Passage, lexicon: Lexicon) -> bool:
    """Whether a club's name stands for its town: where the language has articles, the club wants one."""
    if name.kind != "club" or not lexicon.has("places", passage.flat[name.start : name.end]):
        return False
    before = passage.flat[max(0, name.start - 12) : name.start].split()
    clubs = ("articles", "joined_articles")
    return not before or not any(lexicon.has(words, before[-1]) for words in clubs)


def _with_place(name: Name, passage: Passage, lexicon: Lexicon) -> Name:
    following = ONE_WORD.match(passage.text, name.end + 1)
    if following is None or passage.flat[name.end : name.end + 1] != " ":
        return name
    place = POSSESSIVE.sub("", passage.flat[following.start() : following.end()]).rstrip(".,")
    if not lexicon.has("places", place) or "." in place:
        return name
    end = following.start() + len(place)
    return Name(name.start, end, f"{name.name} {passage.text[following.start() : end]}", name.kind)
