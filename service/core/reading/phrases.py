"""Where a language's phrases stand in a text: one walk proposes, and little is left to check.

How it decides: the automaton holds each beginning of a phrase between the spaces that bound it, and walks
over a text whose marks are spaces, so that it meets whole words only. A phrase that goes on behind its
beginning is proposed where a word that it must hold follows near enough; its check is left to who asks.
What it leaves out: scripts without spaces, where a beginning may stand anywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ahocorasick

from service.core.reading.patterns import Pattern

UNCHECKED = 0  # the end of a phrase whose check is still to come
_LONGEST_PARTICLE = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """What a phrase stands for. `label`: `cue`, `relation`, a word class, or one of `look_alike`, `needs` and
    `avoid` with a colon and the cue's id."""

    label: str
    value: str
    pattern: Pattern


Proposed = tuple[int, int, Entry]  # start, end and what stands there


class _Bounds(dict[int, str]):
    """Code point to itself for letters and digits, to a space for all else; filled as they are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = bound = character if character.isalnum() else " "
        return bound


_BOUNDS = _Bounds()


def bounded(flat: str) -> str:
    """`flat` with a space for each mark, and one more at both ends."""
    return f" {flat.translate(_BOUNDS)} "


@dataclass(frozen=True, slots=True, eq=False)
class _Beginning:
    """What may begin where a key stands. `back`: from the key's last character to the phrase's first, as the
    automaton counts; `marks`: the beginning itself where it holds more than letters, digits and spaces;
    `bare`: no particle-less word may go on behind it; `strict`: one of these two is to be looked at.

    `sure` phrases are whole, `unsure` ones are to be checked, those that are `awaiting` only where one of the
    words `ahead`, which lead to their places, follows within `tokens` and `characters`.
    """

    length: int
    back: int
    marks: str
    bare: bool
    strict: bool
    sure: tuple[Entry, ...]
    unsure: tuple[Entry, ...]
    awaiting: tuple[Entry, ...]
    ahead: Mapping[str, Sequence[int]]
    tokens: int
    characters: int

    def followed(self, flat: str, text: str, start: int, words: Iterable[str]) -> tuple[Entry, ...]:
        """Those of `awaiting` that one of `words` (each between its bounds) in `text` (`flat` with its
        bounds) follows near enough."""
        end = start + self.characters
        found: set[int] = set()
        for word in words:
            place = text.find(word, start, end)
            if place >= 0 and flat.count(" ", start, place) < self.tokens:
                found.update(self.ahead[word[1:-1]])
        return tuple([self.awaiting[number] for number in sorted(found)]) if found else ()


class _Expected(dict[_Beginning, tuple[str, ...]]):
    """Beginning to those of the words ahead of it that stand in a text at all, each between its bounds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._words = set(text.split())

    def __missing__(self, beginning: _Beginning) -> tuple[str, ...]:
        words = tuple([f" {word} " for word in self._words & beginning.ahead.keys()])
        self[beginning] = words
        return words


class Phrases:
    """All phrases of a language, or some of them: made ready when a text is first walked, if not before."""

    def __init__(
        self, entries: Callable[[], Iterable[Entry]], particles: frozenset[str], *, spaced: bool
    ) -> None:
        self._entries, self._spaced, self._particles = entries, spaced, particles
        self._automaton: Any = None

    def make_ready(self) -> None:
        """Compile the phrases, once. PhraseError names the first that cannot be."""
        if self._automaton is not None:
            return
        keyed: dict[str, list[tuple[str, Entry]]] = {}
        for entry in self._entries():
            for key in entry.pattern.keys:
                keyed.setdefault(self._bound(key), []).append((key.rstrip("*"), entry))
        self._keyed = list(keyed.items())
        self._beginnings: list[tuple[_Beginning, ...] | None] = [None] * len(keyed)
        automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        for number, key in enumerate(keyed):
            automaton.add_word(key, number)
        if keyed:
            automaton.make_automaton()
        self._automaton = automaton

    def proposed(self, flat: str) -> Iterator[Proposed]:
        """Each phrase that stands in `flat`, or may stand there: then its end is UNCHECKED."""
        for start, end, sure, unsure in self._met(flat):
            for entry in sure:
                yield start, end, entry
            for entry in unsure:
                yield start, UNCHECKED, entry

    def proposed_by_label(self, flat: str) -> dict[str, list[Proposed]]:
        """The same, gathered by their labels."""
        found: defaultdict[str, list[Proposed]] = defaultdict(list)
        for start, end, sure, unsure in self._met(flat):
            for entry in sure:
                found[entry.label].append((start, end, entry))
            for entry in unsure:
                found[entry.label].append((start, UNCHECKED, entry))
        return found

    def _met(self, flat: str) -> Iterator[tuple[int, int, tuple[Entry, ...], tuple[Entry, ...]]]:
        """Where a beginning stands and ends, what is whole there, and what is still to be checked."""
        self.make_ready()
        if not flat or not self._keyed:
            return
        text = bounded(flat) if self._spaced else flat
        expected: _Expected | None = None
        made = self._beginnings
        for last, number in self._automaton.iter(text):
            for beginning in made[number] or self._made(number):
                start = last - beginning.back
                if beginning.strict and not self._stands(beginning, flat, start):
                    continue
                unsure = beginning.unsure
                if beginning.awaiting:
                    expected = expected or _Expected(text)
                    if words := expected[beginning]:
                        unsure += beginning.followed(flat, text, start, words)
                if unsure or beginning.sure:
                    yield start, start + beginning.length, beginning.sure, unsure

    def _stands(self, beginning: _Beginning, flat: str, start: int) -> bool:
        """Whether the marks of a beginning are those of the text, and its word ends where it must."""
        if beginning.bare and self._is_inside(flat, start + beginning.length):
            return False
        return flat.startswith(beginning.marks, start)

    def _is_inside(self, flat: str, end: int) -> bool:
        """Whether the word goes on at `end` with no particle, so that no whole word ends there."""
        if not flat[end : end + 1].isalnum() or flat[end - 1] == "'":
            return False
        stop = end
        while stop - end < _LONGEST_PARTICLE and flat[stop : stop + 1].isalnum():
            stop += 1
        return flat[end:stop] not in self._particles or flat[stop : stop + 1].isalnum()

    def _bound(self, key: str) -> str:
        """`key` as the automaton holds it: with a space where a word must begin and end."""
        if not self._spaced:
            return key.rstrip("*")
        inner = bounded(key.rstrip("*"))
        goes_on = key.endswith(("*", "'")) or self._particles
        return inner[:-1] if goes_on else inner

    def _made(self, number: int) -> tuple[_Beginning, ...]:
        """The beginnings of a key, made when it is first met: most keys never are."""
        key, found = self._keyed[number]
        apart: dict[tuple[str, bool], list[Entry]] = {}
        for written, entry in found:
            bare = entry.pattern.exact and bool(self._particles)
            apart.setdefault((written, bare), []).append(entry)
        # A text with its bounds begins one character before the text, as such a key does.
        made = tuple(self._beginning(*one, len(key) - 1, entries) for one, entries in apart.items())
        self._beginnings[number] = made
        return made

    def _beginning(self, written: str, bare: bool, back: int, entries: Sequence[Entry]) -> _Beginning:
        rest = [entry for entry in entries if not entry.pattern.exact]
        awaiting = [(entry, entry.pattern.ahead) for entry in rest if entry.pattern.ahead is not None]
        ahead: defaultdict[str, list[int]] = defaultdict(list)
        for place, (_, follow) in enumerate(awaiting):
            for word in follow.words:
                ahead[word].append(place)
        marks = written if self._spaced and not written.isalnum() else ""
        return _Beginning(
            len(written),
            back,
            marks,
            bare,
            bool(marks or bare),
            tuple(entry for entry in entries if entry.pattern.exact),
            tuple(entry for entry in rest if entry.pattern.ahead is None),
            tuple(entry for entry, _ in awaiting),
            dict(ahead),
            max((follow.tokens for _, follow in awaiting), default=0),
            max((follow.characters for _, follow in awaiting), default=0),
        )
