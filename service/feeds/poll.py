"""Polling: load, ask, save. One bad feed is a recorded failure of that feed and of nothing else.

Where a document leaves a gap and names its archive (RFC 5005), older pages are fetched in the same poll,
until one holds an entry that is known.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from service import failpoints, logs
from service.core.feed import Entry, Feed, PollPlan
from service.core.history import NO_WISHES, FeedNotice
from service.core.polling import (
    MAX_REVISIONS,
    Arrival,
    identify,
    leaves_gap,
    plan_failure,
    plan_not_modified,
    plan_poll,
)
from service.errors import FeedError, OutgoingError, SitemapIndex, StoreError
from service.feeds.fetch import Fetched, NotModified, fetch, fetch_page, local_path
from service.feeds.hints import wishes_in
from service.feeds.parse import ParsedFeed, parse_feed
from service.feeds.sitemap_index import read_index
from service.net import GuardedClient

MAX_AT_ONCE = 20
# A parse is a process of its own: more of them than cores only take turns.
MAX_PARSES = 2
HOST_GAP_SECONDS = 1.0
MAX_ARCHIVE_PAGES = 10
MAX_ARCHIVE_SECONDS = 30.0  # after that no further page is begun: the other feeds wait for this poll
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
    """What one poll did. `revisions` is how many were saved; all the rest is what its plan says."""

    feed_id: str
    outcome: str
    reason: str
    revisions: int
    next_poll_at: datetime
    notices: tuple[FeedNotice, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asking:
    """One poll of one feed: what it needs and when it began, in seconds of the process's own clock."""

    feeds: FeedLedger
    client: GuardedClient
    feed: Feed
    now: datetime
    parses: asyncio.Semaphore
    gap_seconds: float
    began: float

    @property
    def seconds(self) -> float:
        """How long it has taken by now."""
        return time.monotonic() - self.began


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
                reports.append(await poll_feed(ledger.feeds, client, feed, clock(), parses, gap))

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
    host_gap_seconds: float = 0.0,
) -> PollReport:
    """Poll `feed` once and commit what it brought, or its failure.

    `parses` bounds the parsers at work, `host_gap_seconds` lies between two pages of an archive.
    """
    poll = _Asking(
        feeds, client, feed, now, parses or asyncio.Semaphore(1), host_gap_seconds, time.monotonic()
    )
    try:
        plan = await _ask(poll)
    except OutgoingError as error:
        plan = plan_failure(feed, str(error), now, error.retry_after, error.status, poll.seconds)
    except FeedError as error:
        plan = plan_failure(feed, str(error), now, seconds=poll.seconds)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of this feed's task: the others are still polled
        logs.failure("feed.poll_broken", error, feed=feed.id)
        plan = plan_failure(feed, f"The poll broke: {type(error).__name__}: {error}.", now)
    saved = feeds.commit_poll(feed.id, plan, now)
    return PollReport(feed.id, plan.outcome, plan.reason, saved, plan.next_poll_at, plan.notices)


async def _ask(poll: _Asking) -> PollPlan:
    answer = await fetch(poll.client, poll.feed, poll.now)
    failpoints.hit("body-read")
    took = poll.seconds
    if isinstance(answer, NotModified):
        arrival = Arrival(took, answer.moved_to, replace(NO_WISHES, fresh_seconds=answer.fresh_seconds))
        return plan_not_modified(
            poll.feed, poll.now, etag=answer.etag, last_modified=answer.last_modified, arrival=arrival
        )
    parsed = await _parse_or_follow(poll, answer)
    failpoints.hit("parsed")
    wishes = wishes_in(answer.body, answer.url, answer.fresh_seconds)
    arrival = Arrival(took, answer.moved_to, wishes)
    if wishes.archive is not None and _leaves_gap(poll, parsed.entries):
        archived, pages = await _archived(poll, wishes.archive, len(parsed.entries))
        arrival = replace(arrival, archived=archived, archive_pages=pages)
    return _plan(poll, answer, parsed, arrival)


async def _parse(poll: _Asking, answer: Fetched) -> ParsedFeed:
    async with poll.parses:
        return await asyncio.to_thread(parse_feed, answer.body, answer.content_type, answer.url)


async def _parse_or_follow(poll: _Asking, answer: Fetched) -> ParsedFeed:
    """The feed in `answer`, or, where that is an index of sitemaps, the news of its newest ones."""

    async def load(url: str) -> ParsedFeed:
        await asyncio.sleep(poll.gap_seconds)
        return await _parse(poll, await fetch_page(poll.client, url, poll.now))

    try:
        return await _parse(poll, answer)
    except SitemapIndex as index:
        return await read_index(index, load)


def _leaves_gap(poll: _Asking, entries: Sequence[Entry]) -> bool:
    identified = identify(poll.feed.id, entries)
    known = poll.feeds.known(poll.feed.id, [one.item_id for one in identified])
    return leaves_gap(poll.feed, identified, known)


async def _archived(poll: _Asking, page: str, first_position: int) -> tuple[tuple[Entry, ...], int]:
    """Entries of the archive from `page` back to one that is known, and of how many pages.

    A page that cannot be had ends the walk; what was found by then is kept.
    """
    give_up = poll.seconds + MAX_ARCHIVE_SECONDS
    found: list[Entry] = []
    seen: set[str] = set()
    following: str | None = page
    while following and following not in seen and len(seen) < MAX_ARCHIVE_PAGES and poll.seconds < give_up:
        seen.add(following)
        await asyncio.sleep(poll.gap_seconds)
        try:
            answer = await fetch_page(poll.client, following, poll.now)
            entries = (await _parse(poll, answer)).entries
        except (OutgoingError, FeedError) as error:
            logs.line("feed.archive_failed", feed=poll.feed.id, reason=str(error))
            return tuple(found), len(seen) - 1
        found += [replace(entry, position=first_position + len(found) + n) for n, entry in enumerate(entries)]
        following = wishes_in(answer.body, answer.url).archive
        ids = [one.item_id for one in identify(poll.feed.id, entries)]
        if poll.feeds.known(poll.feed.id, ids) or len(found) >= MAX_REVISIONS:
            break
    return tuple(found), len(seen)


def _plan(poll: _Asking, answer: Fetched, parsed: ParsedFeed, arrival: Arrival) -> PollPlan:
    ids = [one.item_id for one in identify(poll.feed.id, (*parsed.entries, *arrival.archived))]
    return plan_poll(
        poll.feed,
        parsed.entries,
        poll.feeds.known(poll.feed.id, ids),
        poll.now,
        etag=None if parsed.several else answer.etag,
        last_modified=None if parsed.several else answer.last_modified,
        note=parsed.why,
        arrival=arrival,
    )
