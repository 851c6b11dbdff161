"""A cue's phrase, written for people, made into keys for an automaton and one bounded check.

How it decides: the automaton finds the phrase's fixed beginning, the check confirms the rest from there.
The notation has words, prefixes (`deni*`), alternatives (`(a|b c)`), optional ones (`(a|b)?`), gaps of at
most n tokens (`<3>`, without a comma `<~3>`) and word classes (`[report]`). Every repetition is bounded, so
a check costs a constant. What it leaves out: free regular expressions, and gaps before the first word.
After ConText's literals with a scope (Harkema et al. 2009).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from service.core.text import fold

_MOST_KEYS = 600
_LONGEST_TOKEN = 60  # in a gap
_LONGEST_ENDING = 20  # of a word given as a prefix
_LONGEST_PARTING = 5  # marks and a space between two words
_WORD = re.compile(r"[^\W_]+")
_ELEMENT = re.compile(
    r"\((?P<alt>[^()]*)\)(?P<opt>\?)?|<(?P<tight>~)?(?P<gap>\d{1,2})>"
    r"|\[(?P<cls>[a-z_]+)\]|(?P<word>[^\s()<>\[\]]+)"
)


class PhraseError(ValueError):
    """A phrase whose notation cannot be read; the message names it."""


@dataclass(frozen=True, slots=True)
class Element:
    """One piece of a phrase: alternatives (one for a plain word), or a gap of up to `gap` tokens."""

    options: tuple[str, ...] = ()
    optional: bool = False
    gap: int = 0
    tight: bool = False


_Match = Callable[[str, int], re.Match[str] | None]


class _Matchers(dict[str, _Match]):
    """Expression to its matching function: many phrases share one."""

    def __missing__(self, expression: str) -> _Match:
        self[expression] = matcher = re.compile(expression).match
        return matcher


_MATCHERS = _Matchers()


class Check:
    """Confirms a phrase from its beginning. Its expression is built and compiled at first use: most phrases
    never meet their beginning, and a start must be quick."""

    __slots__ = ("_elements", "_match", "_particles", "_spaced")

    def __init__(self, elements: tuple[Element, ...], particles: frozenset[str], *, spaced: bool) -> None:
        self._elements, self._particles, self._spaced = elements, particles, spaced
        self._match: _Match | None = None

    def ends_at(self, flat: str, start: int) -> int:
        """Where the phrase that begins at `start` ends, 0 where it does not stand there."""
        if self._match is None:
            self._match = _MATCHERS[_expression(self._elements, self._spaced, self._particles)]
        match = self._match(flat, start)
        return match.end() if match else 0


@dataclass(frozen=True, slots=True)
class Ahead:
    """Words of which one must stand in the first `tokens` tokens of a phrase, and at most `characters`
    behind its start, for the phrase to stand there."""

    words: frozenset[str]
    tokens: int
    characters: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled phrase: any of `keys` begins it, `check` confirms it from there.

    A key that ends in `*` may go on inside its word. `exact`: a key is the whole phrase. `ahead`: what must
    follow for the check to be worth its time, None where nothing can be named.
    """

    source: str
    keys: tuple[str, ...]
    exact: bool
    check: Check
    ahead: Ahead | None = None


def compile_pattern(
    source: str,
    classes: Mapping[str, tuple[str, ...]],
    *,
    spaced: bool,
    particles: frozenset[str] = frozenset(),
) -> Pattern:
    """`source` as a Pattern; one of `particles` may be glued to its end. PhraseError: it cannot be read."""
    elements = tuple(_elements(source, classes))
    if not elements or elements[0].gap or elements[-1].gap or elements[-1].optional:
        raise PhraseError(f"The phrase {source!r} must begin and end with a fixed word.")
    if elements[0].optional:
        raise PhraseError(f"The phrase {source!r} must not begin with an optional word.")
    keys, whole = _keys(elements, spaced)
    ahead = _ahead(elements) if spaced and not whole and not particles else None
    return Pattern(source, keys, whole, Check(elements, particles, spaced=spaced), ahead)


def _ahead(elements: tuple[Element, ...]) -> Ahead | None:
    """The smallest set of words, behind the first element, of which a match must hold one."""
    sets = [
        (words, index)
        for index, element in enumerate(elements)
        if index and not element.gap and not element.optional and (words := _whole_words(element))
    ]
    if not sets:
        return None
    words, index = min(sets, key=lambda found: (len(found[0]), sorted(found[0])))
    sizes = [_most(element) for element in elements[: index + 1]]
    return Ahead(words, sum(tokens for tokens, _ in sizes), sum(characters for _, characters in sizes))


def _most(element: Element) -> tuple[int, int]:
    """The most tokens and characters that `element` takes, with what parts it from the next."""
    if element.gap:
        return element.gap, element.gap * (_LONGEST_TOKEN + 1)
    tokens = max(option.count(" ") for option in element.options) + 1
    return tokens, max(map(len, element.options)) + _LONGEST_ENDING + _LONGEST_PARTING


def _whole_words(element: Element) -> frozenset[str]:
    """A word of each alternative, none where one may go on behind it or has no letter."""
    words = [_WORD.findall(option) for option in element.options]
    if any(option.endswith("*") for option in element.options) or not all(words):
        return frozenset()
    return frozenset(max(found, key=len) for found in words)


def _elements(source: str, classes: Mapping[str, tuple[str, ...]]) -> Iterator[Element]:
    position = 0
    for match in _ELEMENT.finditer(source):
        if source[position : match.start()].strip():
            raise PhraseError(f"The phrase {source!r} holds something unreadable.")
        position = match.end()
        yield _element(match, source, classes)
    if source[position:].strip():
        raise PhraseError(f"The phrase {source!r} holds something unreadable.")


def _element(match: re.Match[str], source: str, classes: Mapping[str, tuple[str, ...]]) -> Element:
    if match["gap"] is not None:
        return Element(gap=int(match["gap"]), tight=match["tight"] is not None)
    if match["cls"] is not None:
        if match["cls"] not in classes:
            raise PhraseError(f"The phrase {source!r} names the unknown class {match['cls']!r}.")
        return Element(tuple(fold(word) for word in classes[match["cls"]]))
    if match["alt"] is not None:
        options = tuple(fold(option.strip()) for option in match["alt"].split("|"))
        return Element(options, optional=match["opt"] is not None)
    return Element((fold(match["word"]),))


def _keys(elements: tuple[Element, ...], spaced: bool) -> tuple[tuple[str, ...], bool]:
    """The phrase's possible beginnings, and whether they are the whole phrase."""
    glue = " " if spaced else ""
    keys: list[str] = [""]
    for index, element in enumerate(elements):
        options = (*element.options, *([""] if element.optional else []))
        grown = len(keys) * len(options)
        if element.gap or (index and grown > _MOST_KEYS and any(keys)):
            return tuple(key for key in keys if key), False
        starts = [key for key in keys if key.endswith("*")]
        if starts:
            return tuple(sorted({_prefix(key) for key in keys})), False
        keys = [_joined(key, option, glue) for key, option in product(keys, options)]
    whole = not any(key.endswith("*") for key in keys)
    return tuple(sorted({_prefix(key) for key in keys if key})), whole


def _prefix(key: str) -> str:
    return key.rstrip("*") + "*" if key.endswith("*") else key


def _joined(key: str, option: str, glue: str) -> str:
    return f"{key}{glue}{option}" if key and option else key or option


def _expression(elements: tuple[Element, ...], spaced: bool, particles: frozenset[str]) -> str:
    between = r"[,:\"')]{0,2} [\"'(]{0,2}" if spaced else r"\s?"
    tight = r"[\"')]{0,2} [\"'(]{0,2}" if spaced else r"\s?"  # before a gap that crosses no comma
    parts: list[str] = []
    last = len(elements) - 1
    for index, element in enumerate(elements):
        tail = "" if index == last else tight if elements[index + 1].tight else between
        if element.gap:
            token = _token(element, spaced)
            parts.append(f"(?:{token}){{0,{element.gap}}}?")
            continue
        body = "|".join(sorted((_option(o, spaced) for o in element.options), key=len, reverse=True))
        parts.append(f"(?:(?:{body}){tail}){'?' if element.optional else ''}")
    glued = f"(?:{'|'.join(map(re.escape, sorted(particles)))})?" if particles else ""
    end = rf"(?:(?<=')|(?={glued}(?![^\W_])))" if spaced else ""
    return "".join(parts) + end


def _token(gap: Element, spaced: bool) -> str:
    stops = ("," if gap.tight else "") + (" ;" if spaced else "。!?;")
    if not spaced:
        return f"[^{stops}]"
    stops += ":" if gap.tight else ""
    # A sentence ends behind a word (a short one is an abbreviation), a bracket or a quotation mark.
    ended = r"(?<![^\W\d_]{3}[.!?])(?<![)\"'][.!?])(?<![.!?][)\"'])"
    return rf"[^{stops}]{{1,{_LONGEST_TOKEN}}}{ended} "


def _option(option: str, spaced: bool) -> str:
    if option.endswith("*"):
        return re.escape(option[:-1]) + (rf"[^\W_]{{0,{_LONGEST_ENDING}}}" if spaced else "")
    return re.escape(option)
