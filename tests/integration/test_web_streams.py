"""Server-sent events: alerts as they leave, once each, resumed, bounded, and ended at a stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import uvicorn
from fastapi import HTTPException

from service.store.ledger import Ledger
from service.web.app import create_app
from service.web.serving import StreamingServer
from service.web.streams import (
    BEAT,
    HELLO,
    MOST_STREAMS,
    MOST_WAITING,
    Event,
    Stream,
    Streams,
)
from tests.fakes_store import NOON, an_item, told_with_alert
from tests.fakes_web import FakeReports

BASE = "http://127.0.0.1:8731"


@dataclass
class Desk:
    """A ledger in which alerts leave at told moments, and the streams over it."""

    ledger: Ledger
    now: datetime = NOON
    number: int = 0
    streams: Streams = field(init=False)

    def __post_init__(self) -> None:
        self.streams = self.made()

    def made(self, beat: float = 15.0) -> Streams:
        return Streams(self.ledger.streams, BASE, lambda: self.now, tick_seconds=0.01, beat_seconds=beat)

    def leaves(self, seconds: float, alert: str = "") -> str:
        """An alert leaves, `seconds` after the last."""
        self.number += 1
        self.now += timedelta(seconds=max(0.0, seconds))
        at = self.now + timedelta(seconds=min(0.0, seconds))
        id_ = alert or f"a{self.number}"
        told_with_alert(self.ledger, id_, an_item(f"item {id_}", self.number), now=at)
        return id_


@pytest.fixture
def desk(ledger: Ledger) -> Desk:
    return Desk(ledger)


async def take(flow: AsyncIterator[bytes], count: int) -> list[str]:
    """The ids of the alerts of the next `count` events; what is no event is passed over."""
    found: list[str] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            block = await anext(flow)
            if block.startswith(b"id: "):
                found.append(said(block)["data"]["id"])
    return found


def said(block: bytes) -> dict[str, Any]:
    lines = dict(line.split(": ", 1) for line in block.decode("ascii").strip().split("\n"))
    assert set(lines) == {"id", "event", "data"}
    told: dict[str, Any] = json.loads(lines["data"])
    assert told["type"] == lines["event"]
    return told | {"event id": lines["id"]}


def play(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def test_what_leaves_is_told_once_and_in_order_and_what_left_before_is_not(desk: Desk) -> None:
    async def work() -> None:
        desk.leaves(0, "old")
        desk.now += timedelta(seconds=1)
        flow = await desk.streams.connect(Stream(), None)
        assert await anext(flow) == HELLO
        first = [desk.leaves(1), desk.leaves(1)]
        assert await take(flow, 2) == first
        late = desk.leaves(-9)  # committed now, though it is dated before those that were told
        last = desk.leaves(1)
        assert await take(flow, 2) == [late, last]

    play(work)


def test_a_stream_asks_for_one_subscription_or_one_story(desk: Desk) -> None:
    async def work() -> None:
        story = await desk.streams.connect(Stream(story_id="story_of_a2"), None)
        other = await desk.streams.connect(Stream(subscription="nobody's"), None)
        every = await desk.streams.connect(Stream(subscription="everything"), None)
        ids = [desk.leaves(1), desk.leaves(1), desk.leaves(1)]
        assert await take(every, 3) == ids
        assert await take(story, 1) == ["a2"]
        assert [await anext(other)] == [HELLO]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                raise AssertionError(await anext(other))

    play(work)


def test_one_that_comes_back_misses_nothing_and_hears_nothing_twice(desk: Desk) -> None:
    async def work() -> None:
        flow = await desk.streams.connect(Stream(), None)
        ids = [desk.leaves(1) for _ in range(3)]
        await anext(flow)
        blocks = [await anext(flow) for _ in range(2)]
        await flow.aclose()  # type: ignore[attr-defined]
        assert desk.streams.count == 0
        ids += [desk.leaves(1) for _ in range(2)]
        again = await desk.streams.connect(Stream(), said(blocks[1])["event id"])
        ids.append(desk.leaves(1))
        assert await take(again, 4) == ids[2:]

    play(work)


def test_after_a_restart_the_ledger_knows_what_was_missed(desk: Desk) -> None:
    async def work() -> None:
        flow = await desk.streams.connect(Stream(), None)
        ids = [desk.leaves(60) for _ in range(4)]
        await anext(flow)
        last = said(await anext(flow))["event id"]
        anew = desk.made()
        again = await anew.connect(Stream(), last)
        ids.append(desk.leaves(1))
        assert await take(again, 4) == ids[1:]

    play(work)


def test_an_id_that_is_none_of_ours_is_told_to_begin_anew(desk: Desk) -> None:
    async def work() -> None:
        flow = await desk.streams.connect(Stream(), "yesterday")
        await anext(flow)
        assert (await anext(flow)).startswith(b"event: reset\n")
        alert = desk.leaves(1)
        assert await take(flow, 1) == [alert]

    play(work)


def test_one_that_does_not_keep_up_is_ended_and_holds_up_nobody() -> None:
    slow, quick = Stream(), Stream(story_id="s")
    for number in range(MOST_WAITING + 1):
        event = Event(f"{number}-a", f"a{number}", "all", None, b"x")
        slow.offer(event)
        quick.offer(event)
    assert (slow.ended, len(slow.waiting)) == (True, 0)
    assert (quick.ended, len(quick.waiting)) == (False, 0)


def test_a_quiet_stream_beats(desk: Desk) -> None:
    async def work() -> None:
        flow = await desk.made(beat=0.02).connect(Stream(), None)
        assert [await anext(flow) for _ in range(3)] == [HELLO, BEAT, BEAT]

    play(work)


def test_two_hundred_streams_cost_little_and_one_more_is_refused(sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url)
    desk = Desk(ledger)

    async def work() -> None:
        first = await desk.streams.connect(Stream(), None)
        await anext(first)
        tracemalloc.start()
        flows = [await desk.streams.connect(Stream(), None) for _ in range(MOST_STREAMS - 1)]
        for flow in flows:
            await anext(flow)
        with pytest.raises(HTTPException) as refused:
            await desk.streams.connect(Stream(), None)
        assert (refused.value.status_code, refused.value.headers) == (503, {"Retry-After": "30"})
        ids = [desk.leaves(1) for _ in range(20)]
        assert await take(first, 20) == ids
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        for flow in flows:
            assert await take(flow, 20) == ids
        # 199 streams of which none has read its 20 events yet.
        assert used / len(flows) < 20_000

    play(work)
    ledger.close()


@contextlib.contextmanager
def served(streams: Streams) -> Iterator[tuple[int, StreamingServer]]:
    """The real server on a port of its own."""
    app = create_app(FakeReports(), allowed_hosts=(), clock=lambda: NOON, demo=False, streams=streams)
    config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=20)
    server = StreamingServer(config, streams)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1], server
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


def test_over_the_wire_it_is_an_event_stream_that_ends_when_the_service_stops(sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url)
    desk = Desk(ledger)
    with served(desk.streams) as (port, server), socket.create_connection(("127.0.0.1", port), 20) as wire:
        wire.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        heard = wire.makefile("rb")
        head = b"".join(iter(heard.readline, b"\r\n")).lower()
        assert b"200 ok" in head
        assert b"content-type: text/event-stream" in head
        assert b"cache-control: no-store" in head
        alert = desk.leaves(1)
        while not (line := heard.readline()).startswith(b"data: "):
            pass
        assert json.loads(line[6:])["data"]["id"] == alert
        server.handle_exit(15, None)
        assert heard.read().endswith(b"0\r\n\r\n")  # a clean end, at once
    ledger.close()
