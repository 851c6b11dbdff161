"""Places at the parser: few at once, and a parse that lasts passes its place on.

How it decides: a parse is a process of its own, and more of them than cores only take turns, so few begin at
the same time. One that is still at it after QUICK_SECONDS is no ordinary document: it goes on, and the next
may begin, as long as no more than MOST run at all. So documents that hang the parser hold up no others.
"""

from __future__ import annotations

import asyncio

AT_ONCE = 2
MOST = 5  # a parse waits in a thread of the loop's pool, which on two cores holds six
QUICK_SECONDS = 1.0


class ParsePlaces:
    """`async with places:` around a parse waits for a place and gives it back. One event loop, one a task."""

    def __init__(
        self, at_once: int = AT_ONCE, most: int = MOST, quick_seconds: float = QUICK_SECONDS
    ) -> None:
        self._quick = asyncio.Semaphore(at_once)
        self._all = asyncio.Semaphore(most)
        self._quick_seconds = quick_seconds
        self._timers: dict[asyncio.Task[object] | None, asyncio.TimerHandle] = {}

    async def __aenter__(self) -> None:
        await self._all.acquire()
        try:
            await self._quick.acquire()
        except BaseException:  # cancelled while it waited
            self._all.release()
            raise
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        self._timers[task] = loop.call_later(self._quick_seconds, self._pass_on, task)

    async def __aexit__(self, *ended: object) -> None:
        task = asyncio.current_task()
        if task in self._timers:
            self._timers[task].cancel()
            self._pass_on(task)
        self._all.release()

    def _pass_on(self, task: asyncio.Task[object] | None) -> None:
        del self._timers[task]
        self._quick.release()
