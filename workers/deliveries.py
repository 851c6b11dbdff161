"""One recorded attempt: send, then write down what came of it, whatever came of it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from service import failpoints, logs
from service.alerts.retries import retry_after
from service.alerts.transport import Remembering, Transport
from service.core.breaking import Failure
from service.core.messages import ClaimedDelivery
from service.core.model import Attempt
from service.errors import LeaseLost, OutgoingError, ReceiverGone, StoreError
from service.store.leases import LEASE_SECONDS
from service.store.ledger import Ledger
from workers.renewing import Keeper

# A destination that hangs holds at most this many sends, and there is no limit over all channels: else a few
# that hang would hold all of them, and the others wait.
MOST_PER_CHANNEL = 2
LOOK_AGAIN_SECONDS = 0.2
# Waits before an attempt that could not be written down is written again.
RECORD_AGAIN_SECONDS = (0.5, 1.0, 2.0, 4.0)

Clock = Callable[[], datetime]


async def deliver_due(
    ledger: Ledger,
    transports: Mapping[str, Transport],
    clock: Clock,
    lease_seconds: float = LEASE_SECONDS,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Sends whatever is due until nothing is, or until `stop` says so; returns how many attempts were made.

    While a slow receiver is waited for, deliveries to the others go on. StoreError, after what was under way
    has ended, where the ledger is away.
    """
    with Keeper[ClaimedDelivery](
        lambda held: ledger.deliveries.renew(held, clock(), lease_seconds), lease_seconds
    ) as keeper:
        return await _Sending(ledger, transports, clock, lease_seconds, keeper).until(stop)


@dataclass(frozen=True, slots=True)
class _Sending:
    """The sends of one call, at most so many at once."""

    ledger: Ledger
    transports: Mapping[str, Transport]
    clock: Clock
    lease_seconds: float
    keeper: Keeper[ClaimedDelivery]
    in_flight: dict[asyncio.Task[None], str] = field(default_factory=dict)

    async def until(self, stop: Callable[[], bool]) -> int:
        """Goes on until nothing is due."""
        made = 0
        try:
            while True:
                claimed = None if stop() else self._claim_next()
                if claimed is not None:
                    failpoints.hit("claimed")
                    self.in_flight[asyncio.create_task(self._send(claimed))] = claimed.channel
                    made += 1
                elif self.in_flight:
                    await self._wait()
                else:
                    return made
        finally:
            # A ledger that is away ends the claiming; what is on its way to a receiver is still waited for.
            await asyncio.gather(*self.in_flight, return_exceptions=True)

    async def _wait(self) -> None:
        done, _ = await asyncio.wait(
            self.in_flight, timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            self.in_flight.pop(task)
            task.result()

    def _claim_next(self) -> ClaimedDelivery | None:
        sending = Counter(self.in_flight.values())
        busy = [channel for channel, count in sending.items() if count >= MOST_PER_CHANNEL]
        return self.ledger.deliveries.claim(self.clock(), self.lease_seconds, busy)

    async def _send(self, claimed: ClaimedDelivery) -> None:
        with self.keeper.holding(claimed):
            await _attempt(self.ledger, self.transports, claimed, self.clock)


async def _attempt(
    ledger: Ledger, transports: Mapping[str, Transport], claimed: ClaimedDelivery, clock: Clock
) -> None:
    started = monotonic()
    transport: Transport | None = None
    error: OutgoingError | None = None
    status, answer = None, ""
    try:
        transport = _transport(transports, claimed.channel)
        sent = await transport.send(claimed.id, claimed.message, clock())
        failpoints.hit("got-2xx")
        status, answer = sent.status, sent.answer
    except OutgoingError as failed:
        error, status, answer = failed, failed.status, failed.answer or str(failed)
    except Exception as broken:  # noqa: BLE001 - the edge of a unit of work: one channel's bug stops no other
        logs.failure("delivery.broken", broken, delivery=claimed.id, channel=claimed.channel)
        error, answer = OutgoingError(f"{type(broken).__name__}: {broken}"), type(broken).__name__
    attempt = Attempt(
        number=claimed.tries + 1,
        at=clock(),
        ok=error is None,
        status=status,
        answer=answer[:500],
        seconds=round(monotonic() - started, 3),
    )
    if await _record(ledger, claimed, attempt, error) and attempt.ok and isinstance(transport, Remembering):
        transport.settled(claimed.id)


def _transport(transports: Mapping[str, Transport], channel: str) -> Transport:
    if channel not in transports:
        raise OutgoingError(f"no channel is named {channel!r} any more", permanent=True)
    return transports[channel]


async def _record(
    ledger: Ledger, claimed: ClaimedDelivery, attempt: Attempt, error: OutgoingError | None
) -> bool:
    """Writes down what came of it and what follows; False where the lease is another's."""
    counted = attempt.number - claimed.uncounted
    wait = None if error is None else retry_after(error, counted, random.random())
    next_at = None if wait is None else attempt.at + timedelta(seconds=wait)
    failure = None if error is None else _failure(attempt, error, given_up=next_at is None)
    failpoints.hit("pre-mark")
    if isinstance(error, ReceiverGone):
        turn_off(ledger, claimed.channel, error, attempt.at)
    hurried = await _finished(ledger, claimed, Ending(attempt, next_at, failure))
    if hurried is None:
        return False
    failpoints.hit("marked" if next_at is None else "backoff-set")
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
    if hurried:
        logs.line("channel.well_again", channel=claimed.channel, deliveries=hurried)
    return True


def turn_off(ledger: Ledger, channel: str, gone: ReceiverGone, now: datetime) -> None:
    """Sends nothing more to a channel whose receiver is gone; what waits for it waits for a person."""
    if ledger.channels.turn_off(channel, str(gone), now):
        logs.warning("channel.off", channel=channel, reason=gone)


def _failure(attempt: Attempt, error: OutgoingError, *, given_up: bool) -> Failure:
    """What a failed try says of its channel: what is refused for good says nothing of it."""
    return Failure(
        attempt.at,
        attempt.answer or str(error),
        not error.permanent,
        given_up,
        error.status,
        error.retry_after,
    )


@dataclass(frozen=True, slots=True)
class Ending:
    """An attempt and what follows from it."""

    attempt: Attempt
    next_at: datetime | None
    failure: Failure | None


async def _finished(ledger: Ledger, claimed: ClaimedDelivery, ending: Ending) -> int | None:
    """Writes the attempt down; None where the lease is another's, else how many others are due because of it.

    What was sent is not sent again for want of a ledger that answers the first time: it is asked again while
    the lease may hold. An answer that was lost after a commit comes back as a lost lease, and is settled.
    """
    for wait in (*RECORD_AGAIN_SECONDS, None):
        try:
            return ledger.deliveries.finish(claimed, ending.attempt, ending.next_at, ending.failure)
        except LeaseLost:
            logs.warning("delivery.lease_lost", delivery=claimed.id, channel=claimed.channel)
            return None
        except StoreError:
            if wait is None:
                raise
            await asyncio.sleep(wait)
    return None
