"""Hears the rings that come through Redis, and turns each into a ring of this process's own bell.

An RQ worker that never runs what a job says: it looks the job's name up in a fixed table, so bytes that
somebody else put into Redis execute nothing here, and a job is gone from Redis before its work begins. The
work itself is the same loop as without Redis; where Redis falls silent, the loop's sweep goes on.
"""

from __future__ import annotations

import contextlib
import signal
import time
from types import FrameType
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import DeserializationError
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job
from rq.serializers import JSONSerializer

from service import failpoints, logs
from service.doorbell import QUEUE, LocalBell
from workers.jobs import ANSWERS

MAINTENANCE_SECONDS = 30
TRY_AGAIN_SECONDS = 2.0


class RingWorker(SimpleWorker):
    """One queue a worker: a worker on two loses what it popped when it is killed."""

    def __init__(self, connection: Redis, bell: LocalBell) -> None:
        queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
        super().__init__(
            [queue],
            connection=connection,
            serializer=JSONSerializer,
            maintenance_interval=MAINTENANCE_SECONDS,
            log_job_description=False,
        )
        self._bell = bell
        self.told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """A signal: RQ ends its loop for other reasons too, and only this one is meant."""
        self.told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Answers one ring; anything that is not one of ours is refused and removed."""
        failpoints.hit("dequeued")
        answer = ANSWERS.get(_name(job))
        if answer is None or job.args or job.kwargs:
            logs.warning("job.refused", job=job.id)
        else:
            answer(self._bell)
        _forget(job, queue)


def _name(job: Job) -> str:
    try:
        return str(job.func_name)
    except (DeserializationError, ValueError, TypeError):
        return ""


def _forget(job: Job, queue: Queue) -> None:
    try:
        IntermediateQueue(queue.key, connection=queue.connection).remove(job.id)
        job.delete()
    except RedisError as error:  # the ring was heard; what is left of it runs out by itself
        logs.warning("job.not_removed", job=job.id, error=type(error).__name__)


def answer_rings(connection: Redis, bell: LocalBell) -> None:
    """Hears rings until the process is told to stop (SIGINT or SIGTERM).

    While Redis is away it is tried again, and the loops of this process go on by their sweep.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        while not _hear(connection, bell):
            time.sleep(TRY_AGAIN_SECONDS)


def _hear(connection: Redis, bell: LocalBell) -> bool:
    """Hears rings for as long as Redis is there; whether it ended because it was told to."""
    try:
        worker: Any = RingWorker(connection, bell)
        worker.work(logging_level="CRITICAL")
    except RedisError as error:
        logs.warning("doorbell.away", error=type(error).__name__)
        return False
    finally:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return bool(worker.told_to_stop)
