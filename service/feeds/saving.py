"""Saving polls: those that end while a commit is on its way are saved together by the next one.

How it decides: one commit at a time, in a thread of its own, of all that waits by then. So one poll is saved
at once, and where polls end faster than the disk commits, a commit holds as many as came meanwhile. Each is
still saved whole or not at all. What it leaves out: waiting for company.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from service.core.feed import EndedPoll
from service.core.model import Subscription

MOST_TOGETHER = 100


class SavesPolls(Protocol):
    """What saving needs of the ledger's feeds."""

    def commit_polls(
        self, ended: Sequence[EndedPoll], subscriptions: Sequence[Subscription] = ()
    ) -> list[int]: ...


class Saver:
    """Saves the polls of one event loop. `counting` is held by who reads what it then saves more of.

    The subscriptions of `audience` hear of what befell the feeds.
    """

    def __init__(self, feeds: SavesPolls, audience: Callable[[], Sequence[Subscription]] = tuple) -> None:
        self.counting = asyncio.Lock()
        self._feeds = feeds
        self._audience = audience
        self._waiting: list[tuple[EndedPoll, asyncio.Future[int]]] = []
        self._work: asyncio.Task[None] | None = None

    async def save(self, ended: EndedPoll) -> int:
        """Commit a poll; how many revisions were new. StoreError where the ledger cannot take it."""
        saved: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((ended, saved))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._save_all())
        return await saved

    async def _save_all(self) -> None:
        while self._waiting:
            batch = self._waiting[:MOST_TOGETHER]
            self._waiting = self._waiting[MOST_TOGETHER:]
            try:
                counts = await asyncio.to_thread(self._commit, [ended for ended, _ in batch])
            except Exception as error:  # noqa: BLE001 - a bug, too, is told to who waits, or it waits for ever
                for _, saved in batch:
                    if not saved.done():
                        saved.set_exception(error)
                continue
            for (_, saved), count in zip(batch, counts, strict=True):
                if not saved.done():  # who waited may have been told to stop
                    saved.set_result(count)

    def _commit(self, ended: Sequence[EndedPoll]) -> list[int]:
        return self._feeds.commit_polls(ended, self._audience())
