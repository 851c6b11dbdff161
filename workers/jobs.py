"""The names that RQ calls. A ring carries nothing: the ledger knows what there is to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from service.doorbell import JOBS, LocalBell, Work


def items(bell: LocalBell) -> None:
    """Somebody stored items: wake the loop of this process that reads them."""
    bell.ring(Work.ITEMS)


def deliveries(bell: LocalBell) -> None:
    """Something is due for sending: wake the loop of this process that sends it."""
    bell.ring(Work.DELIVERIES)


# The only jobs that are ever answered. What else stands in the queue is refused unread.
ANSWERS: Mapping[str, Callable[[LocalBell], None]] = {
    JOBS[Work.ITEMS]: items,
    JOBS[Work.DELIVERIES]: deliveries,
}
