"""The process that forks a child for each document: always there, never in the way, gone with its owner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.feeds.nursery import Nursery
from tests.acceptance.running import wait_until

ROOT = Path(__file__).parents[2]


def order(body: str) -> bytes:
    head = {"mode": "whole", "skip": 0, "content_type": None, "url": "https://feed.example/feed"}
    return json.dumps(head).encode() + b"\n" + body.encode()


def rss(title: str) -> str:
    return f"<rss version='2.0'><channel><item><title>{title}</title></item></channel></rss>"


SLOW = rss("x").replace("<title>", "<title " + " ".join(f"a{n}='1'" for n in range(40_000)) + ">")


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    opened = Nursery()
    yield opened
    opened.close()


def run(nursery: Nursery, body: str, wall_seconds: float = 8.0) -> tuple[str, str]:
    """How the child ended, and what it wrote."""
    with tempfile.TemporaryFile() as output:
        trouble = nursery.run(order(body), output, wall_seconds)
        output.seek(0)
        return trouble, output.read().decode()


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_nothing_is_started_before_the_first_document_and_one_process_serves_them_all(
    nursery: Nursery,
) -> None:
    assert nursery.pid is None
    first = run(nursery, rss("one"))
    pid = nursery.pid
    second = run(nursery, rss("two"))
    assert (first[0], second[0], nursery.pid) == ("", "", pid)
    assert '"one"' in first[1]
    assert '"two"' in second[1]
    assert '"one"' not in second[1]


def test_threads_that_ask_at_once_get_their_own_answers(nursery: Nursery) -> None:
    told: dict[int, tuple[str, str]] = {}

    def ask(number: int) -> None:
        told[number] = run(nursery, rss(f"number {number}"))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(told[n][0] == "" and f'"number {n}"' in told[n][1] for n in range(12))


def test_a_child_whose_time_is_over_is_dead_before_the_answer_comes(nursery: Nursery) -> None:
    trouble, _ = run(nursery, SLOW, wall_seconds=0.1)
    assert trouble == "it took longer than 0.1 s"
    assert nursery.pid is not None
    assert children(nursery.pid) == []
    assert run(nursery, rss("next"))[0] == ""


def test_a_process_that_was_killed_is_started_anew_and_the_document_is_parsed(nursery: Nursery) -> None:
    run(nursery, rss("one"))
    before = nursery.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    trouble, told = run(nursery, rss("two"))
    assert trouble == ""
    assert '"two"' in told
    assert nursery.pid != before


_OWNER = """
import sys; sys.path.insert(0, sys.argv[1])
import threading, time
from service.feeds.nursery import NURSERY
from service.feeds.parse import parse_feed
slow = sys.stdin.read().encode()
threading.Thread(target=parse_feed, args=(slow, None, "https://feed.example/")).start()
while NURSERY.pid is None or not open(f"/proc/{NURSERY.pid}/task/{NURSERY.pid}/children").read():
    time.sleep(0.01)
print(NURSERY.pid, open(f"/proc/{NURSERY.pid}/task/{NURSERY.pid}/children").read(), flush=True)
time.sleep(60)
"""


def test_nothing_is_left_of_it_when_its_owner_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _OWNER, str(ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdin is not None
        assert owner.stdout is not None
        owner.stdin.write(SLOW)
        owner.stdin.close()
        pids = [int(word) for word in owner.stdout.readline().split()]
        assert len(pids) == 2
        owner.kill()
    wait_until(lambda: not any(map(is_alive, pids)))
