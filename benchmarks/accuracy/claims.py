"""The scorer measured on the claim-and-item task: cross-validation, shifts from other folds, figures.

Within folds fewer unrelated pairs remain than the data holds; each counts for more, so that stances weigh as
in the data. The shifts that a fold is judged with come from the other folds.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, replace
from statistics import fmean

from benchmarks.accuracy.fnc1 import STANCES, Fold, story_folds, text_folds
from benchmarks.accuracy.training import Material, train
from service.core.reading.features import match_features, stance_features
from service.core.reading.stance import (
    StanceWeights,
    related_probability,
    shifted_scores,
    stance_probabilities,
)

FOLDS = {"story": (story_folds, 10), "text": (text_folds, 5)}
_RELATED = STANCES[:3]
_AGREE_SHIFTS = [step / 10 for step in range(-4, 15, 2)]
_DISAGREE_SHIFTS = [step / 10 for step in range(0, 27, 2)]
_MATCHES = (0.25, 0.35, 0.45, 0.55)
_TURNED = (0.0, -0.6, -1.2)
_AS_GOOD = 0.01  # of macro F1
_stuff: list[Material] = []  # what a forked worker inherits: cut texts are not sent between processes


@dataclass(frozen=True, slots=True)
class Scored:
    """A pair judged by a model that saw neither its headline nor its body. `weight`: how often it counts."""

    place: int
    fold: int
    truth: str
    weight: float
    related: float
    logs: tuple[float, ...]
    claim_denies: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """Where one stance ends and the next begins: as in the weights of the scorer."""

    shifts: tuple[float, float, float]
    turned: float = 0.0
    match_from: float = 0.45


@dataclass(frozen=True, slots=True)
class Outcome:
    """Weighted counts of (truth, given) over some pairs."""

    confusion: Mapping[tuple[str, str], float]

    def f1(self, stance: str) -> float:
        """F1 of one stance."""
        right = self.confusion.get((stance, stance), 0.0)
        told = sum(n for (_, given), n in self.confusion.items() if given == stance)
        true = sum(n for (truth, _), n in self.confusion.items() if truth == stance)
        return 2 * right / (told + true) if told + true else 0.0

    def macro(self) -> float:
        """Mean F1 of the four stances."""
        return sum(map(self.f1, STANCES)) / len(STANCES)

    def score(self) -> float:
        """The challenge's score in percent: a quarter for related or not, the rest for the stance."""
        got = best = 0.0
        for (truth, given), count in self.confusion.items():
            same_side = (truth == "unrelated") == (given == "unrelated")
            got += count * (0.25 * same_side + 0.75 * (truth == given != "unrelated"))
            best += count * (0.25 if truth == "unrelated" else 1.0)
        return 100 * got / best if best else 0.0


def cross_validated(stuff: Material, kind: str, only: int | None = None, workers: int = 2) -> list[Scored]:
    """All pairs of the folds of one kind (or of the first `only` folds), each judged by the others' model."""
    make, count = FOLDS[kind]
    folds = list(enumerate(make(stuff.pairs, count)))[:only]
    _stuff[:] = [stuff]
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        parts = list(pool.map(_one_fold, folds))
    _stuff.clear()
    return weighted([row for part in parts for row in part], Counter(p.stance for p in stuff.pairs))


def _one_fold(numbered: tuple[int, Fold]) -> list[Scored]:
    number, fold = numbered
    weights = train(_stuff[0], fold.train)
    return [scored(_stuff[0], place, weights, number) for place in fold.test]


def scored(stuff: Material, place: int, weights: StanceWeights, fold: int = 0) -> Scored:
    """One pair with what `weights` make of it."""
    pair = stuff.pairs[place]
    claim, body = stuff.claims[pair.headline], stuff.bodies[pair.body]
    related = related_probability(match_features(claim, body, weights.rarity), weights)
    probabilities = (0.0, 0.0, 1.0)
    if related >= _MATCHES[0]:
        found = stance_features(claim, body, weights.rarity, stuff.words, weights.known)
        probabilities = stance_probabilities(found, weights, flipped=claim.denies)
    logs = shifted_scores(probabilities, (0.0, 0.0, 0.0))
    return Scored(place, fold, pair.stance, 1.0, related, logs, claim.denies)


def weighted(rows: Sequence[Scored], whole: Counter[str]) -> list[Scored]:
    """`rows` with weights such that related and unrelated stand as in the data."""
    tested = Counter(row.truth == "unrelated" for row in rows)
    total = {True: whole["unrelated"], False: sum(whole[s] for s in _RELATED)}
    scale = {side: total[side] / tested[side] for side in tested}
    least = min(scale.values(), default=1.0)
    return [replace(row, weight=scale[row.truth == "unrelated"] / least) for row in rows]


def given(row: Scored, cut: Cut) -> str:
    """The stance that a scored pair gets."""
    if row.related < cut.match_from:
        return "unrelated"
    agree, disagree, discuss = row.logs
    agree, disagree, discuss = agree + cut.shifts[0], disagree + cut.shifts[1], discuss + cut.shifts[2]
    disagree += cut.turned if row.claim_denies else 0.0
    if disagree > agree and disagree > discuss:
        return "disagree"
    return "agree" if agree >= discuss else "discuss"


def counted(judged: Iterable[tuple[Scored, str]]) -> Outcome:
    """The weighted counts of judged rows."""
    confusion: defaultdict[tuple[str, str], float] = defaultdict(float)
    for row, stance in judged:
        confusion[row.truth, stance] += row.weight
    return Outcome(dict(confusion))


def tuned(rows: Sequence[Scored]) -> Cut:
    """The middle of the cuts with the best macro F1 on `rows`: first the shifts, then the rest."""
    return _best_cuts(rows, [-1])[-1]


def nested(rows: Sequence[Scored]) -> list[tuple[Scored, str]]:
    """Each row with its stance under the cut that the other folds chose."""
    cuts = _best_cuts(rows, sorted({row.fold for row in rows}))
    return [(row, given(row, cuts[row.fold])) for row in rows]


def _best_cuts(rows: Sequence[Scored], without: Sequence[int]) -> dict[int, Cut]:
    """For each fold of `without` the cut for it, from the other folds; cuts are counted once, by fold."""
    groups: defaultdict[int, list[Scored]] = defaultdict(list)
    for row in rows:
        groups[row.fold].append(row)
    shifts = [Cut((agree, disagree, 0.0)) for agree in _AGREE_SHIFTS for disagree in _DISAGREE_SHIFTS]
    best = _best_of(shifts, groups, without)
    turned = {replace(cut, turned=value) for cut in best.values() for value in _TURNED}
    best = _best_of(sorted(turned, key=astuple), groups, without)
    matched = {replace(cut, match_from=value) for cut in best.values() for value in _MATCHES}
    return _best_of(sorted(matched, key=astuple), groups, without)


def _best_of(
    cuts: Sequence[Cut], groups: Mapping[int, Sequence[Scored]], without: Sequence[int]
) -> dict[int, Cut]:
    counts = {
        cut: {fold: counted([(row, given(row, cut)) for row in rows]) for fold, rows in groups.items()}
        for cut in cuts
    }
    return {
        left_out: _middle({cut: _macro_without(counts, left_out, cut) for cut in cuts})
        for left_out in without
    }


def _middle(macros: Mapping[Cut, float]) -> Cut:
    """The mean of all cuts that are about as good as the best: the very best one is a matter of luck."""
    enough = max(macros.values()) - _AS_GOOD
    good = [cut for cut, macro in macros.items() if macro >= enough]
    agree, disagree, discuss = (round(fmean(cut.shifts[place] for cut in good), 2) for place in range(3))
    turned = round(fmean(cut.turned for cut in good), 2)
    match = round(fmean(cut.match_from for cut in good), 2)
    return Cut((agree, disagree, discuss), turned, match)


def _macro_without(counts: Mapping[Cut, Mapping[int, Outcome]], left_out: int, cut: Cut) -> float:
    return summed(one for fold, one in counts[cut].items() if fold != left_out).macro()


def summed(outcomes: Iterable[Outcome]) -> Outcome:
    """Several counts as one."""
    whole: defaultdict[tuple[str, str], float] = defaultdict(float)
    for one in outcomes:
        for cell, count in one.confusion.items():
            whole[cell] += count
    return Outcome(dict(whole))
