"""The item's rumors: sentences that report something unverified about somebody.

How it decides: an additive score of hearsay (cue weights, a named outlet that says so, an unnamed source),
less where a party itself says it; from ONE on, with an event (a relation or a plan) and somebody whom it is
about, the sentence is a rumor. A sentence after one, in its paragraph, needs less. What it leaves out:
rumors told without a hearsay word anywhere near.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from service.core.model import Claim, Role
from service.core.reading.around import Around
from service.core.reading.claims import Stretch, profile, told_text
from service.core.reading.cues import Hit
from service.core.reading.lexicon import CueKind
from service.core.reading.mentions import Mention, Sort
from service.core.reading.page import Page
from service.core.reading.parties import NOBODY, Party
from service.core.reading.scope import refusal
from service.core.reading.sentences import Sentence, Span

ONE = 1.0
_CARRIED = 0.6
_OUTLET = 1.0
_SOURCE = 0.3
_OWN_WORD = 1.1
_HEARSAY = 0.8
_SPEECH_NEAR = 34
_SUBJECT_NEAR = 30
_TOLD_NEAR = 12
_LEAD_NEAR = 6
_HEARD = ("told", "tell")  # the outlet is the hearer
_ABOUT = (Sort.BODY, Sort.COMPANY, Sort.ITS, Sort.PERSON, Sort.EXECUTIVE)
_UNNAMED = (Sort.AUTHORITY, Sort.OFFICIAL, Sort.BOTH, Sort.COMPANY)
_SELF = (
    Sort.BODY,
    Sort.COMPANY,
    Sort.ITS,
    Sort.SPOKESMAN,
    Sort.EXECUTIVE,
    Sort.OFFICIAL,
    Sort.HE,
    Sort.AUTHORITY,
)
_ANSWERS = (CueKind.DENIAL, CueKind.RETRACTION)


class Rumor(NamedTuple):
    """A sentence that tells a rumor: who is credited, what is claimed, how strongly it is hearsay."""

    side: Around
    span: Span
    party: Party
    claim: Claim
    score: float
    because: tuple[str, ...]
    asked: bool = False


def rumors(page: Page) -> Iterator[Rumor]:
    """The rumor sentences of `page` in reading order."""
    for side in page.sides:
        hits = _by_sentence(side)
        carried = NOBODY
        for sentence in side.passage.sentences:
            carried = NOBODY if sentence.opens else carried
            people = side.between(sentence.start, sentence.end)
            credited = _credited(people, side, sentence)
            found = _rumor(page, side, sentence, people, hits.get(sentence.index, []), credited, carried)
            if found is not None:
                yield found
            carried = found.party if found is not None else credited


def _credited_by(party: Party, page: Page) -> str:
    """The reason of a rumor that only its attribution shows."""
    return f"{page.lexicon.language}.rumor.{'outlet' if party.role is Role.OUTLET else 'source'}-says"


def _by_sentence(side: Around) -> dict[int, list[Hit]]:
    grouped: dict[int, list[Hit]] = {}
    for hit in side.scan.hits:
        grouped.setdefault(side.passage.sentence_at(hit.start).index, []).append(hit)
    return grouped


def _rumor(
    page: Page,
    side: Around,
    sentence: Sentence,
    people: Sequence[Mention],
    hits: list[Hit],
    credited: Party,
    carried: Party,
) -> Rumor | None:
    nobody = credited is NOBODY and carried is NOBODY
    if nobody and not any(hit.cue.kind is CueKind.RUMOR for hit in hits):
        return None
    standing = [hit for hit in hits if _counts(hit, sentence, side, page)]
    own = [hit for hit in standing if hit.cue.kind is CueKind.RUMOR]
    if not own and nobody:
        return None
    if side.scan.within("state_matters", sentence.start, sentence.end):
        return None
    firm = any(hit.cue.weight >= ONE and not hit.cue.told for hit in own)
    told = _is_told(sentence, people, side, page, sourced=credited != NOBODY, firm=firm)
    if not told and not _is_quoted_hearsay(own, sentence, people, side):
        return None
    if _only_answers(standing, own, side):
        return None
    if not own and not _is_open(sentence, side):
        return None
    score = (
        sum({hit.cue.id: hit.cue.weight for hit in own}.values())
        + _CARRIED * (carried != NOBODY)
        + _credit(credited)
    )
    plain = all(hit.cue.told or hit.cue.weight < _HEARSAY for hit in own)
    speakers = (*_SELF, Sort.THIRD_PARTY) if plain else _SELF
    unsaid = [*own, *(hit for hit in standing if hit.cue.kind is CueKind.NO_COMMENT)]
    if (credited == NOBODY or not own) and _says_so_itself(people, side, sentence, speakers, unsaid):
        score -= _OWN_WORD
    if score < ONE:
        return None
    stretch = Stretch(side.passage, side.scan, people, sentence.start, sentence.end)
    text, start = told_text(stretch, page.lexicon)
    inner = Stretch(side.passage, side.scan, side.between(start, sentence.end), start, sentence.end)
    claim = profile(
        inner if any(m.sort in _ABOUT for m in inner.mentions) else stretch, page.lexicon, text=text
    )
    return Rumor(
        side,
        Span(sentence.start, sentence.end),
        credited if credited != NOBODY else carried,
        claim,
        score,
        tuple(dict.fromkeys(hit.cue.id for hit in own)) or (_credited_by(credited, page),),
        asked=sentence.asks,
    )


def _counts(hit: Hit, sentence: Sentence, side: Around, page: Page) -> bool:
    return not refusal(
        hit, Span(sentence.start, sentence.end), sentence, side.passage, side.scan, page.lexicon
    )


def _is_to_come(sentence: Sentence, side: Around) -> bool:
    """Whether what is told may, will or is to happen, and is not what somebody believes or hopes."""
    scan, start, end = side.scan, sentence.start, sentence.end
    return bool(scan.within("modals", start, end)) and not scan.within("views", start, end)


def _is_told(
    sentence: Sentence, people: Sequence[Mention], side: Around, page: Page, *, sourced: bool, firm: bool
) -> bool:
    """Whether there is an event, and somebody (where names show).

    What an outlet or an unnamed source tells (`sourced`) needs no other event than that it may come. With
    plain hearsay (`firm`) an office or "the bank" is somebody too.
    """
    scan = side.scan
    deeds = [
        mark
        for mark in scan.within("relation", sentence.start, sentence.end)
        if not any(m.start <= mark.start and mark.end <= m.end for m in people)  # Steve Jobs lays nobody off
    ]
    planned = scan.within("plans", sentence.start, sentence.end)
    event = deeds or planned or (sourced and _is_to_come(sentence, side))
    about = (*_ABOUT, Sort.PLACE) if deeds and _is_sourced(people) else _ABOUT
    named = any(m.sort in about and (m.body or m.speaker) for m in people)
    named = named or (sourced and bool(deeds) and _goes_on(sentence, side))
    named = named or (firm and bool(deeds) and any(m.sort in _UNNAMED for m in people))
    return bool(event) and (named or not page.lexicon.source.capitals)


def _goes_on(sentence: Sentence, side: Around) -> bool:
    """Whether a sentence that names nobody goes on about whom the one before it, in its paragraph, named."""
    if sentence.opens or sentence.index == 0:
        return False
    before = side.passage.sentences[sentence.index - 1]
    return any(m.sort in _ABOUT and m.body for m in side.between(before.start, before.end))


def _is_quoted_hearsay(
    own: Sequence[Hit], sentence: Sentence, people: Sequence[Mention], side: Around
) -> bool:
    """Whether plain hearsay goes on to tell what is claimed, whatever it is: rumors that a dam has burst."""
    firm = [hit for hit in own if hit.cue.weight >= ONE and not hit.cue.told]
    for hit in firm:
        if side.scan.within("complementizers", hit.start, min(sentence.end, hit.end + _TOLD_NEAR)):
            return any(
                m.sort in (*_ABOUT, Sort.PLACE, Sort.AUTHORITY) and m.body
                for m in people
                if m.start > hit.start
            )
    return False


def _is_sourced(people: Sequence[Mention]) -> bool:
    """Whether somebody unnamed tells it: then lands buy and sell too."""
    return any(m.sort is Sort.SOURCE for m in people)


def _is_open(sentence: Sentence, side: Around) -> bool:
    """Whether what an outlet says is still a plan: else it is its news, not a rumor.

    With a condition (could, if) it is a view of things.
    """
    if side.scan.within("plans", sentence.start, sentence.end):
        return True
    return _is_to_come(sentence, side) and not side.scan.within("conditionals", sentence.start, sentence.end)


def _only_answers(hits: list[Hit], own: list[Hit], side: Around) -> bool:
    """Whether the rumor words only name what a statement beside them answers ("denied reports of")."""
    answers = [hit for hit in hits if hit.cue.kind in _ANSWERS]
    if (
        side.verb_final and answers
    ):  # there the verb that answers comes last, in the clause of what it answers
        return all(not side.scan.within("stops", hit.start, answers[-1].start) for hit in own)
    return bool(answers) and all(hit.start > answers[0].start or hit.cue.weight < ONE for hit in own)


def _credited(people: Sequence[Mention], side: Around, sentence: Sentence) -> Party:
    """The outlet that says so, else the unnamed source."""
    source: Mention | None = None
    for mention in people:
        if mention.sort is Sort.OUTLET and _speaks(mention, side, sentence):
            return Party(mention.body, None, Role.OUTLET, start=mention.start)
        if mention.sort is Sort.SOURCE:
            source = source or mention
    return Party(source.body, None, Role.SOURCE, start=source.start) if source else NOBODY


def _speaks(mention: Mention, side: Around, sentence: Sentence) -> bool:
    scan = side.scan
    near = sentence.end if side.verb_final else mention.end + _SPEECH_NEAR
    if scan.within("speech", mention.end, min(sentence.end, near)):
        return True
    before = scan.within("speech", max(sentence.start, mention.start - 14), mention.start)
    if any(not mark.value.startswith(_HEARD) for mark in before):
        return True
    leads = scan.within("leads", max(sentence.start, mention.start - 44), mention.start)
    if side.verb_final:  # there "according to" stands behind its noun
        leads = leads or scan.within("leads", mention.end, mention.end + _LEAD_NEAR)
    reports = scan.within("report", mention.end, min(sentence.end, mention.end + 9))
    return bool(leads or reports) or _heads(mention, side, sentence)


def _heads(mention: Mention, side: Around, sentence: Sentence) -> bool:
    """Whether the name of an outlet, with a colon, opens a headline."""
    opens = side.passage.field == "title" and mention.start == sentence.start and mention.named
    return opens and side.passage.flat[mention.end : mention.end + 1] in (":", "：")


def _credit(credited: Party) -> float:
    if credited == NOBODY:
        return 0.0
    return _OUTLET if credited.role is Role.OUTLET else _SOURCE


def _says_so_itself(
    people: Sequence[Mention],
    side: Around,
    sentence: Sentence,
    speakers: tuple[Sort, ...],
    unsaid: Sequence[Hit],
) -> bool:
    """Whether one of `speakers` (a party to the matter; for a mere plan, anybody named) says it.

    Who "has not responded" says nothing, "it is reported" is nobody's word: verbs of `unsaid` do not count.
    """
    for mark in side.scan.within("speech", sentence.start, sentence.end):
        if any(hit.start <= mark.start < hit.end for hit in unsaid):
            continue
        before = [m for m in people if m.end <= mark.start][-1:]
        after = [m for m in people if m.start >= mark.end][:1]
        near = [m for m in (*before, *after) if _is_speaker(m, mark.start, mark.end, side)]
        if any(m.sort in speakers for m in near):
            return True
    return False


def _is_speaker(mention: Mention, start: int, end: int, side: Around) -> bool:
    """Whether `mention` is the subject of the reporting verb at `start`..`end`, before it or inverted."""
    if 0 <= start - mention.end <= _SUBJECT_NEAR:
        return True
    inverted = 0 <= mention.start - end <= 3
    return inverted and side.passage.flat[mention.end : mention.end + 1] in ("", ",", ".", ";")
