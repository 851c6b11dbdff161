"""Fetching the articles of which feeds carry only stubs: load, ask, save.

How it decides: one host is asked once at a time, with a pause, and only for what its robots.txt lets us
fetch, at every hop of a redirect anew; a page is read up to a cap, as HTML only, in a contained child. What
becomes of it is for core/articles.py to say. What it leaves out: pages that a script builds, and articles on
several pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service import logs
from service.core.articles import Verdict, canonical, judge, mark_of, refused, try_again
from service.core.robots import allows
from service.core.wishes import seconds_asked
from service.errors import FeedError, LeaseLost, OutgoingError, StoreError
from service.feeds.extract import extract_article
from service.feeds.robots import RobotsCache
from service.net import MAX_REDIRECTS, GuardedClient, Request, Response, redirected, where
from service.store.articles import ClaimedArticle

MAX_PAGE_BYTES = 2 * 1024 * 1024
DEADLINE_SECONDS = 30.0
LEASE_SECONDS = 180.0  # longer than a fetch with all its redirects may take
MAX_AT_ONCE = 5
MAX_EXTRACTS = 2
GAP_SECONDS = 2.0
_REDIRECTS = (301, 302, 303, 307, 308)
_PAGES = ("text/html", "application/xhtml+xml", "")


class ArticleLedger(Protocol):
    """What fetching needs of the ledger's articles: the store's ArticleRows."""

    def claim(self, now: datetime, lease_seconds: float) -> ClaimedArticle | None: ...

    def elsewhere(self, claimed: ClaimedArticle, mark: str, found_url: str) -> bool: ...

    def finish(self, claimed: ClaimedArticle, verdict: Verdict, now: datetime, gap_seconds: float) -> int: ...


@dataclass(frozen=True, slots=True)
class ArticleReport:
    """What became of one fetch. `revisions`: how many were saved, 0 or 1."""

    item_id: str
    feed_id: str
    outcome: str
    reason: str
    revisions: int


@dataclass(frozen=True, slots=True)
class Fetching:
    """All that fetching needs. `client` takes turns at hosts with the polls; `robots` outlives one round."""

    articles: ArticleLedger
    client: GuardedClient
    clock: Callable[[], datetime]
    robots: RobotsCache


async def fetch_due(work: Fetching, limit: int = 50) -> list[ArticleReport]:
    """Fetch at most `limit` articles that are due, up to MAX_AT_ONCE hosts at a time. StoreError passes."""
    reports: list[ArticleReport] = []
    extracts = asyncio.Semaphore(MAX_EXTRACTS)
    started = 0

    async def one_after_the_other() -> None:
        nonlocal started
        while started < limit:
            started += 1
            claimed = work.articles.claim(work.clock(), LEASE_SECONDS)
            if claimed is None:
                return
            if report := await _fetch_one(work, claimed, extracts):
                reports.append(report)

    ended = await asyncio.gather(*(one_after_the_other() for _ in range(MAX_AT_ONCE)), return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one
    return reports


async def _fetch_one(
    work: Fetching, claimed: ClaimedArticle, extracts: asyncio.Semaphore
) -> ArticleReport | None:
    now = work.clock()
    delay = GAP_SECONDS
    try:
        page = await _page(work, claimed, now)
        delay = max(delay, (await work.robots.rules(work.client, claimed.url, now)).delay)
        verdict = page if isinstance(page, Verdict) else await _read(work, claimed, page, extracts)
    except StoreError:
        raise
    except OutgoingError as error:
        verdict = Verdict("left", str(error)) if error.permanent else _again(str(error), claimed, now)
    except FeedError as error:
        verdict = Verdict("left", str(error))
    except Exception as error:  # noqa: BLE001 - the edge of this fetch: the others are still done
        logs.failure("article.fetch_broken", error, item=claimed.stub.id)
        verdict = _again(f"the fetch broke: {type(error).__name__}: {error}", claimed, now)
    try:
        saved = work.articles.finish(claimed, verdict, work.clock(), delay)
    except LeaseLost:
        logs.warning("article.lease_lost", item=claimed.stub.id)
        return None
    return ArticleReport(claimed.stub.id, claimed.feed_id, verdict.outcome, verdict.why, saved)


async def _page(work: Fetching, claimed: ClaimedArticle, now: datetime) -> Verdict | Response:
    """The page, or why there is none. Raises OutgoingError, AddressRefused."""
    request = Request(
        "GET",
        claimed.url,
        (("Accept", "text/html, application/xhtml+xml;q=0.9"),),
        deadline_seconds=DEADLINE_SECONDS,
        max_bytes=MAX_PAGE_BYTES,
        cut_long_body=True,
        follow_redirects=False,
    )
    for _ in range(MAX_REDIRECTS + 1):
        rules = await work.robots.rules(work.client, request.url, now)
        if not allows(rules, request.url):
            if rules.passing:
                return _again(rules.why, claimed, now)
            return Verdict("left", f"the robots.txt of {where(request.url)} does not let us fetch it")
        response = await work.client.send(request)
        target = response.header("location")
        if response.status in _REDIRECTS and target:
            request = redirected(request, response.status, target)
            continue
        return _usable(response, claimed, now)
    return Verdict("left", f"{where(claimed.url)} redirects more than {MAX_REDIRECTS} times")


def _usable(response: Response, claimed: ClaimedArticle, now: datetime) -> Verdict | Response:
    if response.status != 200:
        wait = seconds_asked(response.header("retry-after"), now)
        return refused(response.status, where(response.url), claimed.tries, now, wait)
    kind = (response.header("content-type") or "").partition(";")[0].strip().lower()
    return response if kind in _PAGES else Verdict("left", f"it is no web page but {kind[:100]}")


async def _read(
    work: Fetching, claimed: ClaimedArticle, page: Response, extracts: asyncio.Semaphore
) -> Verdict:
    async with extracts:
        found = await asyncio.to_thread(extract_article, page.body, page.header("content-type"), page.url)
    address = canonical(page.url, found.canonical)
    elsewhere = work.articles.elsewhere(claimed, mark_of(found.text), address)
    return judge(claimed.stub, found, page.url, elsewhere)


def _again(why: str, claimed: ClaimedArticle, now: datetime) -> Verdict:
    return try_again(why, claimed.tries, now)
