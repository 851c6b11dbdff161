"""From the address of a page to the feeds of its site: each that is named was fetched and parsed.

How it decides: an address that is a feed itself is the answer. Else the page's own links count, those of type
feed first, then what its anchors call one. Only where none of these is a feed are the paths tried under which
most sites have theirs, and the sitemaps that robots.txt names. An index of sitemaps is followed one level.
What it leaves out: pages that only a browser with scripts can show. How many addresses are tried is bounded,
and one site is asked one question at a time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from service.core.addresses import why_url_refused
from service.errors import FeedError, InputError, OutgoingError, SitemapIndex
from service.feeds.fetch import MAX_FEED_BYTES
from service.feeds.html_text import unescape
from service.feeds.parse import ParsedFeed, parse_feed
from service.feeds.sitemap_index import MAX_OF_INDEX
from service.net import GuardedClient, Request, Response

DEADLINE_SECONDS = 20.0
MAX_PAGE = 1024 * 1024
MAX_TRIED = 24
MAX_LINKS = 12
GAP_SECONDS = 1.0
TYPES = frozenset(
    {
        "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json",
        "application/json", "application/xml", "text/xml",
    }
)  # fmt: skip
PATHS = (
    "/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feeds", "/feed.json",
    "/news-sitemap.xml", "/sitemap-news.xml",
)  # fmt: skip

_TAG = re.compile(r"<(link|a|base)\s([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,20})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_CALLED_FEED = re.compile(
    r"(?:^|[/._?=-])(?:rss|atom|feeds?|rdf|news-?sitemap)(?:[/._?&=-]|$)", re.IGNORECASE
)
_SITEMAP = re.compile(r"^sitemap:\s*(\S{1,2000})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that answers. `because` says where its address was found."""

    url: str
    title: str
    entries: int
    newest: datetime | None
    because: str


@dataclass(frozen=True, slots=True)
class Tried:
    """An address that is no feed, and why."""

    url: str
    why: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found for a page, and what was tried in vain, each in the order in which it was tried."""

    found: tuple[Found, ...]
    tried: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class _Lead:
    url: str
    because: str


class _Search:
    """One search. Each address is asked for once, `MAX_TRIED` at most, with a gap between two of one host."""

    def __init__(self, client: GuardedClient, sleep: Callable[[float], Awaitable[None]]) -> None:
        self.found: list[Found] = []
        self.tried: list[Tried] = []
        self._client = client
        self._sleep = sleep
        self._asked: set[str] = set()
        self._hosts: set[str] = set()

    async def ask(self, url: str, most: int = MAX_FEED_BYTES, cut: bool = False) -> Response | None:
        """The answer, None where there is none of use or the address was asked for before."""
        if url in self._asked or len(self._asked) >= MAX_TRIED:
            return None
        self._asked.add(url)
        host = urlsplit(url).netloc.lower()
        if host in self._hosts:
            await self._sleep(GAP_SECONDS)
        self._hosts.add(host)
        request = Request("GET", url, deadline_seconds=DEADLINE_SECONDS, max_bytes=most, cut_long_body=cut)
        try:
            response = await self._client.send(request)
        except OutgoingError as error:
            self.tried.append(Tried(url, str(error)))
            return None
        if response.status != 200:
            self.tried.append(Tried(url, f"it answered {response.status}"))
            return None
        return response

    async def test(self, lead: _Lead, deeper: bool = True) -> None:
        """Fetch what a lead names and note it as a feed or as none."""
        response = await self.ask(lead.url)
        if response is not None:
            await self.judge(lead, response, deeper)

    async def judge(self, lead: _Lead, response: Response, deeper: bool) -> bool:
        """Whether the answer is a feed, or an index of sitemaps whose newest were looked at."""
        kind = response.header("content-type")
        try:
            parsed = await asyncio.to_thread(parse_feed, response.body, kind, response.url)
        except SitemapIndex as index:
            self.tried.append(Tried(lead.url, str(index)))
            for url in index.sitemaps[:MAX_OF_INDEX] if deeper else ():
                await self.test(_Lead(url, f"the index of sitemaps {lead.url} names it"), deeper=False)
            return True
        except FeedError as error:
            self.tried.append(Tried(lead.url, str(error)))
            return False
        self._note(lead, parsed)
        return True

    def _note(self, lead: _Lead, parsed: ParsedFeed) -> None:
        times = [entry.published for entry in parsed.entries if entry.published is not None]
        found = Found(lead.url, parsed.title, len(parsed.entries), max(times, default=None), lead.because)
        self.found.append(found)


async def find_feeds(
    client: GuardedClient, url: str, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> Discovery:
    """The feeds of the page at `url`. InputError where that is no address, or cannot be had.

    `sleep` waits between two questions to one host.
    """
    url = url if "://" in url else f"https://{url}"
    if why := why_url_refused(url):
        raise InputError(f"{url[:200]} cannot be searched for feeds: {why}.")
    search = _Search(client, sleep)
    page = await search.ask(url)
    if page is None:
        raise InputError(f"The page cannot be had: {search.tried[-1].why}")
    if await search.judge(_Lead(url, "it is the address given"), page, deeper=True):
        return _told(search)
    text = page.body[:MAX_PAGE].decode("utf-8", "replace")
    for lead in leads(text, page.url):
        await search.test(lead)
    if not search.found:
        await _try_paths(search, page.url)
    return _told(search)


async def _try_paths(search: _Search, url: str) -> None:
    robots = await search.ask(urljoin(url, "/robots.txt"), most=MAX_PAGE, cut=True)
    named = _SITEMAP.findall(robots.body.decode("utf-8", "replace")) if robots else []
    for link in [link for link in named if "news" in link.lower()][:MAX_OF_INDEX]:
        await search.test(_Lead(urljoin(url, link), "robots.txt names it"))
    for path in PATHS:
        if not search.found:
            await search.test(_Lead(urljoin(url, path), "many sites have theirs there"))


def _told(search: _Search) -> Discovery:
    return Discovery(tuple(search.found), tuple(search.tried))


def leads(page: str, url: str) -> Sequence[_Lead]:
    """The addresses of a page that may be feeds, the likely ones first, at most MAX_LINKS."""
    base, linked, called = url, [], []
    for tag, attributes in _tags(page):
        href = attributes.get("href", "").strip()
        if tag == "base" and href:
            base = _joined(url, href)
        elif tag == "link" and _is_feed_link(attributes):
            linked.append(_Lead(_joined(base, href), "the page links it as a feed"))
        elif tag == "a" and _CALLED_FEED.search(href):
            called.append(_Lead(_joined(base, href), "an anchor of the page leads there"))
    usable = {lead.url: lead for lead in [*called[::-1], *linked[::-1]] if why_url_refused(lead.url) is None}
    return list(reversed(usable.values()))[:MAX_LINKS]


def _tags(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    for found in _TAG.finditer(page):
        values = {
            name.lower(): unescape(one or two or three)
            for name, one, two, three in _ATTRIBUTE.findall(found[2])
        }
        yield found[1].lower(), values


def _is_feed_link(attributes: dict[str, str]) -> bool:
    kind = attributes.get("type", "").partition(";")[0].strip().lower()
    relations = attributes.get("rel", "").lower().split()
    oembed = "oembed" in attributes.get("href", "") or "wp-json" in attributes.get("href", "")
    return "alternate" in relations and kind in TYPES and bool(attributes.get("href")) and not oembed


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href).partition("#")[0]
    except ValueError:
        return ""
