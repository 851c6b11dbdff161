"""What an item says: its statements, with the exact words that prove them.

The order of things: language, cues (without any, nothing is read), sentences, names and pronouns, rumors and
their claims, positions and the claims they answer; then, for each party, kind and claim, the strongest fresh
wording stays, the earliest of equals. Pure: the same item and knowledge give the same reading.
What it leaves out is said in each step's own file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from service.core.model import Claim, Evidence, Item, Kind, PassedOver, Reading, Role, Statement, Strength
from service.core.reading.answers import answered_claim, answers_told
from service.core.reading.around import Around
from service.core.reading.claims import Claims, agree, naming
from service.core.reading.cues import Hit
from service.core.reading.echoes import echoes, hinted
from service.core.reading.language import language
from service.core.reading.lexicon import CueKind, Knowledge
from service.core.reading.page import LONGEST, Page, lay_out
from service.core.reading.parties import Party, spread
from service.core.reading.rumors import Rumor, rumors
from service.core.reading.sentences import Span
from service.core.reading.setting import main_place, set_in, weights_of, with_firm_names
from service.core.reading.stances import Stance, stances

_MOST_STATEMENTS = 60
_NEEDS_RUMOR = (CueKind.NO_COMMENT, CueKind.STANDS_BY)
_ENOUGH = 1.9
_HEARSAY = 0.8
_FIRM = 1.0
_FRAGMENT = 32
_REPORT_NEAR = 40
_RESERVED = (Strength.LIMITED, Strength.NOT_AWARE)  # who confirms all the same takes such a word back
_SIDE = 1_000_000
_LAST = 10 * _SIDE


class _Candidate(NamedTuple):
    """A statement before the strongest wording is chosen; `claim` is a place among the item's claims."""

    kind: Kind
    party: Party
    strength: Strength | None
    claim: int
    fresh: bool
    score: float
    side: Around
    span: Span
    order: int
    because: tuple[str, ...]
    relayed: bool = False


def read_statements(item: Item, knowledge: Knowledge) -> Reading:
    """The statements of `item` in reading order, title first. Never raises, whatever the text."""
    reading = _read(item, knowledge)
    unread = max(0, len(item.text) - LONGEST)
    return replace(reading, unread=unread) if unread else reading


def _read(item: Item, knowledge: Knowledge) -> Reading:
    code = language(item.lang, item.title, item.text, knowledge.lexicons)
    lexicon = knowledge.lexicons.get(code)
    page = lay_out(item, lexicon, knowledge) if lexicon is not None else None
    if page is None:
        return Reading(code, ())
    if page.sides[0].scan.of("samples").all:
        return Reading(code, (), tuple(_samples(page)))
    weights = weights_of(page.sides)
    taken, passed, claims = _taken(page, weights)
    kept = _without_covered(_strongest(_overtaken(_second_hand_aged(taken))))
    if kept:
        _set_in(sorted({candidate.claim for candidate in kept}), claims, page, weights)
    statements = tuple(_statement(candidate, claims) for candidate in sorted(kept, key=lambda c: c.order))
    return Reading(code, statements[:_MOST_STATEMENTS], tuple(passed))


def _set_in(told: list[int], claims: Claims, page: Page, weights: Mapping[str, int]) -> None:
    """Give the claims that statements answer what the whole item says of them."""
    main = told[main_place([claims.at(place) for place in told], weights)]
    others = [claims.at(place) for place in told if place != main]
    for place in told:
        draft, claim = claims.drafts[place], claims.at(place)
        if place == main:
            claim = set_in(claim, others, page.sides, page.lexicon, weights)
        claims.drafts[place] = draft._replace(claim=with_firm_names(claim, weights))


def _samples(page: Page) -> Iterator[PassedOver]:
    """Every cue of an item whose headline says that it is a sample or a guide: nobody takes a position."""
    for side in page.sides:
        for hit in side.scan.hits:
            yield _passed(side, hit, "a sample or a guide, not news")


def _taken(page: Page, weights: Mapping[str, int]) -> tuple[list[_Candidate], list[PassedOver], Claims]:
    """All candidates, in the order in which they make claims known: a headline's answers come last."""
    claims = Claims()
    passed = [_passed(side, r.hit, r.why) for side in page.sides for r in side.scan.refused]
    told = list(rumors(page))
    found = [*stances(page), *echoes(page, told)]
    good, refused = _sorted_out(page, found, told)
    passed += refused
    taken: list[_Candidate] = []
    for order, _, turn in sorted(
        [*_rumor_turns(page, told), *_stance_turns(page, good)], key=lambda t: t[:2]
    ):
        order = order if order < _LAST else order - _LAST
        taken += (
            _from_rumor(turn, claims, order)
            if isinstance(turn, Rumor)
            else _from_stance(page, turn, claims, order)
        )
    places = claims.settle(weights)
    return [candidate._replace(claim=places[candidate.claim]) for candidate in taken], passed, claims


def _rumor_turns(page: Page, told: list[Rumor]) -> list[tuple[int, int, Rumor | Stance]]:
    return [(_order(rumor.side, rumor.span.start), 0, rumor) for rumor in told]


def _stance_turns(page: Page, good: list[Stance]) -> list[tuple[int, int, Rumor | Stance]]:
    turns: list[tuple[int, int, Rumor | Stance]] = []
    for number, stance in enumerate(good, 1):
        order = _order(stance.side, stance.hit.start)
        turns.append((order + (_LAST if order < _SIDE else 0), number, stance))
    return turns


def _sorted_out(page: Page, found: list[Stance], told: list[Rumor]) -> tuple[list[Stance], list[PassedOver]]:
    """The stances that stand, and those that do not with their reasons."""
    told_of = bool(told)
    asked, spoken = _is_prompted(page), told_of or _speaks_of_rumor(page, found)
    hints = list(hinted(page, asked=False))
    good: list[Stance] = []
    passed: list[PassedOver] = []
    for stance in found:
        cue = stance.hit.cue
        answerable = spoken or (asked and cue.strength is not Strength.NON_DENIAL)
        answerable = answerable or _is_of_report(stance)
        if cue.kind is CueKind.CONFIRMATION:
            answerable = told_of or _is_of_event(stance, hints) or _is_beside_hearsay(stance)
        reason = stance.refused
        if not reason and not answerable and (cue.told or cue.kind in _NEEDS_RUMOR):
            reason = "nothing was told that it could answer"
        elif not reason and cue.told and not answers_told(page, stance, told):
            reason = "another event than what was told"
        if reason:
            passed.append(_passed(stance.side, stance.hit, reason))
        else:
            good.append(stance)
    return good, passed


def _is_of_event(stance: Stance, hints: list[tuple[str, ...]]) -> bool:
    """Whether the clause of `stance` tells an event that a sentence of hearsay only names."""
    marks = stance.side.scan.within("relation", stance.span.start, stance.span.end)
    events = tuple(mark.value for mark in marks)
    return bool(events) and any(agree(events, hint) for hint in hints)


def _is_of_report(stance: Stance) -> bool:
    """Whether `stance` flatly denies a report that its clause names: the story of a wedding was made up."""
    if stance.strength is not Strength.FLAT:
        return False
    start = max(stance.span.start, stance.hit.start - _REPORT_NEAR)
    return bool(stance.side.scan.within("report", start, stance.hit.start))


def _is_beside_hearsay(stance: Stance) -> bool:
    """Whether the sentence of `stance`, or one beside it, names hearsay and no event of its own, and
    `stance` tells one: "Rumours of the cuts have circulated since March"."""
    side = stance.side
    here = side.passage.sentence_at(stance.hit.start)
    if not side.scan.within("relation", stance.span.start, stance.span.end):
        return False
    for sentence in side.passage.sentences[max(0, here.index - 1) : here.index + 2]:
        hits = side.scan.hits_between(sentence.start, sentence.end)
        hearsay = any(h.cue.kind is CueKind.RUMOR and h.cue.weight >= _FIRM and not h.cue.told for h in hits)
        told = sentence is not here and side.scan.within("relation", sentence.start, sentence.end)
        if hearsay and not told:
            return True
    return False


def _from_rumor(rumor: Rumor, claims: Claims, order: int) -> Iterator[_Candidate]:
    place = claims.add(rumor.claim, order, told=True, asked=rumor.asked)
    score = min(rumor.score, _ENOUGH) - 0.6
    yield _Candidate(
        Kind.RUMOR, rumor.party, None, place, True, score, rumor.side, rumor.span, order, rumor.because
    )


def _order(side: Around, start: int) -> int:
    return (_SIDE if side.passage.field == "text" else 0) + start


def _is_prompted(page: Page) -> bool:
    """Whether the item says that somebody was asked, so that what is said is an answer."""
    return any(side.scan.of("prompts").all for side in page.sides)


def _speaks_of_rumor(page: Page, found: list[Stance]) -> bool:
    """Whether hearsay is named, a denial needs no rumor beside it, or headline and body both deny."""
    hits = (hit for side in page.sides for hit in side.scan.hits)
    if any(h.cue.kind is CueKind.RUMOR and h.cue.weight >= _HEARSAY and not h.cue.told for h in hits):
        return True
    denials = [s for s in found if s.hit.cue.kind is CueKind.DENIAL and not s.refused]
    fields = {s.side.passage.field for s in denials if s.hit.cue.weight >= _FIRM}
    return len(fields) == len(page.sides) or any(not s.hit.cue.told for s in denials)


def _from_stance(page: Page, stance: Stance, claims: Claims, order: int) -> Iterator[_Candidate]:
    place = answered_claim(page, stance, claims, order)
    for party in spread(stance.party, claims.at(place).principals):
        score = stance.hit.cue.weight + 0.6 * (party.body is not None) + 0.5 * claims.drafts[place].told
        yield _Candidate(
            Kind(stance.hit.cue.kind.value),
            party,
            stance.strength,
            place,
            stance.fresh,
            score,
            stance.side,
            _evidence_span(stance),
            order,
            stance.because,
            stance.relayed,
        )


def _evidence_span(stance: Stance) -> Span:
    """The quoted sentence where the cue is quoted, else its clause with its subject."""
    passage, hit = stance.side.passage, stance.hit
    sentence, quotation = passage.sentence_at(hit.start), passage.quotation_at(hit.start)
    if quotation is not None:
        start, end = max(quotation.start, sentence.start), min(quotation.end, sentence.end)
        if end - start < _FRAGMENT and sentence.start <= stance.party.start < start:
            start = stance.party.start
        return Span(start, max(end, hit.end))
    inside = sentence.start <= stance.party.start < hit.start
    if stance.before > sentence.start:
        start = max(stance.party.start, stance.before, stance.span.start)
    else:
        start = min(stance.span.start, stance.party.start) if inside else stance.span.start
    return Span(min(start, hit.start), max(stance.span.end, hit.end))


def _second_hand_aged(candidates: list[_Candidate]) -> list[_Candidate]:
    """Where one party's denial is the news, another's that is only relayed from elsewhere is old."""
    news = {c.party.body for c in candidates if c.kind is Kind.DENIAL and c.fresh and not c.relayed}
    relayed = {c.party.body for c in candidates if c.relayed}
    if not news - relayed:
        return candidates
    return [c._replace(fresh=False) if c.relayed and c.kind is Kind.DENIAL else c for c in candidates]


def _overtaken(candidates: list[_Candidate]) -> list[_Candidate]:
    """A denial in the text is old where a confirmation of the same claim after it says that it came later."""
    turns = {c.claim: c.order for c in candidates if c.kind is Kind.CONFIRMATION and _is_reversal(c)}
    return [
        c._replace(fresh=False) if c.kind is Kind.DENIAL and _SIDE <= c.order < turns.get(c.claim, 0) else c
        for c in candidates
    ]


def _is_reversal(candidate: _Candidate) -> bool:
    place = candidate.order - (_SIDE if candidate.order >= _SIDE else 0)
    sentence = candidate.side.passage.sentence_at(place)
    return bool(candidate.side.scan.within("reversals", sentence.start, sentence.end))


def _strongest(candidates: list[_Candidate]) -> list[_Candidate]:
    """One for each party, kind and claim."""
    best: dict[tuple[object, ...], _Candidate] = {}
    for candidate in candidates:
        rumor = candidate.kind is Kind.RUMOR
        key = (candidate.kind, None if rumor else candidate.party.body, candidate.claim)
        other = best.get(key)
        if other is None or _rank(candidate) > _rank(other):
            best[key] = candidate
    return list(best.values())


def _rank(candidate: _Candidate) -> tuple[float, ...]:
    rank = candidate.strength.rank if candidate.strength else 0
    in_text = candidate.order >= _SIDE and candidate.kind is not Kind.RUMOR
    credited = candidate.party.body is not None
    return (candidate.fresh, credited, in_text, rank, round(candidate.score, 2), -candidate.order)


def _without_covered(candidates: list[_Candidate]) -> list[_Candidate]:
    """Without silences and non-denials beside the same party's word, the reservation of one who confirms
    the claim, and nameless headlines."""
    credited = {(c.kind, c.claim, c.fresh) for c in candidates if c.party.body}
    candidates = [c for c in candidates if c.party.body or not _is_credited(c, credited)]
    weak = [c for c in candidates if c.kind is Kind.NO_COMMENT or c.strength is Strength.NON_DENIAL]
    spoken = {_stand(c) for c in candidates if c.kind is not Kind.RUMOR and c not in weak and c.fresh}
    answered = {c.party.body for c in candidates if c.kind in (Kind.NO_COMMENT, Kind.CONFIRMATION)}
    confirmed = {_stand(c) for c in candidates if c.kind is Kind.CONFIRMATION and c.fresh}
    candidates = [c for c in candidates if not (c.strength in _RESERVED and _stand(c) in confirmed)]
    return [
        c
        for c in candidates
        if c not in weak
        or (_stand(c) not in spoken and (c.kind is Kind.NO_COMMENT or c.party.body not in answered))
    ]


def _is_credited(candidate: _Candidate, credited: set[tuple[Kind, int, bool]]) -> bool:
    """Whether a headline that names no speaker says what somebody in the text says of the same claim."""
    place = (candidate.kind, candidate.claim, candidate.fresh)
    return candidate.kind is not Kind.RUMOR and candidate.order < _SIDE and place in credited


def _stand(candidate: _Candidate) -> tuple[str | None, int]:
    return candidate.party.body, candidate.claim


def _statement(candidate: _Candidate, claims: Claims) -> Statement:
    claim = claims.at(candidate.claim)
    claim = naming(claim, claim.text)
    party = candidate.party
    role = party.role if party.body or party.role is not Role.OUTLET else None
    role = role or (Role.PRINCIPAL if party.body in claim.principals and party.body else None)
    return Statement(
        candidate.kind,
        party.body or party.written or None,
        party.speaker if party.speaker != party.body else None,
        role,
        candidate.strength,
        claim,
        _entities(claim, party),
        candidate.fresh,
        _squashed(candidate.score),
        _evidence(candidate.side, candidate.span),
        candidate.because,
    )


def _entities(claim: Claim, party: Party) -> tuple[str, ...]:
    known = party.role is not Role.SOURCE and not party.both
    named = [party.body] if party.body and known else []
    return tuple(dict.fromkeys([*claim.principals, *named]))


def _squashed(score: float) -> float:
    return round(1.0 / (1.0 + math.exp(-1.6 * score)), 2)


def _evidence(side: Around, span: Span) -> Evidence:
    text = side.passage.text
    start, end = max(0, min(span.start, len(text))), max(0, min(span.end, len(text)))
    while start < end and text[start] in " \n\t,;:-–—":
        start += 1
    while end > start and text[end - 1] in " \n\t,;:-–—":
        end -= 1
    return Evidence(side.passage.field, start, end, text[start:end])


def _passed(side: Around, hit: Hit, why: str) -> PassedOver:
    return PassedOver(_evidence(side, Span(hit.start, hit.end)), hit.cue.id, why)
