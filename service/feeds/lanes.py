"""Many feeds, host by host: one connection to each, a pause between two, and nobody waits for another host.

How it decides: whenever a place is free, the feed that is due longest of each host that is neither being
asked nor resting is begun. So a feed that hangs, a host that has hundreds of feeds and one that asked to be
left alone hold up none of the others. It goes on until nothing is due, or until it is told to stop: then what
is on its way is dropped, which loses nothing, since only a finished poll is committed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from service.core.feed import Feed
from service.core.hosts import host_of
from service.core.model import Subscription
from service.feeds.places import ParsePlaces
from service.feeds.poll import HasFeeds, PollReport, poll_feed
from service.feeds.saving import Saver
from service.net import GuardedClient

# Those that hang until the wall ends them must leave places for the others.
MAX_AT_ONCE = 100
LOOK_SECONDS = 0.25  # how soon a feed is seen that became due meanwhile, or that we are to stop
ASK_SECONDS = 0.05  # between two questions for what is due, unless half the places are free
_GATHER_SECONDS = 0.005  # several polls that end at once cost one question for more
READY_SECONDS = 1.0  # for so long an answer to that question is good: a person may pause a feed meanwhile


@dataclass(slots=True)
class _Lanes:
    """The polls on their way, by lane: the host, or the feed's id for a file. `ready`: due, and not begun."""

    ledger: HasFeeds
    client: GuardedClient
    clock: Callable[[], datetime]
    at_once: int
    saver: Saver
    parses: ParsePlaces = field(default_factory=ParsePlaces)
    asked: dict[str, asyncio.Task[PollReport]] = field(default_factory=dict)
    resting: set[str] = field(default_factory=set)
    ask_at: float = 0.0
    ready: deque[Feed] = field(default_factory=deque)
    ready_until: float = 0.0
    begun: int = 0
    one_ended: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """Begin as many polls as there are places for."""
        pace = self.client.pace
        self.resting = {host for host in self.resting if pace is not None and pace.rest(host) > 0}
        now = asyncio.get_running_loop().time()
        if now >= self.ready_until:
            self.ready.clear()
        self._begin_ready()
        free = self.at_once - len(self.asked)
        if free <= 0 or (free < self.at_once // 2 and now < self.ask_at):
            return
        self.ask_at = now + ASK_SECONDS
        self.ready_until = now + READY_SECONDS
        # As many more as were begun since the last time: where thousands are due, a question costs more than
        # a poll, and what is not begun soon was read in vain.
        busy = {*self.asked, *self.resting}
        most = free + min(self.begun, self.at_once)
        self.begun = 0
        self.ready = deque(self.ledger.feeds.due(self.clock(), most, busy))
        self._begin_ready()

    def _begin_ready(self) -> None:
        while self.ready and len(self.asked) < self.at_once:
            feed = self.ready.popleft()
            lane = lane_of(feed)
            if lane in self.asked or lane in self.resting:
                continue
            poll = poll_feed(self.ledger.feeds, self.client, feed, self.clock(), self.parses, self.saver)
            self.begun += 1
            self.asked[lane] = asyncio.create_task(poll)
            self.asked[lane].add_done_callback(lambda _ended: self.one_ended.set())

    async def ended(self) -> list[PollReport]:
        """What ended by now, after waiting a little for something to end. Raises what a poll raised."""
        if not self.asked:
            await asyncio.sleep(self._soonest())
            return []
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self.one_ended.wait()
        await asyncio.sleep(_GATHER_SECONDS)
        self.one_ended.clear()
        over = [lane for lane, task in self.asked.items() if task.done()]
        self.resting.update(over)
        reports = [self.asked.pop(lane).result() for lane in over]
        if any(report.outcome == "failed" for report in reports):
            self.ready.clear()  # a host may have asked to be left alone, and its domain with it
        return reports

    def _soonest(self) -> float:
        pace = self.client.pace
        rests = [pace.rest(host) for host in self.resting] if pace is not None else []
        return min([LOOK_SECONDS, *rests])

    def nothing_left(self) -> bool:
        """Whether nothing is on its way and nothing is due, rested or not."""
        return not self.asked and not self.ledger.feeds.due(self.clock(), 1, ())

    async def drop(self) -> None:
        """End what is on its way, and wait until it is gone."""
        for task in self.asked.values():
            task.cancel()
        await asyncio.gather(*self.asked.values(), return_exceptions=True)


def lane_of(feed: Feed) -> str:
    """What is asked one at a time: the feed's host, or a file of its own."""
    return host_of(feed.url) or feed.id


async def keep_polling(
    ledger: HasFeeds,
    client: GuardedClient,
    clock: Callable[[], datetime],
    told: Callable[[PollReport], None],
    at_once: int = MAX_AT_ONCE,
    stopped: Callable[[], bool] = lambda: False,
    audience: Callable[[], Sequence[Subscription]] = tuple,
) -> None:
    """Poll what is due, and what becomes due meanwhile, until nothing is left; `told` hears of each as it
    ends, and the subscriptions of `audience` of what befell it.

    At most `at_once` hosts are asked at the same time, each over one connection, at the client's pace. Never
    raises for a feed; StoreError passes.
    """
    lanes = _Lanes(ledger, client, clock, at_once, Saver(ledger.feeds, audience))
    try:
        while not stopped():
            lanes.begin()
            if lanes.nothing_left():
                break
            for report in await lanes.ended():
                told(report)
    finally:
        await lanes.drop()


async def poll_due(
    ledger: HasFeeds,
    client: GuardedClient,
    clock: Callable[[], datetime],
    at_once: int = MAX_AT_ONCE,
    audience: Callable[[], Sequence[Subscription]] = tuple,
) -> list[PollReport]:
    """As `keep_polling`; the reports, in the order in which the polls ended."""
    reports: list[PollReport] = []
    await keep_polling(ledger, client, clock, reports.append, at_once, audience=audience)
    return reports
