"""A revision that outlived two workers, tried in a process that does nothing else.

If that process dies, it was almost certainly the revision's doing: the worker that started it lives, says so
in the ledger, and goes on with the next. The child is told what to do through its standard input, and it
saves the work itself, under the lease that the worker keeps for it. It dies with its worker, so that a
machine whose workers are killed in a row is not filled with children that nobody waits for.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from service import failpoints, logs, wiring
from service.core.model import ClaimedRevision
from service.doorbell import LocalBell
from service.errors import LeaseLost, StoreError
from service.lexicons import knowledge_on_demand
from service.settings import Settings

WALL_SECONDS = 120.0
START_SECONDS = 180.0  # a busy machine that takes long to start the child is no fault of the item's
LEDGER_AWAY = 75  # the exit status that says so: no fault of the revision's
_OOM_FIRST = "1000"
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


@dataclass(frozen=True, slots=True)
class Task:
    """What the child is to do: everything that it needs."""

    settings: Settings
    claimed: ClaimedRevision


def try_alone(parts: wiring.Parts, claimed: ClaimedRevision) -> None:
    """Handles the revision in a child; set aside where it kills as many as prove its fault.

    StoreError where the ledger is away, and nothing was decided.
    """
    task = pickle.dumps(Task(parts.settings, claimed))
    while (why := _died(task)) is not None:
        logs.warning("item.died_alone", item=claimed.item.id, revision=claimed.item.revision, why=why)
        try:
            aside = parts.ledger.items.died_alone(claimed, f"the process that tried it alone {why}")
        except LeaseLost:
            return
        if aside:
            logs.warning("item.quarantined", item=claimed.item.id, revision=claimed.item.revision, why=why)
            return


def _died(task: bytes) -> str | None:
    """What became of a child that did not end in order; None: it did."""
    try:
        child = subprocess.run(
            [sys.executable, "-m", "workers.alone", str(os.getpid())],
            input=task,
            timeout=START_SECONDS + WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"did not end within {START_SECONDS + WALL_SECONDS:g} s"
    if child.returncode == LEDGER_AWAY:
        raise StoreError("The ledger was away while an item was tried alone; it will be tried again.")
    if child.returncode < 0:
        return f"was killed by signal {-child.returncode}"
    return f"ended with status {child.returncode}" if child.returncode else None


def main() -> int:
    """The child: handles one revision, and does not start anything else."""
    _die_with(int(sys.argv[1]))
    from workers.batches import handle_claimed
    from workers.watching import watched

    with suppress(OSError):  # where memory runs out, this process goes and not the worker
        Path("/proc/self/oom_score_adj").write_text(_OOM_FIRST, encoding="ascii")
    task: Task = pickle.load(sys.stdin.buffer)  # from our own worker, over a pipe that only it holds
    logs.configure(task.settings.log_format, task.settings.log_level)
    failpoints.arm(task.settings.failpoint)
    try:
        parts = wiring.open_parts(task.settings, LocalBell(), knowledge=knowledge_on_demand())
        with watched(WALL_SECONDS):
            handle_claimed(parts, task.claimed)
    except StoreError as error:
        logs.failure("item.store_failed", error, item=task.claimed.item.id)
        return LEDGER_AWAY
    return 0


def _die_with(worker: int) -> None:
    """Ends this process when its worker ends, and at once where it has ended already. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != worker:
        sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
