"""How the stance scorer is trained, on pairs of claim and item.

Logistic regressions by coordinate descent in a fixed order: related or not over the overlap features, and
each of asserts, denies, reports against the others over the wording features, these with the claim brought
into the affirmative and each story weighing as the root of its pairs. Words are features where they occur in
ten stories or more and are not names. Same input, same bytes.
"""

from __future__ import annotations

import random
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from csv import DictReader
from dataclasses import dataclass
from importlib.resources import files
from math import log
from operator import itemgetter, mul

from benchmarks.accuracy.fnc1 import Pair, Pairs, stories
from service.core.reading.features import match_features, stance_features
from service.core.reading.stance import StanceWeights
from service.core.reading.wording import ClaimWords, Rarity, StanceWords, Text, cut, cut_claim, digest
from service.core.text import fold
from service.lexicons.stance import load_words

_LABELS = ("agree", "disagree", "discuss")
_FEWEST_STORIES = 10
_FEWEST_BODIES = 8
_NAME_SHARE = 0.3
_COST = 0.02
_MATCH_COST = 1.0
_ROUNDS = 12
_DONE = 0.02
_STILL = 0.0005
_KEPT_MATCHES = 3  # of the pairs, every third trains the match: eleven weights need no more
_SMALLEST = 0.003


@dataclass(frozen=True, slots=True)
class Material:
    """Pairs with their texts cut up once, for any number of trainings."""

    pairs: tuple[Pair, ...]
    claims: Mapping[str, ClaimWords]
    bodies: Mapping[str, Text]
    words: StanceWords
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One example: places of its features, their values, its label and weight."""

    pick: Callable[[list[float]], tuple[float, ...]]
    places: tuple[int, ...]
    values: array[float]
    square: float
    label: int
    weight: float


def material(loaded: Pairs) -> Material:
    """`loaded` cut up."""
    words = load_words()
    claims = {h: cut_claim(h, words) for h in sorted({pair.headline for pair in loaded.pairs})}
    bodies = {key: cut(text, words) for key, text in sorted(loaded.bodies.items())}
    return Material(loaded.pairs, claims, bodies, words, _listed_names())


def _listed_names() -> frozenset[str]:
    """Single words that are names in the table: none of them becomes a feature."""
    text = files("service.lexicons").joinpath("names.csv").read_text("utf-8")
    spellings = (
        s for row in DictReader(text.splitlines()) for s in [row["name"], *row["aliases"].split("|")]
    )
    return frozenset(fold(spelling) for spelling in spellings if " " not in spelling)


def train(stuff: Material, chosen: Sequence[int]) -> StanceWeights:
    """The weights from the pairs at the places `chosen`; shifts are zero: held-out stories find them."""
    pairs = [stuff.pairs[place] for place in chosen]
    rarity, known = _vocabulary(stuff, pairs)
    match_bias, match = _train_match(stuff, pairs, rarity)
    bias, stance = _train_stance(stuff, pairs, rarity, known)
    kept = {name: row for name, row in stance.items() if max(map(abs, row)) >= _SMALLEST}
    return StanceWeights(rarity, match_bias, match, bias, kept, known, (0.0, 0.0, 0.0))


def _vocabulary(stuff: Material, pairs: Sequence[Pair]) -> tuple[Rarity, frozenset[str]]:
    """How rare stems are, and which words are features: frequent ones, over many stories, never names."""
    used = sorted({pair.body for pair in pairs})
    story = stories(pairs)
    seen: Counter[str] = Counter()
    named: Counter[str] = Counter()
    spread: defaultdict[str, set[str]] = defaultdict(set)
    for key in used:
        text = stuff.bodies[key]
        seen.update(text.bag)
        named.update(text.names)
        for word in {word for line in text.lines for word in line.words}:
            spread[word].add(story[f"b:{key}"])
    whole = log(len(used) + 1)
    stems = stuff.words.stems
    plain = {s for s, n in seen.items() if n >= _FEWEST_BODIES and named[s] <= _NAME_SHARE * n}
    hidden = {stems[name] for name in stuff.names} | stuff.names
    kept = [stem for stem in sorted(seen) if seen[stem] >= _FEWEST_BODIES]
    table = {
        stem if stem in plain - hidden else digest(stem): round(whole - log(seen[stem] + 1), 2)
        for stem in kept
    }
    known = frozenset(
        word
        for word, where in spread.items()
        if len(where) >= _FEWEST_STORIES
        and word.isalpha()
        and stems[word] in plain
        and word not in stuff.names
    )
    return Rarity(table, round(whole, 2)), known


def _train_match(stuff: Material, pairs: Sequence[Pair], rarity: Rarity) -> tuple[float, dict[str, float]]:
    found, labels = [], []
    for pair in pairs[::_KEPT_MATCHES]:
        found.append(match_features(stuff.claims[pair.headline], stuff.bodies[pair.body], rarity))
        labels.append(int(pair.stance != "unrelated"))
    index = _index(found)
    rows = [_row(f, index, label, 1.0) for f, label in zip(found, labels, strict=True)]
    fitted = _fit(rows, len(index), 1, _MATCH_COST)
    weights = {name: fitted[place] for name, place in index.items()}
    return weights.pop(""), weights


def _train_stance(
    stuff: Material, pairs: Sequence[Pair], rarity: Rarity, known: frozenset[str]
) -> tuple[tuple[float, float, float], dict[str, tuple[float, float, float]]]:
    related = [pair for pair in pairs if pair.stance != "unrelated"]
    story = stories(related)
    sizes = Counter(story[f"b:{pair.body}"] for pair in related)
    weights = [sizes[story[f"b:{pair.body}"]] ** -0.5 for pair in related]
    mean = sum(weights) / len(weights)
    index: dict[str, int] = {"": 0}
    rows = []
    for pair, weight in zip(related, weights, strict=True):
        claim = stuff.claims[pair.headline]
        found = stance_features(claim, stuff.bodies[pair.body], rarity, stuff.words, known)
        for name in found:
            index.setdefault(name, len(index))
        rows.append(_row(found, index, affirmed(pair.stance, flipped=claim.denies), weight / mean))
    asserts, denies, reports = (_fit(rows, len(index), label, _COST) for label in range(3))
    table = {name: (asserts[p], denies[p], reports[p]) for name, p in index.items()}
    return table.pop(""), table


def affirmed(stance: str, *, flipped: bool) -> int:
    """The label's place, with agreement and disagreement changed where the claim is worded as a denial."""
    place = _LABELS.index(stance)
    return (1, 0, 2)[place] if flipped else place


def _index(found: Sequence[Mapping[str, float]]) -> dict[str, int]:
    names = sorted({name for features in found for name in features})
    return {name: place for place, name in enumerate(["", *names])}


def _row(found: Mapping[str, float], index: Mapping[str, int], label: int, weight: float) -> Row:
    places = (0, *(index[name] for name in found))
    values = array("d", [1.0, *found.values()])
    return Row(itemgetter(*places), places, values, sum(map(mul, values, values)), label, weight)


def _fit(rows: Sequence[Row], size: int, label: int, cost: float) -> list[float]:
    """Logistic regression of `label` against the rest: one weight a feature.

    Dual coordinate descent (Yu, Huang and Lin, 2011): no step size to choose, and a row touches only its own
    features. The order is shuffled with a fixed seed; it ends where a whole round changes next to nothing.
    """
    weights = [0.0] * size
    signs = [1.0 if row.label == label else -1.0 for row in rows]
    costs = [cost * row.weight for row in rows]
    duals = [0.001 * c for c in costs]
    for row, sign, dual in zip(rows, signs, duals, strict=True):
        _add(weights, row, sign * dual)
    order = list(range(len(rows)))
    shuffle = random.Random(1).shuffle
    for _ in range(_ROUNDS):
        shuffle(order)
        most = 0.0
        for place in order:
            row, sign, dual = rows[place], signs[place], duals[place]
            slope = sign * sum(map(mul, row.pick(weights), row.values))
            better = _best_dual(row.square, slope, dual, costs[place])
            most = max(most, abs(better - dual) / costs[place])
            if abs(better - dual) > _STILL * costs[place]:
                _add(weights, row, sign * (better - dual))
                duals[place] = better
        if most < _DONE:
            break
    return weights


def _add(weights: list[float], row: Row, amount: float) -> None:
    for index, value in zip(row.places, row.values, strict=True):
        weights[index] += amount * value


def _best_dual(square: float, slope: float, dual: float, cost: float) -> float:
    """Where the one-variable dual has its minimum: the root of a rising function, by guarded Newton steps."""
    low, high, point = 0.0, cost, min(max(dual, 0.05 * cost), 0.95 * cost)
    for _ in range(30):
        value = square * (point - dual) + slope + log(point / (cost - point))
        if value > 0:
            high = point
        else:
            low = point
        step = value / (square + cost / (point * (cost - point)))
        following = point - step
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - point) < 1e-4 * cost:
            return min(max(following, 1e-12 * cost), (1 - 1e-9) * cost)
        point = following
    return min(max(point, 1e-12 * cost), (1 - 1e-9) * cost)
