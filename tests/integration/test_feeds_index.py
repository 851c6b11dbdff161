"""Polling an index of sitemaps: the newest of its sitemaps are read, one level down, every time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from service.core.feed import Feed
from service.feeds.poll import PollReport, poll_feed
from service.net import GuardedClient
from service.store.ledger import Ledger
from tests.fakes_feeds import FeedServer

NOW = datetime(2026, 2, 4, 9, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        running.serve("/index.xml", index(running, 5), etag='"1"')
        yield running


def index(server: FeedServer, count: int) -> bytes:
    named = (
        f"<sitemap><loc>{server.url(f'/{n}.xml')}</loc><lastmod>2026-01-0{n}</lastmod></sitemap>"
        for n in range(1, count + 1)
    )
    return f"<sitemapindex>{''.join(named)}</sitemapindex>".encode()


def sitemap(*titles: str) -> bytes:
    urls = "".join(
        f"<url><loc>https://a.example/{t}</loc><news><title>{t}</title></news></url>" for t in titles
    )
    return f"<urlset>{urls}</urlset>".encode()


def poll(ledger: Ledger, server: FeedServer) -> PollReport:
    declared = Feed(id="f_index", url=server.url("/index.xml"), outlet="A")
    ledger.feeds.declare((declared,), NOW)

    async def once() -> PollReport:
        async with GuardedClient(user_agent="test", allow_networks=("127.0.0.0/8",)) as client:
            feed = ledger.feeds.one("f_index")
            assert feed is not None
            return await poll_feed(ledger.feeds, client, feed, NOW)

    return asyncio.run(once())


def test_the_newest_sitemaps_of_an_index_are_read_whether_or_not_the_index_changed(
    ledger: Ledger, server: FeedServer
) -> None:
    for n in (1, 2, 3, 4, 5):
        server.serve(f"/{n}.xml", sitemap(f"news-{n}"))
    assert poll(ledger, server).revisions == 3
    server.serve("/5.xml", sitemap("news-6", "news-5"))
    assert poll(ledger, server).revisions == 1
    asked = [request.path for request in server.requests]
    assert asked == ["/index.xml", "/5.xml", "/4.xml", "/3.xml"] * 2


def test_one_that_cannot_be_had_and_one_that_is_an_index_are_named(
    ledger: Ledger, server: FeedServer
) -> None:
    server.serve("/5.xml", index(server, 1))
    server.serve("/3.xml", sitemap("news"))
    report = poll(ledger, server)
    assert (report.outcome, report.revisions) == ("fetched", 1)
    assert "It is not followed" in report.reason
    assert "answered 404" in report.reason


def test_an_index_of_which_nothing_can_be_had_is_a_failure(ledger: Ledger, server: FeedServer) -> None:
    report = poll(ledger, server)
    assert report.outcome == "failed"
    assert "is an index of 5 sitemaps. None of them could be read" in report.reason


def test_an_index_cannot_lead_us_to_machines_inside(ledger: Ledger, server: FeedServer) -> None:
    server.serve("/index.xml", b"<sitemapindex><sitemap><loc>http://10.0.0.1/</loc></sitemap></sitemapindex>")
    assert "is refused" in poll(ledger, server).reason
