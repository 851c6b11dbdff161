"""The lives of feeds over months, on both databases: asked as seldom as may be, and never silently lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler

import pytest

from service.core.feed import Feed
from service.core.history import FeedEvent
from service.core.polling import plan_not_modified
from service.doorbell import LocalBell
from service.feeds.lanes import poll_due
from service.feeds.poll import PollReport
from service.net import GuardedClient
from service.scheduler import dark_once, poll_once
from service.store.ledger import Ledger
from service.store.views import FeedRow
from tests.fakes_feeds import FeedServer, SeenRequest

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


def open_client() -> GuardedClient:
    return GuardedClient(user_agent="test/1", allow_networks=["127.0.0.0/8"])


def atom(*guids: str, head: str = "") -> bytes:
    entries = "".join(
        f"<entry><id>{guid}</id><title>Title {guid}</title><content type='text'>words</content></entry>"
        for guid in guids
    )
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>{head}{entries}</feed>".encode()


@dataclass
class Life:
    """One feed, its ledger and a clock that the test moves."""

    ledger: Ledger
    feed: Feed
    now: datetime = START
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger.feeds.declare([self.feed], self.now)

    def poll(self, after: timedelta = timedelta()) -> list[PollReport]:
        """Let time pass, then poll whatever is due, as the scheduler does."""
        self.now += after
        reports = poll_once(self.ledger, open_client, LocalBell(), lambda: self.now)
        dark_once(self.ledger, LocalBell(), lambda: self.now)
        self.told += [str(notice.event) for report in reports for notice in report.notices]
        return reports

    def poll_at_its_time(self) -> list[PollReport]:
        """Go to when the feed is due, and poll it."""
        seconds = self.ledger.feeds.seconds_until_next(self.now)
        assert seconds is not None
        return self.poll(timedelta(seconds=seconds))

    @property
    def row(self) -> FeedRow:
        (row,) = self.ledger.reports.feeds()
        return row

    @property
    def noted(self) -> list[str]:
        """What the ledger says befell the feed, the earliest first."""
        return [notice.event for notice in reversed(self.ledger.reports.feed_notices(self.feed.id, 100))]


def a_life(ledger: Ledger, url: str, **more: object) -> Life:
    feed = Feed(id="f_1", url=url, outlet="Example", **({"adaptive": True} | more))  # type: ignore[arg-type]
    return Life(ledger, feed)


def unconditional(requests: Sequence[SeenRequest]) -> int:
    return sum(not (one.header("If-None-Match") or one.header("If-Modified-Since")) for one in requests)


# --- asked as seldom as may be ---------------------------------------------------------------------


def test_fifty_restarts_cost_no_request_and_a_feed_is_asked_unconditionally_once(
    server: FeedServer, ledger_url: str
) -> None:
    server.serve("/feed", atom("a"), etag='"1"')
    now, early, last = START, 0, None
    for restart in range(50):
        ledger = Ledger.open(ledger_url)
        try:
            ledger.feeds.declare([Feed(id="f_1", url=server.url("/feed"), outlet="E", adaptive=True)], now)
            due = ledger.feeds.seconds_until_next(now) == 0.0
            before = len(server.requests)
            asyncio.run(poll_due(ledger, open_client(), partial(datetime.replace, now), 10))
            asked = len(server.requests) - before
            early += asked if last is not None and now - last < timedelta(minutes=15) else 0
            assert asked == due
            last = now if asked else last
        finally:
            ledger.close()
        now += timedelta(minutes=4 if restart % 3 else 9)
    assert early == 0
    assert len(server.requests) >= 4
    assert unconditional(server.requests) == 1


def test_validators_that_change_with_every_answer_are_sent_back_each_time(
    server: FeedServer, ledger: Ledger
) -> None:
    """A third kind of answer is a 304 that brings a new etag; a fourth a 200 whose words are the same."""
    life = a_life(ledger, server.url("/feed"))
    sent: list[tuple[str | None, str | None]] = [(None, None)]
    for number in range(40):
        etag = f'W/"{number}"' if number % 4 else None
        date = f"Mon, 02 Mar 2026 09:{number:02}:00 GMT" if number % 3 or etag is None else None
        if number % 5 == 4:
            server.serve_raw("/feed", _not_modified(etag, date))
            sent.append((etag or sent[-1][0], date or sent[-1][1]))
        else:
            server.serve("/feed", atom("a"), etag=etag, last_modified=date)
            sent.append((etag, date))
        life.poll_at_its_time()
    asked = [(one.header("If-None-Match"), one.header("If-Modified-Since")) for one in server.requests]
    assert asked == sent[:-1]
    assert unconditional(server.requests) == 1


def _not_modified(etag: str | None, date: str | None):
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(304)
        for name, value in (("ETag", etag), ("Last-Modified", date)):
            if value is not None:
                handler.send_header(name, value)
        handler.end_headers()

    return answer


def test_a_day_of_a_quiet_feed_and_hours_of_a_wire(server: FeedServer, sqlite_url: str) -> None:
    server.serve("/quiet", atom("a"), etag='"1"')
    ledger = Ledger.open(sqlite_url)
    life = a_life(ledger, server.url("/quiet"))
    while life.now < START + 24 * HOUR:
        life.poll_at_its_time()
    quiet = len(server.requests)
    assert 24 <= quiet <= 40
    guids = ["w0"]
    ledger.feeds.declare([replace(life.feed, id="f_2", url=server.url("/busy"))], life.now)
    until = life.now + 5 * HOUR
    while life.now < until:
        guids = [*(f"w{len(server.requests)}.{n}" for n in range(2)), *guids[:20]]
        server.serve("/busy", atom(*guids))
        life.poll_at_its_time()
    assert 40 <= len(server.requests) - quiet <= 60
    ledger.close()


@pytest.mark.parametrize(
    "header", [("Cache-Control", "max-age=7200"), ("Expires", "Mon, 02 Mar 2026 11:00:00 GMT")]
)
def test_what_the_publisher_asks_for_is_obeyed_and_an_override_is_warned_of(
    header: tuple[str, str], server: FeedServer, ledger: Ledger
) -> None:
    server.serve("/feed", atom("a"), etag='"1"', headers=(header,))
    life = a_life(ledger, server.url("/feed"))
    (report,) = life.poll()
    assert 2 * HOUR <= report.next_poll_at - START <= 2.2 * HOUR
    assert life.poll(1.9 * HOUR) == []
    ledger.feeds.declare([replace(life.feed, adaptive=False, interval_seconds=60)], life.now)
    (again,) = life.poll(HOUR)
    assert again.next_poll_at == life.now + timedelta(seconds=60)


# --- gone, moved, dark -----------------------------------------------------------------------------


def test_a_feed_that_is_gone_is_paused_after_a_day_told_once_and_can_be_resumed(
    server: FeedServer, ledger: Ledger
) -> None:
    server.serve("/feed", status=410)
    life = a_life(ledger, server.url("/feed"))
    life.poll()
    assert (life.row.state, life.noted) == ("gone", [])
    for _ in range(20):
        if ledger.feeds.seconds_until_next(life.now) is not None:
            life.poll_at_its_time()
    assert START + 24 * HOUR <= life.now <= START + 31 * HOUR
    assert (life.row.state, life.noted) == ("gone", [FeedEvent.DARK, FeedEvent.GONE])
    asked = len(server.requests)
    assert life.poll(1000 * HOUR) == []
    assert len(server.requests) == asked
    server.serve("/feed", atom("a"))
    ledger.feeds.resume("f_1", "it is back", life.now)
    life.poll()
    assert life.row.state == "ok"
    assert life.noted[2:] == [FeedEvent.RESUMED, FeedEvent.BACK]


@pytest.mark.parametrize("status", [404, 403, 429, 500, 503])
def test_a_feed_that_fails_is_asked_for_ever_and_is_dark_once_and_back_once(
    status: int, server: FeedServer, ledger: Ledger
) -> None:
    server.serve("/feed", atom("a"), etag='"1"')
    life = a_life(ledger, server.url("/feed"))
    life.poll()
    server.serve("/feed", status=status)
    waits = []
    for _ in range(40):
        before = life.now
        life.poll_at_its_time()
        waits.append(life.now - before)
    assert max(waits) <= timedelta(hours=26.5)
    assert life.row.failures == 40
    assert (life.row.state, life.noted) == ("dark", [FeedEvent.DARK])
    server.serve("/feed", atom("a", "b"), etag='"2"')
    life.poll_at_its_time()
    life.poll_at_its_time()
    assert (life.row.state, life.noted) == ("ok", [FeedEvent.DARK, FeedEvent.BACK])
    assert unconditional(server.requests) == 1


def test_a_web_page_instead_of_a_feed_is_dark_within_six_hours_and_a_half(
    server: FeedServer, ledger: Ledger
) -> None:
    server.serve("/feed", atom("a"))
    life = a_life(ledger, server.url("/feed"))
    life.poll()
    server.serve("/feed", b"<html><body>Are you human?</body></html>", content_type="text/html")
    states = []
    for _ in range(13):
        life.poll(HOUR / 2)
        states.append(life.row.state)
    assert states[0] == "failing"
    assert states[-1] == "dark"
    assert life.noted == [FeedEvent.DARK]
    assert "web page" in life.row.reason


def test_time_without_a_running_service_makes_no_feed_dark(server: FeedServer, ledger: Ledger) -> None:
    server.serve("/feed", atom("a"), etag='"1"')
    life = a_life(ledger, server.url("/feed"))
    life.poll()
    life.poll(500 * HOUR)
    server.serve("/feed", status=500)
    life.poll_at_its_time()
    server.serve("/feed", atom("a"), etag='"1"')
    life.poll(500 * HOUR)
    assert life.noted == []


def test_an_address_is_rewritten_after_proof_and_the_declared_one_is_kept_and_shown(
    server: FeedServer, ledger: Ledger
) -> None:
    server.serve("/new", atom("a"), etag='"1"')
    server.serve("/feed", status=301, headers=(("Location", "/new"),))
    life = a_life(ledger, server.url("/feed"))
    for _ in range(4):
        life.poll(12 * HOUR)
        assert life.row.url == server.url("/feed")
    assert life.row.state == "moved"
    life.poll(12 * HOUR)
    assert (life.row.url, life.row.moved_from) == (server.url("/new"), server.url("/feed"))
    assert life.noted == [FeedEvent.MOVED]
    ledger.feeds.declare([life.feed], life.now)
    before = len(server.requests)
    life.poll(12 * HOUR)
    assert [one.path for one in server.requests[before:]] == ["/new"]
    assert life.row.items == 1
    ledger.feeds.declare([replace(life.feed, url=server.url("/other"))], life.now)
    assert (life.row.url, life.row.moved_from) == (server.url("/other"), None)


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_for_a_time_never_rewrites_an_address(
    status: int, server: FeedServer, ledger: Ledger
) -> None:
    server.serve("/new", atom("a"), etag='"1"')
    server.serve("/feed", status=status, headers=(("Location", "/new"),))
    life = a_life(ledger, server.url("/feed"))
    for _ in range(9):
        life.poll(12 * HOUR)
    assert (life.row.url, life.row.state, life.noted) == (server.url("/feed"), "ok", [])


def test_a_maintenance_page_behind_a_redirect_for_good_never_becomes_the_address(
    server: FeedServer, ledger: Ledger
) -> None:
    server.serve("/closed", b"<html><body>Back soon</body></html>", content_type="text/html")
    server.serve("/feed", status=301, headers=(("Location", "/closed"),))
    life = a_life(ledger, server.url("/feed"))
    for _ in range(20):
        life.poll(12 * HOUR)
    assert life.row.url == server.url("/feed")


# --- gaps ------------------------------------------------------------------------------------------


def test_every_gap_is_noted_and_the_next_poll_comes_sooner(server: FeedServer, ledger: Ledger) -> None:
    life = a_life(ledger, server.url("/feed"))
    for number in range(10):
        server.serve("/feed", atom(f"{number}a", f"{number}b"))
        life.poll(HOUR)
    assert life.noted == [FeedEvent.GAP] * 9
    assert life.row.state == "gap"
    (row,) = [one for one in ledger.reports.feeds() if one.id == "f_1"]
    assert row.next_poll_at is not None
    assert row.next_poll_at - life.now <= timedelta(minutes=6)


def archive(server: FeedServer, pages: int, *, of: int = 3) -> None:
    """Page 0 is the feed, page n holds entries n*of to n*of + of - 1 and names page n + 1."""
    for page in range(pages):
        link = f"<link rel='prev-archive' href='/page{page + 1}'/>" if page + 1 < pages else ""
        guids = [f"e{page * of + n}" for n in range(of)]
        server.serve("/feed" if page == 0 else f"/page{page}", atom(*guids, head=link))


def test_the_archive_of_a_feed_is_followed_back_to_what_is_known(server: FeedServer, ledger: Ledger) -> None:
    server.serve("/feed", atom("e11", "e12"))
    life = a_life(ledger, server.url("/feed"))
    life.poll()
    archive(server, 9)
    (report,) = life.poll(HOUR)
    assert report.revisions == 11
    assert "a gap, closed by 3 older pages" in report.reason
    assert [one.path for one in server.requests[2:]] == ["/page1", "/page2", "/page3"]
    assert life.row.items == 15 - 3 + 1


@pytest.mark.parametrize(("pages", "asked"), [(30, 10), (4, 3)])
def test_an_archive_without_end_is_left_after_ten_pages(
    pages: int, asked: int, server: FeedServer, ledger: Ledger
) -> None:
    server.serve("/feed", atom("old"))
    life = a_life(ledger, server.url("/feed"))
    life.poll()
    archive(server, pages)
    (report,) = life.poll(HOUR)
    assert len(server.requests) == 2 + asked
    assert report.revisions == 3 * (1 + asked)
    assert "some may have been missed" in report.reason


def test_an_archive_that_names_itself_or_fails_ends_and_what_was_found_is_kept(
    server: FeedServer, ledger: Ledger
) -> None:
    server.serve("/feed", atom("old"))
    life = a_life(ledger, server.url("/feed"))
    life.poll()
    archive(server, 3)
    server.serve("/page2", atom("p", head="<link rel='prev-archive' href='/page1'/>"))
    (report,) = life.poll(HOUR)
    assert (report.outcome, report.revisions, len(server.requests)) == ("fetched", 7, 4)
    server.serve("/feed", atom("n", head="<link rel='prev-archive' href='/none'/>"))
    (report,) = life.poll(HOUR)
    assert (report.outcome, report.revisions) == ("fetched", 1)


# --- by hand ---------------------------------------------------------------------------------------


def test_a_feed_added_by_hand_outlives_what_the_settings_declare(ledger: Ledger) -> None:
    settings = Feed(id="s", url="https://s.example/", outlet="S")
    added = Feed(id="a", url="https://a.example/", outlet="A")
    ledger.feeds.declare([settings], START)
    assert ledger.feeds.add([added, settings], START) == ("a",)
    assert ledger.feeds.add([added], START) == ()
    ledger.feeds.declare([], START)
    ledger.feeds.declare([Feed(id="t", url="https://t.example/", outlet="T")], START)
    assert [row.id for row in ledger.reports.feeds()] == ["a", "s", "t"]


def test_a_poll_that_ends_after_a_pause_does_not_undo_it(server: FeedServer, ledger: Ledger) -> None:
    server.serve("/feed", atom("a"))
    life = a_life(ledger, server.url("/feed"))
    (feed,) = ledger.feeds.due(life.now, 1)
    ledger.feeds.pause("f_1", "too noisy", life.now)
    life.poll()
    assert server.requests == []
    ledger.feeds.commit_poll("f_1", plan_not_modified(feed, life.now), life.now)
    assert (life.row.state, life.row.reason) == ("paused", "too noisy")
    ledger.feeds.declare([life.feed], life.now)
    assert life.poll(999 * HOUR) == []
    ledger.feeds.resume("f_1", "", life.now)
    assert len(life.poll()) == 1
