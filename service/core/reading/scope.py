"""How far a cue reaches, and what around it changes its meaning.

How it decides: a cue's clause ends at a stop word, a semicolon or the neighbour cue of another statement.
Before the cue, a negator, an unreal verb (expected to, may) or a condition takes it out; after it, within
its reach, stands what it needs (a report, a plan) or must not have (wrongdoing, a motion). After ConText
(Harkema et al. 2009): trigger, direction, termination, pseudo-trigger.
"""

from __future__ import annotations

from service.core.reading.cues import Hit, Mark, Scan
from service.core.reading.lexicon import CueKind, Lexicon
from service.core.reading.sentences import Passage, Sentence, Span

_NEAR = 34
_NEAR_UNSPACED = 12  # where words are one to four characters and no space parts them
_BETWEEN_UNSPACED = 4
_CONDITION_NEAR = 90
_DECIDED = (CueKind.DENIAL, CueKind.CONFIRMATION, CueKind.NO_COMMENT)


def clause(hit: Hit, sentence: Sentence, passage: Passage, scan: Scan) -> Span:
    """The stretch of `sentence` that belongs to `hit`."""
    quotation = passage.quotation_at(hit.start)
    start, end = sentence.start, sentence.end
    if quotation is not None and quotation.end < sentence.end:
        end = quotation.end
    for stop in scan.within("stops", start, hit.start):
        start = max(start, stop.end)
    later = scan.within("stops", hit.end, end)
    end = later[0].start if later else end
    semicolon = passage.flat.rfind(";", start, hit.start)
    start = max(start, semicolon + 1)
    semicolon = passage.flat.find(";", hit.end, end)
    return Span(start, semicolon if semicolon >= 0 else end)


def reach_end(start: int, tokens: int, limit: int, passage: Passage, lexicon: Lexicon) -> int:
    """The position at most `tokens` tokens (characters where a language has no spaces) after `start`."""
    if not lexicon.source.spaced:
        return min(limit, start + tokens)
    pieces = passage.flat[start + 1 : limit].split(" ", tokens)
    return limit - len(pieces[-1]) - 1 if len(pieces) > tokens else limit


def refusal(hit: Hit, span: Span, sentence: Sentence, passage: Passage, scan: Scan, lexicon: Lexicon) -> str:
    """Why `hit` does not mean what it says here; empty where it does."""
    if hit.cue.kind in _DECIDED:
        if sentence.asks and passage.quotation_at(hit.start) is None:
            return "asked, not said"
        if _condition_before(hit, span, passage, scan):
            return "conditional"
    if hit.cue.negatable and _near_before("negators", hit, passage, scan, lexicon):
        return "negated"
    stated = hit.cue.kind in (CueKind.DENIAL, CueKind.CONFIRMATION)
    if stated and _near_before("unreal", hit, passage, scan, lexicon):
        return "not yet said"
    quoted = passage.quotation_at(hit.start) is not None
    limit = Span(sentence.start, sentence.end if quoted else span.end)
    return _wrong_object(hit, limit, passage, scan, lexicon)


def _near_before(name: str, hit: Hit, passage: Passage, scan: Scan, lexicon: Lexicon) -> bool:
    """Whether a mark of `name` stands at most two words before `hit` in its sentence, or at its start."""
    opening = passage.sentence_at(hit.start).start
    for mark in scan.within(name, max(0, opening, hit.start - _NEAR), hit.start):
        between = passage.flat[mark.end : hit.start]
        close = len(between.split()) <= 2 if lexicon.source.spaced else len(between) <= _BETWEEN_UNSPACED
        if close and not set(between) & set(',;:"。，') and not _is_month(mark, passage, lexicon):
            return True
    return False


def _is_month(mark: Mark, passage: Passage, lexicon: Lexicon) -> bool:
    """Whether a word that may be a month stands with its capital inside a sentence: in May."""
    if not (lexicon.source.capitals and lexicon.has("months", mark.value)):
        return False
    sentence = passage.sentence_at(mark.start)
    written = passage.text[sentence.start : sentence.end]
    return passage.text[mark.start].isupper() and mark.start > sentence.start and not written.isupper()


def _condition_before(hit: Hit, span: Span, passage: Passage, scan: Scan) -> bool:
    marks = scan.within("conditionals", max(span.start - 12, 0, hit.start - _CONDITION_NEAR), hit.start)
    if not marks or scan.of("askings").overlapping(marks[-1].start, marks[-1].end):
        return False
    between = passage.flat[marks[-1].end : hit.start]
    return not set(between) & set(',;:"，') and not scan.within("speech", marks[-1].end, hit.start)


def _wrong_object(hit: Hit, limit: Span, passage: Passage, scan: Scan, lexicon: Lexicon) -> str:
    end = reach_end(hit.end, hit.cue.reach, max(limit.end, hit.end), passage, lexicon)
    if hit.cue.avoid:
        near = _NEAR if lexicon.source.spaced else _NEAR_UNSPACED
        start = max(hit.start - near, passage.sentence_at(hit.start).start)
        found = scan.within(f"avoid:{hit.cue.id}", start, end)
        if found:
            return "another matter: " + passage.flat[found[0].start : found[0].end]
    if hit.cue.needs and not scan.within(f"needs:{hit.cue.id}", hit.start, end):
        return "without what it needs"
    return ""
