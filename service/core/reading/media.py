"""Outlets that an item is about: a bid for Reuters, Sky in merger talks.

How it decides: an outlet is a party where a deal stands right beside its name (buy Reuters, talks with Sky,
Reuters negotiates), or where it tells of itself (Reuters said it had been approached); it
is then one in all of the item. What it leaves out: an outlet whose news is its own strike or chief.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.core.reading.cues import Scan
from service.core.reading.lexicon import Lexicon
from service.core.reading.names import Name
from service.core.reading.sentences import Passage

_DEALS = frozenset({"buy", "sell", "merge", "stake", "invest", "talks", "joint_venture"})
_REACH = 32
_SENTENCE = 90
_MOST_SMALL_WORDS = 2
_LEGAL_FORM = 8  # Reuters Group said

Field = tuple[list[Name], Passage, Scan]


def parties_among_outlets(fields: Sequence[Field], lexicon: Lexicon) -> frozenset[str]:
    """The canonical names of the outlets that the item's `fields` tell a deal of."""
    return frozenset(
        name.name
        for names, passage, scan in fields
        for name in names
        if name.kind == "outlet" and _is_party(name, passage, scan, lexicon)
    )


def as_companies(names: Iterable[Name], parties: frozenset[str]) -> list[Name]:
    """`names` with the outlets among `parties` made companies."""
    return [n._replace(kind="company") if n.kind == "outlet" and n.name in parties else n for n in names]


def _is_party(name: Name, passage: Passage, scan: Scan, lexicon: Lexicon) -> bool:
    itself = scan.within("of_itself", name.end, name.end + _SENTENCE)
    if itself and itself[0].start - name.end <= _LEGAL_FORM:
        return True
    before = [m for m in scan.within("relation", name.start - _REACH, name.start) if m.value in _DEALS]
    if before and _is_small(passage.flat[before[-1].end : name.start], lexicon):
        return True
    after = [m for m in scan.within("relation", name.end, name.end + _REACH) if m.value in _DEALS]
    return (
        bool(after) and lexicon.source.spaced and _is_small(passage.flat[name.end : after[0].start], lexicon)
    )


def _is_small(between: str, lexicon: Lexicon) -> bool:
    """Whether only a space, prepositions and articles stand between a deal and a name."""
    words = between.replace("'", "' ").split()
    small = ("prepositions", "articles", "joined_articles")
    return len(words) <= _MOST_SMALL_WORDS and all(any(lexicon.has(c, w) for c in small) for w in words)
