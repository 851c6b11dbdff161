"""Polls that end while a commit is on its way are saved together; each hears of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from service.core.alerting import EVERYTHING
from service.core.feed import EndedPoll
from service.core.model import Subscription
from service.errors import StoreError
from service.feeds.saving import MOST_TOGETHER, Saver
from tests.fakes_store import a_plan, a_revision

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class SlowLedger:
    """Its first commit goes on until `go` is set; one that holds `refused` fails."""

    refused: str = ""
    go: threading.Event = field(default_factory=threading.Event)
    commits: list[list[str]] = field(default_factory=list)
    heard: list[tuple[Subscription, ...]] = field(default_factory=list)

    def commit_polls(
        self, ended: Sequence[EndedPoll], subscriptions: Sequence[Subscription] = ()
    ) -> list[int]:
        self.heard.append(tuple(subscriptions))
        self.commits.append([one.feed_id for one in ended])
        if len(self.commits) == 1:
            assert self.go.wait(10)
        if self.refused in self.commits[-1]:
            raise StoreError("The disk is full.")
        return [len(one.plan.revisions) for one in ended]


def ended(name: str, revisions: int = 0) -> EndedPoll:
    return EndedPoll(name, a_plan(*(a_revision(f"{name}{n}") for n in range(revisions))), NOON)


async def save(ledger: SlowLedger, polls: Sequence[EndedPoll]) -> list[int | BaseException]:
    """Save the first alone, and the others while its commit is on its way."""
    saver = Saver(ledger, lambda: (EVERYTHING,))
    first = asyncio.create_task(saver.save(polls[0]))
    while not ledger.commits:
        await asyncio.sleep(0)
    others = [asyncio.create_task(saver.save(one)) for one in polls[1:]]
    await asyncio.sleep(0)
    ledger.go.set()
    return await asyncio.gather(first, *others, return_exceptions=True)


def test_what_ends_during_a_commit_is_in_the_next_one_and_each_hears_its_own_count() -> None:
    ledger = SlowLedger()
    polls = [ended("a", 1), ended("b", 2), ended("c"), ended("d", 3)]
    assert asyncio.run(save(ledger, polls)) == [1, 2, 0, 3]
    assert ledger.commits == [["a"], ["b", "c", "d"]]
    assert ledger.heard == [(EVERYTHING,), (EVERYTHING,)]


def test_no_commit_holds_more_than_it_may() -> None:
    ledger = SlowLedger()
    count = MOST_TOGETHER + 5
    asyncio.run(save(ledger, [ended(f"{n}") for n in range(count + 1)]))
    assert [len(commit) for commit in ledger.commits] == [1, MOST_TOGETHER, 5]


def test_a_ledger_that_refuses_is_told_to_those_who_waited_and_the_next_are_saved() -> None:
    ledger = SlowLedger(refused="a")
    told = asyncio.run(save(ledger, [ended("a"), ended("b", 1)]))
    assert isinstance(told[0], StoreError)
    assert told[1] == 1


def test_one_that_is_told_to_stop_disturbs_none_of_the_others() -> None:
    ledger = SlowLedger()

    async def stop_one() -> int:
        saver = Saver(ledger, lambda: (EVERYTHING,))
        first = asyncio.create_task(saver.save(ended("a")))
        while not ledger.commits:
            await asyncio.sleep(0)
        stopped = asyncio.create_task(saver.save(ended("b")))
        other = asyncio.create_task(saver.save(ended("c", 1)))
        await asyncio.sleep(0)
        stopped.cancel()
        ledger.go.set()
        await first
        with pytest.raises(asyncio.CancelledError):
            await stopped
        return await other

    assert asyncio.run(stop_one()) == 1


def test_a_bug_in_saving_is_told_to_who_waits() -> None:
    class Broken:
        def commit_polls(
            self, ended: Sequence[EndedPoll], subscriptions: Sequence[Subscription] = ()
        ) -> list[int]:
            raise TypeError("a bug")

    with pytest.raises(TypeError, match="a bug"):
        asyncio.run(asyncio.wait_for(Saver(Broken()).save(ended("a")), 10))
