"""Which claim a position answers, and the words of a claim that only its denial tells.

How it decides: the complement (what stands after the cue in its clause, or the whole clause for a
predicate) is profiled; claims.answered finds the told claim; without one, the complement in the affirmative
is the claim, else the item's main claim, else the headline.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from service.core.model import Claim, Role
from service.core.reading.around import Around
from service.core.reading.claims import Claims, Stretch, agree, profile, readable
from service.core.reading.lexicon import CueKind
from service.core.reading.page import Page
from service.core.reading.parties import Party
from service.core.reading.rumors import Rumor
from service.core.reading.scope import reach_end
from service.core.reading.stances import Stance

_INVOLVED = (Role.PRINCIPAL, Role.SPOKESMAN, Role.EXECUTIVE)
_VERBAL = re.compile(
    r"^(?:is|was|are|were|has|had|have|will|would|plans?|planned|intends?|\w+ing)\b", re.IGNORECASE
)
_SAID = 60
_LEAST_TOLD = 4
_LEAST_WORDS = 12


def answered_claim(page: Page, stance: Stance, claims: Claims, order: int) -> int:
    """The place of the claim that `stance` answers, added where nobody told it."""
    party = stance.party.body if stance.party.role in _INVOLVED or stance.party.role is None else None
    stretch = _complement(stance)
    own = profile(stretch, page.lexicon, text="", also=(party,) if party else ())
    place = claims.answered(party, own, order)
    if place is None:
        place = _own_claim(page, stance, claims, own, stretch, order)
    speaks = stance.hit.cue.kind in (CueKind.DENIAL, CueKind.CONFIRMATION)
    if party and speaks and stance.party.role in _INVOLVED:
        claims.involve(place, party)
    return place


def answers_told(page: Page, stance: Stance, told: Sequence[Rumor]) -> bool:
    """Whether the event that `stance` speaks of, if any, is one that a rumor of the item tells."""
    relations = [rumor.claim.relations for rumor in told]
    hit, side = stance.hit, stance.side
    end = reach_end(hit.end, hit.cue.reach, max(stance.span.end, hit.end), side.passage, page.lexicon)
    events = tuple(mark.value for mark in side.scan.within("relation", hit.start, end))
    return not (events and relations) or not all(relations) or any(agree(events, one) for one in relations)


def _complement(stance: Stance) -> Stretch:
    side, span, hit = stance.side, stance.span, stance.hit
    start, end = hit.end, max(span.end, hit.end)
    if end - start < _LEAST_WORDS or _only_says(side, start, end):
        start = min(max(span.start, stance.before), hit.start)
        end = hit.start if _tells(Stretch(side.passage, side.scan, (), start, hit.start)) else end
    mentions = [m for m in side.between(start, end) if m.start != stance.party.start]
    return Stretch(side.passage, side.scan, mentions, start, end)


def _tells(before: Stretch) -> bool:
    """Whether the words before a cue tell something by themselves, their opening aside."""
    return len(_words(before).split()) >= _LEAST_TOLD


def _only_says(side: Around, start: int, end: int) -> bool:
    """Whether what follows a cue only says who said it: ", police said"."""
    said = side.scan.within("speech", start, end)
    apart = side.passage.flat[start : start + 2].strip()[:1] in (",", '"')
    return bool(said) and apart and end - start < _SAID


def _own_claim(page: Page, stance: Stance, claims: Claims, own: Claim, stretch: Stretch, order: int) -> int:
    tells = bool(own.relations) or len(own.principals) > 1 or len(own.terms) > 2
    if tells:
        words = _words(stretch)
        before = stretch.end <= stance.hit.start  # then they are a clause of their own
        clause = _clause(words, page)
        text = clause if before else _affirmative(stance.party, stance.hit.cue.affirm, clause)
        return claims.add(_worded(own, text), order, told=False)
    if claims.drafts:
        return 0
    title = page.sides[0]
    whole = Stretch(title.passage, title.scan, title.mentions, 0, len(title.passage.text))
    worded = profile(whole, page.lexicon, text=readable(title.passage.text), also=own.principals)
    return claims.add(worded if worded.text else _worded(own, readable(_words(stretch))), order, told=False)


def _worded(claim: Claim, text: str) -> Claim:
    return replace(claim, text=text)


def _words(stretch: Stretch) -> str:
    """The complement without its opening "that it", "reports that", "any"."""
    start = stretch.start
    for mark in stretch.scan.within("complementizers", stretch.start, min(stretch.end, stretch.start + 60)):
        start = mark.end if stretch.passage.text[mark.end : stretch.end].strip() else start
        break
    text = stretch.passage.text[start : stretch.end]
    return re.sub(r"^[\s,]*(?:it|they|he|she|the company|any|such|a|the)\s+", "", text, flags=re.IGNORECASE)


def _clause(words: str, page: Page) -> str:
    """`words` without the small words that led over to the cue: a crab lives there (is)."""
    kept = words.split()
    while len(kept) > 1 and page.lexicon.has("stop_words", kept[-1].lower()):
        kept.pop()
    return readable(" ".join(kept))


def _affirmative(party: Party, affirm: str, words: str) -> str:
    rest = readable(f"{affirm} {words}" if affirm else words)
    if not party.body:
        return rest
    return f"{party.body} {rest}" if affirm or _VERBAL.match(rest) else f"{party.body}: {rest}"
