"""From one state of a feed to the next, a table; and how honestly its validators are sent back, scored."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from service.core.feed import Feed
from service.doorbell import LocalBell
from service.net import GuardedClient
from service.scheduler import dark_once, poll_once
from service.store.ledger import Ledger
from tests.fakes_feeds import FeedServer

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
_CASES = tomllib.loads((Path(__file__).parent.parent / "cases/feed_lives.toml").read_text("utf-8"))["case"]
ENTRY = b"<entry><id>%s</id><title>Title</title><content type='text'>words</content></entry>"
CAPTCHA = (
    b"<?xml version='1.0'?><html><head><title>Just a moment</title></head><body>Are you human?</body></html>"
)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


def open_client() -> GuardedClient:
    return GuardedClient(user_agent="test/1", allow_networks=["127.0.0.0/8"])


def atom(*guids: bytes) -> bytes:
    return b"<feed xmlns='http://www.w3.org/2005/Atom'>%s</feed>" % b"".join(ENTRY % guid for guid in guids)


@dataclass
class Life:
    """One feed of a server, in virtual time."""

    ledger: Ledger
    server: FeedServer
    now: datetime = START

    def play(self, answer: str) -> None:
        if answer == "resume":
            self.ledger.feeds.resume("f", "by hand", self.now)
            return
        redirect = answer in ("301", "302", "308")
        headers = (("Location", "/new"),) if redirect else ()
        if answer == "page":
            self.server.serve("/feed", b"<html><body>Log in</body></html>", content_type="text/html")
        elif answer == "captcha":
            self.server.serve("/feed", CAPTCHA, content_type="application/xml")
        elif answer in ("feed", "same"):
            self.server.serve("/feed", atom(b"a"), etag='"1"' if answer == "same" else '"2"')
        else:
            self.server.serve("/feed", status=int(answer), headers=headers)
        self.poll()

    def poll(self) -> None:
        poll_once(self.ledger, open_client, LocalBell(), lambda: self.now)
        dark_once(self.ledger, LocalBell(), lambda: self.now)


@pytest.mark.parametrize("case", _CASES, ids=[case["id"] for case in _CASES])
def test_a_feed_goes_from_one_state_to_the_next(
    case: dict[str, Any], server: FeedServer, sqlite_url: str
) -> None:
    server.serve("/new", atom(b"a"), etag='"1"')
    ledger = Ledger.open(sqlite_url)
    life = Life(ledger, server)
    ledger.feeds.declare([Feed("f", server.url("/feed"), "E", adaptive=True)], START)
    life.play("same")
    for hours, answer in case["answers"]:
        life.now = START + timedelta(hours=hours)
        life.play(answer)
    (row,) = ledger.reports.feeds()
    told = [notice.event for notice in reversed(ledger.reports.feed_notices("f", 100))]
    moved = server.url("/new") if case.get("moved") else server.url("/feed")
    assert (row.state, told, row.url) == (case["state"], case.get("told", []), moved), case["why"]
    assert (ledger.feeds.seconds_until_next(life.now) is None) == case.get("paused", False)
    if "waits" in case:
        assert row.next_poll_at is not None
        least, most = case["waits"]
        assert least <= (row.next_poll_at - life.now).total_seconds() / 3600 <= most
    ledger.close()


# --- conditional requests, scored ------------------------------------------------------------------

Versions = Callable[[int], tuple[str | None, str | None]]


def date(number: int) -> str:
    return f"Mon, 02 Mar 2026 09:00:{number:02} GMT"


# What a server gives with its nth answer. Each changes its document on every eighth request.
KINDS: dict[str, Versions] = {
    "strong": lambda n: (f'"{n // 8}"', None),
    "weak": lambda n: (f'W/"{n // 8}"', None),
    "both": lambda n: (f'"{n // 8}"', date(n // 8)),
    "no quotes": lambda n: (f"v{n // 8}", None),
    "one quote": lambda n: (f'"v{n // 8}', None),
    "inner quotes": lambda n: (f'"a"{n // 8}"b"', None),
    "spaces": lambda n: (f'W/ "a  {n // 8}"', None),
    "only a date": lambda n: (None, date(n // 8)),
    "an odd date": lambda n: (None, f"2026-03-02 9:0:{n // 8}"),
    "another with each 304": lambda n: (f'"{n}"', date(n)),
}


@dataclass
class Scorer:
    """Serves one feed of a kind, and scores each request by what it gave before, as a publisher might."""

    versions: Versions
    clock: Callable[[], datetime]
    given: list[tuple[str | None, str | None]] = field(default_factory=list)
    asked_at: list[datetime] = field(default_factory=list)
    score: Counter[str] = field(default_factory=Counter)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        sent = (handler.headers.get("If-None-Match"), handler.headers.get("If-Modified-Since"))
        if sent == (None, None):
            self.score["unconditional"] += 1
        elif sent == self.given[-1]:
            self.score["exact echo"] += 1
        else:
            self.score["wrong"] += 1
        if self.asked_at and self.clock() - self.asked_at[-1] < timedelta(hours=1):
            self.score["early"] += 1
        self.asked_at.append(self.clock())
        number = len(self.given)
        self.given.append(self.versions(number))
        self._answer(handler, number % 8 != 0)

    def _answer(self, handler: BaseHTTPRequestHandler, unchanged: bool) -> None:
        body = b"" if unchanged else atom(b"%d" % len(self.given), b"same")
        handler.send_response(304 if unchanged else 200)
        for name, value in zip(("ETag", "Last-Modified"), self.given[-1], strict=True):
            if value is not None:
                handler.send_header(name, value)
        # The publisher asks for an hour, so one who asks sooner is early.
        handler.send_header("Cache-Control", "max-age=3600")
        if not unchanged:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


def test_ten_kinds_of_validators_are_echoed_exactly_over_fifty_restarts(
    server: FeedServer, sqlite_url: str
) -> None:
    moment = [START]
    scorers = {kind: Scorer(versions, lambda: moment[0]) for kind, versions in KINDS.items()}
    feeds = []
    for place, scorer in enumerate(scorers.values()):
        server.serve_raw(f"/{place}", scorer)
        feeds.append(Feed(f"f{place}", server.url(f"/{place}"), "E", adaptive=True))
    for _ in range(50):
        ledger = Ledger.open(sqlite_url)
        ledger.feeds.declare(feeds, moment[0])
        poll_once(ledger, open_client, LocalBell(), lambda: moment[0])
        ledger.close()
        moment[0] += timedelta(minutes=25)
    for kind, scorer in scorers.items():
        asked = len(scorer.given)
        assert asked >= 15
        assert scorer.score == {"unconditional": 1, "exact echo": asked - 1}, kind
