"""One pass over 2,000 feeds on as many hosts, side by side with the library `reader` (lemon24/reader).

    pip install reader==3.26 sgmllib3k     # what it is compared with; not among our own packages
    python -m benchmarks.intake                        # three pairs of runs, in turn
    python -m benchmarks.intake --feeds 500 --pairs 1

Every host name leads to one loopback server in a process of its own (intake_server.py), of which one feed in
twenty has changed when the measured pass begins; the others answer 304. Each run is a process of its own with
an empty database: a first pass that fetches every document, then the measured one. `reader` runs with as many
threads as it is given (`--threads`, 20), which was its fastest here; its look-ups go to the same address by
the standard library's `getaddrinfo`, ours by the resolver that the guarded client takes. What is told: feeds
a second, seconds of CPU of all processes of the run, and the most memory that one of them held.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.intake_cost import cpu_seconds
from service.core.feed import Feed
from service.feeds.lanes import poll_due
from service.feeds.nursery import NURSERY
from service.net import GuardedClient
from service.pace import HostPace
from service.store.ledger import Ledger

GOAL_RATE = 500.0
GOAL_MEMORY = 400.0
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over all feeds. `memory`, `children`: MiB at the most in it, in a child."""

    feeds: int
    whole: int
    new: int
    seconds: float
    cpu: float
    memory: float
    children: float

    @property
    def rate(self) -> float:
        """Feeds a second."""
        return self.feeds / self.seconds


class Loopback:
    """Every name is on loopback."""

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """The one address there is."""
        return ("127.0.0.1",)


def urls(port: int, count: int) -> list[str]:
    """The feeds: each on a host of its own."""
    return [f"http://h{number}.example:{port}/feed/{number}" for number in range(count)]


def ask(port: int, path: str) -> tuple[int, int]:
    """What the server counted: whole documents, and 304s."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
        whole, unchanged = answer.read().split()
    return int(whole), int(unchanged)


def measured(port: int, count: int, work: Callable[[], int]) -> Pass:
    """One pass: `work` polls everything and says how many new entries it stored."""
    ask(port, "turn")
    cpu, began = cpu_seconds(), time.monotonic()
    new = work()
    seconds = time.monotonic() - began
    NURSERY.close()  # so that what its children took is counted
    whole, unchanged = ask(port, "count")
    if whole + unchanged != count:
        raise SystemExit(f"{whole + unchanged} answers to {count} feeds: the pass is not one")
    most = [
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return Pass(count, whole, new, seconds, cpu_seconds() - cpu, most[0], most[1])


def run_ours(port: int, count: int, folder: Path) -> list[Pass]:
    """Two passes of ours."""
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
    feeds = [Feed(id=f"f_{n}", url=url, outlet="Load") for n, url in enumerate(urls(port, count))]
    ledger.feeds.declare(feeds, START)

    def poll(now: datetime) -> int:
        async def once() -> int:
            client = GuardedClient(
                user_agent="load/1",
                allow_networks=["127.0.0.0/8"],
                resolver=Loopback(),
                pace=HostPace(1.0),
            )
            try:
                reports = await poll_due(ledger, client, lambda: now)
            finally:
                await client.close()
            failed = [report.reason for report in reports if report.outcome == "failed"]
            if failed or len(reports) != count:
                raise SystemExit(f"{len(reports)} polls, {len(failed)} failed: {failed[:1]}")
            return sum(report.revisions for report in reports)

        return asyncio.run(once())

    times = (START, START + timedelta(hours=6))
    passes = [measured(port, count, partial(poll, now)) for now in times]
    ledger.close()
    return passes


def run_reader(port: int, count: int, folder: Path, threads: int) -> list[Pass]:
    """Two passes of `reader`."""
    from reader import make_reader  # only there for this comparison

    look_up = socket.getaddrinfo

    def loopback(host: Any, *rest: Any, **more: Any) -> Any:
        return look_up("127.0.0.1" if str(host).endswith(".example") else host, *rest, **more)

    socket.getaddrinfo = loopback
    reader = make_reader(f"{folder}/reader.db")
    for url in urls(port, count):
        reader.add_feed(url)

    def update() -> int:
        new = 0
        for result in reader.update_feeds_iter(workers=threads, scheduled=False):
            if isinstance(result.value, Exception):
                raise SystemExit(f"{result.url}: {result.value}")
            new += result.value.new if result.value else 0
        return new

    passes = [measured(port, count, update) for _ in range(2)]
    reader.close()
    return passes


@contextmanager
def server() -> Iterator[int]:
    """The port of a server that lives as long as the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.intake_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def one_run(who: str, asked: argparse.Namespace) -> list[Pass]:
    """One run in a process of its own, with a server and a folder of its own."""
    with server() as port, tempfile.TemporaryDirectory() as folder:
        words = ["--run", who, "--port", str(port), "--folder", folder, "--feeds", str(asked.feeds)]
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.intake", *words, "--threads", str(asked.threads)],
            stdout=subprocess.PIPE,
            check=True,
        )
    return [Pass(**row) for row in json.loads(done.stdout.splitlines()[-1])]


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and from where to where the values lie."""
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def tell(who: str, which: str, passes: Sequence[Pass]) -> None:
    """One line of the table."""
    first = passes[0]
    cells = (
        f"{who:>10} {which:>8}",
        f"{first.whole:>5} whole",
        f"{first.new:>6} new",
        f"{spread([one.rate for one in passes]):>22} feeds/s",
        f"{spread([one.cpu for one in passes], 2):>24} s CPU",
        f"{max(one.memory for one in passes):>4.0f} MiB",
    )
    sys.stdout.write("  ".join(cells) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=20)
    parser.add_argument("--only", choices=("ours", "reader"))
    for hidden in ("--run", "--port", "--folder"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        given = (int(asked.port), asked.feeds, Path(asked.folder))
        passes = run_ours(*given) if asked.run == "ours" else run_reader(*given, asked.threads)
        sys.stdout.write(json.dumps([asdict(one) for one in passes]) + "\n")
        return
    names = [asked.only] if asked.only else ["ours", "reader"]
    runs: dict[str, list[list[Pass]]] = {name: [] for name in names}
    for pair in range(asked.pairs):
        # In turn, so that what else the machine does falls on both alike.
        for name in names if pair % 2 == 0 else names[::-1]:
            runs[name].append(one_run(name, asked))
            tell(name, f"run {pair + 1}", [runs[name][-1][1]])
    for name in names:
        tell(name, "first", [run[0] for run in runs[name]])
        tell(name, "measured", [run[1] for run in runs[name]])


if __name__ == "__main__":
    main()
