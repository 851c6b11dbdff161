"""Claim, do, finish: the same loop over the ledger, behind the doorbell and without it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from service import failpoints, logs
from service.core.model import ClaimedRevision
from service.doorbell import LocalBell, Work
from service.errors import Conflict, LeaseLost, StoreError
from service.wiring import Parts
from workers.alone import try_alone
from workers.deliveries import deliver_due
from workers.items import Handled, Rules, handle_item
from workers.renewing import Keeper
from workers.watching import watched

RETRY_ITEM_SECONDS = 5.0
MOST_CONFLICTS = 5


def do_items(
    parts: Parts,
    stop: Callable[[], bool] = lambda: False,
    watch: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Handles items until none is due or `stop` says so; returns how many. Rings for what they raised.

    Each is handled inside a block of `watch`.
    """
    seconds = parts.settings.lease_seconds
    done = 0
    with Keeper[ClaimedRevision](
        lambda held: parts.ledger.items.renew(held, parts.clock(), seconds), seconds
    ) as keeper:
        while not stop():
            claimed = parts.ledger.items.claim(parts.clock(), seconds)
            if claimed is None:
                break
            failpoints.hit("claimed")
            with keeper.holding(claimed):
                _do_one(parts, claimed, watch)
            done += 1
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


def _do_one(
    parts: Parts, claimed: ClaimedRevision, watch: Callable[[], AbstractContextManager[None]]
) -> None:
    if claimed.alone:
        logs.line("item.tried_alone", item=claimed.item.id, revision=claimed.item.revision)
        try_alone(parts, claimed)
        parts.bell.ring(Work.DELIVERIES)
        return
    with watch():
        done = handle_claimed(parts, claimed)
    if any(one.alert for handled in done for one in handled.decisions):
        parts.bell.ring(Work.DELIVERIES)


def handle_claimed(parts: Parts, claimed: ClaimedRevision) -> tuple[Handled, ...]:
    """Handles one revision, whatever it does; StoreError where the ledger is away."""
    try:
        handled = _handle_patiently(parts, claimed)
    except LeaseLost:
        logs.warning("item.lease_lost", item=claimed.item.id, revision=claimed.item.revision)
        return ()
    except StoreError:  # the ledger is away, which is not the item's fault: its lease runs out by itself
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a unit of work: one bad item stops no other
        _set_aside(parts, claimed, error)
        return ()
    _log(claimed, handled)
    return handled


def _handle_patiently(parts: Parts, claimed: ClaimedRevision) -> tuple[Handled, ...]:
    """Handles the item again where another worker changed the same story meanwhile."""
    rules = Rules(parts.knowledge, parts.subscriptions, parts.watchlist, clocks=parts.clocks)
    for _ in range(MOST_CONFLICTS):
        try:
            return handle_item(parts.ledger, rules, claimed, parts.clock())
        except Conflict:
            logs.line("item.conflict", item=claimed.item.id, revision=claimed.item.revision)
    return handle_item(parts.ledger, rules, claimed, parts.clock())


def _log(claimed: ClaimedRevision, handled: tuple[Handled, ...]) -> None:
    events = [one.step.event.value for one in handled if one.step.event]
    logs.line(
        "item.handled",
        item=claimed.item.id,
        revision=claimed.item.revision,
        statements=len(handled),
        stories=",".join(dict.fromkeys(one.step.story.id for one in handled)) or None,
        events=",".join(events) or None,
        alerts=sum(decision.alert is not None for one in handled for decision in one.decisions),
    )


def _set_aside(parts: Parts, claimed: ClaimedRevision, error: Exception) -> None:
    why = f"{type(error).__name__}: {error}"
    quarantined = parts.ledger.items.fail(claimed, why, parts.clock(), RETRY_ITEM_SECONDS)
    name = "item.quarantined" if quarantined else "item.failed"
    logs.failure(name, error, item=claimed.item.id, revision=claimed.item.revision)


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
