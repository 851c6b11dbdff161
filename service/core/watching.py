"""Whether a statement concerns whom a subscription watches: by names that are known, or by words in its text.

How it decides: names that the reader found (principals, parties, speakers) are compared as canonical names.
What no name table knows, and tickers and keywords, are looked for as words: in the claim and in the evidence,
tickers and keywords in the item's title as well; a name that only a title holds may belong to another claim.
Scripts with letters and spaces need the word's bounds, others do not. A ticker counts in its own case only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.core.text import fold, name_key


class WatchKind(StrEnum):
    """What an entry of a watchlist is."""

    COMPANY = "company"
    PERSON = "person"
    TICKER = "ticker"
    KEYWORD = "keyword"


@dataclass(frozen=True, slots=True)
class WatchWord:
    """A word to look for. `exact`: in its own case; `in_title`: in the title of an item too."""

    text: str
    exact: bool = False
    in_title: bool = False


def word_of(kind: WatchKind, text: str) -> WatchWord:
    """How an entry of that kind is looked for."""
    ticker = kind is WatchKind.TICKER
    return WatchWord(text, exact=ticker, in_title=ticker or kind is WatchKind.KEYWORD)


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whom something concerns, by canonical name, and the words that it stands in."""

    names: frozenset[str]
    claim: str
    evidence: str = ""
    title: str = ""


def watches(watchlist: Sequence[str], words: Iterable[WatchWord], concerned: Concerned) -> bool:
    """Whether any of these names or words is concerned; where there are neither, everything is."""
    words = tuple(words)
    if not watchlist and not words:
        return True
    keys = {name_key(name) for name in concerned.names}
    return any(name_key(name) in keys for name in watchlist) or any(
        _stands_in(word, concerned) for word in words
    )


def _stands_in(word: WatchWord, concerned: Concerned) -> bool:
    places = (concerned.claim, concerned.evidence, *((concerned.title,) if word.in_title else ()))
    return any(holds_word(place, word) for place in places if place)


def holds_word(text: str, word: WatchWord) -> bool:
    """Whether `text` holds the word, within its bounds where its script has some."""
    sought, within = (word.text, text) if word.exact else (fold(word.text), fold(text))
    start = within.find(sought)
    while sought and start >= 0:
        if _is_bounded(within, start, start + len(sought)):
            return True
        start = within.find(sought, start + 1)
    return False


def _is_bounded(text: str, start: int, end: int) -> bool:
    cut_before = start > 0 and _joins(text[start - 1], text[start])
    cut_after = end < len(text) and _joins(text[end - 1], text[end])
    return not (cut_before or cut_after)


def _joins(left: str, right: str) -> bool:
    """Whether two characters side by side may be parts of one word of a script that sets words apart."""
    return all(one.isalnum() and not _is_unspaced(one) for one in (left, right))


def _is_unspaced(character: str) -> bool:
    """Chinese, Japanese, Korean, Thai: words are not, or not always, set apart."""
    code = ord(character)
    return 0x0E00 <= code <= 0x0EFF or 0x1100 <= code <= 0x11FF or 0x2E80 <= code <= 0xD7FF or code >= 0xF900
