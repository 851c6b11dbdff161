"""How long a search and the lists of the desk take over a large ledger, in CPU seconds of this process.

    python -m benchmarks.searching [--stories 100000] [--url postgresql://...]

The ledger is made anew in a temporary folder, or in the (empty) database that is named; what PostgreSQL
itself computes is no CPU of ours, so the time on the clock is given too. Claims are made of fixed words
with a fixed seed, in English and Chinese, as long as those that the seeds open.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from service.core.model import Claim, Kind, Position, Quotation, Role, Status, Story, Strength
from service.core.searching import terms_of, words_of
from service.store.engine import writing
from service.store.ledger import Ledger
from service.store.schema import searched, stories
from service.store.searching import Question
from service.store.stories import row_of

START = datetime(2020, 1, 1, tzinfo=UTC)
_ENDS = ("tec", "bank", "air", "gas")
NAMES = [f"{first}{last}" for first in ("Nor", "Sud", "Alta", "Vela", "Kino") for last in _ENDS]
DEEDS = [
    "talks on a joint venture",
    "takeover offer",
    "cut of jobs in its plants",
    "sale of its stake",
    "利用工厂生产电动车",
    "计划裁员",
]
TURNS = 20
ASKED = ["nortec", "zeppelin", "takeover altabank", "电动车", "裁员 kinogas", "word77777", "e"]


def main() -> None:
    """Makes the ledger, asks, and prints a line each."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--stories", type=int, default=100_000)
    given.add_argument("--url")
    options = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(options.url or f"sqlite:///{Path(folder) / 'ledger.db'}")
        fill(ledger, options.stories)
        for words in ASKED:
            measured(f"search {words!r}", partial(ledger.reports.search, Question(terms_of(words)), 20))
        narrowed = Question(terms_of("takeover"), status=Status.OPEN)
        measured("search 'takeover', open", lambda: ledger.reports.search(narrowed, 20))
        measured("stories", lambda: ledger.reports.stories(20))
        measured("stories, denied", lambda: ledger.reports.stories(20, status=Status.DENIED))
        measured("counts", lambda: ledger.reports.counts(START))
        ledger.close()


def measured(what: str, ask: Callable[[], object]) -> None:
    """Asks `TURNS` times and prints the middle and the slowest but one, on the processor and on the clock."""
    cpu, clock = [], []
    for _ in range(TURNS):
        began, at = time.process_time(), time.perf_counter()
        ask()
        cpu.append(time.process_time() - began)
        clock.append(time.perf_counter() - at)
    cpu.sort()
    clock.sort()
    sys.stdout.write(
        f"{what:28} CPU p50 {cpu[TURNS // 2] * 1000:6.1f} ms, p95 {cpu[-2] * 1000:6.1f} ms"
        f"   clock p50 {clock[TURNS // 2] * 1000:6.1f} ms\n"
    )


def fill(ledger: Ledger, count: int) -> None:
    """Stores the stories, a thousand in one statement."""
    batch: list[Story] = []
    for story in made(count):
        batch.append(story)
        if len(batch) == 1000:
            keep(ledger, batch)
            batch.clear()
    keep(ledger, batch)


def keep(ledger: Ledger, batch: list[Story]) -> None:
    """Stores a batch with its words."""
    if not batch:
        return
    with writing(ledger._engine) as connection:
        connection.execute(stories.insert(), [row_of(story) for story in batch])
        connection.execute(searched.insert(), [row_in_search(one) for one in batch])


def row_in_search(one: Story) -> dict[str, object]:
    """The words of a story as the ledger keeps them."""
    return {"story_id": one.id, "last_at": one.last_at, "status": one.status.value, "words": words_of(one)}


def made(count: int) -> Iterator[Story]:
    """Stories of two positions each."""
    chance = random.Random(20260203)
    for number in range(count):
        one, other = chance.sample(NAMES, 2)
        claim = f"{one} and {other}: {chance.choice(DEEDS)}, word{number}, in {2000 + number % 30}"
        at = START + timedelta(minutes=number)
        said = [quotation(claim, number, at, name) for name in (one, other)]
        positions = tuple(
            Position(q.party or "", Kind.DENIAL, Strength.FLAT, Role.PRINCIPAL, None, at, q) for q in said
        )
        status = chance.choice(list(Status))
        terms = tuple(sorted(f"term{chance.randrange(5000)}" for _ in range(40)))
        grown = Claim(claim, (one, other), terms=terms, setting=terms)
        yield Story(f"s_{number:016x}", grown, status, positions, at, at, said[0], 1, 2, 0)


def quotation(claim: str, number: int, at: datetime, party: str) -> Quotation:
    """Words as long as a sentence of the news."""
    words = f"{party} said that the report is not true and that nobody spoke to anybody about this, {number}"
    return Quotation(
        words, "text", 0, 80, f"i_{number}", f"https://wire.example/{number}", "Harbour Ledger", claim, at,
        Kind.DENIAL, party, None,
    )  # fmt: skip


if __name__ == "__main__":
    main()
