"""Who speaks: the mention whose words a cue is.

How it decides: in a quotation the speaker stands after it, before it, or in the sentence before. Outside, a
verb of the party's own (denied, declined) takes the nearest mention before it that no preposition governs,
or the one after a passive "by"; a predicate (is false, no plans) goes to whoever the clause's reporting
verb names, before or after. Where verbs come last, the topic before the words speaks, else the subject after.
What it leaves out: coordination across verbs.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.core.model import Strength
from service.core.reading.around import Around
from service.core.reading.cues import Hit
from service.core.reading.governed import ARTICLES, chain, hears, is_governed, is_quoted, past_age, ungoverned
from service.core.reading.lexicon import CueKind
from service.core.reading.mentions import Mention, Sort
from service.core.reading.sentences import Sentence, Span

_AFTER_QUOTATION = 90
_INVERTED = 4
_PASSIVE = 14
_VERB_AT_MOST = 10
_TOPIC_REACH = 2
_SUBJECT_REACH = 3
_ANSWERS = (CueKind.DENIAL, CueKind.CONFIRMATION, CueKind.NO_COMMENT)
_AFTER_VERB = 60
_INVERSION = 100
_SAID_SO = 26
LEADING = (Sort.SPOKESMAN, Sort.EXECUTIVE, Sort.OFFICIAL, Sort.AUTHORITY, Sort.COMPANY, Sort.BODY)


def named_inside(hit: Hit, quotation: Span, sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """The body named right before a verb of its own in the words quoted: "Ford denies it", a lawyer said."""
    inside = around.between(max(quotation.start, sentence.start), hit.start)
    near = bool(inside) and hit.start - inside[-1].end <= 1 and inside[-1].sort is Sort.BODY
    return tuple(inside[-1:]) if near and not around.verb_final else ()


def quoted_speaker(quotation: Span, sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """The speaker of a quotation: before it, after it, or in the sentence before."""
    opening = around.passage.sentence_at(quotation.start)
    if around.verb_final:
        found = _verb_final_speaker(opening, quotation.start, quotation.end, around)
        return found or _earlier_subject(opening, around)
    before = said_before(opening.start, quotation.start, around)
    if before:
        return before
    after = _said_between(quotation.end, quotation.end + _AFTER_QUOTATION, around)
    if after:
        return after
    inside = around.between(opening.start, quotation.start)
    if inside:
        return (ungoverned(inside, around),)
    if opening.index == 0:
        return ()
    previous = around.passage.sentences[opening.index - 1]
    return said_before(previous.start, previous.end, around) or _first_outside(previous, opening, around)


def _first_outside(previous: Sentence, opening: Sentence, around: Around) -> tuple[Mention, ...]:
    """The first mention of the sentence before that is not quoted, else what was spoken of before."""
    found = around.between(previous.start, previous.end)
    outside = [m for m in found if not is_quoted(m, around)]
    outside = [m for m in outside if m.sort is not Sort.OUTLET] or outside
    return tuple(outside[:1]) or _previous_topic(opening, around) or tuple(found[:1])


def _said_between(start: int, end: int, around: Around) -> tuple[Mention, ...]:
    """`, X said` or `, said X` between two positions of one sentence or line."""
    stop = around.passage.text.find("\n\n", start, end)
    end = stop if stop >= 0 else end
    marks = around.scan.within("speech", start, end)
    between = around.passage.text[start : marks[0].start].replace("Mr.", "") if marks else "."
    if "." in between or "。" in between:
        return ()
    candidates = around.between(start, marks[0].start)
    if candidates:
        return chain(candidates[-1], around, start)
    following = around.between(marks[0].end, marks[0].end + _AFTER_QUOTATION)
    close = [m for m in following if m.start - marks[0].end <= 12 and not hears(m, around)]
    inverted = _subject_after(marks[0].end, marks[0].end + _INVERSION, around)
    return (inverted,) if inverted else tuple(close[:1])


def said_before(start: int, end: int, around: Around) -> tuple[Mention, ...]:
    """The subject of the last reporting verb between two positions."""
    for mark in reversed(around.scan.within("speech", start, end)):
        candidates = around.between(start, mark.start)
        if around.after_verb and all(is_quoted(m, around) for m in candidates):
            candidates = []  # where verbs need no subject: "the firm confirms it", said
        if candidates:
            return chain(ungoverned(candidates, around), around, start)
        following = [m for m in around.between(mark.end, end) if m.start - mark.end <= _INVERTED]
        following = [m for m in following if around.spaced and not hears(m, around)]  # else none is inverted
        inverted = _subject_after(mark.end, end, around) or (following[0] if following else None)
        if inverted:
            return (inverted,)
    return ()


def own_subject(hit: Hit, start: int, sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    by = around.scan.within("passive_by", hit.end, hit.end + _PASSIVE)
    if by and not around.scan.within("report", hit.end, by[0].start):  # confirming a report by Reuters
        agents = [m for m in around.between(by[0].end, sentence.end) if m.start - by[0].end <= 40]
        if agents:
            return (agents[0],)
    clause = _without_outlets(around.between(start, hit.start), hit)
    if around.verb_final:
        found = _verb_final_speaker(sentence, hit.start, hit.end, around, start, own=True)
        return found or _earlier_subject(sentence, around)
    following = _subject_inside(hit, around) or _subject_after(hit.end, sentence.end, around)
    if following and (_opens_clause(hit.start, around) or all(is_governed(m, around) for m in clause)):
        return _listed(following, sentence.end, around)
    if not around.articles and all(is_governed(m, around) for m in clause):
        whole = _without_outlets(around.between(sentence.start, hit.start), hit)
        clause = whole if any(not is_governed(m, around) for m in whole) else clause
    clause = clause or _without_outlets(around.between(sentence.start, hit.start), hit)
    if clause:
        return chain(ungoverned(clause, around), around, sentence.start)
    return _said_between(hit.end, sentence.end, around) or _previous_topic(sentence, around)


def _without_outlets(found: Sequence[Mention], hit: Hit) -> Sequence[Mention]:
    """`found` without outlets where an answer is read and somebody else is there to give it."""
    if hit.cue.kind not in _ANSWERS:
        return found
    return [m for m in found if m.sort is not Sort.OUTLET] or found


def _verb_final_speaker(
    sentence: Sentence, start: int, end: int, around: Around, clause: int = 0, *, own: bool = False
) -> tuple[Mention, ...]:
    """Where the reporting verb closes the sentence: the topic before the words, else the one after them."""
    clause = max(clause, sentence.start)
    inside = [m for m in around.between(start, end) if m.sort is Sort.COMPANY and not is_governed(m, around)]
    if inside:
        return (inside[0],)
    before = around.between(clause, start)
    topics = [m for m in before if _is_topic(m, around)]
    listed = [m for m in before if _is_subject(m, around)][-1:]
    if topics and listed and _is_listed(topics[-1], listed[0], around):
        return chain(listed[0], around, clause)
    if topics:
        return chain(topics[-1], around, clause)
    subjects = [m for m in before if m.sort is not Sort.OUTLET and _is_subject(m, around)]
    if own and subjects:  # who denies stands before the verb, who says something before or after the words
        return chain(subjects[-1], around, clause)
    limit = around.passage.sentence_at(end).end
    after = [m for m in around.between(end, min(limit, end + _AFTER_VERB)) if not is_governed(m, around)]
    after = [m for m in after if m.sort is not Sort.OUTLET]
    if after:
        return (after[0],)
    if subjects:
        return chain(subjects[-1], around, clause)
    free = [m for m in before if not is_governed(m, around) and m.sort not in (Sort.OUTLET, Sort.PLACE)]
    if free:
        return chain(free[-1], around, clause)
    earlier = [m for m in around.between(sentence.start, clause) if _is_topic(m, around)]
    named = [m for m in before if m.sort is not Sort.PLACE]
    return tuple(earlier[-1:]) or _earlier_subject(sentence, around) or tuple(named[-1:])


def _is_listed(topic: Mention, last: Mention, around: Around) -> bool:
    """Whether only a comma shows `topic`, and parts it from `last`, the subject: A and B, C deny."""
    return topic.end < last.start and around.passage.flat[topic.end : last.start].strip() in (",", "、")


def _earlier_subject(sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """The subject that a sentence without one takes over from the nearest sentence before that has one."""
    nearest: tuple[Mention, ...] = ()
    for index in range(sentence.index - 1, max(-1, sentence.index - 1 - _SUBJECT_REACH), -1):
        previous = around.passage.sentences[index]
        found = around.between(previous.start, previous.end)
        found = [m for m in found if m.sort not in (Sort.OUTLET, Sort.SOURCE, Sort.THIRD_PARTY) and m.body]
        topics = [m for m in found if _is_topic(m, around)][:1]
        topics = topics or [m for m in found if _is_subject(m, around)][-1:]  # the main clause's comes last
        if topics:
            return (topics[0],)
        nearest = nearest or tuple(found[:1])
    return nearest


def _is_subject(mention: Mention, around: Around) -> bool:
    """Whether a mark of the subject stands right after `mention`."""
    return around.passage.flat.startswith(around.subject_marks, past_age(mention, around))


def _is_topic(mention: Mention, around: Around) -> bool:
    """Whether a mark of the topic stands right after `mention`."""
    return around.passage.flat.startswith(around.topic_marks, past_age(mention, around))


def _subject_after(start: int, end: int, around: Around) -> Mention | None:
    """The mention right after a verb, where the language lets a subject follow it (denies the club)."""
    if not around.after_verb:
        return None
    for mention in around.between(start, min(end, start + _INVERSION)):
        between = around.passage.flat[start : mention.start].split()
        nearest = next((w for w in reversed(between) if w not in around.articles), "")
        if nearest in around.prepositions and is_governed(mention, around):
            start = mention.end
            continue  # the hearer or the paper: told Reuters, said in a note
        return mention if all(w in around.after_verb or w in around.articles for w in between) else None
    return None


def _subject_inside(hit: Hit, around: Around) -> Mention | None:
    """The subject between a verb and its particle, right after the verb (wies der Konzern zurück)."""
    word_end = hit.start
    for _ in range(_VERB_AT_MOST):
        word_end = around.passage.flat.find(" ", word_end + 1, hit.end)
        found = _subject_after(word_end, hit.end, around) if word_end >= 0 else None
        if word_end < 0:
            return None
        if found and found.sort is not Sort.OUTLET and not is_governed(found, around):
            return found
    return None


def _listed(first: Mention, end: int, around: Around) -> tuple[Mention, ...]:
    """`first` and the mention that "and" joins to it: both deny."""
    for mention in around.between(first.end, min(end, first.end + _INVERSION)):
        between = around.passage.flat[first.end : mention.start].split()
        joiners = around.scan.within("joiners", first.end, mention.start)
        joined = bool(joiners) and len(between) - 1 <= 1 and all(w in around.articles for w in between[1:])
        return (first, mention) if joined else (first,)
    return (first,)


def _opens_clause(position: int, around: Around) -> bool:
    """Whether the verb comes first, after punctuation or an object pronoun (written like an article)."""
    before = around.passage.flat[max(0, position - 12) : position].rstrip()
    return not before or before[-1] in ',;:."' or before.split()[-1] in around.articles


def reported_speaker(
    hit: Hit, start: int, span: Span, sentence: Sentence, around: Around
) -> tuple[Mention, ...]:
    if around.verb_final:
        found = _verb_final_speaker(sentence, hit.start, hit.end, around, start)
        return found or _earlier_subject(sentence, around)
    if closing := closes(sentence, around):
        return closing
    inside = [m for m in around.between(hit.start, hit.end) if m.sort is Sort.AUTHORITY]
    if inside and hit.cue.strength is not Strength.NOT_AWARE:  # did not hear from the police
        return (inside[-1],)
    spoken = said_before(start, hit.start, around)
    if not spoken or (not around.articles and is_governed(spoken[-1], around)):
        spoken = said_before(sentence.start, hit.start, around)
    earlier = said_before(sentence.start, spoken[0].start, around) if spoken else ()
    spoken = _not_an_outlet(spoken) or _said_after(hit, sentence, around) or _not_an_outlet(earlier) or spoken
    spoken = spoken or led(sentence, around) or said_next(sentence, around)
    if spoken:
        return spoken
    candidates = around.between(start, hit.start) or around.between(sentence.start, hit.start)
    if candidates and all(m.sort is Sort.OUTLET for m in candidates):
        candidates = _without_outlets(around.between(sentence.start, hit.start), hit)
    if around.passage.quotation_at(hit.start) is None:
        candidates = [m for m in candidates if not is_quoted(m, around)]
    if candidates:
        return chain(ungoverned(candidates, around), around, sentence.start)
    return _previous_topic(sentence, around)


def closes(sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """Whose name closes a headline behind a colon: Naira not devalued: CBN."""
    if around.passage.field != "title":
        return ()
    last = around.between(sentence.start, sentence.end)[-1:]
    closing = [
        m for m in last if m.sort in (*LEADING, Sort.PERSON) and m.end == len(around.passage.flat.rstrip())
    ]
    return tuple(m for m in closing if around.passage.flat[: m.start].rstrip().endswith(":"))


def led(sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """Who stands right after "according to", where that is no outlet and no unnamed source."""
    for lead in around.scan.within("leads", sentence.start, sentence.end):
        for mention in around.between(lead.end, sentence.end)[:1]:
            words = around.passage.flat[lead.end : mention.start].split()
            if mention.sort in LEADING and all(w in around.articles or w in ARTICLES for w in words):
                return (mention,)
    return ()


def said_next(sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """Who the next sentence says has said so, where a subject may follow its verb (Lo rende noto X)."""
    following = around.passage.sentences[sentence.index + 1 : sentence.index + 2]
    if not around.after_verb or not following:
        return ()
    start, end = following[0].start, following[0].end
    for mark in around.scan.within("speech", start, min(end, start + _SAID_SO))[:1]:
        before = around.passage.flat[start : mark.start].split()
        near = [m for m in around.between(mark.end, end) if m.sort in LEADING and not hears(m, around)]
        found = _subject_after(mark.end, end, around) or next(iter(near), None)
        if found and len(before) <= 2 and not around.between(start, mark.start):
            return () if found.sort in (Sort.OUTLET, Sort.SOURCE) else _listed(found, end, around)
    return ()


def _not_an_outlet(found: tuple[Mention, ...]) -> tuple[Mention, ...]:
    return tuple(mention for mention in found if mention.sort is not Sort.OUTLET)


def _said_after(hit: Hit, sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """`..., a spokesman said` at the end of the sentence."""
    comma = _break(around.passage.flat, hit.end, sentence.end)
    while comma >= 0:
        marks = around.scan.within("speech", comma, sentence.end)
        if not marks:
            return ()
        found = _said_between(comma, min(sentence.end, comma + _AFTER_QUOTATION), around)
        if found and marks[0].start - comma <= 70:
            return found
        comma = _break(around.passage.flat, comma + 1, sentence.end)
    return ()


def _break(flat: str, start: int, end: int) -> int:
    """Where the next comma or dash stands, -1 without one."""
    found = [place for place in (flat.find(",", start, end), flat.find(" - ", start, end)) if place >= 0]
    return min(found, default=-1)


def _previous_topic(sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """The first mention of the nearest sentence before that has one, where a sentence names nobody."""
    for index in range(sentence.index - 1, max(-1, sentence.index - 1 - _TOPIC_REACH), -1):
        previous = around.passage.sentences[index]
        named = around.between(previous.start, previous.end)
        found = [m for m in named if m.sort is not Sort.OUTLET and m.body]
        found = [m for m in found if not is_quoted(m, around)] or found
        told = led(previous, around) if around.after_verb else ()  # where verbs need no subject: "X said"
        if told or found:
            return told or tuple(found[:1])
    return ()
