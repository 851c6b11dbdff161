"""The doorbell wakes whoever does the work, holds nothing, and fails nobody."""

from __future__ import annotations

import pickle
import threading

import pytest
from fakeredis import FakeRedis, FakeServer
from rq import Queue
from rq.serializers import DefaultSerializer, JSONSerializer

from service.doorbell import JOBS, MOST_WAITING_RINGS, QUEUE, LocalBell, RqBell, Work
from workers.answering import RingWorker
from workers.jobs import ANSWERS


@pytest.fixture
def redis():
    return FakeRedis()


def answer_all(redis) -> LocalBell:
    bell = LocalBell()
    RingWorker(redis, bell).work(burst=True, logging_level="ERROR")
    return bell


def was_rung(bell: LocalBell, work: Work) -> bool:
    return bell._events[work].is_set()


def test_a_ring_wakes_who_waits():
    bell = LocalBell()
    woken = threading.Event()

    def wait():
        bell.wait(Work.ITEMS, 30)
        woken.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    bell.ring(Work.ITEMS)
    waiter.join(10)
    assert woken.is_set()


def test_a_ring_before_the_wait_is_not_lost_and_counts_once():
    bell = LocalBell()
    bell.ring(Work.ITEMS)
    bell.ring(Work.ITEMS)
    bell.wait(Work.ITEMS, 30)
    assert not was_rung(bell, Work.ITEMS)
    assert not was_rung(bell, Work.DELIVERIES)


@pytest.mark.parametrize("work", list(Work))
def test_a_ring_through_redis_rings_the_bell_of_a_worker(redis, work):
    RqBell(redis).ring(work)
    bell = answer_all(redis)
    assert [was_rung(bell, each) for each in Work] == [each is work for each in Work]


def test_every_job_has_its_answer():
    assert set(ANSWERS) == set(JOBS.values())


def test_a_ring_is_json_and_carries_nothing(redis):
    RqBell(redis).ring(Work.ITEMS)
    job = Queue(QUEUE, connection=redis, serializer=JSONSerializer).jobs[0]
    assert (job.func_name, list(job.args), job.kwargs) == ("workers.jobs.items", [], {})


def test_rings_do_not_pile_up(redis):
    for _ in range(3 * MOST_WAITING_RINGS):
        RqBell(redis).ring(Work.ITEMS)
    assert Queue(QUEUE, connection=redis).count == MOST_WAITING_RINGS


def test_nothing_is_left_in_redis_once_the_rings_were_answered(redis):
    for _ in range(3):
        RqBell(redis).ring(Work.ITEMS)
    answer_all(redis)
    left = [key.decode() for key in redis.keys("*")]
    assert [key for key in left if ":job:" in key or key.endswith(":intermediate")] == []


class Marker:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_foreign_jobs_are_refused_and_run_nothing(redis, tmp_path):
    trap = tmp_path / "trap"
    pickled = Queue(QUEUE, connection=redis, serializer=DefaultSerializer)
    pickled.enqueue("os.system", f"touch {trap}")
    job = pickled.enqueue("workers.jobs.items")
    redis.hset(job.key, "data", pickle.dumps(Marker(str(trap))))
    plain = Queue(QUEUE, connection=redis, serializer=JSONSerializer)
    plain.enqueue("os.system", f"touch {trap}")
    plain.enqueue("workers.jobs.items", "an argument")
    bell = answer_all(redis)
    assert not trap.exists()
    assert not any(was_rung(bell, work) for work in Work)
    assert plain.count == 0


def test_a_silent_redis_is_no_failure():
    server = FakeServer()
    bell = RqBell(FakeRedis(server=server))
    server.connected = False
    bell.ring(Work.ITEMS)
