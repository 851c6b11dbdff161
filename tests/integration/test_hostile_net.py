"""Rows 22, 25 and 27 of the matrix: names that change their mind, bodies that explode or break off."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from service.errors import AddressRefused, OutgoingError
from service.net import GuardedClient, Request
from tests.fakes_feeds import FeedServer

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


# --- names that change their mind (row 22) ---------------------------------------------------------


class Turning:
    """A name server without scruples: each look-up another answer, all of which hold an inner address."""

    ANSWERS = (
        ("93.184.216.34", "127.0.0.1"),
        ("127.0.0.1", "93.184.216.34"),
        ("2606:4700::1111", "::ffff:127.0.0.1"),
        ("127.0.0.1",),
        ("::1",),
        ("64:ff9b::7f00:1", "8.8.8.8"),
        ("0.0.0.0",),
    )

    def __init__(self) -> None:
        self.asked = 0

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.ANSWERS[self.asked % len(self.ANSWERS)]


def test_a_thousand_rebindings_reach_nobody(server: FeedServer) -> None:
    server.serve("/feed", b"secret")
    resolver = Turning()

    async def many() -> int:
        refused = 0
        async with GuardedClient(user_agent="t", resolver=resolver) as client:
            for number in range(1000):
                try:
                    await client.send(Request("GET", server.url("/feed", host=f"h{number % 7}.example")))
                except AddressRefused:
                    refused += 1
                except OutgoingError:
                    continue
        return refused

    assert (asyncio.run(many()), resolver.asked, server.requests) == (1000, 1000, [])


# --- bodies that explode (row 25) ------------------------------------------------------------------

_FETCH = """
import sys; sys.path.insert(0, sys.argv[1])
import asyncio, json, resource, time
from service.errors import OutgoingError
from service.net import GuardedClient, Request

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

async def one(client, url):
    try:
        return len((await client.send(Request("GET", url, deadline_seconds=20))).body)
    except OutgoingError as error:
        return str(error)

async def main():
    async with GuardedClient(user_agent="t", allow_networks=["127.0.0.0/8"]) as client:
        await one(client, sys.argv[2] + "/small")
        base, told = most(), {}
        for path in sys.argv[3:]:
            cpu = time.process_time()
            said = await one(client, sys.argv[2] + path)
            told[path] = [said, most() - base, time.process_time() - cpu]
        print(json.dumps(told))

asyncio.run(main())
"""


def packed(data: bytes, times: int) -> bytes:
    for _ in range(times):
        data = gzip.compress(data, 9)
    return data


def huge(mebibytes: int) -> bytes:
    """Zeros, packed once, made without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(mebibytes)) + packer.flush()


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        handler.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")


def lying(handler: BaseHTTPRequestHandler, length: int, body: bytes) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + body)


def test_no_bomb_costs_more_than_sixty_mebibytes_or_a_second_of_work(server: FeedServer) -> None:
    once = huge(512)
    bombs = {
        "/gzip": (once, "gzip"),
        "/gzip-in-gzip": (packed(once, 1), "gzip, gzip"),
        "/five-times": (packed(once, 4), "gzip, gzip, gzip, gzip, gzip"),
        "/hidden-second": (packed(once, 1), "gzip"),
        "/brotli": (once, "br"),
        "/zstandard": (once, "zstd"),
        "/deflate": (zlib.compress(bytes(64 * MIB), 9), "deflate"),
    }
    for path, (body, coding) in bombs.items():
        server.serve(path, body, headers=(("Content-Encoding", coding),))
    server.serve("/small", b"small")
    server.serve_raw("/endless", endless)
    server.serve_raw("/says-much", partial(lying, length=10**15, body=b"x" * 1000))
    server.serve_raw("/says-little", partial(lying, length=3, body=b"x" * (11 * MIB)))
    paths = [*bombs, "/endless", "/says-much", "/says-little"]
    words = [sys.executable, "-I", "-c", _FETCH, str(ROOT), server.url(""), *paths]
    told = json.loads(subprocess.run(words, capture_output=True, check=True, timeout=110).stdout)
    for path in paths:
        said, memory, cpu = told[path]
        print(f"{path}: {memory:.0f} MiB over base, {cpu:.2f} s CPU: {said}")
        assert memory <= 60, path
        assert cpu <= 1.0, path
    assert isinstance(told["/hidden-second"][0], int), "unpacked once and no further"
    refused = [said for path, (said, _, _) in told.items() if path not in ("/says-little", "/hidden-second")]
    assert all(isinstance(said, str) for said in refused)
    assert all(len(str(said)) < 400 for said, _, _ in told.values()), (
        "no message quotes what was sent at length"
    )


# --- bodies that break off (row 27) ----------------------------------------------------------------


def test_two_hundred_bodies_that_are_cut_anywhere_are_never_taken_for_whole(server: FeedServer) -> None:
    plain = b"<rss version='2.0'><channel>" + b"<item><title>t</title></item>" * 200 + b"</channel></rss>"
    bodies = {"identity": plain, "gzip": gzip.compress(plain)}
    taken = 0

    def cut(handler: BaseHTTPRequestHandler, coding: str, at: int, chunked: bool) -> None:
        body = bodies[coding][:at]
        head = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Encoding: %s\r\n' % coding.encode()
        if chunked:
            handler.wfile.write(head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (len(body) + 9) + body)
        elif coding == "gzip":
            handler.wfile.write(head + b"\r\n" + body)  # until the line is closed: only gzip knows its end
        else:
            handler.wfile.write(head + b"Content-Length: %d\r\n\r\n" % len(bodies[coding]) + body)

    async def many() -> None:
        nonlocal taken
        async with GuardedClient(user_agent="t", allow_networks=["127.0.0.0/8"]) as client:
            for number in range(200):
                coding = ("identity", "gzip")[number % 2]
                at = 1 + number * (len(bodies[coding]) - 2) // 200
                server.serve_raw("/cut", partial(cut, coding=coding, at=at, chunked=number % 4 > 1))
                try:
                    await client.send(Request("GET", server.url("/cut"), deadline_seconds=5))
                    taken += 1
                except OutgoingError:
                    continue

    asyncio.run(many())
    assert (taken, len(server.requests)) == (0, 200)
