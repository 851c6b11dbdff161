"""One recorded attempt: send, then write down what came of it, whatever came of it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import monotonic

from service import logs
from service.alerts.retries import retry_after
from service.alerts.transport import Transport
from service.core.messages import ClaimedDelivery
from service.core.model import Attempt
from service.errors import LeaseLost, OutgoingError
from service.store.ledger import Ledger

# A destination that hangs holds at most this many of the sends in flight.
MOST_PER_CHANNEL = 2
MOST_IN_FLIGHT = 16
# Longer than any channel's own deadline, so a live send never loses its lease.
SEND_LEASE_SECONDS = 90.0
LOOK_AGAIN_SECONDS = 0.2

Clock = Callable[[], datetime]


async def deliver_due(ledger: Ledger, transports: Mapping[str, Transport], clock: Clock) -> int:
    """Sends whatever is due until nothing is; returns how many attempts were made.

    While a slow receiver is waited for, deliveries to the others go on.
    """
    in_flight: dict[asyncio.Task[None], str] = {}
    made = 0
    while True:
        claimed = _claim_next(ledger, clock, in_flight)
        if claimed is not None:
            in_flight[asyncio.create_task(_attempt(ledger, transports, claimed, clock))] = claimed.channel
            made += 1
            continue
        if not in_flight:
            return made
        done, _ = await asyncio.wait(
            in_flight, timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            in_flight.pop(task)
            task.result()


def _claim_next(
    ledger: Ledger, clock: Clock, in_flight: Mapping[asyncio.Task[None], str]
) -> ClaimedDelivery | None:
    if len(in_flight) >= MOST_IN_FLIGHT:
        return None
    sending = Counter(in_flight.values())
    busy = [channel for channel, count in sending.items() if count >= MOST_PER_CHANNEL]
    return ledger.deliveries.claim(clock(), SEND_LEASE_SECONDS, busy)


async def _attempt(
    ledger: Ledger, transports: Mapping[str, Transport], claimed: ClaimedDelivery, clock: Clock
) -> None:
    started = monotonic()
    error: OutgoingError | None = None
    status, answer = None, ""
    try:
        transport = _transport(transports, claimed.channel)
        sent = await transport.send(claimed.id, claimed.message, clock())
        status, answer = sent.status, sent.answer
    except OutgoingError as failed:
        error, status, answer = failed, failed.status, failed.answer or str(failed)
    except Exception as bug:  # noqa: BLE001 - the edge of a unit of work: one channel's bug stops no other
        logs.failure("delivery.broken", bug, delivery=claimed.id, channel=claimed.channel)
        error, answer = OutgoingError(f"{type(bug).__name__}: {bug}"), type(bug).__name__
    attempt = Attempt(
        number=claimed.tries + 1,
        at=clock(),
        ok=error is None,
        status=status,
        answer=answer[:500],
        seconds=round(monotonic() - started, 3),
    )
    _record(ledger, claimed, attempt, error)


def _transport(transports: Mapping[str, Transport], channel: str) -> Transport:
    if channel not in transports:
        raise OutgoingError(f"no channel is named {channel!r} any more", permanent=True)
    return transports[channel]


def _record(ledger: Ledger, claimed: ClaimedDelivery, attempt: Attempt, error: OutgoingError | None) -> None:
    wait = None if error is None else retry_after(error, attempt.number, random.random())
    next_at = None if wait is None else attempt.at + timedelta(seconds=wait)
    try:
        ledger.deliveries.finish(claimed, attempt, next_at)
    except LeaseLost:
        logs.warning("delivery.lease_lost", delivery=claimed.id, channel=claimed.channel)
        return
    outcome = "delivered" if attempt.ok else "retry" if next_at else "dead"
    logs.line(
        f"delivery.{outcome}",
        delivery=claimed.id,
        channel=claimed.channel,
        attempt=attempt.number,
        status=attempt.status,
        answer=None if attempt.ok else attempt.answer[:120],
        next_at=next_at,
    )
