"""Who says it: the party of each cue.

How it decides: in a quotation the speaker stands after it, before it, or in the sentence before. Outside, a
verb of the party's own (denied, declined) takes the nearest mention before it that no preposition governs,
or the one after a passive "by"; a predicate (is false, no plans) goes to whoever the clause's reporting
verb names, before or after. Names joined by commas and "and" are parties each. What it leaves out:
coordination across verbs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.core.model import Role
from service.core.reading.cues import Hit, Scan
from service.core.reading.lexicon import CueKind, SubjectPlace
from service.core.reading.mentions import Mention, Sort
from service.core.reading.sentences import Passage, Sentence, Span

_AFTER_QUOTATION = 90
_INVERTED = 4
_PASSIVE = 14
_VERB_AT_MOST = 10
_TOPIC_REACH = 2
_ANSWERS = (CueKind.DENIAL, CueKind.CONFIRMATION, CueKind.NO_COMMENT)
_AFTER_VERB = 60
_INVERSION = 100
_LEADING = (Sort.SPOKESMAN, Sort.EXECUTIVE, Sort.OFFICIAL, Sort.AUTHORITY, Sort.COMPANY, Sort.BODY)
_ARTICLES = frozenset({"the", "a", "an", "its", "<"})


@dataclass(frozen=True, slots=True)
class Party:
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


NOBODY = Party(None, None, None)


@dataclass(frozen=True, slots=True)
class Around:
    """What a party is looked for in: one passage with its marks and mentions."""

    passage: Passage
    scan: Scan
    mentions: Sequence[Mention]
    starts: Sequence[int]
    prepositions: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()
    after_verb: frozenset[str] = frozenset()
    postpositions: tuple[str, ...] = ()
    topic_marks: tuple[str, ...] = ()
    subject_marks: tuple[str, ...] = ()
    verb_final: bool = False

    def between(self, start: int, end: int) -> Sequence[Mention]:
        """The mentions that start in `start`..`end` and end there too."""
        first = bisect_left(self.starts, start)
        last = bisect_left(self.starts, end)
        return [m for m in self.mentions[first:last] if m.end <= end]


def parties(hit: Hit, span: Span, sentence: Sentence, before: int, around: Around) -> tuple[Party, ...]:
    """Those who take the position of `hit`, at least NOBODY. `before`: where the cue before it ends."""
    quotation = around.passage.quotation_at(hit.start)
    found = _quoted(quotation, sentence, around) if quotation is not None else ()
    own = hit.cue.subject is SubjectPlace.OWN
    if not found:
        start = max(span.start, before)
        found = _own(hit, start, sentence, around) if own else _speaker(hit, start, span, sentence, around)
    said = own or quotation is not None or bool(around.scan.within("speech", sentence.start, sentence.end))
    said = said or bool(_led(sentence, around))
    return tuple(replace(_as_party(m), attributed=said) for m in found) or (replace(NOBODY, attributed=said),)


def _as_party(mention: Mention) -> Party:
    third, two = mention.sort is Sort.THIRD_PARTY, mention.sort is Sort.BOTH
    body = mention.body or mention.speaker
    return Party(body, mention.speaker, mention.role, third, both=two, start=mention.start)


def _quoted(quotation: Span, sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """The speaker of a quotation: before it, after it, or in the sentence before."""
    opening = around.passage.sentence_at(quotation.start)
    if around.verb_final:
        found = _verb_final_speaker(opening, quotation.start, quotation.end, around)
        return found or _earlier_subject(opening, around)
    before = _said_before(opening.start, quotation.start, around)
    if before:
        return before
    after = _said_between(quotation.end, quotation.end + _AFTER_QUOTATION, around)
    if after:
        return after
    inside = around.between(opening.start, quotation.start)
    if inside:
        return (_ungoverned(inside, around),)
    if opening.index == 0:
        return ()
    previous = around.passage.sentences[opening.index - 1]
    return _said_before(previous.start, previous.end, around) or tuple(
        around.between(previous.start, previous.end)[:1]
    )


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
        return _chain(candidates[-1], around, start)
    following = around.between(marks[0].end, marks[0].end + _AFTER_QUOTATION)
    close = [m for m in following if m.start - marks[0].end <= 12]
    inverted = _subject_after(marks[0].end, marks[0].end + _INVERSION, around)
    return (inverted,) if inverted else tuple(close[:1])


def _said_before(start: int, end: int, around: Around) -> tuple[Mention, ...]:
    """The subject of the last reporting verb between two positions."""
    for mark in reversed(around.scan.within("speech", start, end)):
        candidates = around.between(start, mark.start)
        if candidates:
            return _chain(_ungoverned(candidates, around), around, start)
        following = [m for m in around.between(mark.end, end) if m.start - mark.end <= _INVERTED]
        inverted = _subject_after(mark.end, end, around) or (following[0] if following else None)
        if inverted:
            return (inverted,)
    return ()


def _own(hit: Hit, start: int, sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    by = around.scan.within("passive_by", hit.end, hit.end + _PASSIVE)
    if by:
        agents = [m for m in around.between(by[0].end, sentence.end) if m.start - by[0].end <= 40]
        if agents:
            return (agents[0],)
    clause = _without_outlets(around.between(start, hit.start), hit)
    if around.verb_final:
        found = _verb_final_speaker(sentence, hit.start, hit.end, around, start)
        return found or _earlier_subject(sentence, around)
    following = _subject_inside(hit, around) or _subject_after(hit.end, sentence.end, around)
    if following and (_opens_clause(hit.start, around) or all(_is_governed(m, around) for m in clause)):
        return _listed(following, sentence.end, around)
    if not around.articles and all(_is_governed(m, around) for m in clause):
        whole = _without_outlets(around.between(sentence.start, hit.start), hit)
        clause = whole if any(not _is_governed(m, around) for m in whole) else clause
    clause = clause or _without_outlets(around.between(sentence.start, hit.start), hit)
    if clause:
        return _chain(_ungoverned(clause, around), around, sentence.start)
    return _said_between(hit.end, sentence.end, around) or _previous_topic(sentence, around)


def _without_outlets(found: Sequence[Mention], hit: Hit) -> Sequence[Mention]:
    """`found` without outlets where an answer is read and somebody else is there to give it."""
    if hit.cue.kind not in _ANSWERS:
        return found
    return [m for m in found if m.sort is not Sort.OUTLET] or found


def _verb_final_speaker(
    sentence: Sentence, start: int, end: int, around: Around, clause: int = 0
) -> tuple[Mention, ...]:
    """Where the reporting verb closes the sentence: the topic before the words, else the one after them."""
    clause = max(clause, sentence.start)
    inside = [m for m in around.between(start, end) if m.sort is Sort.COMPANY and not _is_governed(m, around)]
    if inside:
        return (inside[0],)
    before = around.between(clause, start)
    topics = [m for m in before if _is_topic(m, around)]
    if topics:
        return _chain(topics[-1], around, clause)
    limit = around.passage.sentence_at(end).end
    after = [m for m in around.between(end, min(limit, end + _AFTER_VERB)) if not _is_governed(m, around)]
    after = [m for m in after if m.sort is not Sort.OUTLET]
    if after:
        return (after[0],)
    subjects = [m for m in before if m.sort is not Sort.OUTLET and _is_subject(m, around)]
    if subjects:
        return _chain(subjects[-1], around, clause)
    free = [m for m in before if not _is_governed(m, around) and m.sort not in (Sort.OUTLET, Sort.PLACE)]
    if free:
        return _chain(free[-1], around, clause)
    earlier = [m for m in around.between(sentence.start, clause) if _is_topic(m, around)]
    return tuple(earlier[-1:]) or tuple(before[-1:])


def _earlier_subject(sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """The subject that a sentence without one takes over from the sentence before."""
    if sentence.index == 0:
        return ()
    previous = around.passage.sentences[sentence.index - 1]
    found = around.between(previous.start, previous.end)
    found = [m for m in found if m.sort not in (Sort.OUTLET, Sort.SOURCE, Sort.THIRD_PARTY) and m.body]
    topics = [m for m in found if _is_topic(m, around)]
    return tuple((topics or found)[:1])


def _is_subject(mention: Mention, around: Around) -> bool:
    """Whether a mark of the subject stands right after `mention`."""
    return around.passage.flat.startswith(around.subject_marks, mention.end)


def _is_topic(mention: Mention, around: Around) -> bool:
    """Whether a mark of the topic stands right after `mention`."""
    return around.passage.flat.startswith(around.topic_marks, mention.end)


def _subject_after(start: int, end: int, around: Around) -> Mention | None:
    """The mention right after a verb, where the language lets a subject follow it (denies the club)."""
    if not around.after_verb:
        return None
    for mention in around.between(start, min(end, start + _INVERSION)):
        if mention.sort is Sort.OUTLET and _is_governed(mention, around):
            continue  # the hearer: told Reuters
        between = around.passage.flat[start : mention.start].split()
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
        if found and found.sort is not Sort.OUTLET and not _is_governed(found, around):
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


def _speaker(hit: Hit, start: int, span: Span, sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    if around.verb_final:
        found = _verb_final_speaker(sentence, hit.start, hit.end, around, start)
        return found or _earlier_subject(sentence, around)
    inside = [m for m in around.between(hit.start, hit.end) if m.sort is Sort.AUTHORITY]
    if inside:
        return (inside[-1],)
    spoken = _said_before(start, hit.start, around)
    if not spoken or (not around.articles and _is_governed(spoken[-1], around)):
        spoken = _said_before(sentence.start, hit.start, around)
    earlier = _said_before(sentence.start, spoken[0].start, around) if spoken else ()
    spoken = _not_an_outlet(spoken) or _said_after(hit, sentence, around) or _not_an_outlet(earlier) or spoken
    spoken = spoken or _led(sentence, around)
    if spoken:
        return spoken
    candidates = around.between(start, hit.start) or around.between(sentence.start, hit.start)
    if candidates and all(m.sort is Sort.OUTLET for m in candidates):
        candidates = _without_outlets(around.between(sentence.start, hit.start), hit)
    if around.passage.quotation_at(hit.start) is None:
        candidates = [m for m in candidates if not _is_quoted(m, around)]
    if candidates:
        return _chain(_ungoverned(candidates, around), around, sentence.start)
    return _previous_topic(sentence, around)


def _led(sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """Who stands right after "according to", where that is no outlet and no unnamed source."""
    for lead in around.scan.within("leads", sentence.start, sentence.end):
        for mention in around.between(lead.end, sentence.end)[:1]:
            words = around.passage.flat[lead.end : mention.start].split()
            if mention.sort in _LEADING and all(w in around.articles or w in _ARTICLES for w in words):
                return (mention,)
    return ()


def _not_an_outlet(found: tuple[Mention, ...]) -> tuple[Mention, ...]:
    return tuple(mention for mention in found if mention.sort is not Sort.OUTLET)


def _said_after(hit: Hit, sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """`..., a spokesman said` at the end of the sentence."""
    comma = around.passage.flat.find(",", hit.end, sentence.end)
    while comma >= 0:
        marks = around.scan.within("speech", comma, sentence.end)
        if not marks:
            return ()
        found = _said_between(comma, min(sentence.end, comma + _AFTER_QUOTATION), around)
        if found and marks[0].start - comma <= 70:
            return found
        comma = around.passage.flat.find(",", comma + 1, sentence.end)
    return ()


def _previous_topic(sentence: Sentence, around: Around) -> tuple[Mention, ...]:
    """The first mention of the nearest sentence before that has one, where a sentence names nobody."""
    for index in range(sentence.index - 1, max(-1, sentence.index - 1 - _TOPIC_REACH), -1):
        previous = around.passage.sentences[index]
        named = around.between(previous.start, previous.end)
        found = [m for m in named if m.sort is not Sort.OUTLET and m.body]
        led = _led(previous, around) if around.after_verb else ()  # where verbs need no subject: "X said"
        if led or found:
            return led or tuple(found[:1])
    return ()


def _ungoverned(candidates: Sequence[Mention], around: Around) -> Mention:
    """The last mention that no preposition stands before; the last of all where each has one."""
    return next((m for m in reversed(candidates) if not _is_governed(m, around)), candidates[-1])


def _is_governed(mention: Mention, around: Around) -> bool:
    """Whether a preposition stands before `mention`, articles aside."""
    if around.scan.of("frames").overlapping(mention.start, mention.end) or _is_quoted(mention, around):
        return True
    if around.postpositions and around.passage.flat.startswith(around.postpositions, mention.end):
        return True
    words = around.passage.flat[max(0, mention.start - 24) : mention.start].split()
    articles = around.articles or _ARTICLES
    while words and words[-1] in articles:
        words.pop()
    return bool(words) and _ends_in_preposition(words[-1], around.prepositions)


def _is_quoted(mention: Mention, around: Around) -> bool:
    """Whether `mention` stands among other words of a quotation (a name alone in quotes is no quotation)."""
    quotation = around.passage.quotation_at(mention.start)
    return quotation is not None and quotation.end - quotation.start > mention.end - mention.start + 4


def _ends_in_preposition(word: str, prepositions: frozenset[str]) -> bool:
    """Whether `word` is a preposition, or ends in one where a script writes no spaces."""
    if word[-1] < "\u2e80":
        return word in prepositions
    return any(word[-length:] in prepositions for length in (1, 2, 3, 4))


def _chain(last: Mention, around: Around, start: int) -> tuple[Mention, ...]:
    """`last` with the mentions joined to it by commas and "and" before it."""
    chain = [last]
    joiners = {mark.start: mark.end for mark in around.scan.within("joiners", start, last.start)}
    for mention in reversed(around.between(start, last.start)):
        gap = around.passage.flat[mention.end : chain[0].start]
        bare = gap.strip().lstrip(",").strip()
        joined = (bare == "" and "," in gap) or any(
            mention.end <= s and e <= chain[0].start for s, e in joiners.items()
        )
        if not joined or len(gap) > 8 or mention.sort in (Sort.ITS, Sort.HE):
            break
        chain.insert(0, mention)
    return _without_apposition(chain, around)


def _without_apposition(chain: list[Mention], around: Around) -> tuple[Mention, ...]:
    """A list needs an "and" or "or" before its last member; mere commas are an apposition."""
    gap = around.passage.flat[chain[-2].end : chain[-1].start] if len(chain) > 1 else ""
    return tuple(chain) if gap.strip(" ,") else (chain[-1],)


def spread(party: Party, principals: tuple[str, ...]) -> tuple[Party, ...]:
    """`party`, or the two bodies that "both companies" means."""
    if not party.both:
        return (party,)
    if not principals:
        return (replace(party, both=False),)
    return tuple(replace(party, body=name, role=Role.PRINCIPAL, both=False) for name in principals[:2])
