"""A host that asked to be left alone is left alone by whoever would come to it through a redirect, too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from service.core.feed import Feed
from service.feeds.lanes import poll_due
from service.feeds.poll import PollReport
from service.net import GuardedClient
from service.pace import HostPace
from service.store.ledger import Ledger
from tests.fakes_feeds import FeedServer, Loopback

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOOPBACK = ("127.0.0.0/8",)
ATOM = (
    b"<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>"
    b"<entry><id>1</id><title>T</title></entry></feed>"
)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


def poll(ledger: Ledger, now: datetime, at_once: int = 100) -> dict[str, PollReport]:
    """Poll what is due; the reports by feed."""

    async def once() -> list[PollReport]:
        async with GuardedClient(
            user_agent="test/1",
            allow_networks=LOOPBACK,
            polite_networks=LOOPBACK,
            resolver=Loopback(),
            pace=HostPace(0.0),
        ) as client:
            return await poll_due(ledger, client, lambda: now, at_once)

    return {report.feed_id: report for report in asyncio.run(once())}


def asked(server: FeedServer, path: str) -> int:
    return sum(seen.path == path for seen in server.requests)


def test_a_feed_that_redirects_to_a_host_that_is_held_does_not_ask_it_before_its_time(
    ledger: Ledger, server: FeedServer
) -> None:
    server.serve("/bad", b"", status=429, headers=(("Retry-After", "7200"),))
    server.serve("/good", ATOM)
    there = server.url("/good", host="held.example")
    server.serve("/old", status=302, headers=(("Location", there),))
    bad = Feed("bad", server.url("/bad", host="held.example"), "E", 900)
    ledger.feeds.declare([bad], START)
    poll(ledger, START)
    old = Feed("old", server.url("/old", host="other.example"), "E", 900)
    ledger.feeds.declare([bad, old], START)
    told = poll(ledger, START)["old"]
    assert told.reason == (
        "It redirects to held.example, which is left alone until 2026-03-02 11:00 UTC: "
        "held.example answered 429 (Retry-After 7200 s)."
    )
    assert asked(server, "/good") == 0
    assert poll(ledger, START + 119 * MINUTE) == {}
    row = next(row for row in ledger.reports.feeds() if row.id == "old")
    assert (row.state, row.failures) == ("ok", 0), "that another feed was refused is no failure of this one"
    server.serve("/bad", ATOM)
    assert poll(ledger, START + 120 * MINUTE)["old"].outcome == "fetched"
    assert asked(server, "/good") == 1


def test_a_redirect_to_a_domain_that_is_held_is_not_followed(ledger: Ledger, server: FeedServer) -> None:
    server.serve("/bad", b"", status=429, headers=(("Retry-After", "3600"),))
    server.serve("/good", ATOM)
    server.serve("/old", status=301, headers=(("Location", server.url("/good", host="d.many.example.com")),))
    bad = [Feed(name, server.url("/bad", host=f"{name}.many.example.com"), "E") for name in "abc"]
    ledger.feeds.declare(bad, START)
    poll(ledger, START)
    ledger.feeds.declare([*bad, Feed("old", server.url("/old", host="other.example"), "E")], START)
    assert "hosts of example.com" in poll(ledger, START)["old"].reason
    assert asked(server, "/good") == 0


def test_what_was_due_when_a_domain_began_to_refuse_is_not_asked_any_more(
    ledger: Ledger, server: FeedServer
) -> None:
    """All are due at once and asked one by one: who waits for a place hears of the third refusal."""
    server.serve("/bad", b"", status=429, headers=(("Retry-After", "3600"),))
    feeds = [Feed(name, server.url("/bad", host=f"{name}.example.com"), "E") for name in "abcdefgh"]
    ledger.feeds.declare(feeds, START)
    assert len(poll(ledger, START, at_once=1)) == 3
    assert asked(server, "/bad") == 3
