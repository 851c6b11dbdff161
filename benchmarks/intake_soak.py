"""Soak: the real service polls 300 feeds that misbehave in every way, and nothing is lost or made up.

    python -m benchmarks.intake_soak --minutes 30
    python -m benchmarks.intake_soak --minutes 2 --feeds 100

The feeds (soak_feeds.py) remember what they served in whole answers. At the end they turn calm, the last
polls are waited for, and each entry that was served must be a row, once, and no row may hold anything else.
Memory and open files of the service and its children are printed over time. Exit status 1 where an entry is
lost, doubled or made up.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.soak_feeds import KINDS, SoakFeed, SoakServer
from service.core.text import stable_id
from tests.acceptance.running import Process

POLL_SECONDS = 5
ENTRY_SECONDS = 12.0
CALM_SECONDS = 300.0  # as long as the last polls may take to be committed, on a machine that has other work
SAMPLES = 12
START_SECONDS = 180.0  # a busy machine declares hundreds of feeds before it serves


@dataclass(frozen=True, slots=True)
class Sample:
    """The service at one moment: MiB and open files, of it and of its children together."""

    seconds: float
    memory: float
    files: int
    children_memory: float
    children: int


def sample(pid: int, began: float) -> Sample:
    """What /proc says of a process and its descendants."""
    below = _descendants(pid)
    return Sample(
        seconds=time.monotonic() - began,
        memory=_memory(pid),
        files=_files(pid),
        children_memory=sum(map(_memory, below)),
        children=len(below),
    )


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found


def _memory(pid: int) -> float:
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20
    return 0.0


def _files(pid: int) -> int:
    with suppress(OSError):
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return 0


def settings(urls: list[str]) -> str:
    """A settings file that polls `urls` every few seconds."""
    tables = "".join(
        f'[[feeds]]\nurl = "{url}"\noutlet = "Soak"\ninterval_minutes = {POLL_SECONDS / 60}\n' for url in urls
    )
    return f'allow_networks = ["127.0.0.0/8"]\nlog_level = "error"\nport = 0\n{tables}'


def watch(pid: int, minutes: float, server: SoakServer, database: Path) -> None:
    """Sample the service for so long, then let the feeds be calm and wait until the last polls are saved."""
    began = time.monotonic()
    step = minutes * 60 / SAMPLES
    for number in range(SAMPLES):
        time.sleep(max(0.0, began + (number + 1) * step - time.monotonic()))
        _tell(sample(pid, began))
    server.calm()
    until = time.monotonic() + CALM_SECONDS
    while time.monotonic() < until and _waits(server, rows(database)):
        time.sleep(2.0)
    _tell(sample(pid, began))


def _waits(server: SoakServer, stored: dict[str, Counter[str]]) -> bool:
    """Whether something that was served is not stored yet."""
    pairs = zip(server.feeds, server.urls(), strict=True)
    return any(feed.served - set(stored.get(stable_id("f", url), ())) for feed, url in pairs)


def _tell(one: Sample) -> None:
    sys.stdout.write(
        f"{one.seconds:6.0f} s  {one.memory:6.1f} MiB  {one.files:4d} files  "
        f"{one.children} children with {one.children_memory:5.1f} MiB\n"
    )
    sys.stdout.flush()


def rows(database: Path) -> dict[str, Counter[str]]:
    """Feed id -> how often each title stands in the ledger, poisons left out."""
    found: dict[str, Counter[str]] = {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for feed, title in connection.execute("SELECT feed_id, title FROM revisions"):
            if title != "poison":
                found.setdefault(feed, Counter())[title] += 1
    return found


def judge(feeds: list[SoakFeed], urls: list[str], stored: dict[str, Counter[str]]) -> int:
    """Print the table; how many entries were lost, doubled or made up."""
    heads = ("asked", "whole", "304", "bad", "served", "stored", "lost", "twice", "made up")
    sys.stdout.write(f"{'':26}" + "".join(f"{head:>8}" for head in heads) + "\n")
    wrong = 0
    total = Counter[str]()
    for kind in KINDS:
        counts = Counter[str]()
        for feed, url in zip(feeds, urls, strict=True):
            if feed.kind == kind:
                counts += _one(feed, stored.get(stable_id("f", url), Counter()))
        wrong += counts["lost"] + counts["twice"] + counts["made up"]
        total += counts
        sys.stdout.write(f"{kind:26}" + "".join(f"{counts[head]:8d}" for head in heads) + "\n")
    sys.stdout.write(f"{'all':26}" + "".join(f"{total[head]:8d}" for head in heads) + "\n")
    return wrong


def _one(feed: SoakFeed, stored: Counter[str]) -> Counter[str]:
    return Counter(
        {
            "asked": feed.asked,
            "whole": feed.whole,
            "304": feed.unchanged,
            "bad": feed.bad,
            "served": len(feed.served),
            "stored": len(stored),
            "lost": len(feed.served - set(stored)),
            "twice": sum(count - 1 for count in stored.values()),
            "made up": len(set(stored) - feed.offered),
        }
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--minutes", type=float, default=30.0)
    asked.add_argument("--feeds", type=int, default=300)
    given = asked.parse_args()
    server = SoakServer(given.feeds, ENTRY_SECONDS)
    urls = server.urls()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rumorwatch.toml").write_text(settings(urls))
        with Process("run", folder) as service:
            service.wait_for_line(r"Look at http", START_SECONDS)
            watch(service.pid, given.minutes, server, folder / "data" / "rumorwatch.db")
            status = service.stop()
        wrong = judge(server.feeds, urls, rows(folder / "data" / "rumorwatch.db"))
    server.close()
    sys.stdout.write(f"the service ended with status {status}; {wrong} entries are wrong\n")
    sys.exit(1 if wrong or status else 0)


if __name__ == "__main__":
    main()
