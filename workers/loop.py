"""Claim, do, finish: the same loop over the ledger, behind the doorbell and without it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from service import failpoints, logs
from service.core.model import ClaimedRevision
from service.doorbell import LocalBell, Work
from service.errors import StoreError
from service.wiring import Parts
from workers.alone import try_alone
from workers.batches import do_batch, keeper_of
from workers.deliveries import deliver_due
from workers.watching import watched

MOST_AT_ONCE = 16  # so much is lost to the next worker for a lease's time when this one is killed


def do_items(
    parts: Parts,
    stop: Callable[[], bool] = lambda: False,
    watch: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Handles items until none is due or `stop` says so; returns how many. Rings for what they raised.

    Each is read, and what was read is saved, inside blocks of `watch`.
    """
    seconds = parts.settings.lease_seconds
    done = 0
    with keeper_of(parts) as keeper:
        while not stop():
            claimed = parts.ledger.items.claim_some(parts.clock(), seconds, MOST_AT_ONCE)
            if not claimed:
                break
            failpoints.hit("claimed")
            with keeper.holding(*claimed):
                done += _do(parts, claimed, stop, watch)
    return done


def do_deliveries(parts: Parts, stop: Callable[[], bool] = lambda: False) -> int:
    """Sends whatever is due, or until `stop` says so; returns how many attempts were made."""

    async def send_all() -> int:
        async with parts.open_transports() as transports:
            return await deliver_due(
                parts.ledger, transports, parts.clock, parts.settings.lease_seconds, stop
            )

    if not parts.ledger.due(parts.clock()).deliveries:
        return 0
    return asyncio.run(send_all())


def _do(
    parts: Parts,
    claimed: tuple[ClaimedRevision, ...],
    stop: Callable[[], bool],
    watch: Callable[[], AbstractContextManager[None]],
) -> int:
    if claimed[0].alone:
        (one,) = claimed
        logs.line("item.tried_alone", item=one.item.id, revision=one.item.revision)
        try_alone(parts, one)
        parts.bell.ring(Work.DELIVERIES)
        return 1
    return do_batch(parts, claimed, stop, watch)


class Loop:
    """A thread that does one kind of work whenever its bell rings, and at every sweep."""

    def __init__(self, work: Work, bell: LocalBell, do: Callable[[], int], sweep_seconds: float) -> None:
        self._work, self._bell, self._do, self._sweep_seconds = work, bell, do, sweep_seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"loop-{work}", daemon=True)

    def start(self) -> None:
        """Starts with a look at what is due already."""
        self._bell.ring(self._work)
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Lets the unit in hand finish, at most `seconds` long; what is left keeps its lease and runs out."""
        self._stopped.set()
        failpoints.hit("drain")
        self._bell.ring(self._work)
        self._thread.join(seconds)

    @property
    def stopped(self) -> bool:
        """Whether the loop was told to stop."""
        return self._stopped.is_set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._bell.wait(self._work, self._sweep_seconds)
            if self._stopped.is_set():
                return
            try:
                self._do()
            except StoreError as error:  # the ledger is away: the next sweep looks again
                logs.failure("loop.store_failed", error, work=self._work)
            except Exception as error:  # noqa: BLE001 - the thread's edge: it must never end
                logs.failure("loop.broken", error, work=self._work)


def item_loop(parts: Parts, bell: LocalBell) -> Loop:
    """The loop that reads items; it stops between two of them."""
    loop: Loop
    loop = Loop(
        Work.ITEMS,
        bell,
        lambda: do_items(parts, lambda: loop.stopped, watched),
        parts.settings.sweep_seconds,
    )
    return loop


def delivery_loop(parts: Parts, bell: LocalBell) -> Loop:
    """The loop that sends alerts; it stops when what is under way has ended."""
    loop: Loop
    loop = Loop(
        Work.DELIVERIES,
        bell,
        lambda: do_deliveries(parts, lambda: loop.stopped),
        parts.settings.sweep_seconds,
    )
    return loop
