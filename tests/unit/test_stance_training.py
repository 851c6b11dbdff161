"""Training the stance scorer: on a tiny invented set it learns, and the same input gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from math import log
from pathlib import Path

from benchmarks.accuracy.claims import Scored, given, tuned
from benchmarks.accuracy.fnc1 import Pair, Pairs
from benchmarks.accuracy.training import material, train
from service.core.reading.stance import RELATED, Stance, StanceModel, judge_cut
from service.core.reading.wording import cut, cut_claim
from service.lexicons.stance import to_json

_TOWNS = (
    "harbour",
    "castle",
    "bridge",
    "market",
    "museum",
    "station",
    "garden",
    "tower",
    "theatre",
    "school",
)
_SAID = {
    "agree": "The {0} closed on Monday. Workers locked the gates of the {0} and went home for good.",
    "disagree": "The {0} did not close. The report is a hoax, the council said: the {0} is open as ever.",
    "discuss": "The {0} has reportedly closed, according to a blog. It could not be told whether that is so.",
}


def invented() -> Pairs:
    """Ten stories of three bodies each, under one headline that asserts and one that denies."""
    pairs, bodies = [], {}
    for town in _TOWNS:
        for stance, text in _SAID.items():
            bodies[f"{town} {stance}"] = text.format(town)
            turned = {"agree": "disagree", "disagree": "agree"}.get(stance, stance)
            pairs.append(Pair(f"Old {town} closed for good", f"{town} {stance}", stance))
            pairs.append(Pair(f"No, the old {town} has not closed", f"{town} {stance}", turned))
    others = zip(_TOWNS, _TOWNS[1:] + _TOWNS[:1], strict=True)
    pairs += [Pair(f"Old {a} closed for good", f"{b} {s}", "unrelated") for a, b in others for s in _SAID]
    return Pairs(tuple(pairs), bodies)


def written() -> str:
    """The weights that the invented set gives: as their file holds them, and to the last bit."""
    stuff = material(invented())
    weights = train(stuff, range(len(stuff.pairs)))
    return to_json(weights) + repr(sorted(weights.stance.items()))


def test_training_learns_the_three_ways_to_speak_of_a_claim() -> None:
    stuff = material(invented())
    model = StanceModel(stuff.words, train(stuff, range(len(stuff.pairs))))
    claim = cut_claim("Old library closed for good", stuff.words)
    given = [
        judge_cut(claim, cut(_SAID[label].format("library"), stuff.words), model)
        for label in ("agree", "disagree", "discuss")
    ]
    best = [
        max(RELATED, key=lambda stance, of=one.scores: getattr(of, stance.value))  # type: ignore[misc]
        for one in given
    ]
    assert best == [Stance.ASSERTS, Stance.DENIES, Stance.REPORTS]


def test_the_same_input_gives_the_same_bytes_however_the_process_hashes() -> None:
    code = f"import sys; sys.path[:0] = {[str(Path(__file__).parent), str(_ROOT)]!r}\n"
    code += f"from {Path(__file__).stem} import written; sys.stdout.write(written())"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert '"stance":{"' in runs[0]


def test_tuning_takes_the_middle_of_the_cuts_that_are_as_good() -> None:
    def row(truth: str, denies: float) -> Scored:
        return Scored(0, 0, truth, 1.0, 0.9, tuple(map(log, (0.3, denies, 0.7 - denies))))

    rows = [row("disagree", 0.2)] * 5 + [row("discuss", 0.05)] * 5
    cut = tuned(rows)
    for step in (-0.3, 0.0, 0.3):
        moved = replace(cut, shifts=(cut.shifts[0], cut.shifts[1] + step, 0.0))
        assert [given(one, moved) for one in rows] == [one.truth for one in rows]


_ROOT = Path(__file__).parents[2]
