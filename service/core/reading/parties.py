"""Who takes the position of a cue, as the statement names them; speakers.py finds the mention."""

from __future__ import annotations

from typing import NamedTuple

from service.core.model import Role
from service.core.reading.around import Around
from service.core.reading.cues import Hit
from service.core.reading.governed import ARTICLES
from service.core.reading.lexicon import SubjectPlace
from service.core.reading.mentions import Mention, Sort
from service.core.reading.sentences import Sentence, Span
from service.core.reading.speakers import (
    LEADING,
    led,
    named_inside,
    own_subject,
    quoted_speaker,
    reported_speaker,
    said_before,
    said_next,
)

_STANDING = (Sort.COMPANY, Sort.SPOKESMAN, Sort.EXECUTIVE, Sort.OFFICIAL)


class Party(NamedTuple):
    """Who takes the position. `third` marks one who cannot know: no statement follows.

    `attributed`: the sentence says that somebody says so; else it is the narrator's word.
    """

    body: str | None
    speaker: str | None
    role: Role | None
    third: bool = False
    both: bool = False
    attributed: bool = True
    start: int = -1
    written: str = ""  # how the text calls one who leads back to nobody: club, a spokesman


NOBODY = Party(None, None, None)


def parties(hit: Hit, span: Span, sentence: Sentence, before: int, around: Around) -> tuple[Party, ...]:
    """Those who take the position of `hit`, at least NOBODY. `before`: where the cue before it ends."""
    quotation = around.passage.quotation_at(hit.start)
    own = hit.cue.subject is SubjectPlace.OWN
    found = named_inside(hit, quotation, sentence, around) if own and quotation is not None else ()
    found = found or (quoted_speaker(quotation, sentence, around) if quotation is not None else ())
    if not found:
        start = max(span.start, before)
        found = (
            own_subject(hit, start, sentence, around)
            if own
            else reported_speaker(hit, start, span, sentence, around)
        )
    said = own or quotation is not None or bool(around.scan.within("speech", sentence.start, sentence.end))
    said = said or bool(around.scan.within("reported_forms", sentence.start, sentence.end))
    said = said or bool(led(sentence, around)) or _goes_on(sentence, around)
    said = said or bool(said_next(sentence, around))
    named = tuple(_as_party(m, around)._replace(attributed=said) for m in found)
    return named or (NOBODY._replace(attributed=said),)


def _goes_on(sentence: Sentence, around: Around) -> bool:
    """Whether a sentence of a script without words goes on with what the one before said (a filing)."""
    if around.spaced or around.verb_final or sentence.opens or sentence.index == 0:
        return False
    previous = around.passage.sentences[sentence.index - 1]
    marks = around.scan.within("speech", previous.start, previous.end)
    spoken = said_before(previous.start, previous.end, around) if marks else ()
    return any(m.sort in LEADING for m in spoken)


def _as_party(mention: Mention, around: Around) -> Party:
    third, two = mention.sort is Sort.THIRD_PARTY, mention.sort is Sort.BOTH
    body = mention.body or mention.speaker
    written = "" if body or mention.sort not in _STANDING else _written(mention, around)
    return Party(body, mention.speaker, mention.role, third, both=two, start=mention.start, written=written)


def _written(mention: Mention, around: Around) -> str:
    """How the text calls somebody, on one line, without an article before it."""
    words = around.passage.text[mention.start : mention.end].split()
    articles = around.articles or ARTICLES
    while len(words) > 1 and words[0].lower() in articles:
        words.pop(0)
    return " ".join(words)


def spread(party: Party, principals: tuple[str, ...]) -> tuple[Party, ...]:
    """`party`, or the two bodies that "both companies" means."""
    if not party.both:
        return (party,)
    if not principals:
        return (party,)
    return tuple(party._replace(body=name, role=Role.PRINCIPAL, both=False) for name in principals[:2])
