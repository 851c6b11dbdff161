"""Polling: load, ask, save. One bad feed is a recorded failure of that feed and of nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from service import logs
from service.core.model import Feed, PollPlan
from service.core.polling import identify, plan_failure, plan_not_modified, plan_poll
from service.errors import FeedError, OutgoingError, StoreError
from service.feeds.fetch import Fetched, NotModified, fetch, local_path
from service.feeds.parse import ParsedFeed, parse_feed
from service.net import GuardedClient

MAX_AT_ONCE = 20
# A parse is a process of its own: more of them than cores only take turns.
MAX_PARSES = 2
HOST_GAP_SECONDS = 1.0
_OUR_OWN_HOSTS = ("localhost", "127.0.0.1", "::1")


class FeedLedger(Protocol):
    """What polling needs of the ledger's feeds: the store's FeedRows."""

    def due(self, now: datetime, limit: int) -> list[Feed]: ...

    def known(self, feed_id: str, item_ids: Collection[str]) -> dict[str, frozenset[str]]: ...

    def commit_poll(self, feed_id: str, plan: PollPlan, now: datetime) -> int: ...


class HasFeeds(Protocol):
    """A ledger, as far as polling goes."""

    @property
    def feeds(self) -> FeedLedger: ...


@dataclass(frozen=True, slots=True)
class PollReport:
    """What one poll did. `outcome` and `reason` are those of its plan; `revisions` is how many were saved."""

    feed_id: str
    outcome: str
    reason: str
    revisions: int
    next_poll_at: datetime


async def poll_due(
    ledger: HasFeeds,
    client: GuardedClient,
    clock: Callable[[], datetime],
    limit: int = 100,
    host_gap_seconds: float = HOST_GAP_SECONDS,
) -> list[PollReport]:
    """Poll at most `limit` feeds that are due, in the order in which they end.

    Up to MAX_AT_ONCE hosts are asked at the same time, each over one connection, with `host_gap_seconds`
    between two feeds of one host (none for a host of our own). Never raises for a feed; StoreError passes.
    """
    places = asyncio.Semaphore(MAX_AT_ONCE)
    parses = asyncio.Semaphore(MAX_PARSES)
    reports: list[PollReport] = []

    async def ask_one_host(host: str, feeds: Sequence[Feed]) -> None:
        gap = 0.0 if host in _OUR_OWN_HOSTS else host_gap_seconds
        for number, feed in enumerate(feeds):
            if number and gap:
                await asyncio.sleep(gap)
            async with places:
                reports.append(await poll_feed(ledger.feeds, client, feed, clock(), parses))

    hosts = _by_host(ledger.feeds.due(clock(), limit))
    try:
        async with asyncio.TaskGroup() as group:
            for host, feeds in hosts.items():
                group.create_task(ask_one_host(host, feeds))
    except* StoreError as broken:
        first = broken.exceptions[0]
    else:
        return reports
    raise first


def _by_host(feeds: Sequence[Feed]) -> dict[str, list[Feed]]:
    hosts: dict[str, list[Feed]] = {}
    for feed in feeds:
        hosts.setdefault(_host(feed.url), []).append(feed)
    return hosts


def _host(url: str) -> str:
    if local_path(url) is not None:
        return "localhost"
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


async def poll_feed(
    feeds: FeedLedger,
    client: GuardedClient,
    feed: Feed,
    now: datetime,
    parses: asyncio.Semaphore | None = None,
) -> PollReport:
    """Poll `feed` once and commit what it brought, or its failure. `parses` bounds the parsers at work."""
    try:
        plan = await _ask(feeds, client, feed, now, parses or asyncio.Semaphore(1))
    except OutgoingError as error:
        plan = plan_failure(feed, str(error), now, error.retry_after, error.status)
    except FeedError as error:
        plan = plan_failure(feed, str(error), now)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of this feed's task: the others are still polled
        logs.failure("feed.poll_broken", error, feed=feed.id)
        plan = plan_failure(feed, f"The poll broke: {type(error).__name__}: {error}.", now)
    saved = feeds.commit_poll(feed.id, plan, now)
    return PollReport(feed.id, plan.outcome, plan.reason, saved, plan.next_poll_at)


async def _ask(
    feeds: FeedLedger, client: GuardedClient, feed: Feed, now: datetime, parses: asyncio.Semaphore
) -> PollPlan:
    answer = await fetch(client, feed, now)
    if isinstance(answer, NotModified):
        return plan_not_modified(feed, now, etag=answer.etag, last_modified=answer.last_modified)
    async with parses:
        parsed = await asyncio.to_thread(parse_feed, answer.body, answer.content_type, answer.url)
    return _plan(feeds, feed, answer, parsed, now)


def _plan(feeds: FeedLedger, feed: Feed, answer: Fetched, parsed: ParsedFeed, now: datetime) -> PollPlan:
    ids = [one.item_id for one in identify(feed.id, parsed.entries)]
    return plan_poll(
        feed,
        parsed.entries,
        feeds.known(feed.id, ids),
        now,
        etag=answer.etag,
        last_modified=answer.last_modified,
        note=parsed.why,
    )
