"""What one item says of one claim that is tracked: asserts it, denies it, reports it, or does not match.

How it decides: first whether the item is about the claim at all (a logistic sum of overlap features), then a
linear score for each stance over the features of features.py. The scores speak of the claim in the
affirmative; where the claim is itself worded as a denial, assertion and denial change places. Shifts found on
held-out stories are added before the largest score wins: plain probabilities favour the commonest stance.
Near a border the judgement is marked as not sure. It is a second opinion: negation-aware rules read
statements (read.py), and this alone never makes a denial. What it leaves out: who speaks, and time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from heapq import nsmallest
from math import exp, log

from service.core.model import Item
from service.core.reading.features import match_features, stance_features
from service.core.reading.wording import ClaimWords, Rarity, StanceWords, Text, cut, cut_claim

_LONGEST = 64 * 1024
_MOST_REASONS = 6
_SMALLEST = 1e-9


class Stance(StrEnum):
    """What an item does to a claim."""

    ASSERTS = "asserts"
    DENIES = "denies"
    REPORTS = "reports"
    UNRELATED = "unrelated"


RELATED = (Stance.ASSERTS, Stance.DENIES, Stance.REPORTS)


@dataclass(frozen=True, slots=True)
class StanceWeights:
    """A trained scorer. `stance` holds, for each feature, what it adds to asserting, denying, reporting.

    `shifts` are added to the logarithms of the probabilities, `turned` also to that of denying where the
    claim is itself worded as a denial: to deny a denial is rare. `band` is the lead, in the same measure,
    that the best stance needs to be sure; `match_from` and `match_sure` are probabilities of being related.
    """

    rarity: Rarity
    match_bias: float
    match: Mapping[str, float]
    stance_bias: tuple[float, float, float]
    stance: Mapping[str, tuple[float, float, float]]
    known: frozenset[str]
    shifts: tuple[float, float, float]
    turned: float = 0.0
    match_from: float = 0.5
    match_sure: float = 0.8
    band: float = 0.4


@dataclass(frozen=True, slots=True)
class StanceModel:
    """All that a judgement needs: the phrases and the weights trained over them."""

    words: StanceWords
    weights: StanceWeights


@dataclass(frozen=True, slots=True)
class Moved:
    """A feature and what it added to (or took from) the chosen stance against the others."""

    feature: str
    amount: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Probabilities: of being `related` and, given that, of each stance to the claim as it is worded."""

    related: float
    asserts: float
    denies: float
    reports: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """The stance of an item towards a claim. `sure` is False inside the band where one should abstain."""

    stance: Stance
    sure: bool
    scores: Scores
    because: tuple[Moved, ...]


def judge(claim: str, item: Item, model: StanceModel) -> Judgement:
    """The stance of `item` (title and text) towards `claim`, with the features that moved it most."""
    body = cut(f"{item.title}\n{item.text}"[:_LONGEST], model.words)
    return judge_cut(cut_claim(claim[:_LONGEST], model.words), body, model)


def judge_cut(claim: ClaimWords, body: Text, model: StanceModel) -> Judgement:
    """The same for texts that are already cut up: one item is compared with many claims."""
    weights = model.weights
    matched = match_features(claim, body, weights.rarity)
    related = related_probability(matched, weights)
    if related < weights.match_from:
        sure = related < 1 - weights.match_sure
        return Judgement(
            Stance.UNRELATED, sure, Scores(related, 0.0, 0.0, 0.0), _match_reasons(matched, weights)
        )
    found = stance_features(claim, body, weights.rarity, model.words, weights.known, matched)
    probabilities = stance_probabilities(found, weights, flipped=claim.denies)
    asserts, denies, reports = weights.shifts
    turned = weights.turned if claim.denies else 0.0
    shifted = shifted_scores(probabilities, (asserts, denies + turned, reports))
    order = sorted(range(3), key=lambda place: -shifted[place])
    sure = related >= weights.match_sure and shifted[order[0]] - shifted[order[1]] >= weights.band
    reasons = _reasons(found, weights, _unflipped(order[0], flipped=claim.denies))
    return Judgement(RELATED[order[0]], sure, Scores(related, *probabilities), reasons)


def related_probability(matched: Mapping[str, float], weights: StanceWeights) -> float:
    """How likely an item with these match features is about the claim."""
    total = weights.match_bias + sum(weights.match.get(name, 0.0) * value for name, value in matched.items())
    return _probability(total)


def _probability(score: float) -> float:
    return 1 / (1 + exp(-max(-30.0, min(30.0, score))))


def stance_probabilities(
    found: Mapping[str, float], weights: StanceWeights, *, flipped: bool
) -> tuple[float, float, float]:
    """How likely the item asserts, denies, reports the claim as it is worded."""
    asserts, denies, reports = weights.stance_bias
    for name, value in found.items():
        added = weights.stance.get(name)
        if added is not None:
            asserts += added[0] * value
            denies += added[1] * value
            reports += added[2] * value
    parts = [_probability(score) for score in (asserts, denies, reports)]
    whole = sum(parts)
    first, second, third = (part / whole for part in parts)
    return (second, first, third) if flipped else (first, second, third)


def shifted_scores(
    probabilities: tuple[float, float, float], shifts: tuple[float, float, float]
) -> tuple[float, ...]:
    """Logarithms of the probabilities with the shifts added: the largest wins."""
    return tuple(log(p + _SMALLEST) + s for p, s in zip(probabilities, shifts, strict=True))


def _unflipped(place: int, *, flipped: bool) -> int:
    return (1, 0, 2)[place] if flipped else place


def _reasons(found: Mapping[str, float], weights: StanceWeights, place: int) -> tuple[Moved, ...]:
    moved: list[tuple[str, float]] = []
    for name, value in found.items():
        added = weights.stance.get(name)
        if added is not None:
            others = (sum(added) - added[place]) / 2
            moved.append((name, value * (added[place] - others)))
    return _largest(moved)


def _match_reasons(matched: Mapping[str, float], weights: StanceWeights) -> tuple[Moved, ...]:
    return _largest([(name, weights.match.get(name, 0.0) * value) for name, value in matched.items()])


def _largest(moved: list[tuple[str, float]]) -> tuple[Moved, ...]:
    most = nsmallest(_MOST_REASONS, ((-abs(amount), name, amount) for name, amount in moved))
    return tuple(Moved(name, round(amount, 3)) for _, name, amount in most)
