"""Rows 38 to 40 of the matrix: the same item under many names, many items under one, and archives told anew.

The feeds are polled over HTTP, their items read by the real reader, and what is told is counted.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from service.core.feed import Feed
from service.core.reading.lexicon import Knowledge
from service.feeds.lanes import poll_due
from service.lexicons import load_knowledge
from service.net import GuardedClient
from service.store.ledger import Ledger
from tests.fakes_feeds import FeedServer
from tests.fakes_stories import EVERYTHING
from workers.items import Rules, handle_item

CASES = tomllib.loads((Path(__file__).parent.parent / "cases/hostile/identity.toml").read_text("utf-8"))[
    "feed"
]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
RUMOR = "Ford is in talks with Xiaomi on a joint venture, people familiar with the matter said."
DENIAL = (
    "Ford denied that it is in talks with Xiaomi on a joint venture. "
    "“The report is completely false,” Ford said."
)


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge(["en"])


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


@dataclass
class Desk:
    """One feed, its ledger and whoever reads; `alerts` counts what was told."""

    ledger: Ledger
    server: FeedServer
    rules: Rules
    hours: int = 0
    alerts: int = 0

    @property
    def now(self) -> datetime:
        return START + self.hours * HOUR

    def declare(self) -> None:
        feed = Feed(id="f_1", url=self.server.url("/feed"), outlet="The Wire", interval_seconds=60)
        self.ledger.feeds.declare([feed], START)

    def poll(self, *items: str) -> int:
        """Let the feed say `items`, poll it, and let an hour pass; how many revisions it stored."""
        body = f"<rss version='2.0'><channel><title>F</title>{''.join(items)}</channel></rss>"
        self.server.serve("/feed", body.encode())

        async def once() -> int:
            client = GuardedClient(user_agent="t", allow_networks=["127.0.0.0/8"])
            try:
                (report,) = await poll_due(self.ledger, client, lambda: self.now)
            finally:
                await client.close()
            assert report.outcome == "fetched", report.reason
            return report.revisions

        stored = asyncio.run(once())
        self.hours += 1
        return stored

    def read(self, most: int = 10**6) -> None:
        """Handle what waits, at most so many items."""
        for _ in range(most):
            claimed = self.ledger.items.claim(self.now, 60)
            if claimed is None:
                return
            handled = handle_item(self.ledger, self.rules, claimed, self.now)
            self.alerts += sum(decision.alert is not None for one in handled for decision in one.decisions)


@pytest.fixture
def desk(knowledge: Knowledge, server: FeedServer, sqlite_url: str) -> Iterator[Desk]:
    ledger = Ledger.open(sqlite_url)
    opened = Desk(ledger, server, Rules(knowledge, (EVERYTHING,)))
    opened.declare()
    yield opened
    ledger.close()


def item(text: str, guid: str = "-", link: str = "-", hours: float | None = None) -> str:
    """One entry of an RSS document."""
    title = " ".join(text.split())[:60]
    parts = [f"<title>{escape(title)}</title><description>{escape(text)}</description>"]
    parts += [f"<guid isPermaLink='false'>{guid}</guid>"] if guid != "-" else []
    parts += [f"<link>https://site.example{link}</link>"] if link != "-" else []
    parts += [f"<pubDate>{format_datetime(START + hours * HOUR)}</pubDate>"] if hours is not None else []
    return f"<item>{''.join(parts)}</item>"


def entry(row: str) -> str:
    guid, link, date, words = (part.strip() for part in row.split("|"))
    key, _, churn = words.partition("~")
    text = {"R": RUMOR, "D": DENIAL}.get(key, key)
    if churn == "1":
        text = text.replace(" ", "  ").replace("“", '"').replace("”", '"')
    elif churn:
        text = f"\n {text.replace('. ', f'.{chr(10)}')} \n"
    return item(text, guid, link, None if date == "-" else float(date))


def test_the_rumor_and_its_denial_are_read_as_such(desk: Desk) -> None:
    desk.poll()
    desk.poll(item(RUMOR, "g1"), item(DENIAL, "g2"))
    desk.read()
    assert desk.alerts == 1


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_feed_with_odd_guids_stores_and_tells_exactly(case: dict[str, Any], desk: Desk) -> None:
    stored = 0
    for document in case["polls"]:
        stored += desk.poll(*map(entry, filter(None, document.splitlines())))
        desk.read()
    assert (stored, desk.alerts) == (case["stored"], case["alerts"])


def archive(count: int) -> list[str]:
    """Old entries, one in ten of them a denial."""
    return [
        item(DENIAL if n % 10 == 7 else f"Item {n}.", f"a{n}", f"/{n}", -24.0 * 30 - n) for n in range(count)
    ]


def test_an_archive_of_five_thousand_in_one_document_tells_nobody(desk: Desk) -> None:
    desk.poll(item("The newest.", "n0", hours=-1))
    items = archive(5000)
    stored = [desk.poll(*items) for _ in range(4)]
    desk.read(most=60)  # the rest is marked as these are, and would take a minute
    assert (sum(stored), stored[-1], desk.alerts) == (5000, 0, 0)


def test_an_archive_that_is_told_anew_one_by_one_tells_nobody(desk: Desk) -> None:
    desk.poll(item("The newest.", "n0", hours=-1))
    stored = sum(desk.poll(one) for one in archive(40))
    desk.read()
    assert (stored, desk.alerts) == (40, 0)


def test_a_first_poll_of_two_hundred_tells_nobody_and_the_next_entry_is_news(desk: Desk) -> None:
    first = [item(DENIAL if n % 10 else RUMOR, f"g{n}", hours=-1) for n in range(200)]
    assert desk.poll(*first) == 200
    desk.read()
    assert desk.alerts == 0
    news = "Nokia is in talks with Intel on a merger, people familiar with the matter said."
    answer = (
        "Nokia denied that it is in talks with Intel on a merger. The report is completely false, Nokia said."
    )
    desk.poll(*first, item(news, "n1", hours=1), item(answer, "n2", hours=1))
    desk.read()
    assert desk.alerts == 1


def test_an_item_edited_a_hundred_times_is_a_hundred_revisions(desk: Desk) -> None:
    desk.poll()
    stored = sum(desk.poll(item(f"{RUMOR} Version {n}.", "g1", hours=1)) for n in range(101))
    desk.read()
    assert (stored, desk.alerts) == (101, 0)


def test_spaces_that_move_at_each_poll_are_no_edit(desk: Desk) -> None:
    desk.poll()
    texts = [RUMOR.replace(" ", " " * (1 + n % 3), 1 + n) + "\n" * (n % 2) for n in range(40)]
    stored = sum(desk.poll(item(text, "g1", hours=n)) for n, text in enumerate(texts))
    desk.read()
    assert (stored, desk.alerts) == (1, 0)
