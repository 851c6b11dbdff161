"""What one feed of 200 entries costs from its bytes to its rows, in seconds of CPU of all processes together.

    python -m benchmarks.intake_cost            # 20 documents; exit status 1 above the goal

Each document is new to its feed: it is parsed in the contained child, planned, and committed to a ledger in
SQLite. CPU seconds are counted (ours, and those of the process that forks the children with all of these),
not the clock, so other work on the machine matters little. The same pages in every run: seed 5.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
from datetime import UTC, datetime
from email.utils import format_datetime

from service.core.feed import Feed
from service.core.polling import identify, plan_poll
from service.feeds.nursery import NURSERY
from service.feeds.parse import parse_feed
from service.store.ledger import Ledger

GOAL = 0.2
ENTRIES = 200
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_SENTENCE = (
    "the company said on Monday that a report of talks with its rival was denied by people familiar with the "
    "matter while shares of both rose in early trading before an announcement about electric vehicles"
)
_WORDS = _SENTENCE.split()


def document(number: int, entries: int = ENTRIES) -> bytes:
    """An RSS document of `entries` entries of about 2.5 kB, as news sites send them."""
    chance = random.Random(5_000 + number)

    def words(count: int) -> str:
        return " ".join(chance.choices(_WORDS, k=count))

    items = "".join(
        f"<item><title>{words(9)}</title><link>https://site.example/{number}/{n}?a=b&amp;c=d</link>"
        f"<guid isPermaLink='false'>{number}-{n}</guid><pubDate>{format_datetime(NOW)}</pubDate>"
        f"<description>{words(40)}</description><category>business</category>"
        f"<content:encoded><![CDATA[<p>{words(180)}</p><p>{words(180)} <b>{words(3)}</b></p>]]>"
        "</content:encoded></item>"
        for n in range(entries)
    )
    head = '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
    return f'<?xml version="1.0" encoding="utf-8"?>{head}<title>News</title>{items}</channel></rss>'.encode()


def store(ledger: Ledger, feed: Feed, body: bytes) -> int:
    """Parse, plan and commit one document; how many rows it made."""
    parsed = parse_feed(body, "application/rss+xml", feed.url)
    found = identify(feed.id, parsed.entries)
    known = ledger.feeds.known(feed.id, [one.item_id for one in found])
    plan = plan_poll(
        feed, parsed.entries, known, NOW, etag=None, last_modified=None, identified=found
    )  # as a poll does
    return ledger.feeds.commit_poll(feed.id, plan, NOW)


def cpu_seconds() -> float:
    """CPU of this process and of the children that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--documents", type=int, default=20)
    count = asked.parse_args().documents
    bodies = [document(number) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
        feed = Feed(id="f_1", url="https://site.example/feed", outlet="Site", baseline_done=True)
        ledger.feeds.declare([feed], NOW)
        before = cpu_seconds()
        rows = sum(store(ledger, feed, body) for body in bodies)
        NURSERY.close()
        spent = (cpu_seconds() - before) / count
        ledger.close()
    size = sum(map(len, bodies)) // count
    sys.stdout.write(f"{count} documents of {ENTRIES} entries, {size} bytes each: {rows} rows\n")
    sys.stdout.write(f"{spent:.3f} s of CPU a document, from bytes to rows (goal: under {GOAL})\n")
    sys.exit(0 if spent < GOAL and rows == count * ENTRIES else 1)


if __name__ == "__main__":
    main()
