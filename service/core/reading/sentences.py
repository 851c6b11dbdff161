"""A field cut into sentences and quotations, with offsets into the field.

How it decides: a sentence ends at a terminator that no abbreviation explains, or at a line's end, unless the
text is wrapped like old newswire (short lines that break inside sentences), where a line's end is a space. A
quotation runs from an opening mark to the next closing one in the same paragraph. What it leaves out: single
quotation marks, which are apostrophes too often.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from service.core.reading.lexicon import Lexicon
from service.core.text import flat

_SPACED_END = re.compile(r"[.!?…]+(?:[\"'”“’»)\]]|[ \u00a0\u202f]»)*(?=\s|$)|\n")
_UNSPACED_END = re.compile(r"[。！？；!?]+[\"'”’」』）)]*|\n")
_PARTED = re.compile(r"[\s(\"“]")
_OPENING = "“„「『《"
_EITHER = '"«»'
_CLOSING = "”」』》"
_QUOTES = re.compile(f"[{_EITHER}{_OPENING}{_CLOSING}\n]")
_BEFORE_OPENING = (
    "",
    " ",
    "\u00a0",
    "\u202f",
    "\n",
    "(",
    "[",
    ":",
    "-",
    "—",
    "–",
    "'",
    "’",
)  # « and » open either way
_LONGEST_QUOTATION = 1200
_WRAPPED_LINE = 82
_NEW_QUOTATION = ('"', "“")
_LONGEST_SENTENCE = 1500  # what no terminator ends is cut, so that work grows with length alone


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters in one field."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a field. `opens` marks a paragraph's first, `asks` one that ends in a question mark."""

    index: int
    start: int
    end: int
    opens: bool
    asks: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """One field of an item: its text, the text folded on one line, its sentences and quotations."""

    field: str
    text: str
    flat: str
    sentences: tuple[Sentence, ...]
    quotations: tuple[Span, ...]
    starts: tuple[int, ...]
    quotation_starts: tuple[int, ...]

    def sentence_at(self, position: int) -> Sentence:
        """The sentence that holds `position` (the one before it where it stands between two)."""
        index = bisect_right(self.starts, position)
        return self.sentences[index - 1 if index else 0]

    def quotation_at(self, position: int) -> Span | None:
        """The quotation that holds `position`."""
        index = bisect_right(self.quotation_starts, position) - 1
        return self.quotations[index] if index >= 0 and position < self.quotations[index].end else None


def passage(name: str, text: str, lexicon: Lexicon, flattened: str | None = None) -> Passage:
    """`text` (at most what the caller wants read) cut up by the rules of `lexicon`; `flattened`: its
    `flat`, where that is known."""
    wrapped = _is_wrapped(text)
    sentences = tuple(_sentences(text, lexicon, wrapped=wrapped))
    quotations = tuple(_quotations(text, wrapped=wrapped))
    starts, openings = tuple(s.start for s in sentences), tuple(q.start for q in quotations)
    flattened = flat(text) if flattened is None else flattened
    return Passage(name, text, flattened, sentences, quotations, starts, openings)


def _is_wrapped(text: str) -> bool:
    lines = [line for line in text.split("\n")[:60] if line.strip()]
    if len(lines) < 3 or max(map(len, lines)) > _WRAPPED_LINE:
        return False
    broken = sum(1 for line in lines[:-1] if line.rstrip()[-1:] not in '.!?"”:')
    return broken * 2 > len(lines)


def _sentences(text: str, lexicon: Lexicon, *, wrapped: bool) -> list[Sentence]:
    ends = _SPACED_END if lexicon.source.spaced else _UNSPACED_END
    found: list[Sentence] = []
    start, opens = 0, True
    for match in ends.finditer(text):
        line_end = match.group() == "\n"
        if line_end and wrapped and not _blank_follows(text, match.end()):
            continue
        if not line_end and lexicon.source.spaced and _goes_on(text, match, lexicon):
            continue
        _add(found, text, start, match.end(), opens=opens)
        start = match.end()
        opens = line_end or (opens and not found)
    _add(found, text, start, len(text), opens=opens)
    return found


def _blank_follows(text: str, position: int) -> bool:
    return text[position : position + 1] in ("\n", "")


def _add(found: list[Sentence], text: str, start: int, end: int, *, opens: bool) -> None:
    body = text[start:end]
    stripped = body.strip()
    if not stripped:
        return
    first = start + len(body) - len(body.lstrip())
    last = first + len(stripped)
    while last - first > _LONGEST_SENTENCE:
        cut = text.rfind(" ", first + 1, first + _LONGEST_SENTENCE)
        cut = cut if cut > first else first + _LONGEST_SENTENCE
        found.append(Sentence(len(found), first, cut, opens, asks=False))
        first, opens = cut, False
    asks = stripped.rstrip("\"'”“’»」』)） \u00a0\u202f").endswith(("?", "？"))
    found.append(Sentence(len(found), first, last, opens, asks))


def _goes_on(text: str, match: re.Match[str], lexicon: Lexicon) -> bool:
    """Whether a full stop ends an abbreviation, an initial or a sentence that goes on in lower case."""
    if not match.group().startswith(".") or "?" in match.group() or "!" in match.group():
        return False
    following = text[match.end() : match.end() + 2].strip()
    if following and following[0].islower():
        return True
    if following[:1] in _NEW_QUOTATION:
        return False
    word = _PARTED.split(text[max(0, match.start() - 20) : match.start()])[-1].lower()
    if "." in word:
        return not _opens_sentence(text, match.end(), lexicon)
    return word in lexicon.source.abbreviations or (len(word) == 1 and word.isalpha())


def _opens_sentence(text: str, position: int, lexicon: Lexicon) -> bool:
    """After "U.S." a new sentence shows by its first or second word (has, did): the Department does not."""
    words = flat(text[position : position + 60]).split()[:2]
    if not words or lexicon.has("stop_words", words[0]):
        return bool(words)
    titled = lexicon.has("executives", words[0]) or lexicon.has("officials", words[0])
    return len(words) == 2 and lexicon.has("stop_words", words[1]) and not titled


def _quotations(text: str, *, wrapped: bool) -> list[Span]:
    found: list[Span] = []
    opened: int | None = None
    for match in _QUOTES.finditer(text):
        mark, position = match.group(), match.start()
        if mark == "\n":
            opened = opened if wrapped else None
        elif mark in "«»" and opened is None:
            opened = position if text[max(0, position - 1) : position] in _BEFORE_OPENING else None
        elif mark == "“" and opened is not None and text[opened] == "„":
            found += [Span(opened, position + 1)] if position - opened <= _LONGEST_QUOTATION else []
            opened = None
        elif mark in _OPENING or (mark == '"' and opened is None):
            opened = None if _is_apostrophe(text, position) and mark == '"' else position
        elif opened is not None and not (mark == '"' and _is_apostrophe(text, position)):
            if position - opened <= _LONGEST_QUOTATION:
                found.append(Span(opened, position + 1))
            opened = None
    return found


def _is_apostrophe(text: str, position: int) -> bool:
    """Old newswire writes Kuwait"s with a double mark."""
    before, after = text[position - 1 : position], text[position + 1 : position + 3]
    return before.isalpha() and after[:1] == "s" and not after[1:2].isalpha()
