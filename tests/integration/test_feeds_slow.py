"""Slow, stalled and cut answers, over real sockets: an end in bounded time, and no validator kept."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from service.core.feed import Feed
from service.errors import OutgoingError
from service.feeds.fetch import DEADLINE_SECONDS
from service.feeds.poll import poll_feed
from service.net import GuardedClient, Request
from service.store.ledger import Ledger
from tests.fakes_feeds import FeedServer

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WALL = 3.0


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


def client() -> GuardedClient:
    return GuardedClient(user_agent="test/1", allow_networks=["127.0.0.0/8"])


def give_up(
    url: str, wall: float = WALL, slow_after: float = 0.3, least_rate: float = 1000.0
) -> tuple[str, float]:
    """What the client says of an answer that does not come, and after how many seconds."""
    request = Request("GET", url, deadline_seconds=wall, slow_after_seconds=slow_after, least_rate=least_rate)
    began = time.monotonic()
    with pytest.raises(OutgoingError) as caught:
        asyncio.run(client().send(request))
    assert not caught.value.permanent
    return str(caught.value), time.monotonic() - began


@dataclass(frozen=True)
class Drip:
    """Sends `head`, then `piece` every 0.02 s without end."""

    head: bytes
    piece: bytes

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(self.head)
        while True:
            handler.wfile.write(self.piece)
            handler.wfile.flush()
            time.sleep(0.02)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        Drip(OK + b"\r\n", b"x"),
        Drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        Drip(OK + b"Content-Length: 1000000\r\n\r\n", b"xx"),
    ],
    ids=["a byte at a time", "endless chunks", "long ago promised"],
)
def test_a_body_that_comes_too_slowly_is_given_up_before_the_wall(answer: Drip, server: FeedServer) -> None:
    server.serve_raw("/slow", answer)
    said, seconds = give_up(server.url("/slow"))
    assert "that is too slow" in said
    assert 0.3 <= seconds < WALL


def stall(handler: BaseHTTPRequestHandler) -> None:
    """A fast start that buys time: at 1 kB a second, 2 kB last for two seconds."""
    handler.wfile.write(OK + b"\r\n" + b"x" * 2000)
    handler.wfile.flush()
    handler.rfile.read(1)


def test_what_came_fast_buys_time_and_no_more(server: FeedServer) -> None:
    server.serve_raw("/stall", stall)
    said, seconds = give_up(server.url("/stall"), wall=10)
    assert "sent 2000 bytes in 2 s" in said
    assert 2.0 <= seconds < 5


def test_a_body_that_is_just_fast_enough_arrives(server: FeedServer) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(OK + b"Content-Length: 4000\r\n\r\n")
        for _ in range(4):
            handler.wfile.write(b"x" * 1000)
            handler.wfile.flush()
            time.sleep(0.1)

    server.serve_raw("/x", answer)
    request = Request("GET", server.url("/x"), slow_after_seconds=0.05, least_rate=2000)
    assert len(asyncio.run(client().send(request)).body) == 4000


def test_headers_that_drip_and_a_server_that_says_nothing_end_at_the_wall(server: FeedServer) -> None:
    server.serve_raw("/headers", Drip(OK, b"X-A: b\r\n"))
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts by itself and never answers, nor TLS
        port = silent.getsockname()[1]
        for url in (server.url("/headers"), f"http://127.0.0.1:{port}/", f"https://127.0.0.1:{port}/"):
            said, seconds = give_up(url, wall=0.4)
            assert "no complete answer within 0.4 s" in said
            assert 0.4 <= seconds < 2


def test_the_walls_of_a_feed_are_those_that_are_promised() -> None:
    usual = Request("GET", "http://feed.example/")
    assert (DEADLINE_SECONDS, usual.slow_after_seconds, usual.least_rate) == (30.0, 10.0, 1000.0)


# --- cut short -------------------------------------------------------------------------------------


def atom(guids: range) -> bytes:
    entries = "".join(f"<entry><id>{guid}</id><title>Title {guid}</title></entry>" for guid in guids)
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>{entries}</feed>".encode()


@dataclass(frozen=True)
class Cut:
    """A 200 with an etag whose body breaks off at `at`, told as `how`."""

    how: str
    at: int
    body: bytes = atom(range(40))

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        whole = gzip.compress(self.body) if self.how == "gzip" else self.body
        cut = whole[: self.at % len(whole)]
        heads = {
            "length": b"Content-Length: %d\r\n" % len(whole),
            "short length": b"Content-Length: %d\r\n" % len(cut),
            "no length": b"",
            "chunked": b"Transfer-Encoding: chunked\r\n",
            "gzip": b"Content-Encoding: gzip\r\n",
            "reset": b"Content-Length: %d\r\n" % len(whole),
        }
        if self.how == "chunked":
            cut = b"%x\r\n%s\r\n" % (len(cut), cut)
        if self.how == "short length":
            cut = whole
        handler.wfile.write(OK + b'ETag: "new"\r\n' + heads[self.how] + b"\r\n" + cut)
        handler.wfile.flush()
        if self.how == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            handler.connection.close()


@pytest.mark.parametrize("how", ["length", "short length", "no length", "chunked", "gzip", "reset"])
def test_a_document_that_is_cut_saves_no_validator_and_the_next_poll_brings_the_rest(
    how: str, server: FeedServer, sqlite_url: str
) -> None:
    ledger = Ledger.open(sqlite_url)
    feed = Feed("f", server.url("/feed"), "E")
    ledger.feeds.declare([feed], NOW)
    for trial in range(4):
        server.serve_raw("/feed", Cut(how, at=5 + 617 * trial))
        asyncio.run(poll_feed(ledger.feeds, client(), feed, NOW))
        (kept,) = ledger.feeds.due(NOW + timedelta(days=1), 1)
        assert (kept.etag, kept.last_modified) == (None, None)
    server.serve("/feed", atom(range(40)), etag='"new"')
    asyncio.run(poll_feed(ledger.feeds, client(), feed, NOW))
    (kept,) = ledger.feeds.due(NOW + timedelta(days=1), 1)
    assert kept.etag == '"new"'
    assert ledger.reports.counts(NOW).items == 40
    ledger.close()
