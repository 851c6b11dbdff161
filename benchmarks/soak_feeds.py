"""The feeds of the soak: each misbehaves in its way, and remembers what it served completely.

Every feed lies on a loopback address of its own (127.88.x.y) on one port. A new entry appears every few
seconds; a document holds the last twenty. An answer counts as served when all of it was written and it was
meant to be whole.
"""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WINDOW = 20
_BOMB = '<!DOCTYPE rss [<!ENTITY a "' + "x" * 5000 + '">]>'
_DEEP = "&lt;div&gt;" * 20_000


@dataclass
class SoakFeed:
    """One feed: `entries` so far, and the titles that were served in whole answers, or in any at all."""

    number: int
    kind: str
    served: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)
    whole: int = 0
    unchanged: int = 0
    bad: int = 0
    asked: int = 0

    @property
    def host(self) -> str:
        """The loopback address it lies on."""
        return f"127.88.{self.number // 200}.{self.number % 200 + 1}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send. `cut`: so many bytes of the body are sent, then the line breaks."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    cut: int | None = None
    seconds: float = 0.0
    titles: tuple[str, ...] = ()
    silent: bool = False


Kind = Callable[[SoakFeed, tuple[str, ...]], Answer]


def _items(titles: tuple[str, ...], text: str = "It was said on Monday.") -> str:
    return "".join(
        f"<item><title>{title}</title><guid isPermaLink='false'>{title}</guid>"
        f"<description>{text}</description></item>"
        for title in titles
    )


def _rss(titles: tuple[str, ...], before: str = "", after: str = "", head: str = "") -> str:
    channel = f"<channel><title>F</title>{before}{_items(titles)}{after}</channel>"
    return f"{head}<rss version='2.0'>{channel}</rss>"


def _good(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    etag = f'"{titles[-1] if titles else 0}"'
    return Answer(body=_rss(titles).encode(), headers=(("ETag", etag),), titles=titles)


def _no_validators(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    return Answer(body=_rss(titles).encode(), titles=titles)


def _packed(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    body = gzip.compress(_rss(titles).encode())
    return Answer(body=body, headers=(("Content-Encoding", "gzip"),), titles=titles)


def _json(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    items = [{"id": title, "title": title, "content_text": "It was said."} for title in titles]
    return Answer(body=json.dumps({"version": "1", "items": items}).encode(), titles=titles)


def _wide(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    return Answer(body=_rss(titles).encode("utf-16"), titles=titles)


def _mistaken(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    head = '<?xml version="1.0" encoding="utf-8"?>'
    body = _rss(titles, head=head).replace("It was said on Monday", "小米公司周一否认了这一说法")
    return Answer(body=body.encode("gb18030"), titles=titles)


def _poisoned(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    poison = f"<item><title>poison</title><description>{_DEEP}&#xD800;&#0;</description></item>"
    return Answer(body=_rss(titles, before=poison).encode(), titles=titles)


def _bomb(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    bomb = f"<item><title>poison</title><description>{'&a;' * 3000}</description></item>"
    return Answer(body=_rss(titles, before=bomb, head=_BOMB).encode(), titles=titles)


def _doubled(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    return Answer(body=_rss(titles, after=_items(titles)).encode(), titles=titles)


def _moved(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    if feed.asked % 2:
        return Answer(302, headers=(("Location", "/again"),))
    return Answer(body=_rss(titles).encode(), titles=titles)


def _sometimes(bad: Answer, turns: int = 3) -> Kind:
    """Every so many answers the bad one, else a good one."""

    def answer(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
        return bad if feed.asked % turns == 0 else _good(feed, titles)

    return answer


def _cut(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    whole = _good(feed, titles)
    if feed.asked % 3:
        return whole
    return Answer(body=whole.body, headers=(("ETag", '"cut"'),), cut=len(whole.body) // 2)


def _slow(feed: SoakFeed, titles: tuple[str, ...]) -> Answer:
    whole = _good(feed, titles)
    seconds = 60.0 if feed.asked % 3 == 0 else 0.0
    return Answer(body=whole.body, headers=whole.headers, seconds=seconds, titles=titles)


KINDS: dict[str, Kind] = {
    "good": _good,
    "no validators": _no_validators,
    "packed": _packed,
    "JSON": _json,
    "UTF-16": _wide,
    "GBK called UTF-8": _mistaken,
    "poisoned entry": _poisoned,
    "entity bomb": _bomb,
    "every entry twice": _doubled,
    "redirected": _moved,
    "500 at times": _sometimes(Answer(500, b"broken")),
    "429 at times": _sometimes(Answer(429, b"slow down", (("Retry-After", "3"),))),
    "a web page at times": _sometimes(Answer(200, b"<html><body>Log in</body></html>")),
    "gzip bomb at times": _sometimes(
        Answer(200, gzip.compress(bytes(64 * 1024 * 1024)), (("Content-Encoding", "gzip"),))
    ),
    "cut short at times": _cut,
    "a byte a second at times": _slow,
    "silent at times": _sometimes(Answer(silent=True), 4),
}


class SoakServer:
    """Serves `count` feeds, the kinds in turn, until it is closed."""

    def __init__(self, count: int, entry_seconds: float) -> None:
        kinds = list(KINDS)
        self.feeds = [SoakFeed(number, kinds[number % len(kinds)]) for number in range(count)]
        self._by_host = {feed.host: feed for feed in self.feeds}
        self._entry_seconds = entry_seconds
        self._began = time.monotonic()
        self._stopped_at: float | None = None
        self._lock = threading.Lock()
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def urls(self) -> list[str]:
        """The address of each feed."""
        return [f"http://{feed.host}:{self._server.server_address[1]}/feed" for feed in self.feeds]

    def calm(self) -> None:
        """No new entries, and no misbehaviour, from now on."""
        self._stopped_at = time.monotonic()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def titles(self, feed: SoakFeed) -> tuple[str, ...]:
        """The entries of the feed's window, the oldest first."""
        until = self._stopped_at or time.monotonic()
        # Feeds have their entries at different moments.
        count = int((until - self._began + feed.number % 7) / self._entry_seconds)
        return tuple(f"Feed {feed.number} entry {n}" for n in range(max(0, count - WINDOW), count))

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """One answer, and what it counts as."""
        feed = self._by_host.get(handler.connection.getsockname()[0])
        if feed is None:
            return  # not one of loopback
        with self._lock:
            feed.asked += 1
        titles = self.titles(feed)
        make = KINDS[feed.kind] if self._stopped_at is None or feed.kind in _HARMLESS else _good
        one = make(feed, titles)
        etag = dict(one.headers).get("ETag")
        if one.status == 200 and etag and handler.headers.get("If-None-Match") == etag:
            one = Answer(304, headers=one.headers)
        finished = _write(handler, one)
        self._count(feed, one, titles, finished)

    def _count(self, feed: SoakFeed, one: Answer, titles: tuple[str, ...], finished: bool) -> None:
        with self._lock:
            feed.offered.update(titles)
            if one.status == 304:
                feed.unchanged += 1
            elif one.status == 200 and finished and one.titles:
                feed.whole += 1
                feed.served.update(one.titles)
            else:
                feed.bad += 1


_HARMLESS = frozenset({"packed", "JSON", "UTF-16", "GBK called UTF-8", "every entry twice", "no validators"})


def _write(handler: BaseHTTPRequestHandler, one: Answer) -> bool:
    """Whether all of it was written."""
    if one.silent:
        with suppress(OSError):
            handler.rfile.read(1)
        return False
    try:
        handler.send_response(one.status)
        for name, value in one.headers:
            handler.send_header(name, value)
        if one.status != 304:
            handler.send_header("Content-Length", str(len(one.body)))
        handler.end_headers()
        if one.cut is not None:
            handler.wfile.write(one.body[: one.cut])
            _reset(handler)
            return False
        if one.seconds:
            return _drip(handler, one)
        handler.wfile.write(one.body)
    except OSError:
        return False
    return True


def _drip(handler: BaseHTTPRequestHandler, one: Answer) -> bool:
    until = time.monotonic() + one.seconds
    while time.monotonic() < until:
        handler.wfile.write(b" ")
        time.sleep(0.5)
    return False


def _reset(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, soak: SoakServer) -> None:
        self.soak = soak
        super().__init__(("0.0.0.0", 0), _Handler)

    def server_bind(self) -> None:
        # Every address of loopback, and none of another device where we may say so.
        with suppress(OSError, AttributeError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        super().server_bind()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """One answer of whichever feed lies on the dialled address."""
        self.server.soak.answer(self)

    def log_message(self, format: str, *args: object) -> None:
        """The soak counts instead."""
