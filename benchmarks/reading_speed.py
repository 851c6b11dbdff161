"""How fast the reader reads, on one core: `python -m benchmarks.reading_speed [--languages en ...]`.

Items of 300 words with cues (windows over the five seed articles) and without (plain market prose), the
growth of the time with the length of the text up to 256 kB, and the memory that all of it takes. Every
figure is the median of several rounds of process time, so that other work on the machine counts little.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from service.core.model import Item
from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.lexicons import load_knowledge

SEEDS = Path(__file__).parents[1] / "seeds"
_NOW = datetime(2026, 2, 3, tzinfo=UTC)
_WORDS = 300
_ROUNDS = 7
_SIZES = (16, 64, 256)  # kilobytes
_PLAIN = (
    "Wheat prices rose in early trade as dry weather held across the northern plains.",
    "Harvest work went on in most of the valley and the mills took in their usual loads.",
    "Copper was steady in the morning session and closed a little higher at the end of the week.",
    "The river port handled more grain in April than in March, and barges moved without a break.",
    "Cotton growers sowed more land this spring because the rain came early and stayed.",
    "Freight rates slipped on the northern route while the southern one was busy.",
)


def main(arguments: list[str]) -> int:
    """Print the figures; 0 where all could be measured."""
    parser = argparse.ArgumentParser(prog="benchmarks.reading_speed", description=__doc__)
    parser.add_argument("--languages", nargs="+", help="only these lexicons; without it all")
    knowledge = load_knowledge(parser.parse_args(arguments).languages)
    with_cues, plain = list(_with_cues()), list(_plain())
    read = sum(bool(read_statements(item, knowledge).statements) for item in with_cues)
    told = f"{len(with_cues)} items, {read} tell something"
    _say(f"with cues     {_rate(with_cues, knowledge):8.0f} items/s  ({told})")
    _say(f"without cues  {_rate(plain, knowledge):8.0f} items/s  ({len(plain)} items)")
    for size in _SIZES:
        item = _long(size * 1024)
        seconds = _median(partial(read_statements, item, knowledge), rounds=3)
        _say(f"{size:4} kB       {1000 * seconds:8.1f} ms       ({1e6 * seconds / size:.0f} us a kB)")
    _say(f"memory        {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _item(name: str, title: str, text: str) -> Item:
    return Item(name, title, text, _NOW, lang="en")


def _articles() -> Iterator[tuple[str, list[str]]]:
    for file in sorted(SEEDS.glob("*.txt")):
        text = file.read_text("utf-8")
        yield text.split("\n", 1)[0][:120], text.split(" ")


def _with_cues() -> Iterator[Item]:
    """Windows of 300 words over the seeds, a third of a window apart."""
    for title, words in _articles():
        for start in range(0, max(1, len(words) - _WORDS), _WORDS // 3):
            yield _item(f"{title}-{start}", title, " ".join(words[start : start + _WORDS]))


def _plain() -> Iterator[Item]:
    for turn in range(60):
        words = " ".join(_PLAIN[(turn + i) % len(_PLAIN)] for i in range(24)).split(" ")[:_WORDS]
        yield _item(f"plain-{turn}", "Grain and metals in the morning", " ".join(words))


def _long(size: int) -> Item:
    text = "\n\n".join(" ".join(words) for _, words in _articles())
    return _item(f"long-{size}", "A long read", (text * (size // len(text) + 1))[:size])


def _rate(items: Sequence[Item], knowledge: Knowledge) -> float:
    def all_of_them() -> None:
        for item in items:
            read_statements(item, knowledge)

    return len(items) / _median(all_of_them, rounds=_ROUNDS)


def _median(work: Callable[[], object], *, rounds: int) -> float:
    """Seconds of process time that `work` takes, the median of `rounds`."""
    work()  # the first run compiles patterns
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return max(statistics.median(taken), 1e-9)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
