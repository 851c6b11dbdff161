"""What an item is about as a whole: which of its names stand out, and the words that set the scene.

How it decides: a name stands out where the table knows it, where it is in the headline, or where it is told
again; a name told once in passing (a reporter, a town, a day) does not, and a dateline's does not either.
The setting is the content words and the outstanding names of headline and opening. It belongs to an item's
main claim, the one about the names that stand out most. What it leaves out: what an item is about without
naming it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from service.core.model import Claim
from service.core.reading.around import Around
from service.core.reading.claims import content_words
from service.core.reading.figures import MOST, figures
from service.core.reading.lexicon import Lexicon
from service.core.reading.mentions import Mention, Sort
from service.core.text import fold, is_telling_figure

MOST_WORDS = 60
MOST_NAMES = 6
_OPENING = 700
_OUTSTANDING = 2
_FEW = 2
_NAMED = (Sort.BODY, Sort.PERSON, Sort.SPOKESMAN, Sort.EXECUTIVE, Sort.OFFICIAL)
_DATELINE = re.compile(r"\s*(?:\([^)\n]{2,24}\)\s*)?(?:,[^,:\n-]{2,20})?\s?[:–—-][-\s]")
_LONGEST_DATELINE = 30


def weighed(sides: Sequence[Around]) -> tuple[Around, ...]:
    """`sides` with each mention's weight: 0 for a name in passing, more the more it stands out."""
    title, text = sides
    told = Counter(name for side in sides for m in side.mentions if _counts(m, side) for name in _names(m))
    headline = {name for m in title.mentions for name in _names(m)}
    known = {m.body for side in sides for m in side.mentions if m.known and m.body and _counts(m, side)}
    weights = {
        name: 2 * (name in headline) + (count > 1) + (count > 3) + (name in known)
        for name, count in told.items()
    }
    return tuple(
        side._replace(mentions=[_with_weight(m, _weight(m, weights)) for m in side.mentions])
        for side in (title, text)
    )


def _with_weight(mention: Mention, weight: int) -> Mention:
    m = mention
    if m.weight == weight:
        return m
    # Field by field: every name of every item comes by here, and `replace` takes three times as long.
    return Mention(
        m.start, m.end, m.sort, m.body, m.speaker, m.role, m.country, m.named, m.known, weight=weight
    )


def _weight(mention: Mention, weights: dict[str, int]) -> int:
    return max(weights.get(mention.body or "", 0), weights.get(mention.speaker or "", 0))


def _names(mention: Mention) -> Iterable[str]:
    return {name for name in (mention.body, mention.speaker) if name} if mention.sort in _NAMED else ()


def _counts(mention: Mention, side: Around) -> bool:
    """Whether the mention is more than a dateline (Milan: ..., DETROIT (Agency) - ...)."""
    if side.passage.field == "title" or mention.end > _LONGEST_DATELINE or mention.start > 2:
        return True
    return not _DATELINE.match(side.passage.text, mention.end)


def weights_of(sides: Sequence[Around]) -> dict[str, int]:
    """How far each name of the item stands out; names in passing have 0."""
    weights: dict[str, int] = {}
    for side in sides:
        for m in side.mentions:
            for name in (m.body, m.speaker):
                if name:
                    weights[name] = max(weights.get(name, 0), m.weight)
    return weights


def main_place(claims: Sequence[Claim], weights: Mapping[str, int]) -> int:
    """The place of the item's main claim: that of the names which stand out most, the first of equals."""
    scores = [sum(weights.get(name, 0) for name in claim.principals[:2]) for claim in claims]
    return scores.index(max(scores))


def set_in(
    claim: Claim,
    others: Iterable[Claim],
    sides: Sequence[Around],
    lexicon: Lexicon,
    weights: Mapping[str, int],
) -> Claim:
    """`claim`, the item's main one, with the item's setting but for names that only `others` are about."""
    title, text = sides
    opening = text.passage.flat[:_OPENING]
    headline = content_words(title, title.passage.flat, lexicon)
    words = dict.fromkeys((*headline, *claim.terms, *content_words(text, opening, lexicon)))
    telling = [word for word in words if not lexicon.has("news_words", word)]
    theirs = {name for other in others for name in other.principals} - set(claim.principals)
    out = [name for name in weights if weights[name] >= _OUTSTANDING and name not in theirs]
    names = sorted(out, key=lambda name: (-weights[name], name))[:MOST_NAMES]
    claim = _with_headline(claim, title, weights, theirs)
    told = [f for side in (title.passage.flat, opening) for f in figures(side) if is_telling_figure(f)]
    return replace(
        claim,
        setting=tuple(sorted({*map(fold, names), *telling[:MOST_WORDS]})),
        figures=tuple(sorted(dict.fromkeys([*claim.figures, *told][:MOST]))),
    )


def _with_headline(claim: Claim, title: Around, weights: Mapping[str, int], theirs: set[str]) -> Claim:
    """`claim` with the headline's names and deeds where its own words leave them out."""
    headline = dict.fromkeys(m.body for m in title.mentions if m.known and m.body and m.sort is Sort.BODY)
    few = sum(bool(weights.get(name, 0)) for name in claim.principals) < _FEW
    # A headline of one or two names is about them; of more, it may tell several claims.
    theirs = set() if len(headline) <= _FEW else theirs
    added = [name for name in headline if name not in theirs] if few or not theirs else []
    principals = tuple(dict.fromkeys((*claim.principals[:1], *added, *claim.principals)))[:MOST_NAMES]
    deeds = title.scan.within("relation", 0, len(title.passage.text))
    relations = claim.relations or tuple(sorted({mark.value for mark in deeds}))
    return replace(claim, principals=principals, relations=relations)


def with_firm_names(claim: Claim, weights: Mapping[str, int]) -> Claim:
    """`claim` with the names that stand out most first, and how many of them surely belong to it."""
    main, rest = claim.principals[:1], claim.principals[1:]
    ordered = (*main, *sorted(rest, key=lambda name: -min(weights.get(name, 0), _OUTSTANDING)))
    firm = [name for name in ordered if weights.get(name, 0)]
    passing = [name for name in ordered if not weights.get(name, 0)]
    return replace(claim, principals=(*firm, *passing), firm=len(firm))
