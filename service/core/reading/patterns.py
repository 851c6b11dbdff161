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


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled phrase: any of `keys` begins it, `check` confirms it from there.

    `exact`: a key is the whole phrase. `later`: words of which one must stand in the text for the check to be
    worth its time, empty where none can be named.
    """

    source: str
    keys: tuple[str, ...]
    expression: str
    exact: bool
    later: frozenset[str] = frozenset()

    def ends_at(self, flat: str, start: int) -> int:
        """Where the phrase that begins at `start` ends, 0 where it does not stand there."""
        match = _MATCHERS[self.expression](flat, start)
        return match.end() if match else 0


class _Matchers(dict[str, Callable[[str, int], re.Match[str] | None]]):
    """Expression to its matching function, compiled at first use: most phrases never meet their
    beginning, and a start must be quick."""

    def __missing__(self, expression: str) -> Callable[[str, int], re.Match[str] | None]:
        self[expression] = matcher = re.compile(expression).match
        return matcher


_MATCHERS = _Matchers()


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
    later = _later(elements) if spaced and not whole and not particles else frozenset()
    return Pattern(source, keys, _check(elements, spaced, particles), whole, later)


def words_of(flat: str) -> frozenset[str]:
    """The words of a folded text, as `Pattern.later` compares them."""
    return frozenset(_WORD.findall(flat))


def _later(elements: tuple[Element, ...]) -> frozenset[str]:
    """The smallest set of words, behind the first element, of which a match must hold one."""
    sets = [_whole_words(element) for element in elements[1:] if not element.gap and not element.optional]
    return min(
        (words for words in sets if words), key=lambda words: (len(words), sorted(words)), default=frozenset()
    )


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
            return tuple(sorted({key.rstrip("*") for key in keys})), False
        keys = [_joined(key, option, glue) for key, option in product(keys, options)]
    whole = not any(key.endswith("*") for key in keys)
    return tuple(sorted({key.rstrip("*") for key in keys if key})), whole


def _joined(key: str, option: str, glue: str) -> str:
    return f"{key}{glue}{option}" if key and option else key or option


def _check(elements: tuple[Element, ...], spaced: bool, particles: frozenset[str]) -> str:
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
    return rf"[^{stops}]{{1,60}}{ended} "


def _option(option: str, spaced: bool) -> str:
    if option.endswith("*"):
        return re.escape(option[:-1]) + (r"[^\W_]{0,20}" if spaced else "")
    return re.escape(option)
