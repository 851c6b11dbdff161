"""What is claimed: the item's claims, and which of them a statement answers.

How it decides: a claim has principals (bodies and persons, not outlets or sources), relations (buy,
build_for ...) and content words. Two stretches of an item tell one claim where the principals of one hold
those of the other and their relations agree by family. A denial answers the claim that its own complement
names, else the nearest one before that involves its party, else the item's main claim; where nothing was
told, its complement, turned into the affirmative, is the claim. What it leaves out: claims whose principals
are only implied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from service.core.model import Claim
from service.core.reading.around import Around
from service.core.reading.cues import Scan
from service.core.reading.figures import MOST, figures
from service.core.reading.lexicon import CueKind, Lexicon
from service.core.reading.mentions import Mention, Sort
from service.core.reading.sentences import Passage

_DEALS = frozenset(
    {
        "buy",
        "merge",
        "joint_venture",
        "build_for",
        "partner",
        "invest",
        "stake",
        "sell",
        "talks",
        "bid",
        "list",
        "meet",
    }
)
_LEAVING = frozenset({"resign", "dismiss", "replace", "appoint"})
_PEOPLE = frozenset({"join", "resign", "appoint", "dismiss"})
_ENDS = frozenset({"close", "layoffs", "bankrupt"})
_FAMILIES = (_DEALS, _LEAVING, _PEOPLE, _ENDS)
_PRINCIPAL_SORTS = (Sort.BODY, Sort.COMPANY, Sort.ITS, Sort.PERSON, Sort.EXECUTIVE, Sort.BOTH)
_MOST_PRINCIPALS = 6
_MOST_IN_PASSING = 2
_LONGEST_TEXT = 160
_PRONOUN = 4
_LEAST_LEFT = 24
_NEAR = 12
_HEARSAY = 0.8
_WORD = re.compile(r"[^\W\d_]{3,}")
_HAN = re.compile(r"(?=([\u3040-\u30ff\u4e00-\u9fff]{2}))")  # every two letters: words begin anywhere


class Draft(NamedTuple):
    """A claim and where the item first tells it. `told`: as a rumor, not only in a denial's complement;
    `asked`: so far only in a question, whose words are no claim."""

    claim: Claim
    order: int
    told: bool
    asked: bool = False


@dataclass
class Claims:
    """The claims of one item, in the order in which they were told. Grows while the item is read."""

    drafts: list[Draft] = field(default_factory=list)

    def add(self, claim: Claim, order: int, *, told: bool, asked: bool = False) -> int:
        """Add `claim`, or join it to the one that it repeats: the place of the claim that stands for it."""
        for index, draft in enumerate(self.drafts):
            if same(draft.claim, claim):
                joined, better = _joined(draft.claim, claim), not asked and not _opens_vaguely(claim.text)
                if better and _is_poor(draft):
                    joined = replace(joined, text=claim.text)
                asked = draft.asked and not better
                self.drafts[index] = Draft(joined, draft.order, draft.told or told, asked)
                return index
        self.drafts.append(Draft(claim, order, told, asked))
        return len(self.drafts) - 1

    def answered(self, party: str | None, complement: Claim, order: int) -> int | None:
        """The place of the claim that a statement of `party` answers, None where it tells its own."""
        scored = [(self._score(draft, party, complement, order), -i) for i, draft in enumerate(self.drafts)]
        if not scored:
            return None
        score, index = max(scored)
        return -index if score > 0 else None

    def involve(self, index: int, party: str) -> None:
        """Make `party` a principal of a claim that names fewer than two."""
        draft = self.drafts[index]
        if party not in draft.claim.principals and len(draft.claim.principals) < 2:
            claim = replace(draft.claim, principals=(*draft.claim.principals, party))
            self.drafts[index] = draft._replace(claim=claim)

    def settle(self, weights: Mapping[str, int]) -> tuple[int, ...]:
        """Join what turns out to be one event by the names that stand out; for each place its new one."""
        settled = Claims()
        places = []
        for draft in self.drafts:
            place = next((i for i, o in enumerate(settled.drafts) if _one_event(o, draft, weights)), None)
            if place is None:
                settled.drafts.append(draft)
            else:
                settled.drafts[place] = _merged(settled.drafts[place], draft)
            places.append(len(settled.drafts) - 1 if place is None else place)
        self.drafts = settled.drafts
        return tuple(places)

    def at(self, index: int) -> Claim:
        """The claim at a place, as it stands now."""
        return self.drafts[index].claim

    def _score(self, draft: Draft, party: str | None, complement: Claim, order: int) -> float:
        claim = draft.claim
        others = set(complement.principals) - {party}
        shared = others & set(claim.principals)
        score = 2.0 * (party in claim.principals) + 2.0 * len(shared)
        if complement.relations and claim.relations:
            score += 1.0 if agree(claim.relations, complement.relations) else -1.5
        if others and not shared and len(claim.principals) > 1:
            score -= 3.0
        score += 0.1 * len(set(complement.terms) & set(claim.terms))
        return score + (0.3 if draft.order <= order else 0.0) + (0.2 if draft is self.drafts[0] else 0.0)


def _is_poor(draft: Draft) -> bool:
    """Whether better words for the claim are welcome: it was only asked, or begins with a pronoun."""
    return draft.asked or _opens_vaguely(draft.claim.text)


def _opens_vaguely(text: str) -> bool:
    """Whether the words begin so that a reader cannot tell of whom they speak (it will ...)."""
    return not text or (text[0].islower() and len(text.split(" ", 1)[0]) <= _PRONOUN)


def _one_event(one: Draft, other: Draft, weights: Mapping[str, int]) -> bool:
    """Whether two drafts of an item tell one event: names in passing hold none apart, two shared join."""
    first, second = (
        {name for name in draft.claim.principals if weights.get(name, 0)} for draft in (one, other)
    )
    if not first or not second:
        return agree(one.claim.relations, other.claim.relations)
    ours = {name for name in first if not _is_among(name, second)}
    theirs = {name for name in second if not _is_among(name, first)}
    if ours and theirs:
        return False
    return len(first) - len(ours) > 1 or agree(one.claim.relations, other.claim.relations)


def _is_among(name: str, names: set[str]) -> bool:
    """Whether one of `names` is `name`, or it with words left off its end or a surname alone."""
    words = name.lower().split()
    return name in names or any(_is_short(words, other.lower().split()) for other in names)


def _is_short(ours: list[str], theirs: list[str]) -> bool:
    short, long = sorted((ours, theirs), key=len)
    return long[: len(short)] == short or (len(short) == 1 and long[-1] == short[0])


def _merged(one: Draft, other: Draft) -> Draft:
    joined = _joined(one.claim, other.claim)
    better = one.asked and not other.asked
    text = other.claim.text if better else joined.text
    principals = tuple(dict.fromkeys((*joined.principals, *other.claim.principals)))[:_MOST_PRINCIPALS]
    claim = replace(joined, text=text, principals=principals)
    return Draft(claim, one.order, one.told or other.told, one.asked and other.asked)


def same(one: Claim, other: Claim) -> bool:
    """Whether two stretches of one item tell one claim."""
    first, second = set(one.principals), set(other.principals)
    if not first or not second:
        return bool(set(one.terms) & set(other.terms)) and agree(one.relations, other.relations)
    nested = first <= second or second <= first
    return nested and agree(one.relations, other.relations)


def agree(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether relations agree: a shared one, a shared family, or one side without any."""
    first, second = set(one), set(other)
    if not first or not second or first & second:
        return True
    return any(first & family and second & family for family in _FAMILIES)


def _joined(one: Claim, other: Claim) -> Claim:
    """`one` grown by `other`; its principals and text are settled once it names two."""
    settled = len(one.principals) >= 2
    principals = one.principals if settled else tuple(dict.fromkeys((*one.principals, *other.principals)))
    text = one.text if settled or len(one.principals) >= len(other.principals) else other.text
    return Claim(
        text,
        principals,
        tuple(sorted({*one.relations, *other.relations})),
        tuple(sorted({*one.terms, *other.terms}))[:40],
        tuple(sorted({*one.figures, *other.figures}))[:MOST],
        one.lang,
        firm=max(one.firm, other.firm),
    )


# --- one stretch -----------------------------------------------------------------------------------


class Stretch(NamedTuple):
    """A part of a passage that tells a claim."""

    passage: Passage
    scan: Scan
    mentions: Sequence[Mention]
    start: int
    end: int


def profile(stretch: Stretch, lexicon: Lexicon, *, text: str, also: tuple[str, ...] = ()) -> Claim:
    """The claim of `stretch` under `text`, with `also` (the party, as a rule) among its principals."""
    principals = tuple(dict.fromkeys([*also, *_outstanding(stretch.mentions)]))[:_MOST_PRINCIPALS]
    relations = tuple(sorted({m.value for m in stretch.scan.within("relation", stretch.start, stretch.end)}))
    flat = stretch.passage.flat[stretch.start : stretch.end]
    covered = [(m.start - stretch.start, m.end - stretch.start) for m in stretch.mentions]
    terms = tuple(sorted(set(_terms(flat, covered, lexicon))))[:40]
    return Claim(text, principals, relations, terms, figures(flat), lexicon.language)


def _outstanding(mentions: Sequence[Mention]) -> list[str]:
    """The names of `mentions`, without those in passing where others stand out, in order."""
    weights: dict[str, int] = {}
    for m in mentions:
        if m.sort in _PRINCIPAL_SORTS and m.body:
            weights[m.body] = max(weights.get(m.body, 0), m.weight)
        if m.sort is Sort.EXECUTIVE and m.speaker:
            weights[m.speaker] = max(weights.get(m.speaker, 0), m.weight)
    return [name for name in weights if weights[name]] or list(weights)[:_MOST_IN_PASSING]


def content_words(side: Around, flat: str, lexicon: Lexicon) -> list[str]:
    """The content words of `flat`, the beginning of the side's passage, in order, names left out."""
    return _terms(flat, [(m.start, m.end) for m in side.mentions], lexicon)


def _terms(flat: str, names: list[tuple[int, int]], lexicon: Lexicon) -> list[str]:
    pattern = _WORD if lexicon.source.spaced else _HAN
    covered = bytearray(len(flat) + 1)
    for start, end in names:
        if start < len(flat):
            start, end = max(0, start), min(end, len(flat))
            covered[start:end] = b"\x01" * max(0, end - start)
    words = dict.fromkeys(m.group(pattern.groups) for m in pattern.finditer(flat) if not covered[m.start()])
    endings, no_content = lexicon.source.endings, lexicon.folded["no_content"]
    kept = [word for word in words if word not in no_content]
    return list(dict.fromkeys([stem(word, endings) for word in kept])) if endings else kept


@lru_cache(maxsize=65536)
def stem(word: str, endings: tuple[str, ...]) -> str:
    """`word` without its longest known ending, where at least three letters stay."""
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


# --- the words of a claim --------------------------------------------------------------------------


def told_text(stretch: Stretch, lexicon: Lexicon) -> tuple[str, int]:
    """A rumor sentence's own words without who tells it, and where they begin."""
    start, end = _content(stretch, lexicon)
    return readable(stretch.passage.text[start:end]), start


def _content(stretch: Stretch, lexicon: Lexicon) -> tuple[int, int]:
    scan, start, end = stretch.scan, stretch.start, stretch.end
    about = [m.start for m in stretch.mentions if m.sort in _PRINCIPAL_SORTS]
    events = [mark.start for mark in scan.within("relation", start, end)]
    first = min([*about, *events, end])
    hearsay = [m.end for m in stretch.mentions if m.sort in (Sort.OUTLET, Sort.SOURCE) and m.end <= first]
    told = scan.hits_between(start, first)
    hearsay += [
        hit.end
        for hit in told
        if hit.cue.kind is CueKind.RUMOR and hit.cue.weight >= _HEARSAY and hit.end <= first
    ]
    hearsay += [mark.end for name in ("speech", "report") for mark in scan.within(name, start, first)]
    lead = scan.within("leads", start, min(end, start + 40))
    comma = stretch.passage.flat.find(",", max([start, *hearsay]), first)
    start = comma + 1 if lead and hearsay and comma >= 0 else max([start, *hearsay])
    for mark in scan.within("complementizers", start, first):
        start = mark.end
    start = _past_aside(scan, stretch.passage.flat, _complement(scan, start, end), end)
    tails = [mark.start for mark in scan.within("claim_ends", start + _LEAST_LEFT, end)]
    return start, min([*tails, end])


def _complement(scan: Scan, start: int, end: int) -> int:
    """Where what is told begins, if the sentence goes on to "... reported that" with an event after it."""
    for mark in scan.within("complementizers", start, end - _LEAST_LEFT):
        near = max(start, mark.start - _NEAR)
        said = scan.within("speech", near, mark.end) or scan.within("report", near, mark.end)
        if said and scan.within("relation", mark.end, end):
            return mark.end
    return start


def _past_aside(scan: Scan, flat: str, start: int, end: int) -> int:
    """Behind a concession that comes first: although talks are at an early stage, ..."""
    stops = scan.within("stops", start, min(end, start + _NEAR))
    opens = bool(stops) and not flat[start : stops[0].start].strip(" ,")
    comma = flat.find(",", stops[0].end, end) if opens else -1
    return comma + 1 if 0 <= comma < end - _LEAST_LEFT else start


def readable(text: str) -> str:
    """`text` on one line, without outer punctuation, cut at a clause or a word below 160 characters."""
    line = re.sub(r"\s+", " ", text).strip(' "“”‘’「」『』,;:.-–—?？。，')
    if len(line) <= _LONGEST_TEXT:
        return line
    cut = line[:_LONGEST_TEXT]
    clause = cut.rfind(", ")
    if clause >= _LONGEST_TEXT // 2:
        return cut[:clause]
    return cut[: max(cut.rfind(" "), 40)].rstrip(" ,;:") if " " in cut else cut


def naming(claim: Claim, written: str) -> Claim:
    """`claim` with the principals that its text leaves out, in brackets."""
    missing = [name for name in claim.principals[:3] if name.split()[0].lower() not in written.lower()]
    return replace(claim, text=f"{claim.text} ({', '.join(missing)})") if missing and claim.text else claim
