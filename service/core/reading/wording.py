"""A text and a claim cut up for judging: sentences, stems, phrases by class, negators, names.

How it decides: sentences end at stops and line ends; phrases (denial, falsity, weak denial, doubt,
report, hedge, confirmation, speaker, silence, turn, reversal) are found word by word, the longest first, and
marked where one of the three words before is a negator; look-alikes ("fake passport", "not only") are taken
out with the negators in them. A claim is worded as a denial where an unnegated phrase of denial or
falsity stands in it, or a negator and no such phrase. What it leaves out: syntax, abbreviations, and
languages other than that of the phrases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import fsum
from zlib import crc32

from service.core.text import fold

_TOKEN = re.compile(r"[a-z0-9$£€%#@]+(?:'[a-z]+)?|[.!?\n]+|[\",:;]")
_CAPITALISED = re.compile(r"(?<=[a-z,;] )[A-Z][\w']+")
_QUOTED = re.compile(r"(?:^|\s)['\"]\w")
_MOST_SENTENCES = 400
_MOST_KEPT = 200_000
DENYING = ("deny", "false")
APART = "apart"
SECOND_HAND = ("report", "doubt", "hedge")
_ATTITUDE = (*DENYING, *SECOND_HAND, "silence")


class Stems(dict[str, str]):
    """Word to stem, filled as words are met and emptied when it grows large."""

    def __init__(self, endings: Sequence[str]) -> None:
        super().__init__()
        self._endings = tuple(endings)

    def __missing__(self, word: str) -> str:
        bare = word.removesuffix("'s")
        ending = next((e for e in self._endings if bare.endswith(e) and len(bare) - len(e) >= 3), "")
        if len(self) >= _MOST_KEPT:
            self.clear()
        self[word] = stem = bare[: len(bare) - len(ending)]
        return stem


@dataclass(frozen=True, slots=True)
class StanceWords:
    """The phrases that tell a stance: `phrases` maps a first word to the rest and class, longest first."""

    phrases: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]
    negators: frozenset[str]
    stop_words: frozenset[str]
    opposites: Mapping[str, frozenset[tuple[int, int]]]
    stems: Stems = field(repr=False)

    def negates(self, word: str) -> bool:
        """Whether `word` turns what follows it."""
        return word in self.negators or word[-3:] == "n't"


class Rarity(dict[str, float]):
    """How much a stem tells: inverse document frequency; stems that are not in the table tell most.

    `table` holds stems and, for those that are names, their `digest`: how common a name is matters, the name
    does not. Filled as stems are met and emptied when it grows large.
    """

    def __init__(self, table: Mapping[str, float], unseen: float) -> None:
        super().__init__()
        self.table = table
        self.unseen = unseen

    def __missing__(self, stem: str) -> float:
        if len(self) >= _MOST_KEPT:
            self.clear()
        known = self.table.get(stem)
        self[stem] = value = known if known is not None else self.table.get(digest(stem), self.unseen)
        return value

    def of(self, stem: str) -> float:
        """The weight of one stem."""
        return self[stem]

    def sum(self, stems: Iterable[str]) -> float:
        """The weight of several, the same whatever their order."""
        return fsum(map(self.__getitem__, stems))


def digest(stem: str) -> str:
    """A short mark that stands for `stem` without spelling it."""
    return f"#{crc32(stem.encode()):08x}"


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase in a sentence: its class, its words' places, and whether a negator stands before it."""

    at: int
    kind: str
    negated: bool
    end: int


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: words, their stems, the phrases and the places of negators in it."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    cues: tuple[Cue, ...]
    negators: tuple[int, ...]
    bag: frozenset[str]

    @property
    def denies(self) -> bool:
        """Whether an unnegated phrase of denial or falsity stands in it."""
        return any(cue.kind in DENYING and not cue.negated for cue in self.cues)


@dataclass(frozen=True, slots=True)
class Text:
    """A text cut up. `names`: stems of words that stand capitalised inside sentences."""

    lines: tuple[Line, ...]
    names: frozenset[str]
    bag: frozenset[str]
    pairs: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ClaimWords:
    """A claim cut up. `denies`: it is itself worded as a denial. `stems`: its words without its attitude."""

    text: Text
    words: tuple[str, ...]
    cues: tuple[Cue, ...]
    stems: frozenset[str]
    bag: frozenset[str]
    sides: Mapping[int, frozenset[int]]
    denies: bool
    asks: bool
    quotes: bool


def cut(text: str, words: StanceWords) -> Text:
    """`text` as sentences of words; at most 400 of them are kept."""
    rows: list[list[str]] = [[]]
    for token in _TOKEN.findall(fold(text)):
        if token[0] not in ".!?\n":
            rows[-1].append(token)
            continue
        if token[0] == "?":
            rows[-1].append("?")
        if rows[-1]:
            rows.append([])
    lines = tuple(_line(row, words) for row in rows[:_MOST_SENTENCES] if row)
    names = frozenset(words.stems[fold(name)] for name in _CAPITALISED.findall(text.replace("’", "'")))
    pairs = frozenset(pair for line in lines for pair in pairwise(line.stems))
    return Text(lines, names, frozenset().union(*(line.bag for line in lines)), pairs)


def _line(row: list[str], words: StanceWords) -> Line:
    stems = tuple(map(words.stems.__getitem__, row))
    cues = _cues(row, words)
    apart = {place for cue in cues if cue.kind == APART for place in range(cue.at, cue.end)}
    negators = tuple(place for place, word in enumerate(row) if words.negates(word) and place not in apart)
    told = tuple(cue for cue in cues if cue.kind != APART)
    return Line(tuple(row), stems, told, negators, frozenset(stems))


def _cues(row: list[str], words: StanceWords) -> list[Cue]:
    found: list[Cue] = []
    after, phrases = 0, words.phrases
    for place, word in enumerate(row):
        if place < after or word not in phrases:
            continue
        for rest, kind in phrases[word]:
            end = place + 1 + len(rest)
            if not rest or tuple(row[place + 1 : end]) == rest:
                found.append(Cue(place, kind, any(map(words.negates, row[max(0, place - 3) : place])), end))
                after = end
                break
    return found


def cut_claim(claim: str, words: StanceWords) -> ClaimWords:
    """`claim` as words, with the polarity of its own wording."""
    text = cut(claim, words)
    row = tuple(word for line in text.lines for word in line.words)
    cues = tuple(cue for line in text.lines for cue in line.cues)
    denying = [cue for cue in cues if cue.kind in DENYING]
    firm = any(not cue.negated for cue in denying)
    negated = any(line.negators for line in text.lines)
    told = [w for w in row if w not in words.stop_words and (w[0].isalnum() or w[0] in "$#@")]
    sides: dict[int, set[int]] = {}
    for word in row:
        for number, side in words.opposites.get(words.stems[word], ()):
            sides.setdefault(number, set()).add(side)
    attitude = {line.words[cue.at] for line in text.lines for cue in line.cues if cue.kind in _ATTITUDE}
    plain = {w for w in told if len(w) > 1 and w not in attitude and not words.negates(w)}
    return ClaimWords(
        text,
        row,
        cues,
        frozenset(words.stems[word] for word in plain),
        frozenset(words.stems[word] for word in told),
        {number: frozenset(found) for number, found in sides.items()},
        denies=firm or (negated and not denying),
        asks="?" in row,
        quotes=bool(_QUOTED.search(fold(claim))),
    )
