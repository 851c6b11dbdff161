"""Few parses at once, and those that last hold up no others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from service.feeds.places import ParsePlaces


@dataclass
class Parses:
    """Tasks that take a place each and end when they are told to."""

    places: ParsePlaces
    over: asyncio.Event = field(default_factory=asyncio.Event)
    running: int = 0

    async def parse(self) -> None:
        async with self.places:
            self.running += 1
            try:
                await self.over.wait()
            finally:
                self.running -= 1

    async def settled(self, seconds: float = 0.0) -> int:
        """How many are at it after `seconds`."""
        await asyncio.sleep(seconds)
        return self.running


def test_two_begin_at_once_and_the_next_when_one_ends() -> None:
    async def play() -> None:
        parses = Parses(ParsePlaces(2, 5, 60))
        tasks = [asyncio.create_task(parses.parse()) for _ in range(4)]
        assert await parses.settled() == 2
        tasks[0].cancel()
        assert await parses.settled(0.01) == 2
        parses.over.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert parses.running == 0

    asyncio.run(play())


def test_those_that_last_pass_their_places_on_but_never_more_than_the_most_run() -> None:
    async def play() -> None:
        parses = Parses(ParsePlaces(2, 5, 0.05))
        tasks = [asyncio.create_task(parses.parse()) for _ in range(9)]
        assert await parses.settled() == 2
        assert await parses.settled(0.5) == 5
        parses.over.set()
        await asyncio.gather(*tasks)

    asyncio.run(play())


def test_one_that_was_cancelled_while_it_waited_takes_no_place_away() -> None:
    async def play() -> None:
        parses = Parses(ParsePlaces(1, 2, 60))
        tasks = [asyncio.create_task(parses.parse()) for _ in range(3)]
        assert await parses.settled() == 1
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        last = [asyncio.create_task(parses.parse()) for _ in range(2)]
        assert await parses.settled() == 1
        parses.over.set()
        await asyncio.gather(*last)

    asyncio.run(play())
