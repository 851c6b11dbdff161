"""The doorbell says that there is work; it never holds it.

Embedded, it is an event in this process. With Redis it is an RQ job that names a function and carries
nothing: whoever answers asks the ledger what there is to do. A ring that is lost costs one sweep, no work.
"""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import Protocol

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from service import failpoints, logs

QUEUE = "rumorwatch"
# More waiting rings than this wake nobody sooner.
MOST_WAITING_RINGS = 16
RING_LIFE_SECONDS = 60


class Work(StrEnum):
    """The two kinds of work in the ledger."""

    ITEMS = "items"
    DELIVERIES = "deliveries"


# The only functions that a worker will run, by the dotted names that `service` may not import.
JOBS = {Work.ITEMS: "workers.jobs.items", Work.DELIVERIES: "workers.jobs.deliveries"}


class Doorbell(Protocol):
    """Something that wakes whoever does the work."""

    def ring(self, work: Work) -> None:
        """Says that there may be `work`. Never fails: the sweep covers what is not heard."""


class LocalBell:
    """Wakes the loops of this process."""

    def __init__(self) -> None:
        self._events = {work: threading.Event() for work in Work}

    def ring(self, work: Work) -> None:
        """Wakes the loop of `work`, now or the next time it waits."""
        failpoints.hit("pre-enqueue")
        self._events[work].set()
        failpoints.hit("post-enqueue")

    def wait(self, work: Work, seconds: float) -> None:
        """Returns when `work` was rung or `seconds` have passed."""
        rung = self._events[work].wait(seconds)
        self._events[work].clear()
        if rung:
            failpoints.hit("dequeued")


class RqBell:
    """Wakes RQ workers, on this machine or others."""

    def __init__(self, connection: Redis) -> None:
        self._queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)

    def ring(self, work: Work) -> None:
        """Enqueues one job; where enough wait already, or Redis does not answer, none."""
        failpoints.hit("pre-enqueue")
        try:
            if self._queue.count < MOST_WAITING_RINGS:
                self._queue.enqueue(
                    JOBS[work], result_ttl=0, failure_ttl=RING_LIFE_SECONDS, ttl=RING_LIFE_SECONDS
                )
        except RedisError as error:
            logs.warning("doorbell.silent", work=work, error=type(error).__name__)
        failpoints.hit("post-enqueue")
