"""Plain negations that answer a rumor: "said it would not sell", "the merger had not collapsed".

How it decides: a bare negation says nothing by itself. Where a sentence with a speaker holds one beside an
event that a rumor of the same item tells (the same relation, or one of its family), the negation denies
that rumor. Words of saying, knowing or timing after it (comment, yet, whether) take it out; a denial cue
over the same words goes first. What it leaves out: negations in another item's words, and those of
an event that no rumor of the item names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from service.core.model import Role
from service.core.reading.around import Around
from service.core.reading.claims import agree
from service.core.reading.cues import Hit, Scan
from service.core.reading.lexicon import CueKind
from service.core.reading.page import Page
from service.core.reading.parties import Party
from service.core.reading.rumors import Rumor
from service.core.reading.scope import clause, reach_end
from service.core.reading.sentences import Sentence
from service.core.reading.stances import Stance, positions

_BEFORE = 48
_BEFORE_VERB = 20
_BEFORE_UNSPACED = 12
_NEAR_OTHER = 24
_FIRM = 1.0
_HEARSAY = (Role.SOURCE, Role.OUTLET)
_TOLD_APART = (CueKind.DENIAL, CueKind.NO_COMMENT, CueKind.RECAP)


def echoes(page: Page, told: Sequence[Rumor]) -> Iterator[Stance]:
    """The denials that negations beside a told event make, refused ones among them, in reading order."""
    relations = [rumor.claim.relations for rumor in told if rumor.claim.relations] or list(hinted(page))
    principals = {name for rumor in told for name in rumor.claim.principals}
    if not relations:
        return
    for side in page.sides:
        for hit in side.scan.hits:
            if hit.cue.kind is CueKind.ECHO and _answers(hit, relations, side, page):
                denial = hit._replace(cue=replace(hit.cue, kind=CueKind.DENIAL))
                sentence = side.passage.sentence_at(hit.start)
                found = positions(page, side, denial, sentence, sentence.start, ())
                yield from (stance for stance in found if _can_know(stance.party, principals))


def hinted(page: Page, *, asked: bool = True) -> Iterator[tuple[str, ...]]:
    """The events of the sentences that name a rumor (with `asked`, a question too) without telling it."""
    for side in page.sides:
        for sentence in side.passage.sentences:
            hits = side.scan.hits_between(sentence.start, sentence.end)
            hearsay = any(
                h.cue.kind is CueKind.RUMOR and h.cue.weight >= _FIRM and not h.cue.told for h in hits
            )
            if hearsay or (asked and side.scan.within("prompts", sentence.start, sentence.end)):
                marks = side.scan.within("relation", sentence.start, sentence.end)
                if marks:
                    yield tuple(mark.value for mark in marks)


def _can_know(party: Party, principals: set[str]) -> bool:
    """Whether the party is one that the rumors are about, or speaks for somebody."""
    involved = party.body in principals or not principals
    return involved if party.role in (Role.PRINCIPAL, None) else party.role not in _HEARSAY


def _answers(hit: Hit, relations: Sequence[tuple[str, ...]], side: Around, page: Page) -> bool:
    """Whether an event beside `hit` is one that was told, and no other cue speaks for these words."""
    sentence = side.passage.sentence_at(hit.start)
    span = clause(hit, sentence, side.passage, side.scan)
    end = reach_end(hit.end, hit.cue.reach, max(span.end, hit.end), side.passage, page.lexicon)
    start = max(span.start, hit.start - _reach_back(side, page))
    marks = side.scan.within("relation", hit.start, end) or side.scan.within("relation", start, hit.start)
    events = tuple(mark.value for mark in marks)
    if not events or _is_spoken_for(hit, end, side.scan) or _is_hearsay(hit, sentence, side):
        return False
    return any(agree(events, told) for told in relations)


def _is_spoken_for(hit: Hit, end: int, scan: Scan) -> bool:
    near = scan.hits_between(hit.start - _NEAR_OTHER, min(end, hit.end + _NEAR_OTHER))
    return any(other.cue.kind in _TOLD_APART and other.end > hit.start for other in near)


def _reach_back(side: Around, page: Page) -> int:
    """How far before the negation the event may stand: right before it where the verb comes last."""
    if not side.verb_final:
        return _BEFORE
    return _BEFORE_VERB if page.lexicon.source.spaced else _BEFORE_UNSPACED


def _is_hearsay(hit: Hit, sentence: Sentence, side: Around) -> bool:
    """Whether the negation stands inside what an outlet or a source tells."""
    quotation = side.passage.quotation_at(hit.start) if side.verb_final else None
    told = side.scan.hits_between(quotation.start if quotation else sentence.start, hit.start)
    return any(other.cue.kind is CueKind.RUMOR and other.cue.weight >= _FIRM for other in told)
