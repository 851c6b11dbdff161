"""The guarded client against real sockets on loopback: what it refuses, bounds, ends and leaves alone."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
import tomllib
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from service.errors import AddressRefused, OutgoingError
from service.net import GuardedClient, Request, Response
from tests.fakes_feeds import FeedServer

_URLS = tomllib.loads((Path(__file__).parent.parent / "cases/net_urls.toml").read_text("utf-8"))["case"]
_ADDRESSES = tomllib.loads((Path(__file__).parent.parent / "cases/net_addresses.toml").read_text("utf-8"))[
    "case"
]
_REFUSED = [case["address"] for case in _ADDRESSES if case["refused"]]


class ScriptedResolver:
    """Answers each question with the next answer, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


def send(
    request: Request | str,
    *,
    allow: Sequence[str] = ("127.0.0.0/8",),
    resolver: ScriptedResolver | None = None,
) -> Response:
    async def once() -> Response:
        async with GuardedClient(user_agent="test/1", allow_networks=allow, resolver=resolver) as client:
            return await client.send(Request("GET", request) if isinstance(request, str) else request)

    return asyncio.run(once())


# --- where it does not go --------------------------------------------------------------------------


@pytest.mark.parametrize("case", _URLS, ids=[case["id"] for case in _URLS])
def test_a_url_that_leads_inside_is_refused_without_a_connection(
    case: dict[str, str], server: FeedServer
) -> None:
    server.serve("/", b"secret")
    with pytest.raises(AddressRefused):
        send(case["url"].replace("{port}", str(server.port)), allow=())
    assert server.requests == []


# Those left out cannot stand in a header, or are relative references there.
_IN_HEADERS = [
    case
    for case in _URLS
    if "://" in case["url"] and case["url"].isprintable() and case["id"] not in ("space-before", "no-host")
]


@pytest.mark.parametrize("case", _IN_HEADERS, ids=[case["id"] for case in _IN_HEADERS])
def test_a_redirect_that_leads_inside_is_refused_without_a_connection(
    case: dict[str, str], server: FeedServer
) -> None:
    server.serve("/", b"secret")
    target = case["url"].replace("{port}", str(server.port)).encode().decode("latin-1")
    with FeedServer(address="127.77.0.1") as outside:
        outside.serve("/start", status=302, headers=(("Location", target),))
        with pytest.raises(AddressRefused):
            send(outside.url("/start"), allow=("127.77.0.1/32",))
        assert len(outside.requests) == 1
    assert server.requests == []


@pytest.mark.parametrize("address", _REFUSED)
def test_a_name_that_resolves_inside_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match=r"feeds\.example"):
        send("http://feeds.example/", allow=(), resolver=ScriptedResolver([address]))


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    resolver = ScriptedResolver(["93.184.216.34", "2606:4700::1111", "10.0.0.1"])
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        send("http://feeds.example/", allow=(), resolver=resolver)


def test_a_name_is_resolved_once_and_connected_to_what_was_checked(server: FeedServer) -> None:
    server.serve("/feed", b"ok")
    resolver = ScriptedResolver(["127.0.0.1"], ["10.0.0.1"])
    response = send(server.url("/feed", host="feeds.example"), resolver=resolver)
    assert response.body == b"ok"
    assert resolver.asked == ["feeds.example"]
    assert server.requests[0].header("Host") == f"feeds.example:{server.port}"


def test_a_name_that_turns_private_on_the_second_look_is_refused_every_time(server: FeedServer) -> None:
    server.serve("/feed", b"secret")

    async def many() -> int:
        refused = 0
        for turn in range(100):
            public = [["93.184.216.34", "127.0.0.1"], ["127.0.0.1"]]
            resolver = ScriptedResolver(*public[turn % 2 :])
            async with GuardedClient(user_agent="t", resolver=resolver) as client:
                try:
                    await client.send(Request("GET", server.url("/feed", host="feeds.example")))
                except AddressRefused:
                    refused += 1
        return refused

    assert asyncio.run(many()) == 100
    assert server.requests == []


def test_the_proxies_of_the_environment_are_not_asked(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine feeds.example login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with FeedServer() as decoy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, decoy.url(""))
        server.serve("/feed", b"ok")
        resolver = ScriptedResolver(["127.0.0.1"])
        assert send(server.url("/feed", host="feeds.example"), resolver=resolver).body == b"ok"
        assert decoy.requests == []
    assert server.requests[0].header("Authorization") is None


# --- redirects -------------------------------------------------------------------------------------


def test_five_redirects_are_followed_and_six_are_not(server: FeedServer) -> None:
    for hop in range(6):
        server.serve(f"/{hop}", status=301, headers=(("Location", f"/{hop + 1}"),))
    server.serve("/6", b"end")
    response = send(server.url("/1"))
    assert (response.body, response.url) == (b"end", server.url("/6"))
    assert response.permanent_redirects_only
    with pytest.raises(OutgoingError, match="redirects more than 5 times"):
        send(server.url("/0"))


def test_one_temporary_redirect_makes_the_move_temporary(server: FeedServer) -> None:
    server.serve("/a", status=301, headers=(("Location", "/b"),))
    server.serve("/b", status=302, headers=(("Location", "/c"),))
    server.serve("/c", b"end")
    assert not send(server.url("/a")).permanent_redirects_only
    assert not send(server.url("/c")).permanent_redirects_only


def test_a_redirect_is_handed_back_where_it_is_not_to_be_followed(server: FeedServer) -> None:
    server.serve("/a", b"moved", status=302, headers=(("Location", "/b"),))
    response = send(Request("POST", server.url("/a"), body=b"x", follow_redirects=False))
    assert (response.status, response.body, response.header("LOCATION")) == (302, b"moved", "/b")
    assert server.requests[0].body == b"x"


def test_a_cookie_is_not_kept_from_one_hop_to_the_next(server: FeedServer) -> None:
    server.serve("/a", status=302, headers=(("Location", "/b"), ("Set-Cookie", "id=1; Path=/")))
    server.serve("/b", b"end")
    send(server.url("/a"))
    assert server.requests[1].header("Cookie") is None


# --- bodies and time -------------------------------------------------------------------------------


def test_a_packed_answer_is_unpacked(server: FeedServer) -> None:
    server.serve("/feed", gzip.compress(b"words" * 9000), headers=(("Content-Encoding", "gzip"),))
    assert send(server.url("/feed")).body == b"words" * 9000
    assert server.requests[0].header("Accept-Encoding") == "gzip"


def test_a_gzip_bomb_is_stopped_in_little_memory(server: FeedServer) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(200)) + packer.flush()
    server.serve("/bomb", bomb, headers=(("Content-Encoding", "gzip"),))
    tracemalloc.start()
    try:
        with pytest.raises(OutgoingError, match="more than 10485760 bytes"):
            send(server.url("/bomb"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * 1024 * 1024


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "deflate", "zstd", "x"])
def test_a_packing_that_was_not_asked_for_is_refused(coding: str, server: FeedServer) -> None:
    body = gzip.compress(gzip.compress(bytes(1_000_000)))
    server.serve("/feed", body, headers=(("Content-Encoding", coding),))
    with pytest.raises(OutgoingError, match="packed its answer as"):
        send(server.url("/feed"))


@pytest.mark.parametrize(
    ("id_", "body", "message"),
    [
        ("cut", gzip.compress(b"words" * 9000, mtime=0)[:-20], "breaks off"),
        ("junk", b"no gzip at all", "cannot be unpacked"),
        ("more", gzip.compress(b"a", mtime=0) + b"tail", "behind its packed answer"),
    ],
)
def test_a_damaged_packed_answer_is_an_error(id_: str, body: bytes, message: str, server: FeedServer) -> None:
    server.serve("/feed", body, headers=(("Content-Encoding", "gzip"),))
    with pytest.raises(OutgoingError, match=message):
        send(server.url("/feed"))


def test_a_long_body_is_an_error_or_cut_as_the_caller_chooses(server: FeedServer) -> None:
    server.serve("/long", b"x" * 200_000)
    with pytest.raises(OutgoingError, match="more than 65536 bytes"):
        send(Request("GET", server.url("/long"), max_bytes=65536))
    cut = send(Request("GET", server.url("/long"), max_bytes=65536, cut_long_body=True))
    assert (len(cut.body), cut.truncated, cut.status) == (65536, True, 200)
    whole = send(Request("GET", server.url("/long"), max_bytes=200_000))
    assert (len(whole.body), whole.truncated) == (200_000, False)


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.02)


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-A: b\r\n")
        handler.wfile.flush()
        time.sleep(0.02)


def silence(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)


def circle_slowly(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(0.15)
    handler.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: /slow\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("answer", [drip, drip_headers, silence, circle_slowly])
def test_one_clock_ends_every_kind_of_slowness(answer: object, server: FeedServer) -> None:
    server.serve_raw("/slow", answer)  # type: ignore[arg-type]
    started = time.monotonic()
    with pytest.raises(OutgoingError, match=r"no complete answer within 0\.4 s") as caught:
        send(Request("GET", server.url("/slow"), deadline_seconds=0.4))
    assert time.monotonic() - started < 1.5
    assert not caught.value.permanent


def big_header(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Big: " + b"a" * 1_000_000 + b"\r\n\r\n")


def many_headers(handler: BaseHTTPRequestHandler) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(100))
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + lines + b"\r\n")


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 1000\r\n\r\nhalf')


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (big_header, "127.0.0.1"),
        (many_headers, "of headers"),
        (cut_short, "broke off before its answer was complete"),
        (no_http, "did not answer as a web server does"),
    ],
)
def test_a_broken_answer_fails_by_name(answer: object, message: str, server: FeedServer) -> None:
    server.serve_raw("/x", answer)  # type: ignore[arg-type]
    with pytest.raises(OutgoingError, match=message):
        send(server.url("/x"))


def test_a_closed_port_and_an_unknown_name_fail_by_name() -> None:
    class Unknown(ScriptedResolver):
        async def addresses(self, host: str, port: int) -> Sequence[str]:
            raise socket.gaierror(-2, "Name or service not known")

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(OutgoingError, match="cannot be reached"):
        send(f"http://127.0.0.1:{port}/")
    with pytest.raises(OutgoingError, match="cannot be reached"):
        send("http://feeds.example/", resolver=Unknown([]))


def test_one_client_serves_several_event_loops_and_many_requests_at_once(server: FeedServer) -> None:
    server.serve("/feed", b"ok")
    client = GuardedClient(user_agent="test/1", allow_networks=["127.0.0.0/8"])

    async def batch() -> list[Response]:
        return await asyncio.gather(*(client.send(Request("GET", server.url("/feed"))) for _ in range(20)))

    for _ in range(3):
        assert [response.body for response in asyncio.run(batch())] == [b"ok"] * 20
    asyncio.run(client.close())
    asyncio.run(client.close())
    assert {request.header("User-Agent") for request in server.requests} == {"test/1"}
