"""Polling host by host: one connection, a pause, and whoever asks to be left alone is left alone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import Any

import pytest
from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES

from service.core.clocks import NO_CLOCKS
from service.core.feed import Feed
from service.doorbell import LocalBell
from service.errors import OutgoingError
from service.feeds.lanes import keep_polling, poll_due
from service.feeds.poll import PollReport
from service.net import GuardedClient, Request
from service.pace import HostPace
from service.scheduler import Timed, build_scheduler
from service.settings import Settings
from service.store.ledger import Ledger
from tests.fakes_feeds import FeedServer, Loopback

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOOPBACK = ("127.0.0.0/8",)
ATOM = (
    b"<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>"
    b"<entry><id>1</id><title>T</title></entry></feed>"
)


def open_client(gap: float = 0.0, polite: Sequence[str] = LOOPBACK) -> GuardedClient:
    """A client to which every name is a public host; with `polite` empty, one of our own."""
    return GuardedClient(
        user_agent="test/1",
        allow_networks=LOOPBACK,
        polite_networks=polite,
        resolver=Loopback(),
        pace=HostPace(gap),
    )


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


@dataclass
class Hosts:
    """Feeds on several hosts, their ledger, and a clock that the test moves."""

    ledger: Ledger
    server: FeedServer
    now: datetime = START
    polite: Sequence[str] = LOOPBACK
    feeds: dict[str, Feed] = field(default_factory=dict)

    def declare(self, *addresses: str) -> None:
        """Feeds of an hour each, named `host/path`, all due now."""
        self.feeds = {
            name: Feed(
                name, self.server.url(f"/{name.partition('/')[2]}", host=name.partition("/")[0]), "E", 3600
            )
            for name in addresses
        }
        self.ledger.feeds.declare(list(self.feeds.values()), self.now)

    def poll(self, after: timedelta = timedelta()) -> list[str]:
        """Let time pass, poll what is due; the feeds that were asked, by name."""
        self.now += after
        reports = asyncio.run(poll_due(self.ledger, open_client(polite=self.polite), lambda: self.now))
        return sorted(report.feed_id for report in reports)

    def waits(self, name: str) -> str:
        return next(row.waits for row in self.ledger.reports.feeds() if row.id == name)


@pytest.fixture
def hosts(ledger: Ledger, server: FeedServer) -> Hosts:
    server.serve("/good", ATOM, etag='"1"')
    server.serve("/fine", ATOM, etag='"1"')
    return Hosts(ledger, server)


# --- asked to be left alone ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "wish", "minutes"),
    [
        (429, "7200", 120),
        (503, format_datetime(START + 3 * HOUR, usegmt=True), 180),
        (429, "-5", 60),
        (429, "315360000", 1440),
        (429, "soon", 60),
        (403, None, 60),
    ],
    ids=["seconds", "date", "negative", "ten years", "junk", "403 without"],
)
def test_a_host_that_refuses_is_not_asked_before_its_time_by_any_feed_nor_after_a_restart(
    status: int, wish: str | None, minutes: int, server: FeedServer, ledger_url: str
) -> None:
    headers = (("Retry-After", wish),) if wish is not None else ()
    server.serve("/good", ATOM, etag='"1"')
    server.serve("/bad", b"", status=status, headers=headers)
    ledger = Ledger.open(ledger_url)
    hosts = Hosts(ledger, server)
    hosts.declare("a.example/bad")
    assert hosts.poll() == ["a.example/bad"]
    hosts.declare("a.example/bad", "a.example/good", "b.example/good")
    assert hosts.poll() == ["b.example/good"]
    server.serve("/bad", ATOM)
    ledger.close()
    hosts.ledger = Ledger.open(ledger_url)
    try:
        until = timedelta(minutes=minutes)
        for early in (timedelta(seconds=1), until / 2, until - timedelta(seconds=1)):
            hosts.now = START + early
            assert "a.example" not in str(hosts.poll())
        hosts.now = START + until
        assert {"a.example/bad", "a.example/good"} <= set(hosts.poll())
    finally:
        hosts.ledger.close()


def test_a_host_of_our_own_is_not_left_alone_because_one_route_fails(
    hosts: Hosts, server: FeedServer
) -> None:
    server.serve("/bad", b"", status=429, headers=(("Retry-After", "7200"),))
    hosts.polite = ()
    hosts.declare("a.example/bad")
    hosts.poll()
    hosts.declare("a.example/bad", "a.example/good")
    assert hosts.poll() == ["a.example/good"]
    assert hosts.poll(1.5 * HOUR) == ["a.example/good"]
    assert hosts.waits("a.example/bad") == ""


def test_three_refusals_in_a_row_hold_back_the_whole_domain_and_an_answer_ends_it(
    hosts: Hosts, server: FeedServer
) -> None:
    server.serve("/bad", b"", status=429, headers=(("Retry-After", "3600"),))
    bad = [f"{name}.tumblr.example.com/bad" for name in "ab"]
    hosts.declare(*bad)
    hosts.poll()
    others = ["c.example.com/good", "example.com/good", "badexample.com/good"]
    hosts.declare(*bad, "d.example.com/bad")
    hosts.poll()
    hosts.declare(*bad, "d.example.com/bad", *others)
    assert hosts.poll() == ["badexample.com/good"]
    assert "hosts of example.com answered 429" in hosts.waits("c.example.com/good")
    assert hosts.poll(0.9 * HOUR) == []
    server.serve("/bad", ATOM)
    assert set(hosts.poll(0.2 * HOUR)) == {*bad, "d.example.com/bad", *others}
    assert hosts.waits("c.example.com/good") == ""
    server.serve("/bad", b"", status=429, headers=(("Retry-After", "7200"),))
    hosts.declare(*bad, *others)
    hosts.poll(1.1 * HOUR)
    assert hosts.waits("c.example.com/good") == "", "the row of refusals began anew"


def test_why_a_feed_waits_is_shown(hosts: Hosts, server: FeedServer) -> None:
    server.serve("/bad", b"", status=429, headers=(("Retry-After", "7200"),))
    hosts.declare("a.example/bad")
    hosts.poll()
    hosts.declare("a.example/bad", "a.example/good")
    rows = {row.id: row for row in hosts.ledger.reports.feeds()}
    assert rows["a.example/good"].next_poll_at == START + 2 * HOUR
    assert rows["a.example/good"].waits == (
        "waits because its host asked: a.example answered 429 (Retry-After 7200 s)"
    )


def test_a_feed_that_moved_to_another_host_waits_for_that_one(hosts: Hosts, server: FeedServer) -> None:
    server.serve("/bad", b"", status=429, headers=(("Retry-After", "7200"),))
    server.serve("/old", status=301, headers=(("Location", server.url("/good", host="new.example")),))
    hosts.declare("old.example/old")
    for _ in range(6):
        hosts.poll(12 * HOUR)
    hosts.declare("old.example/old")
    hosts.ledger.feeds.declare(
        [hosts.feeds["old.example/old"], Feed("x", server.url("/bad", host="new.example"), "E")], hosts.now
    )
    assert hosts.poll() == ["x"]
    assert "new.example answered 429" in hosts.waits("old.example/old")
    assert hosts.poll(1.9 * HOUR) == []


# --- one connection, a pause -----------------------------------------------------------------------


@dataclass
class Spans:
    """Answers that nothing changed after `seconds`, and remembers from when to when it was at it, by host."""

    seconds: float = 0.0
    spans: list[tuple[str, float, float]] = field(default_factory=list)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        began = time.monotonic()
        time.sleep(self.seconds)
        ended = time.monotonic()  # before the client can know it, however late this thread goes on
        handler.wfile.write(b"HTTP/1.1 304 Not Modified\r\n\r\n")
        self.spans.append((str(handler.headers["Host"]).partition(":")[0], began, ended))

    def of(self, host: str) -> list[tuple[float, float]]:
        return sorted((began, ended) for name, began, ended in self.spans if name == host)


def test_five_hundred_feeds_of_one_host_are_asked_one_by_one_with_a_gap_and_hold_up_nobody(
    server: FeedServer, sqlite_url: str
) -> None:
    answer, gap = Spans(), 0.02  # more than a poll takes by itself
    server.serve_raw("/x", answer)
    ledger = Ledger.open(sqlite_url)
    many = [Feed(f"m{n:03}", server.url("/x", host="many.example"), "E") for n in range(500)]
    others = [Feed(f"o{n:03}", server.url("/x", host=f"h{n}.example"), "E") for n in range(50)]
    ledger.feeds.declare([*many, *others], START)
    reports = asyncio.run(poll_due(ledger, open_client(gap), lambda: START))
    ledger.close()
    assert len(reports) == 550
    spans = answer.of("many.example")
    assert len(spans) == 500
    between = [later - ended for (_, ended), (later, _) in pairwise(spans)]
    assert min(between) >= gap * 0.9  # our clock and the server's are read at different moments
    places = {report.feed_id: place for place, report in enumerate(reports)}
    assert max(places[one.id] for one in others) < 150


def test_the_gap_is_a_second_unless_it_is_set() -> None:
    assert Settings().host_gap_seconds == 1


def test_every_request_takes_its_turn_and_the_wait_is_not_counted(server: FeedServer) -> None:
    """Two at once, of 0.8 s each: the second would not be done within 1.5 s of its beginning."""
    answer = Spans(0.8)
    server.serve_raw("/x", answer)
    request = Request("GET", server.url("/x", host="one.example"), deadline_seconds=1.5)

    async def both() -> None:
        client = open_client(0.1)
        await asyncio.gather(client.send(request), client.send(request))

    asyncio.run(both())
    (_, ended), (began, _) = answer.of("one.example")
    assert began - ended >= 0.09


def test_the_hops_of_a_redirect_take_turns_too(server: FeedServer) -> None:
    server.serve("/a", status=302, headers=(("Location", "/b"),))
    server.serve("/b", status=302, headers=(("Location", server.url("/c", host="two.example")),))
    server.serve("/c", b"end")
    client = open_client(0.2)
    began = time.monotonic()
    asyncio.run(client.send(Request("GET", server.url("/a", host="one.example"))))
    assert time.monotonic() - began >= 0.2
    assert client.pace is not None
    assert all(client.pace.rest(host) > 0 for host in ("one.example", "two.example"))


def test_hosts_of_our_own_have_no_gap(server: FeedServer) -> None:
    server.serve("/a", b"end")
    client = open_client(60.0, polite=())
    for _ in range(3):
        asyncio.run(client.send(Request("GET", server.url("/a", host="one.example"))))
    assert client.pace is not None
    assert client.pace.rest("one.example") == 0


def test_a_request_that_fails_gives_its_turn_back(server: FeedServer) -> None:
    client = open_client()
    for _ in range(2):
        with pytest.raises(OutgoingError):
            asyncio.run(client.send(Request("GET", "http://127.0.0.1:1/feed", deadline_seconds=5)))
    assert client.pace is not None
    assert client.pace.rest("127.0.0.1") == 0


# --- nobody waits for another host -----------------------------------------------------------------


def test_fifty_hosts_that_hang_leave_room_for_the_others_and_for_what_becomes_due(
    server: FeedServer, sqlite_url: str
) -> None:
    over = threading.Event()
    server.serve_raw("/hang", lambda handler: over.wait(30) and None)
    server.serve("/good", ATOM, etag='"1"')
    ledger = Ledger.open(sqlite_url)
    hanging = [Feed(f"h{n}", server.url("/hang", host=f"h{n}.example"), "E") for n in range(50)]
    good = [Feed(f"g{n:03}", server.url("/good", host=f"g{n}.example"), "E") for n in range(20)]
    ledger.feeds.declare([*hanging, *good], START)
    ended: list[str] = []

    def told(report: PollReport) -> None:
        ended.append(report.feed_id)
        if len(ended) == len(good):  # as `feeds add` does while the service polls
            ledger.feeds.add([Feed("late", server.url("/good", host="late.example"), "E")], START)
        if report.feed_id == "late":
            over.set()

    asyncio.run(keep_polling(ledger, open_client(), lambda: START, told))
    ledger.close()
    assert sorted(ended[: len(good)]) == [feed.id for feed in good]
    assert ended[len(good)] == "late"
    assert len(ended) == 71


def test_polling_stops_when_it_is_told_to_and_what_was_on_its_way_was_not_asked(
    server: FeedServer, sqlite_url: str
) -> None:
    over = threading.Event()
    server.serve_raw("/hang", lambda handler: over.wait(30) and None)
    ledger = Ledger.open(sqlite_url)
    ledger.feeds.declare([Feed("h", server.url("/hang", host="h.example"), "E")], START)
    began = time.monotonic()
    reports: list[PollReport] = []
    stopped = iter([False, True])
    asyncio.run(
        keep_polling(ledger, open_client(), lambda: START, reports.append, stopped=lambda: next(stopped))
    )
    over.set()
    assert time.monotonic() - began < 5
    assert (reports, [feed.id for feed in ledger.feeds.due(START, 9)]) == ([], ["h"])
    ledger.close()


def test_no_more_hosts_are_asked_at_once_than_there_are_places(server: FeedServer, sqlite_url: str) -> None:
    server.serve_raw("/x", Spans(0.05))
    ledger = Ledger.open(sqlite_url)
    feeds = [Feed(f"f{n}", server.url("/x", host=f"h{n}.example"), "E") for n in range(30)]
    ledger.feeds.declare(feeds, START)
    assert len(asyncio.run(poll_due(ledger, open_client(), lambda: START, 10))) == 30
    assert 5 <= server.most_at_once <= 10
    ledger.close()


def test_the_scheduler_polls_on_without_a_warning_and_lets_go_when_it_is_shut_down(
    server: FeedServer, sqlite_url: str
) -> None:
    over, ticked, ticks, refused = threading.Event(), threading.Event(), [], []
    server.serve_raw("/hang", lambda handler: over.wait(30) and None)
    ledger = Ledger.open(sqlite_url)
    ledger.feeds.declare([Feed("h", server.url("/hang", host="h.example"), "E")], START)
    timed = Timed(NO_CLOCKS, ())
    scheduler = build_scheduler(ledger, open_client, LocalBell(), lambda: START, 60, timed)

    def heard(event: Any) -> None:
        (refused if event.code == EVENT_JOB_MAX_INSTANCES else ticks).append(event.job_id)
        if ticks.count("poll") >= 1:
            ticked.set()

    scheduler.add_listener(heard, EVENT_JOB_MAX_INSTANCES | EVENT_JOB_EXECUTED)
    scheduler.start()
    assert ticked.wait(20), "a tick while a poll goes on ends at once"
    began = time.monotonic()
    scheduler.shutdown(wait=True)
    over.set()
    ledger.close()
    assert time.monotonic() - began < 5
    assert refused == []
