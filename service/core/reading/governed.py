"""Which mentions can be a subject, and which belong together.

How it decides: a mention that a preposition governs, that hears or that stands in a quotation is no subject;
names joined by commas and "and" are one list.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.core.reading.around import Around
from service.core.reading.mentions import Mention, Sort

_CHAINED = 11
_BRACKETS = 16
_CITED = 4
ARTICLES = frozenset({"the", "a", "an", "its", "<"})


def past_age(mention: Mention, around: Around) -> int:
    """Where the mention ends, its brackets (an age, a code, another name) included."""
    flat, end = around.passage.flat, mention.end
    if not flat.startswith("(", end):
        return end
    closed = flat.find(")", end, end + _BRACKETS)
    return closed + 1 if closed >= 0 else end


def ungoverned(candidates: Sequence[Mention], around: Around) -> Mention:
    """The last mention that no preposition stands before; the last of all where each has one."""
    free = [
        m
        for before, m in zip((None, *candidates), candidates, strict=False)
        if not is_governed(m, around) and not (before and _is_joined_to_governed(before, m, around))
    ]
    return free[-1] if free else candidates[-1]


def _is_joined_to_governed(before: Mention, mention: Mention, around: Around) -> bool:
    """Whether "and" joins `mention` to one that a preposition governs: talks with Ford and Fiat."""
    joined = around.passage.flat[before.end : mention.start].split()
    joiners = around.scan.within("joiners", before.end, mention.start)
    return bool(joiners) and len(joined) == 1 and is_governed(before, around)


def hears(mention: Mention, around: Around) -> bool:
    """Whether `mention` is whom something is told (said to Reuters, informed the regulator)."""
    return mention.sort in (Sort.OUTLET, Sort.AUTHORITY) and is_governed(mention, around)


def is_governed(mention: Mention, around: Around) -> bool:
    """Whether a preposition stands before `mention`, articles aside."""
    if around.scan.of("frames").overlapping(mention.start, mention.end) or is_quoted(mention, around):
        return True
    if around.postpositions and around.passage.flat.startswith(
        around.postpositions, past_age(mention, around)
    ):
        return True
    words = around.passage.flat[max(0, mention.start - 24) : mention.start].split()
    articles = around.articles or ARTICLES
    while words and words[-1] in articles:
        words.pop()
    return (
        bool(words)
        and _ends_in_preposition(words[-1], around.prepositions)
        and not _is_cited(mention, around)
    )


def _is_cited(mention: Mention, around: Around) -> bool:
    """Whether, in a script without spaces, `mention` is cited: its verb of saying stands right after it."""
    if around.spaced or around.verb_final or mention.sort is Sort.OUTLET:
        return False
    said = around.scan.within("speech", mention.end, mention.end + _CITED)
    return bool(said) and said[0].start == mention.end


def is_quoted(mention: Mention, around: Around) -> bool:
    """Whether `mention` stands among other words of a quotation (a name alone in quotes is no quotation)."""
    quotation = around.passage.quotation_at(mention.start)
    return quotation is not None and quotation.end - quotation.start > mention.end - mention.start + 4


def _ends_in_preposition(word: str, prepositions: frozenset[str]) -> bool:
    """Whether `word` is a preposition, or ends in one where a script writes no spaces."""
    if word[-1] < "\u2e80":
        return word in prepositions
    return any(word[-length:] in prepositions for length in (1, 2, 3, 4))


def chain(last: Mention, around: Around, start: int) -> tuple[Mention, ...]:
    """`last` with the mentions joined to it by commas and "and" before it."""
    chain = [last]
    joiners = {mark.start: mark.end for mark in around.scan.within("joiners", start, last.start)}
    for mention in reversed(around.between(start, last.start)):
        gap = around.passage.flat[mention.end : chain[0].start]
        bare = gap.strip().lstrip(",").strip()
        joined = (bare == "" and "," in gap) or any(
            mention.end <= s and e <= chain[0].start for s, e in joiners.items()
        )
        if around.verb_final and joined:  # there a joiner is a letter that other words hold too
            inside = sum(e - s for s, e in joiners.items() if mention.end <= s and e <= chain[0].start)
            joined = bare.strip("、") == "" or inside == len(gap.replace(" ", ""))
        if not joined or len(gap) > _CHAINED or (mention.sort in (Sort.ITS, Sort.HE) and not mention.body):
            break
        chain.insert(0, mention)
    return _without_apposition(chain, around)


def _without_apposition(chain: list[Mention], around: Around) -> tuple[Mention, ...]:
    """A list needs an "and" or "or" before its last member; mere commas are an apposition."""
    if around.verb_final and len(chain) > 2:
        return tuple(chain)
    gap = around.passage.flat[chain[-2].end : chain[-1].start] if len(chain) > 1 else ""
    return tuple(chain) if gap.strip(" ,") else (chain[-1],)
