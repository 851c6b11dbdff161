"""What an item's wording says about one claim, as named numbers: what the learned scorer adds up.

How it decides: phrases are counted in the first sentence, the first three, the three nearest the claim, and
the whole; how early denial starts, whether the claim's words follow a negator, whether opposites of them
occur, and which frequent words occur is added. A claim's own denial and hedge words are left out when its
words are looked for. Since the same denial means another thing
beside a claim that asks, reports or quotes than beside a flat one, the main features count once more for the
manner of the claim. The technique is that of the linear entries to the Fake News Challenge (2017), plus the
polarity of the claim's wording. What it leaves out: who speaks, and names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import fsum, log1p, sqrt

from service.core.reading.wording import (
    DENYING,
    SECOND_HAND,
    ClaimWords,
    Cue,
    Line,
    Rarity,
    StanceWords,
    Text,
)

_MOST_NEAR = 60
_FIRST_DENIAL = (1, 2, 3, 5, 8, 13)
_FIRST_DOUBT = (1, 3, 6, 12)
_WORD_VALUE = 0.5
_RARE = 0.55
_BEST_AT = (1, 2, 3, 6, 12)
_SHARES = (0.2, 0.4, 0.6)
# How these stand depends on the manner of the claim, so they are counted once more for each manner.
_CROSSED = (
    "first:denials", "first:deny", "first:false", "first:weak", "first:report", "first:speaker",
    "first:negator", "first:official", "first:denial-and",
    "lead:denials", "lead:deny", "lead:false", "lead:weak", "lead:second-hand", "lead:doubt", "lead:confirm",
    "lead:report", "lead:speaker", "lead:turn", "lead:negator", "lead:official", "lead:denial-and",
    "near:denials", "near:weak", "near:second-hand", "near:doubt", "near:official", "near:denial-and",
    "nearest:denials", "nearest:official", "nearest:denial-and",
    "body:denials", "body:deny", "body:false", "body:weak", "body:second-hand", "body:doubt", "body:turn",
    "body:official", "body:denial-and",
    "density:", "first-denial:", "after-negator", "first-negated", "around-denial", "sentences:", "reversal:",
    "opposite", "match:sentence", "match:lead",
)  # fmt: skip
_MANNERS = ("report", "hedge", "doubt", "reverse", "confirm")
_SECOND = frozenset({"asks", "report", "hedge", "doubt"})


# --- related or not --------------------------------------------------------------------------------


def match_features(claim: ClaimWords, body: Text, rarity: Rarity) -> dict[str, float]:
    """How much of the claim stands in `body`, each value about 0 to 2."""
    met = claim.bag & body.bag
    whole = rarity.sum(claim.bag) or 1.0
    squares = fsum(rarity.of(stem) ** 2 for stem in claim.bag) or 1.0
    met_squares = fsum(rarity.of(stem) ** 2 for stem in met)
    length = sqrt(fsum(rarity.of(stem) ** 2 for stem in body.bag)) or 1.0
    share = rarity.sum(met) / whole
    sentence = max((rarity.sum(claim.bag & line.bag) for line in body.lines), default=0.0) / whole
    lead = frozenset().union(*(line.bag for line in body.lines[:3]))
    stems = [stem for line in claim.text.lines for stem in line.stems if stem in claim.bag]
    pairs = list(pairwise(stems))
    rare = rarity.unseen * _RARE
    return {
        "match:share": share,
        "match:share-of-squares": met_squares / squares,
        "match:cosine": 10 * met_squares / sqrt(squares) / length,
        "match:sentence": sentence,
        "match:lead": rarity.sum(claim.bag & lead) / whole,
        "match:pairs": sum(pair in body.pairs for pair in pairs) / (len(pairs) or 1),
        "match:rarest": max((rarity.of(stem) for stem in met), default=0.0) / rarity.unseen,
        "match:rare-met": min(sum(rarity.of(stem) > rare for stem in met), 4) / 2,
        "match:rare-missed": min(sum(rarity.of(stem) > rare for stem in claim.bag - met), 4) / 2,
        "match:share-twice": share * share,
        "match:sentence-share": share * sentence,
    }


# --- what the item says of the claim ---------------------------------------------------------------


def stance_features(
    claim: ClaimWords,
    body: Text,
    rarity: Rarity,
    words: StanceWords,
    known: frozenset[str],
    matched: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """What `body` says of `claim`. `known`: the words that count as features by themselves.

    `matched`: the match features of the two, where they are there already.
    """
    near = _nearest(claim, body, rarity)
    regions: dict[str, Sequence[int]] = {
        "first": range(len(body.lines))[:1],
        "lead": range(len(body.lines))[:3],
        "near": near,
        "nearest": near[:1],
        "body": range(len(body.lines)),
    }
    found = _claim_features(claim)
    for region, places in regions.items():
        lines = [body.lines[place] for place in places]
        _count_cues(found, region, lines)
        _who_denies(found, region, lines)
    _early(found, body)
    _after_negators(found, claim, body, rarity)
    _around_cues(found, claim, body, rarity)
    _opposites(found, claim, body, words, frozenset(near))
    _reversals(found, claim, body, regions)
    _sentences_for_and_against(found, claim, body, rarity)
    found.update(match_features(claim, body, rarity) if matched is None else matched)
    _where_the_claim_is(found, claim, body, rarity)
    _by_manner(found, claim)
    for region in ("lead", "near", "body"):
        spoken = known.intersection(word for place in regions[region] for word in body.lines[place].words)
        # in order, so that sums do not hang on how this process hashes
        found.update((f"{region}-word:{word}", _WORD_VALUE) for word in sorted(spoken))
    found.update((f"claim-word:{word}", _WORD_VALUE) for word in claim.words if word in known)
    return found


def _nearest(claim: ClaimWords, body: Text, rarity: Rarity) -> list[int]:
    scored = [
        (-rarity.sum(claim.stems & line.bag), place) for place, line in enumerate(body.lines[:_MOST_NEAR])
    ]
    return [place for score, place in sorted(scored)[:3] if score < 0]


def _claim_features(claim: ClaimWords) -> dict[str, float]:
    found = {f"claim:{_named(cue)}": 1.0 for cue in claim.cues}
    found["claim:denies" if claim.denies else "claim:asserts"] = 1.0
    flags = {
        "claim:asks": claim.asks,
        "claim:quotes": claim.quotes,
        "claim:colon": ":" in claim.words,
        "claim:negator": any(line.negators for line in claim.text.lines),
        "claim:opens-with-no": claim.words[:1] == ("no",),
    }
    found.update((name, 1.0) for name, holds in flags.items() if holds)
    return found


def _named(cue: Cue) -> str:
    return f"{cue.kind}-negated" if cue.negated else cue.kind


def _count_cues(found: dict[str, float], region: str, lines: Sequence[Line]) -> None:
    counted = Counter(_named(cue) for line in lines for cue in line.cues)
    counted["negator"] = sum(len(line.negators) for line in lines)
    counted["question"] = sum("?" in line.words for line in lines)
    counted["quotation"] = sum('"' in line.words for line in lines)
    denials = counted["deny"] + counted["false"]
    length = sum(len(line.words) for line in lines) or 1
    for name, count in counted.items():
        if count:
            found[f"{region}:{name}"] = log1p(count)
            if region == "body":
                found[f"density:{name}"] = min(2.0, 50 * count / length)
    found[f"{region}:denials"] = log1p(denials)
    found[f"{region}:second-hand"] = log1p(counted["report"] + counted["hedge"])
    for least in (1, 2, 4):
        if denials >= least:
            found[f"{region}:denials-{least}"] = 1.0


def _who_denies(found: dict[str, float], region: str, lines: Sequence[Line]) -> None:
    """Sentences in which somebody official denies or negates, and those with both denial and negation."""
    spoken = [line for line in lines if any(cue.kind == "speaker" for cue in line.cues)]
    counts = {
        "official-denial": sum(line.denies for line in spoken),
        "official-negation": sum(_negates(line) and not line.denies for line in spoken),
        "denial-and-negation": sum(line.denies and bool(line.negators) for line in lines),
    }
    found.update((f"{region}:{name}", log1p(count)) for name, count in counts.items() if count)


def _negates(line: Line) -> bool:
    return bool(line.negators) or any(cue.kind == "weak" for cue in line.cues)


def _early(found: dict[str, float], body: Text) -> None:
    denial = next((place for place, line in enumerate(body.lines) if line.denies), None)
    doubt = next(
        (place for place, line in enumerate(body.lines) if any(cue.kind == "doubt" for cue in line.cues)),
        None,
    )
    found[f"first-denial:{_step(denial, _FIRST_DENIAL)}"] = 1.0
    found[f"first-doubt:{_step(doubt, _FIRST_DOUBT)}"] = 1.0
    found["length"] = log1p(len(body.lines)) / 4
    if len(body.lines) <= 3:
        found["short"] = 1.0


def _step(place: int | None, edges: Sequence[int]) -> str:
    return "none" if place is None else str(sum(place >= edge for edge in edges))


def _after_negators(found: dict[str, float], claim: ClaimWords, body: Text, rarity: Rarity) -> None:
    """How much of the claim, and of it without names, follows a negator within six and four words."""
    plain = claim.stems - body.names
    whole, whole_plain = rarity.sum(claim.stems) or 1.0, rarity.sum(plain) or 1.0
    most = {"": 0.0, "-lead": 0.0, "-plain": 0.0, "-plain-lead": 0.0}
    count, first = 0, None
    for place, line in enumerate(body.lines):
        for negator in line.negators:
            following = line.stems[negator + 1 : negator + 7]
            share = rarity.sum(claim.stems.intersection(following)) / whole
            bare = rarity.sum(plain.intersection(following[:4])) / whole_plain
            most[""], most["-plain"] = max(most[""], share), max(most["-plain"], bare)
            if place < 4:
                most["-lead"], most["-plain-lead"] = max(most["-lead"], share), max(most["-plain-lead"], bare)
            if bare:
                count, first = count + 1, place if first is None else first
    found.update((f"after-negator{name}", 2 * share) for name, share in most.items())
    found["after-negator-count"] = log1p(count)
    found[f"first-negated:{_step(first, (1, 2, 4, 8))}"] = 1.0
    found.update((f"after-negator>{edge}", 1.0) for edge in (0.25, 0.4) if most[""] > edge)


def _around_cues(found: dict[str, float], claim: ClaimWords, body: Text, rarity: Rarity) -> None:
    """The largest share of the claim within eight words of a denial, and of a report word."""
    whole = rarity.sum(claim.stems) or 1.0
    most = {"denial": 0.0, "report": 0.0}
    for line in body.lines:
        for cue in line.cues:
            name = "report" if cue.kind == "report" else "denial"
            if name == "report" or (cue.kind in DENYING and not cue.negated):
                around = line.stems[max(0, cue.at - 8) : cue.at + 9]
                most[name] = max(most[name], rarity.sum(claim.stems.intersection(around)) / whole)
    found.update((f"around-{name}", 2 * share) for name, share in most.items())


def _opposites(
    found: dict[str, float], claim: ClaimWords, body: Text, words: StanceWords, near: frozenset[int]
) -> None:
    if not claim.sides:
        return
    other = lead = same = 0
    for place, line in enumerate(body.lines):
        for stem in line.bag & words.opposites.keys():
            for number, side in words.opposites[stem]:
                sides = claim.sides.get(number, frozenset())
                if sides == {1 - side}:
                    other += 2 if place in near else 1
                    lead += place < 3
                elif sides == {side}:
                    same += 1
    found["opposite"], found["opposite-lead"] = log1p(other), log1p(lead)
    found["opposite-same"], found["opposite-share"] = log1p(same), other / (other + same + 1)


def _reversals(
    found: dict[str, float], claim: ClaimWords, body: Text, regions: Mapping[str, Sequence[int]]
) -> None:
    """Reversal wording in the item: against a claim without such wording, and along with one that has it."""
    name = "reversal-too" if any(cue.kind == "reverse" for cue in claim.cues) else "reversal"
    for region in ("first", "lead", "near", "body"):
        count = sum(cue.kind == "reverse" for place in regions[region] for cue in body.lines[place].cues)
        if count:
            found[f"{name}:{region}"] = log1p(count)


def _sentences_for_and_against(
    found: dict[str, float], claim: ClaimWords, body: Text, rarity: Rarity
) -> None:
    """The claim's share summed over the sentences that deny it, and over those that state it flatly."""
    whole, plain = rarity.sum(claim.stems) or 1.0, claim.stems - body.names
    stated = denied = 0.0
    for line in body.lines[:40]:
        share = rarity.sum(claim.stems & line.bag) / whole
        if share < 0.15:
            continue
        if line.denies or any(plain.intersection(line.stems[n + 1 : n + 6]) for n in line.negators):
            denied += share
        elif not any(cue.kind in SECOND_HAND for cue in line.cues):
            stated += share
    found["sentences:state"], found["sentences:deny"] = log1p(stated), log1p(denied)
    found["sentences:deny-share"] = denied / (denied + stated + 0.3)


def _where_the_claim_is(found: dict[str, float], claim: ClaimWords, body: Text, rarity: Rarity) -> None:
    """How much of the claim the best sentence holds, where that is, and how many hold some of it."""
    whole = rarity.sum(claim.stems) or 1.0
    shares = [rarity.sum(claim.stems & line.bag) / whole for line in body.lines]
    if not shares:
        return
    best = max(shares)
    found[f"best-at:{_step(shares.index(best), _BEST_AT)}"] = 1.0
    found["best-share"], found["first-share"] = best, shares[0]
    for edge in _SHARES:
        found[f"sentences-of-it>{edge}"] = log1p(sum(share > edge for share in shares))


def _by_manner(found: dict[str, float], claim: ClaimWords) -> None:
    crossed = [(name, value) for name, value in found.items() if name.startswith(_CROSSED)]
    for manner in _manners(claim):
        found[f"{manner}-claim"] = 1.0
        found.update((f"{manner}-claim&{name}", value) for name, value in crossed)


def _manners(claim: ClaimWords) -> list[str]:
    """How the claim is put: asked, quoted, denied, second-hand; `flat` where it is not second-hand."""
    kinds = {cue.kind for cue in claim.cues}
    flags = {"asks": claim.asks, "quotes": claim.quotes, "denies": claim.denies}
    found = [name for name, holds in flags.items() if holds] + [name for name in _MANNERS if name in kinds]
    return [*found, *([] if found else ["plain"]), *([] if _SECOND & set(found) else ["flat"])]
