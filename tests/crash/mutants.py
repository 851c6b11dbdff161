"""Builds that are broken on purpose, in a copy of the tree: the harness must find each of them guilty.

    python -m tests.crash.mutants [--only NAME]

A check that cannot fail proves nothing. Each mutant is a handful of words changed in a temporary copy, never
in the product; a mutant whose words are not found any more is an error, so none rots unseen.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.running import ROOT
from tests.crash.harness import Outcome, Plan, run, say

CASES = Path(__file__).parent / "mutants.toml"
ROOMS = ("service", "workers", "seeds", "tests")


@dataclass(frozen=True, slots=True)
class Change:
    """Words of one file, and what stands there instead."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken build, why it is broken, what finds it, and words that the verdict must then hold."""

    name: str
    why: str
    store: str
    kills: int
    points: tuple[str, ...]
    found_by: str
    changes: tuple[Change, ...]


def mutants() -> tuple[Mutant, ...]:
    """Every broken build."""
    rows = tomllib.loads(CASES.read_text(encoding="utf-8"))["mutant"]
    return tuple(
        Mutant(
            row["name"],
            row["why"],
            row.get("store", "sqlite"),
            row.get("kills", 0),
            tuple(row.get("points", ())),
            row["found_by"],
            tuple(Change(**change) for change in row["change"]),
        )
        for row in rows
    )


def grow(mutant: Mutant, folder: Path) -> Path:
    """A copy of the tree, broken as the mutant says. AssertionError where its words are not found once."""
    tree = folder / "tree"
    for room in ROOMS:
        shutil.copytree(ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    for change in mutant.changes:
        path = tree / change.file
        words = path.read_text(encoding="utf-8")
        assert words.count(change.old) == 1, f"{mutant.name}: not once in {change.file}: {change.old!r}"
        path.write_text(words.replace(change.old, change.new), encoding="utf-8")
    return tree


def try_out(mutant: Mutant, seed: int) -> Outcome:
    """The harness over a broken build."""
    with tempfile.TemporaryDirectory(prefix="rumorwatch-mutant-") as name:
        folder = Path(name)
        tree = grow(mutant, folder)
        (folder / "run").mkdir()
        plan = Plan(
            store=mutant.store,
            items=80,
            feeds=4,
            kills=mutant.kills,
            pause=1.0,
            points=mutant.points,
            seed=seed,
            lease_seconds=3.0,
            sweep_seconds=0.5,
            most_seconds=75.0,
            wipes=True,
        )
        return run(plan, folder / "run", tree)


def main() -> int:
    """Tries every mutant and the sound build; exit status 1 where one gets away."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", help="the name of one mutant")
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()
    chosen = [one for one in mutants() if asked.only in (None, one.name)]
    caught = 0
    for mutant in chosen:
        outcome = try_out(mutant, asked.seed)
        faults = outcome.verdict.faults + (() if outcome.quiet else ("not quiet",))
        guilty = next((fault for fault in faults if mutant.found_by in fault), None)
        caught += guilty is not None
        say(f"{mutant.name}: {'caught: ' + guilty[:160] if guilty else f'GOT AWAY: {outcome}'}")
    say(f"{caught} of {len(chosen)} mutants caught")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
