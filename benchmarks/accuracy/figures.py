"""Figures with their noise, kept in a file and compared with it.

A figure's noise is half the 95 % interval: by resampling items, or whole stories, with a fixed seed. A figure
has fallen where it lies below the recorded one by more than its noise.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import pstdev
from typing import TypeVar

from service.errors import InputError

_ROUNDS = 200
_Unit = TypeVar("_Unit")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, more is better. `count`: of how many units; `noise`: half its 95 % interval."""

    name: str
    value: float
    noise: float
    count: int


def figure(name: str, units: Sequence[_Unit], measure: Callable[[Sequence[_Unit]], float]) -> Figure:
    """`measure` over `units`, with its noise by resampling them."""
    dice = random.Random(7)
    drawn = [measure(dice.choices(units, k=len(units))) for _ in range(_ROUNDS)] if units else [0.0]
    return Figure(name, measure(units) if units else 0.0, 1.96 * pstdev(drawn), len(units))


def share(checks: Sequence[bool]) -> float:
    """The share of checks that hold."""
    return sum(checks) / len(checks) if checks else 0.0


def f1(confusion: Counter[tuple[str, str]], kind: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of one kind from counts of (truth, given)."""
    right = confusion[kind, kind]
    told = sum(n for (_, given), n in confusion.items() if given == kind)
    true = sum(n for (truth, _), n in confusion.items() if truth == kind)
    precision, recall = right / max(told, 1), right / max(true, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def macro(confusion: Counter[tuple[str, str]]) -> float:
    """Mean F1 of the kinds that occur."""
    kinds = sorted({truth for truth, _ in confusion})
    return sum(f1(confusion, kind)[2] for kind in kinds) / max(len(kinds), 1)


def recorded(path: Path) -> dict[str, float]:
    """The figures of an earlier run by name; none where there is no file."""
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text("utf-8"))
        return {str(name): float(value) for name, value in data.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path} does not hold recorded figures: {error}.") from error


def fallen(figures: Sequence[Figure], before: dict[str, float]) -> list[str]:
    """One sentence for each figure that lies below the recorded one by more than noise."""
    return [
        f"{one.name} fell from {before[one.name]:.3f} to {one.value:.3f}: more than noise, {one.noise:.3f}."
        for one in figures
        if one.name in before and one.value < before[one.name] - max(one.noise, 0.002)
    ]


def record(path: Path, figures: Sequence[Figure], before: dict[str, float]) -> None:
    """Keep `figures` in `path`; those that were not measured this time stay as they were."""
    kept = before | {one.name: round(one.value, 4) for one in figures}
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")
