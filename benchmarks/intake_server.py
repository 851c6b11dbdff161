"""A feed server for load: any number of hosts on one loopback port, as lean as it can be.

`GET /feed/N` is the feed of any host. It answers 304 to who names its etag, else a small RSS document. `GET
/turn` begins the next round, in which one feed in `CHANGES` has a new entry. `GET /count` tells how many
answers were whole documents and how many were 304.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys

CHANGES = 20
_PATH = re.compile(rb"^GET /(\w+)(?:/(\d+))? ")
_ETAG = re.compile(rb"\r\nif-none-match: *([^\r\n]+)\r\n", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)


class Feeds:
    """What every connection shares."""

    def __init__(self) -> None:
        self.round = 0
        self.whole = 0
        self.unchanged = 0

    def answer(self, request: bytes) -> bytes:
        """The answer to a whole request."""
        path = _PATH.match(request)
        if path is None:
            return _reply(b"404 Not Found", b"")
        if path[1] == b"turn":
            self.round += 1
            self.whole = self.unchanged = 0
        if path[1] != b"feed":
            return _reply(b"200 OK", b"%d %d" % (self.whole, self.unchanged))
        return self._feed(int(path[2] or 0), request)

    def _feed(self, number: int, request: bytes) -> bytes:
        changed = self.round - (number + self.round) % CHANGES if self.round else 0
        version = max(0, changed)
        etag = b'"%d-%d"' % (number, version)
        named = _ETAG.search(request)
        if named is not None and named[1] == etag:
            self.unchanged += 1
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + etag + b"\r\n\r\n"
        self.whole += 1
        return _reply(b"200 OK", _document(number, version), b"ETag: " + etag + b"\r\n")


def _document(number: int, version: int) -> bytes:
    items = b"".join(
        b"<item><guid isPermaLink='false'>%d-%d</guid><title>Feed %d says number %d</title>"
        b"<link>http://h%d.example/%d</link><description>It said so on Monday.</description></item>"
        % (number, entry, number, entry, number, entry)
        for entry in range(version, version + 10)
    )
    return b"<rss version='2.0'><channel><title>Feed %d</title>%s</channel></rss>" % (number, items)


def _reply(status: bytes, body: bytes, headers: bytes = b"") -> bytes:
    kind = b"Content-Type: application/rss+xml\r\n"
    return b"HTTP/1.1 %s\r\n%s%sContent-Length: %d\r\n\r\n%s" % (status, kind, headers, len(body), body)


class _Connection(asyncio.Protocol):
    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds
        self._given = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._given += data
        while (end := self._given.find(b"\r\n\r\n")) >= 0:
            request, self._given = self._given[: end + 4], self._given[end + 4 :]
            self._transport.write(self._feeds.answer(request))
            if _CLOSE.search(request):
                self._transport.close()


async def _serve() -> None:
    feeds = Feeds()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(feeds), "127.0.0.1", 0, backlog=1024
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)  # whoever started it ends it by hanging up


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    asyncio.run(_serve())
