"""Polling one feed: load, ask, save. A bad feed is a recorded failure of that feed and of nothing else.

Where a document leaves a gap and names its archive (RFC 5005), older pages are fetched in the same poll,
until one holds an entry that is known.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from service import failpoints, logs
from service.core.feed import EndedPoll, Entry, Feed, PollPlan, Unparsed
from service.core.history import NO_WISHES, FeedNotice
from service.core.hosts import (
    REFUSALS,
    Hold,
    Place,
    Refusal,
    holds_after,
    host_of,
    longest_hold,
    places_of,
    places_over,
)
from service.core.model import Subscription
from service.core.polling import (
    MAX_REVISIONS,
    Arrival,
    identify,
    leaves_gap,
    plan_failure,
    plan_not_modified,
    plan_poll,
    plan_waiting,
)
from service.errors import FeedError, HostWaits, OutgoingError, SitemapIndex, StoreError, Unparsable
from service.feeds.domains import registrable_domain
from service.feeds.fetch import Fetched, NotModified, fetch, fetch_page
from service.feeds.hints import is_whole, wishes_in
from service.feeds.parse import ParsedFeed, parse_feed
from service.feeds.places import ParsePlaces
from service.feeds.saving import Saver
from service.feeds.sitemap_index import read_index
from service.net import GuardedClient

MAX_ARCHIVE_PAGES = 10
MAX_ARCHIVE_SECONDS = 30.0  # after that no further page is begun: the other feeds wait for this poll


class FeedLedger(Protocol):
    """What polling needs of the ledger's feeds: the store's FeedRows."""

    def due(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[Feed]: ...

    def holds(self, places: Collection[Place]) -> dict[Place, Hold]: ...

    def known(self, feed_id: str, item_ids: Collection[str]) -> dict[str, frozenset[str]]: ...

    def commit_polls(
        self, ended: Sequence[EndedPoll], subscriptions: Sequence[Subscription] = ()
    ) -> list[int]: ...


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
    parses: ParsePlaces
    began: float
    unparsed: list[Unparsed] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it has taken by now."""
        return time.monotonic() - self.began


async def poll_feed(
    feeds: FeedLedger,
    client: GuardedClient,
    feed: Feed,
    now: datetime,
    parses: ParsePlaces | None = None,
    saver: Saver | None = None,
) -> PollReport:
    """Poll `feed` once and commit what it brought, or its failure.

    `parses` bounds the parsers at work; `saver` commits together what ends at once, and knows who
    hears of it.
    """
    poll = _Asking(feeds, client, feed, now, parses or ParsePlaces(), time.monotonic())
    saver = saver or Saver(feeds)
    try:
        plan = await _ask(poll)
    except HostWaits as error:
        plan = plan_waiting(feed, str(error), error.until, now, poll.seconds)
    except OutgoingError as error:
        # What a host refused before is counted with what it refuses now: nobody else may count meanwhile.
        async with saver.counting:
            holds = _holds(feeds, error, now)
            plan = plan_failure(feed, str(error), now, error.retry_after, error.status, poll.seconds, holds)
            return await _saved(poll, plan, saver)
    except FeedError as error:
        plan = plan_failure(feed, str(error), now, seconds=poll.seconds)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of this feed's task: the others are still polled
        logs.failure("feed.poll_broken", error, feed=feed.id)
        plan = plan_failure(feed, f"The poll broke: {type(error).__name__}: {error}.", now)
    return await _saved(poll, plan, saver)


async def _saved(poll: _Asking, plan: PollPlan, saver: Saver) -> PollReport:
    plan = replace(plan, unparsed=tuple(poll.unparsed))
    saved = await saver.save(EndedPoll(poll.feed.id, plan, poll.now))
    return PollReport(poll.feed.id, plan.outcome, plan.reason, saved, plan.next_poll_at, plan.notices)


def _holds(feeds: FeedLedger, error: OutgoingError, now: datetime) -> tuple[Hold, ...]:
    """What an answer means for the other feeds of its host: nothing, unless a public one refused us."""
    if error.host is None or error.status not in REFUSALS:
        return ()
    refusal = Refusal(error.host, registrable_domain(error.host), error.status, error.retry_after)
    return holds_after(refusal, feeds.holds(places_of(refusal)), now)


async def _ask(poll: _Asking) -> PollPlan:
    answer = await fetch(poll.client, poll.feed, poll.now, partial(_at_hop, poll))
    failpoints.hit("body-read")
    took = poll.seconds
    if isinstance(answer, NotModified):
        arrival = Arrival(took, answer.moved_to, replace(NO_WISHES, fresh_seconds=answer.fresh_seconds))
        return plan_not_modified(
            poll.feed, poll.now, etag=answer.etag, last_modified=answer.last_modified, arrival=arrival
        )
    parsed = await _parse_or_follow(poll, answer)
    failpoints.hit("parsed")
    wishes = wishes_in(answer.body, answer.url, answer.fresh_seconds, answer.links)
    arrival = Arrival(took, answer.moved_to, wishes)
    if wishes.archive is not None and _leaves_gap(poll, parsed.entries):
        archived, pages = await _archived(poll, wishes.archive, len(parsed.entries))
        arrival = replace(arrival, archived=archived, archive_pages=pages)
    return _plan(poll, answer, parsed, arrival)


def _at_hop(poll: _Asking, url: str) -> None:
    """HostWaits where `url`, to which the feed redirects, is of another host that asked to be left alone."""
    host = host_of(url)
    if not host or host == host_of(poll.feed.url):
        return
    hold = longest_hold(poll.feeds.holds(places_over(host, registrable_domain(host))), poll.now)
    if hold is not None and hold.until is not None:
        until = f"{hold.until:%Y-%m-%d %H:%M} UTC"
        raise HostWaits(f"It redirects to {host}, which is left alone until {until}: {hold.why}.", hold.until)


async def _parse(poll: _Asking, answer: Fetched) -> ParsedFeed:
    """The feed in `answer`. What of it cannot be parsed is noted for quarantine, whether or not it raises."""
    try:
        async with poll.parses:
            parsed = await asyncio.to_thread(parse_feed, answer.body, answer.content_type, answer.url)
    except Unparsable as error:
        poll.unparsed.append(Unparsed("document", answer.body, str(error), answer.url, answer.content_type))
        raise
    poll.unparsed.extend(parsed.lost)
    return parsed


async def _parse_or_follow(poll: _Asking, answer: Fetched) -> ParsedFeed:
    """The feed in `answer`, or, where that is an index of sitemaps, the news of its newest ones."""

    async def load(url: str) -> ParsedFeed:
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
    identified = identify(poll.feed.id, (*parsed.entries, *arrival.archived))
    ids = [one.item_id for one in identified]
    whole = is_whole(answer.body)
    # Of a document that breaks off we know nothing that the server may take for the whole of it.
    etag, last_modified = (
        (answer.etag, answer.last_modified) if whole and not parsed.several else (None, None)
    )
    return plan_poll(
        poll.feed,
        parsed.entries,
        poll.feeds.known(poll.feed.id, ids),
        poll.now,
        etag=etag,
        last_modified=last_modified,
        note="; ".join(filter(None, (parsed.why, "" if whole else "the document breaks off"))),
        arrival=arrival,
        identified=None if arrival.archived else identified,
    )
