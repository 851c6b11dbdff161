"""Row 36 of the hostile matrix at its full size: 100 MB in one item, a million categories, 100,000 items.

    python -m benchmarks.floods      # `make floods`; a minute; exit status 1 where a cap did not hold

The 100 MB are served by a loopback server and polled as a feed is; the others are below what is fetched of a
feed or go straight to the contained parser, so that the parser meets them at all. What is told of each: what
became of it, seconds, and by how many MiB this process grew.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from service.core.feed import Feed
from service.core.polling import MAX_REVISIONS, identify, plan_poll
from service.feeds.lanes import poll_due
from service.feeds.parse import MAX_ENTRIES, parse_feed
from service.net import GuardedClient
from service.store.ledger import Ledger

MILLION = 1_000_000
MOST_GROWN = 150.0  # MiB of the process that asks
MOST_SECONDS = 60.0  # on a busy machine; each child has five seconds of CPU
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://feed.example/feed"
_HEAD, _TAIL = b'<rss version="2.0"><channel><item><title>one</title><description>', b"</description></item>"


class _Endless(BaseHTTPRequestHandler):
    """Answers with a feed of one item of a hundred million bytes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            self.wfile.write(_HEAD)
            for _ in range(100):
                self.wfile.write(b"words " * (MILLION // 6))
            self.wfile.write(_TAIL + b"</channel></rss>")
        except OSError:
            pass  # hung up on, as it should be

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def server() -> Iterator[int]:
    """The port of such a server while the block runs."""
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Endless)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield running.server_address[1]
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def a_long_item() -> tuple[bool, str]:
    """100 MB in one item, polled: refused at the cap, and the feed goes on."""
    with server() as port, tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
        ledger.feeds.declare([Feed("f", f"http://127.0.0.1:{port}/feed", "Flood")], NOW)

        async def once() -> Any:
            async with GuardedClient(user_agent="floods/1", allow_networks=["127.0.0.0/8"]) as client:
                return await poll_due(ledger, client, lambda: NOW)

        (report,) = asyncio.run(once())
        ledger.close()
    return report.outcome == "failed" and "more than" in report.reason, report.reason


def many_categories() -> tuple[bool, str]:
    """A million categories in one of three items: its neighbours are there."""
    items = (b"", b"<category>c</category>" * MILLION, b"")
    body = b"".join(b"<item><title>t%d</title>%s</item>" % (n, more) for n, more in enumerate(items))
    parsed = parse_feed(b'<rss version="2.0"><channel>' + body + b"</channel></rss>", None, URL)
    titles = [entry.title for entry in parsed.entries]
    return {"t0", "t2"} <= set(titles), f"{len(body)} bytes: {titles} {parsed.why}"


def many_items() -> tuple[bool, str]:
    """100,000 items: ten thousand are read, the rest is counted; 2,000 a poll are stored."""
    body = b"".join(b"<item><title>t%d</title><guid>%d</guid></item>" % (n, n) for n in range(100_000))
    parsed = parse_feed(b'<rss version="2.0"><channel>' + body + b"</channel></rss>", None, URL)
    feed = Feed("f", URL, "Flood")
    turns = []
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
        ledger.feeds.declare([feed], NOW)
        found = identify(feed.id, parsed.entries)
        for _ in range(6):
            known = ledger.feeds.known(feed.id, [one.item_id for one in found])
            plan = plan_poll(
                feed, parsed.entries, known, NOW, etag='"1"', last_modified=None, identified=found
            )
            turns.append(ledger.feeds.commit_poll(feed.id, plan, NOW))
        ledger.close()
    held = len(parsed.entries) == MAX_ENTRIES and "90000 more" in parsed.why
    return held and turns == [MAX_REVISIONS] * 5 + [0], f"{len(body)} bytes: {parsed.why}; stored {turns}"


def main() -> None:
    sound = True
    tries: tuple[tuple[str, Callable[[], tuple[bool, str]]], ...] = (
        ("100 MB in one item", a_long_item),
        ("a million categories", many_categories),
        ("100,000 items", many_items),
    )
    for name, attempt in tries:
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        held, said = attempt()
        seconds = time.monotonic() - began
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        held = held and grown < MOST_GROWN and seconds < MOST_SECONDS
        sound = sound and held
        sys.stdout.write(
            f"{name}: {'held' if held else 'NOT HELD'}, {seconds:.1f} s, {grown:.0f} MiB more; {said[:300]}\n"
        )
        sys.stdout.flush()
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
