"""Denials, confirmations, silences, withdrawals: who takes which position in a page.

How it decides: each cue that scope lets stand is one position for each of its parties. A source or outlet
that "confirms" tells a rumor; a confirmation whose complement denies is that denial; a third party's word
is nothing. A hedge of time or degree beside a flat cue makes it limited. What it leaves out: which claim is
answered, and which wording of several stays (read.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from service.core.model import Role, Strength
from service.core.reading.around import Around
from service.core.reading.cues import Hit
from service.core.reading.freshness import dated_back, qualified_by
from service.core.reading.lexicon import CueKind, SubjectPlace
from service.core.reading.mentions import Sort
from service.core.reading.page import Page
from service.core.reading.parties import Party, parties
from service.core.reading.scope import clause, refusal
from service.core.reading.sentences import Sentence, Span

_HEDGE_BEFORE = 22
_HEDGE_AFTER = 26
_HEDGE_UNSPACED = 10
_COMPLEMENT_NEAR = 14
_CERTAIN = 1.3
_SUBJECT_NEAR = 60
_DEED_NEAR = 10
_SAID_NEAR = 8
_TOLD_NEAR = 40
_POSITIONS = frozenset(
    {CueKind.DENIAL, CueKind.CONFIRMATION, CueKind.NO_COMMENT, CueKind.RETRACTION, CueKind.STANDS_BY}
)


class Stance(NamedTuple):
    """One position of one party. `refused` says why it is none after all; then nothing else counts."""

    side: Around
    hit: Hit
    span: Span
    party: Party
    strength: Strength | None
    fresh: bool
    because: tuple[str, ...]
    relayed: bool = False
    before: int = 0
    refused: str = ""


def stances(page: Page) -> Iterator[Stance]:
    """The positions of `page` in reading order, refused ones among them."""
    for side in page.sides:
        sentence: Sentence | None = None
        before = 0
        earlier: tuple[Party, ...] = ()
        for hit in side.scan.hits:
            if hit.cue.kind not in _POSITIONS:
                continue
            here = side.passage.sentence_at(hit.start)
            if here != sentence:
                sentence, before, earlier = here, here.start, ()
            found = list(positions(page, side, hit, here, before, earlier))
            yield from found
            before = max(before, hit.end)
            earlier = tuple(stance.party for stance in found if not stance.refused)


def positions(
    page: Page, side: Around, hit: Hit, sentence: Sentence, before: int, earlier: tuple[Party, ...]
) -> Iterator[Stance]:
    """The positions that one cue makes, one for each party. `before`: where the cue before it ends;
    `earlier`: who took that one."""
    span = _bounded(clause(hit, sentence, side.passage, side.scan), hit, side)
    empty = Stance(side, hit, span, Party(None, None, None), None, True, (hit.cue.id,), before=before)
    reason = refusal(hit, span, sentence, side.passage, side.scan, page.lexicon) or _overruled(
        hit, span, sentence, side
    )
    if reason:
        yield empty._replace(refused=reason)
        return
    told = sentence.end if side.verb_final else span.end  # there the verb that dates a quotation follows it
    recap = qualified_by(CueKind.RECAP, hit, span, side.passage, side.scan, told)
    relay = qualified_by(CueKind.RELAY, hit, span, side.passage, side.scan, sentence.end)
    old = recap is not None or dated_back(hit, span, side.passage, side.scan, page.item.told_at, page.lexicon)
    because = tuple(cue for cue in (hit.cue.id, recap, relay) if cue)
    strength = _strength(hit, side, spaced=page.lexicon.source.spaced)
    known = any(party.body for party in earlier)
    same = known and not side.between(max(span.start, before), hit.start)
    if same and hit.cue.subject is SubjectPlace.OWN:
        earlier = tuple(party._replace(attributed=True) for party in earlier)  # "knew nothing and denied"
    for party in earlier if same else parties(hit, span, sentence, before, side):
        stance = empty._replace(
            party=party, strength=strength, fresh=not old, relayed=relay is not None, because=because
        )
        yield _as_known(stance)._replace(refused=_unfit(stance))


def _bounded(span: Span, hit: Hit, side: Around) -> Span:
    """`span` cut where the next statement's subject or cue begins."""
    following = next((h for h in side.scan.hits_between(hit.end, span.end) if h.cue.kind in _POSITIONS), None)
    if following is None or following.cue.kind is hit.cue.kind is CueKind.DENIAL:
        return span
    subjects = [m.start for m in side.between(hit.end, following.start) if m.sort is not Sort.OUTLET]
    denied = following.cue.kind is CueKind.DENIAL and following.cue.subject is SubjectPlace.SPEAKER
    if denied and hit.cue.kind is CueKind.CONFIRMATION and not subjects:
        return span  # what is told is the denial: announced that no sale was planned
    end = subjects[-1] if subjects else following.start
    joiner = side.scan.within("joiners", max(hit.end, end - 6), end)
    return Span(span.start, joiner[0].start if joiner else end)


def _overruled(hit: Hit, span: Span, sentence: Sentence, side: Around) -> str:
    """Why a confirmation confirms nothing: its complement denies, or no event is near."""
    if hit.cue.kind is not CueKind.CONFIRMATION:
        return ""
    previous = side.passage.sentences[max(0, sentence.index - 1)]
    following = side.passage.sentences[min(len(side.passage.sentences) - 1, sentence.index + 1)]
    told = hit.cue.told and (not side.spaced or _tells_event(span, sentence, side))  # told: the rumor's
    event = told if hit.cue.told else side.scan.within("relation", previous.start, following.end)
    if not event and not _own_deed(hit, side):
        return "confirms no event"
    if not side.verb_final and (_told_by_source(hit, sentence, side) or _is_hearsay(hit, sentence, side)):
        return "confirmed by no party: hearsay"
    start, end = hit.start, span.end
    if side.verb_final:  # there the complement stands before its verb
        start, end = max(span.start, hit.start - _COMPLEMENT_NEAR), hit.end
    denials = [h for h in side.scan.hits_between(start, end) if _turns(h, hit, side)]
    return "what is confirmed is a denial" if denials else ""


def _turns(denial: Hit, hit: Hit, side: Around) -> bool:
    """Whether `denial` is what the confirmation `hit` confirms, and no reservation in a clause after it."""
    if denial.cue.kind is not CueKind.DENIAL or denial.cue.strength is Strength.NON_DENIAL:
        return False
    return not hit.cue.told or side.verb_final or "," not in side.passage.flat[hit.end : denial.start]


def _is_hearsay(hit: Hit, sentence: Sentence, side: Around) -> bool:
    """Whether, in a script without spaces, hearsay opens the sentence and nobody speaks after it."""
    if side.spaced or not hit.cue.told:
        return False
    told = [h for h in side.scan.hits_between(sentence.start, hit.start) if h.cue.kind is CueKind.RUMOR]
    firm = [h for h in told if h.cue.weight >= 1]
    if not firm:
        return False
    people = side.between(firm[0].end, hit.start)
    speaker = next((m for m in people if m.sort not in (Sort.OUTLET, Sort.SOURCE, Sort.THIRD_PARTY)), None)
    return speaker is None or not side.scan.within("speech", speaker.end, hit.end)


def _told_by_source(hit: Hit, sentence: Sentence, side: Around) -> bool:
    """Whether an unnamed source says what the cue tells: sources said that the group is in talks."""
    told = [m for m in side.between(sentence.start, hit.start) if m.sort is Sort.SOURCE]
    if not told:
        return False
    said = side.scan.within("speech", told[-1].end, min(hit.start, told[-1].end + _SAID_NEAR))
    return bool(said) and hit.start - said[0].end <= _TOLD_NEAR


def _tells_event(span: Span, sentence: Sentence, side: Around) -> bool:
    """Whether a clause tells an event or a plan, and not only that somebody would say something."""
    return any(side.scan.within(name, span.start, sentence.end) for name in ("relation", "plans"))


def _own_deed(hit: Hit, side: Around) -> bool:
    """Whether the party confirms what it did itself: confirmed it had allowed the export."""
    following = side.between(hit.end, hit.end + _DEED_NEAR)
    return bool(following) and following[0].sort is Sort.ITS


def _strength(hit: Hit, side: Around, *, spaced: bool) -> Strength | None:
    strength = hit.cue.strength
    before, after = (_HEDGE_BEFORE, _HEDGE_AFTER) if spaced else (_HEDGE_UNSPACED, _HEDGE_UNSPACED)
    sentence = side.passage.sentence_at(hit.start)
    start = max(sentence.start, hit.start - before)
    end = max(hit.end, min(sentence.end, hit.end + after))
    if not spaced:  # a comma parts clauses there
        flat = side.passage.flat
        start = max(start, flat.rfind(",", 0, hit.start) + 1)
        comma = flat.find(",", hit.end, end)
        end = comma if comma >= 0 else end
    if strength is Strength.FLAT and side.scan.within("hedges", start, end):
        return Strength.LIMITED
    return strength


def _as_known(stance: Stance) -> Stance:
    """An outlet that relays a denial in its own voice speaks for its sources, who move no story."""
    party = stance.party
    if stance.hit.cue.kind is CueKind.DENIAL and party.role is Role.OUTLET:
        return stance._replace(party=party._replace(role=Role.SOURCE))
    return stance


def _unfit(stance: Stance) -> str:
    """Why this party cannot take this position."""
    party, kind = stance.party, stance.hit.cue.kind
    if party.third:
        return "a third party, who cannot know"
    if (
        kind is CueKind.DENIAL
        and party.role in (Role.SOURCE, Role.OUTLET)
        and stance.strength is not Strength.FLAT
    ):
        return "a source's reservation is part of the rumor"
    if stance.strength is Strength.NON_DENIAL and not (party.body or party.written or party.both):
        return "nobody is said to say so"
    if kind is CueKind.DENIAL and _is_narrated(stance):
        return "the narrator's word, nobody's statement"
    if kind is CueKind.CONFIRMATION and party.role in (Role.SOURCE, Role.OUTLET):
        return "confirmed by no party: hearsay"
    if kind is CueKind.CONFIRMATION and party.body is None and not (party.both or party.written):
        return "nobody is said to confirm"
    if kind is CueKind.NO_COMMENT and party.role in (Role.SOURCE, Role.OUTLET):
        return "not a party to the claim"
    return ""


def _is_narrated(stance: Stance) -> bool:
    """Whether a sentence without a speaker only seems to deny; the firmest wordings count all the same."""
    if stance.party.attributed or stance.side.passage.field != "text" or _is_subject(stance):
        return False
    return stance.strength is not Strength.FLAT or stance.hit.cue.weight < _CERTAIN


def _is_subject(stance: Stance) -> bool:
    """Whether the party stands right before the cue: what it has not or does not, it has let know."""
    people = stance.side.between(max(0, stance.hit.start - _SUBJECT_NEAR), stance.hit.start)
    return bool(people) and people[-1].start == stance.party.start and stance.hit.start - people[-1].end <= 2
