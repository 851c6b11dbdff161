"""What the reader knows of one language, and of names: data, compiled once into automata.

How it decides: all phrases of a language (cues, look-alikes, word classes, relations) go into one
automaton, so a text is walked once however many phrases there are. A Lexicon is made from a LexiconSource,
which is what a TOML file says; service/lexicons/FORMAT.md describes that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

import ahocorasick

from service.core.model import Strength
from service.core.reading.patterns import compile_pattern
from service.core.reading.phrases import Entry, Phrases, bounded
from service.core.text import fold


class CueKind(StrEnum):
    """What a phrase does: the six kinds of statement, three that qualify others, and bare negations."""

    RUMOR = "rumor"
    DENIAL = "denial"
    CONFIRMATION = "confirmation"
    NO_COMMENT = "no_comment"
    RETRACTION = "retraction"
    STANDS_BY = "stands_by"
    PSEUDO = "pseudo"
    RECAP = "recap"
    RELAY = "relay"
    ECHO = "echo"


# Kinds that say nothing by themselves: an item with no other cue is not read.
SILENT = frozenset({CueKind.PSEUDO, CueKind.RECAP, CueKind.ECHO})


class SubjectPlace(StrEnum):
    """Where the party stands: `own`, the phrase's grammatical subject; `speaker`, whoever says it."""

    OWN = "own"
    SPEAKER = "speaker"


WORD_CLASSES = frozenset(
    {
        "report", "speech", "negators", "unreal", "conditionals", "stops", "third_parties", "other_deniers",
        "title_fields", "modals", "views", "of_heads", "reported_forms", "adjective_endings", "reversals",
        "of_itself",
        "sources", "spokesmen", "executives", "officials", "authorities", "fact_checkers", "outlets",
        "companies", "its", "persons", "both", "hedges", "months", "stop_words", "name_tails", "not_names",
        "prepositions", "passive_by", "joiners", "of", "state_matters", "plans", "leads", "complementizers",
        "claim_ends", "askings", "places", "outlet_tails", "name_endings", "name_edges", "name_breaks",
        "name_pitfalls", "surnames", "frames", "articles", "after_verb", "joined_articles",
        "postpositions", "topic_marks", "subject_marks", "possessives", "name_heads", "name_follow",
        "name_suffixes", "prompts", "samples", "determiners", "noun_tails",
        "common_words", "common_deeds", "police", "foreign_letters", "news_words",
    }
)  # fmt: skip


# Classes that are looked up word by word; in the automaton they would only cost time.
LOOKED_UP = frozenset(
    {
        "determiners", "noun_tails", "common_words", "common_deeds", "news_words", "foreign_letters",
        "stop_words", "not_names", "name_tails", "outlet_tails", "prepositions", "articles", "after_verb",
        "joined_articles",
        "name_breaks", "surnames", "postpositions", "topic_marks", "subject_marks", "name_heads",
        "name_follow", "name_suffixes", "title_fields", "of_heads", "adjective_endings",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CueSource:
    """A cue as its file writes it. FORMAT.md says what each field means."""

    id: str
    kind: CueKind
    patterns: tuple[str, ...]
    strength: Strength | None = None
    weight: float = 1.0
    subject: SubjectPlace = SubjectPlace.OWN
    needs: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    pseudo: tuple[str, ...] = ()
    reach: int = 12
    affirm: str = ""
    negatable: bool = False
    told: bool = False
    hit: tuple[str, ...] = ()
    miss: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LexiconSource:
    """One language's file, checked for form and not yet compiled."""

    language: str
    spaced: bool
    capitals: bool
    terminators: str
    abbreviations: frozenset[str]
    endings: tuple[str, ...]
    cues: tuple[CueSource, ...]
    words: Mapping[str, tuple[str, ...]]
    relations: Mapping[str, tuple[str, ...]]
    nationalities: Mapping[str, str]
    particles: frozenset[str] = frozenset()
    verb_final: bool = False


# Word classes that are looked up together under one name.
_TOGETHER = {
    "ordinary": ("stop_words", "not_names", "months"),  # no names
    # Words that every rumor is told with say nothing about which it is.
    "no_content": ("stop_words", "speech", "report", "not_names", "months", "hedges", "sources", "outlets"),
    "titles": ("executives", "spokesmen", "officials"),
    "nobody": ("places", "name_tails", "third_parties", "sources"),  # capitalised, and no party
}
_EMPTY: frozenset[str] = frozenset()
_OF_A_CUE = ("look_alike", "needs", "avoid")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A language, ready to read with. `tellers` are the cues that make a statement, of all `phrases`."""

    source: LexiconSource
    cues: Mapping[str, CueSource]
    folded: Mapping[str, frozenset[str]] = field(repr=False)
    phrases: Phrases = field(compare=False, repr=False)
    tellers: Phrases = field(compare=False, repr=False)

    def has(self, name: str, word: str) -> bool:
        """Whether the folded `word` is of one word class."""
        return word in self.folded.get(name, _EMPTY)

    @property
    def language(self) -> str:
        """The language's two-letter code."""
        return self.source.language

    def words(self, name: str) -> tuple[str, ...]:
        """The phrases of one word class, empty where the language has none."""
        return self.source.words.get(name, ())


def compile_lexicon(source: LexiconSource, *, ready: bool = True) -> Lexicon:
    """`source` with its phrases compiled, or (not `ready`) to be compiled when a text is first walked.

    PhraseError names the first phrase that cannot be.
    """
    cues = {cue.id: cue for cue in source.cues}

    @cache
    def entries() -> list[Entry]:
        return [_entry(source, *phrase) for phrase in _phrases(source)]

    def telling() -> list[Entry]:
        return [e for e in entries() if e.label == "cue" and cues[e.value].kind not in SILENT]

    folded = {name: frozenset(fold(word) for word in words) for name, words in source.words.items()}
    for together, names in _TOGETHER.items():
        folded[together] = frozenset().union(*(folded.get(name, _EMPTY) for name in names))
    every, some = (Phrases(found, source.particles, spaced=source.spaced) for found in (entries, telling))
    if ready:
        every.make_ready()
        some.make_ready()
    return Lexicon(source, cues, folded, every, some)


def _entry(source: LexiconSource, tag: str, value: str, phrase: str) -> Entry:
    pattern = compile_pattern(phrase, source.words, spaced=source.spaced, particles=source.particles)
    return Entry(f"{tag}:{value}" if tag in _OF_A_CUE else tag, value, pattern)


def _phrases(source: LexiconSource) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for cue in source.cues:
        found += [("cue", cue.id, phrase) for phrase in cue.patterns]
        found += [("look_alike", cue.id, phrase) for phrase in cue.pseudo]
        found += [("needs", cue.id, phrase) for phrase in cue.needs]
        found += [("avoid", cue.id, phrase) for phrase in cue.avoid]
    for name, phrases in source.words.items():
        if name in LOOKED_UP:
            continue
        found += [(name, phrase, phrase) for phrase in phrases]
    for relation, phrases in source.relations.items():
        found += [("relation", relation, phrase) for phrase in phrases]
    found += [("nationality", country, word) for word, country in source.nationalities.items()]
    return found


_EAST = re.compile("[\u2e80-\U0010ffff]")  # letters that stand beside a name and are no part of it

# --- names -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NameRow:
    """One body of the table. `guarded`: an ordinary word too, so only where it is written as a name."""

    name: str
    kind: str  # company, bank, fund, club, outlet, regulator, exchange, government, person
    country: str
    guarded: bool
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NameKey:
    """One way of writing a name, with the length and spelling to check."""

    row: NameRow
    spelling: str
    bounded: bool


@dataclass(frozen=True, slots=True)
class NameTable:
    """Every known name in one automaton over folded text; `words`, over text with its bounds, holds those
    that a text without East Asian letters can hold, so that none is met inside a word."""

    rows: Mapping[str, NameRow]
    automaton: Any = field(compare=False, repr=False)
    words: Any = field(compare=False, repr=False)

    def found(self, flat: str) -> Iterator[tuple[int, int, NameKey]]:
        """Start, end and key of the spellings in `flat`; those inside words may be left out."""
        if not flat or not self.rows:
            return
        if _EAST.search(flat):
            for last, (length, key) in self.automaton.iter(flat):
                yield last + 1 - length, last + 1, key
            return
        for last, (back, spellings) in self.words.iter(bounded(flat)):
            for written, key in spellings:
                if flat.startswith(written, last - back):
                    yield last - back, last - back + len(written), key

    def canonical(self, name: str) -> str:
        """The name under which `name`, any spelling of it, is kept; `name` itself where it is not known."""
        key = fold(name.strip())
        return str(self.automaton.get(key)[1].row.name) if key and key in self.automaton else name.strip()


def compile_names(rows: tuple[NameRow, ...]) -> NameTable:
    """`rows` in an automaton. Where two rows share a spelling, the first keeps it."""
    keyed: dict[str, NameKey] = {}
    for row in rows:
        for spelling in (row.name, *row.aliases):
            is_word = any(character.isascii() and character.isalnum() for character in spelling)
            keyed.setdefault(fold(spelling), NameKey(row, spelling, is_word))
    together: dict[str, list[tuple[str, NameKey]]] = {}
    for key, entry in keyed.items():
        if not _EAST.search(key):
            inner = bounded(key)
            together.setdefault(inner if entry.bounded else inner[1:-1], []).append((key, entry))
    spelled = {key: (len(key), entry) for key, entry in keyed.items()}
    # The text with its bounds begins one character earlier, as the key of a bounded name does.
    words = {key: (len(key) - entries[0][1].bounded, entries) for key, entries in together.items()}
    return NameTable({row.name: row for row in rows}, _automaton(spelled), _automaton(words))


def _automaton(keyed: Mapping[str, object]) -> Any:
    automaton = ahocorasick.Automaton()
    for key, value in keyed.items():
        automaton.add_word(key, value)
    if keyed:
        automaton.make_automaton()
    return automaton


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that the reader knows: languages by their code, and names."""

    lexicons: Mapping[str, Lexicon]
    names: NameTable
