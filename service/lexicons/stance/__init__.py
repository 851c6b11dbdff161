"""The stance scorer's data: phrases (words.toml, written by hand) and weights (weights.json, trained).

A class of phrases that nobody knows, or weights of another form, stop the loading with a LexiconError.
`benchmarks/train_stance.py` writes the weights; `to_json` and `from_json` are each other's inverse.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from service.core.reading.stance import StanceModel, StanceWeights
from service.core.reading.wording import Rarity, StanceWords, Stems
from service.core.text import fold
from service.errors import LexiconError

CLASSES = frozenset(
    {
        "deny",
        "false",
        "doubt",
        "report",
        "hedge",
        "confirm",
        "turn",
        "reverse",
        "silence",
        "weak",
        "apart",
        "speaker",
    }
)
_DIGITS = 4


def load_stance() -> StanceModel:
    """The package's scorer. LexiconError says what is wrong with its files."""
    place = files(__package__)
    words = parse_words(place.joinpath("words.toml").read_text("utf-8"))
    return StanceModel(words, from_json(place.joinpath("weights.json").read_text("utf-8")))


def load_words() -> StanceWords:
    """The phrases alone: what training starts from."""
    return parse_words(files(__package__).joinpath("words.toml").read_text("utf-8"))


def parse_words(text: str) -> StanceWords:
    """The phrases that a words file describes."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LexiconError(f"The stance words are not TOML: {error}.") from error
    if unknown := set(data.get("cues", {})) ^ CLASSES:
        raise LexiconError(f"The stance words have an unknown or a missing class: {sorted(unknown)[0]!r}.")
    words = data.get("words", {})
    stems = Stems(words.get("endings", ()))
    return StanceWords(
        phrases=_phrases(data["cues"]),
        negators=frozenset(map(fold, words.get("negators", ()))),
        stop_words=frozenset(map(fold, words.get("stop_words", ()))),
        opposites=_opposites(data.get("opposites", ()), stems),
        stems=stems,
    )


def _phrases(cues: Mapping[str, list[str]]) -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for kind, phrases in cues.items():
        for phrase in phrases:
            first, *rest = fold(phrase).split()
            found.setdefault(first, []).append((tuple(rest), kind))
    return {first: tuple(sorted(rests, key=lambda r: (-len(r[0]), r))) for first, rests in found.items()}


def _opposites(pairs: list[Mapping[str, list[str]]], stems: Stems) -> dict[str, frozenset[tuple[int, int]]]:
    found: dict[str, set[tuple[int, int]]] = {}
    for number, pair in enumerate(pairs):
        for side, name in enumerate(("one", "other")):
            for word in pair[name]:
                found.setdefault(stems[fold(word)], set()).add((number, side))
    return {stem: frozenset(places) for stem, places in found.items()}


def to_json(weights: StanceWeights) -> str:
    """`weights` as sorted, rounded JSON: the same weights give the same bytes."""
    data = {
        "rarity": {stem: round(value, 2) for stem, value in sorted(weights.rarity.table.items())},
        "unseen": round(weights.rarity.unseen, 2),
        "match_bias": round(weights.match_bias, _DIGITS),
        "match": {name: round(value, _DIGITS) for name, value in sorted(weights.match.items())},
        "stance_bias": [round(value, _DIGITS) for value in weights.stance_bias],
        "stance": {name: [round(v, _DIGITS) for v in row] for name, row in sorted(weights.stance.items())},
        "known": sorted(weights.known),
        "shifts": [round(value, _DIGITS) for value in weights.shifts],
        "turned": weights.turned,
        "match_from": weights.match_from,
        "match_sure": weights.match_sure,
        "band": weights.band,
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"


def from_json(text: str) -> StanceWeights:
    """The weights that `to_json` wrote."""
    try:
        data: dict[str, Any] = json.loads(text)
        return StanceWeights(
            rarity=Rarity(data["rarity"], float(data["unseen"])),
            match_bias=float(data["match_bias"]),
            match=data["match"],
            stance_bias=_three(data["stance_bias"]),
            stance={name: _three(row) for name, row in data["stance"].items()},
            known=frozenset(data["known"]),
            shifts=_three(data["shifts"]),
            turned=float(data["turned"]),
            match_from=float(data["match_from"]),
            match_sure=float(data["match_sure"]),
            band=float(data["band"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LexiconError(
            f"The stance weights do not have the form that training writes: {error}."
        ) from error


def _three(row: list[float]) -> tuple[float, float, float]:
    first, second, third = row
    return float(first), float(second), float(third)
