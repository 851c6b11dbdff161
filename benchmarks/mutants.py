"""Builds of the project with one defence taken out: each must make the tests of its row fail.

    python -m benchmarks.mutants             # all of mutants.toml (`make mutants`)
    python -m benchmarks.mutants --row 35    # those of one row of the hostile matrix

The tree is copied to a temporary folder, one text is replaced (which must be there exactly once), and the
tests are run there. A test that passes without its defence proves nothing: exit status 1, with its name.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = 400
_FOLDERS = ("service", "workers", "seeds", "tests", "benchmarks", "deploy")
_FILES = ("pyproject.toml", "README.md", "ARCHITECTURE.md")
_FAILED = 1  # pytest's status where tests ran and some failed


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defence taken out: `old` becomes `new` in `file`. `tests`: what pytest is asked for."""

    row: int
    name: str
    file: str
    old: str
    new: str
    tests: str
    also_old: str = ""
    also_new: str = ""


def plant(mutant: Mutant, root: Path) -> None:
    """Take the defence out of the copy at `root`. SystemExit where its text is not there exactly once."""
    path = root / mutant.file
    text = path.read_text("utf-8")
    for old, new in ((mutant.old, mutant.new), (mutant.also_old, mutant.also_new)):
        if old and text.count(old) != 1:
            raise SystemExit(f"{mutant.name}: its text stands {text.count(old)} times in {mutant.file}")
        text = text.replace(old, new) if old else text
    path.write_text(text, "utf-8")


def copy_to(root: Path) -> None:
    """The tree as it is now, without what was generated."""
    for folder in _FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in _FILES:
        shutil.copy(ROOT / file, root / file)


def is_caught(mutant: Mutant) -> bool:
    """Whether the tests fail, one by one, because of the missing defence."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        root = Path(name)
        copy_to(root)
        plant(mutant, root)
        words = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            *shlex.split(mutant.tests),
        ]
        try:
            done = subprocess.run(words, cwd=root, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return True  # what hangs without its defence is caught as well
    if done.returncode not in (0, _FAILED):
        raise SystemExit(f"{mutant.name}: the tests did not run:\n{done.stdout.decode()[-2000:]}")
    return done.returncode == _FAILED


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--row", type=int)
    given = asked.parse_args()
    table = tomllib.loads((Path(__file__).parent / "mutants.toml").read_text("utf-8"))["mutant"]
    mutants = [Mutant(**row) for row in table if given.row in (None, row["row"])]
    caught = 0
    for mutant in mutants:
        found = is_caught(mutant)
        caught += found
        sys.stdout.write(f"row {mutant.row}  {'caught' if found else 'MISSED'}  {mutant.name}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{caught} of {len(mutants)} caught\n")
    sys.exit(0 if caught == len(mutants) else 1)


if __name__ == "__main__":
    main()
