"""Train the stance scorer: `python -m benchmarks.train_stance FNC1_FOLDER` writes its weights.

The shifts come from cross-validation by story, the weights from all pairs. Same input, same bytes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.accuracy.claims import cross_validated, tuned
from benchmarks.accuracy.fnc1 import load_pairs
from benchmarks.accuracy.training import material, train
from service.lexicons.stance import to_json

TARGET = Path("service/lexicons/stance/weights.json")


def main(arguments: list[str]) -> int:
    """Train and write; 0 where that went well."""
    parser = argparse.ArgumentParser(prog="benchmarks.train_stance", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=TARGET)
    chosen = parser.parse_args(arguments)
    stuff = material(load_pairs(chosen.folder))
    cut = tuned(cross_validated(stuff, "story"))
    weights = train(stuff, range(len(stuff.pairs)))
    weights = replace(weights, shifts=cut.shifts, turned=cut.turned, match_from=cut.match_from)
    chosen.out.write_text(to_json(weights), "utf-8")
    sys.stdout.write(f"{chosen.out}: {len(weights.stance)} features, {cut}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
