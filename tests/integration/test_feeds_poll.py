"""Polling feeds over real HTTP: conditional, polite, complete, and one bad feed at a time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from service.core.feed import EndedPoll, Feed, PollPlan
from service.core.hosts import Hold, Place
from service.core.model import Subscription
from service.core.wishes import seconds_asked
from service.errors import FeedError, OutgoingError, StoreError
from service.feeds.fetch import Fetched, NotModified, fetch
from service.feeds.lanes import lane_of, poll_due
from service.feeds.poll import PollReport, poll_feed
from service.net import GuardedClient, Resolver
from service.pace import HostPace
from service.store.ledger import Ledger
from tests.fakes_feeds import FeedServer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class RememberedFeeds:
    """The ledger's feeds, kept in memory as the ledger keeps them."""

    feeds_: dict[str, Feed] = field(default_factory=dict)
    fingerprints: dict[str, frozenset[str]] = field(default_factory=dict)
    plans: list[tuple[str, PollPlan]] = field(default_factory=list)

    @property
    def feeds(self) -> RememberedFeeds:
        return self

    def due(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[Feed]:
        first: dict[str, Feed] = {}
        for one in self.feeds_.values():
            if (one.next_poll_at is None or one.next_poll_at <= now) and lane_of(one) not in busy:
                first.setdefault(lane_of(one), one)
        return list(first.values())[:limit]

    def holds(self, places: Collection[Place]) -> dict[Place, Hold]:
        return {}

    def known(self, feed_id: str, item_ids: Collection[str]) -> dict[str, frozenset[str]]:
        return {name: self.fingerprints[name] for name in item_ids if name in self.fingerprints}

    def commit_polls(
        self, ended: Sequence[EndedPoll], subscriptions: Sequence[Subscription] = ()
    ) -> list[int]:
        return [self.commit_poll(one.feed_id, one.plan, one.at, subscriptions) for one in ended]

    def commit_poll(
        self, feed_id: str, plan: PollPlan, now: datetime, subscriptions: Sequence[Subscription] = ()
    ) -> int:
        self.plans.append((feed_id, plan))
        for revision in plan.revisions:
            before = self.fingerprints.get(revision.item_id, frozenset())
            self.fingerprints[revision.item_id] = before | {revision.fingerprint}
        self.feeds_[feed_id] = replace(
            self.feeds_[feed_id],
            etag=plan.etag,
            last_modified=plan.last_modified,
            next_poll_at=plan.next_poll_at,
            baseline_done=plan.baseline_done,
            failures=plan.failures,
        )
        return len(plan.revisions)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


def client(resolver: Resolver | None = None, gap: float = 0.0) -> GuardedClient:
    loopback = ["127.0.0.0/8"]
    return GuardedClient(
        user_agent="test/1",
        allow_networks=loopback,
        polite_networks=loopback,
        resolver=resolver,
        pace=HostPace(gap),
    )


def remembered(*feeds: Feed) -> RememberedFeeds:
    return RememberedFeeds({feed.id: feed for feed in feeds})


def feed(url: str, name: str = "f_1", **more: object) -> Feed:
    return replace(Feed(id=name, url=url, outlet="Example", baseline_done=True), **more)  # type: ignore[arg-type]


def atom(*words: str) -> bytes:
    entries = "".join(
        f"<entry><id>{n}</id><title>Title {n}</title><content type='text'>{w}</content></entry>"
        for n, w in enumerate(words)
    )
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>{entries}</feed>".encode()


def ask(one: Feed) -> Fetched | NotModified:
    return asyncio.run(fetch(client(), one, NOW))


def poll(
    ledger: RememberedFeeds, now: datetime = NOW, resolver: Resolver | None = None, gap: float = 0.0
) -> list[PollReport]:
    return asyncio.run(poll_due(ledger, client(resolver, gap), lambda: now))


# --- conditional requests --------------------------------------------------------------------------


@pytest.mark.parametrize("etag", ['"abc"', 'W/"a b"', "no-quotes", '"a""b"', "'single'", '"ünï"', '"x-gzip"'])
def test_validators_go_back_byte_for_byte_and_a_304_is_no_document(etag: str, server: FeedServer) -> None:
    # The fake writes headers as latin-1: this puts UTF-8 bytes on the wire.
    wire = etag.encode("utf-8").decode("latin-1")
    server.serve("/feed", atom("x"), etag=wire, last_modified="Sun, 01 Mar 2026 1:2:3 GMT")
    first = ask(feed(server.url("/feed")))
    assert isinstance(first, Fetched)
    assert (first.etag, first.last_modified) == (etag, "Sun, 01 Mar 2026 1:2:3 GMT")
    again = ask(feed(server.url("/feed"), etag=first.etag, last_modified=first.last_modified))
    assert isinstance(again, NotModified)
    assert server.requests[0].header("If-None-Match") is None
    assert server.requests[0].header("If-Modified-Since") is None
    assert server.requests[1].header("If-None-Match") == wire
    assert server.requests[1].header("If-Modified-Since") == "Sun, 01 Mar 2026 1:2:3 GMT"


def test_a_validator_that_could_not_be_sent_back_as_it_came_is_not_kept(server: FeedServer) -> None:
    server.serve("/feed", atom("x"), etag='"\xe9"')
    answer = ask(feed(server.url("/feed")))
    assert isinstance(answer, Fetched)
    assert answer.etag is None


def test_a_file_is_read_from_disk_and_its_digest_is_its_etag(tmp_path: Path) -> None:
    path = tmp_path / "a feed.xml"
    path.write_bytes(atom("x"))
    digest = "sha256:" + hashlib.sha256(atom("x")).hexdigest()
    for url in (str(path), path.as_uri()):
        answer = ask(feed(url))
        assert isinstance(answer, Fetched)
        assert (answer.body, answer.etag) == (atom("x"), digest)
        assert isinstance(ask(feed(url, etag=digest)), NotModified)
    with pytest.raises(FeedError, match=r"gone\.xml cannot be read: No such file"):
        ask(feed(str(tmp_path / "gone.xml")))


def test_a_server_cannot_send_us_to_a_file(server: FeedServer) -> None:
    server.serve("/feed", status=302, headers=(("Location", "file:///etc/hostname"),))
    with pytest.raises(OutgoingError, match="only http and https"):
        ask(feed(server.url("/feed")))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 0 ", 0.0),
        ("-5", None),
        ("soon", None),
        ("9" * 400, 999999999999.0),
        ("Sun, 01 Mar 2026 12:10:00 GMT", 600.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", None),
        ("Sun, 99 Mar 99999 12:10:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_from_now(value: str | None, seconds: float | None) -> None:
    assert seconds_asked(value, NOW) == seconds


def test_a_refusal_carries_status_wish_and_words(server: FeedServer) -> None:
    server.serve("/feed", b"slow down", status=429, headers=(("Retry-After", "7200"),))
    with pytest.raises(OutgoingError, match="answered 429") as caught:
        ask(feed(server.url("/feed?token=secret".partition("?")[0])))
    assert (caught.value.status, caught.value.retry_after, caught.value.answer) == (429, 7200, "slow down")
    assert not caught.value.permanent


# --- polls -----------------------------------------------------------------------------------------


def test_a_poll_commits_items_and_validators_together_and_the_next_one_is_conditional(
    server: FeedServer,
) -> None:
    server.serve("/feed", atom("one", "two"), etag='"1"')
    ledger = remembered(feed(server.url("/feed")))
    (report,) = poll(ledger)
    assert (report.outcome, report.revisions) == ("fetched", 2)
    (name, plan) = ledger.plans[0]
    assert (name, plan.etag, len(plan.revisions)) == ("f_1", '"1"', 2)
    assert poll(ledger, NOW + timedelta(seconds=899)) == []
    (again,) = poll(ledger, NOW + timedelta(seconds=900))
    assert (again.outcome, again.revisions) == ("not_modified", 0)
    assert len(server.requests) == 2


def test_a_denial_that_overwrites_a_rumor_is_a_revision(server: FeedServer) -> None:
    server.serve("/feed", atom("A report says that they talk."))
    ledger = remembered(feed(server.url("/feed")))
    poll(ledger)
    server.serve("/feed", atom("They deny that they talk."))
    (report,) = poll(ledger, NOW + timedelta(hours=1))
    assert report.revisions == 1
    assert ledger.plans[1][1].revisions[0].reason == "changed"


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nETag: "2"\r\nContent-Length: 1000\r\n\r\n' + atom("half")[:80])


def test_a_document_that_breaks_off_saves_no_validator_and_no_item(server: FeedServer) -> None:
    server.serve_raw("/feed", cut_short)
    ledger = remembered(feed(server.url("/feed"), etag='"1"'))
    (report,) = poll(ledger)
    plan = ledger.plans[0][1]
    assert (report.outcome, plan.etag, plan.revisions, plan.failures) == ("failed", '"1"', (), 1)
    assert "broke off" in report.reason


def test_each_bad_feed_is_a_recorded_failure_and_the_good_ones_are_polled(server: FeedServer) -> None:
    server.serve("/good", atom("x"))
    server.serve("/html", b"<html><body>Log in</body></html>", content_type="text/html")
    server.serve("/busy", b"", status=503, headers=(("Retry-After", "7200"),))
    ledger = remembered(
        feed(server.url("/html"), "html"),
        feed(server.url("/busy"), "busy"),
        feed(server.url("/none"), "none"),
        feed("http://10.0.0.1/feed", "inside"),
        feed("not://a feed", "junk"),
        feed("http://[::1/feed", "bracket"),
        feed("/no/such/file.xml", "file"),
        feed(server.url("/good"), "good"),
    )
    reports = {report.feed_id: report for report in poll(ledger)}
    assert {name for name, report in reports.items() if report.outcome == "failed"} == set(reports) - {"good"}
    assert len(reports) == 8
    assert reports["good"].revisions == 1
    assert reports["html"].reason.endswith("is not a feed: it is a web page.")
    assert reports["busy"].next_poll_at == NOW + timedelta(hours=2)
    assert dict(ledger.plans)["busy"].http_status == 503
    assert dict(ledger.plans)["none"].http_status == 404
    assert "10.0.0.1 is private" in reports["inside"].reason


def test_a_surprise_in_one_feed_is_recorded_and_a_broken_ledger_is_not_swallowed(server: FeedServer) -> None:
    class Surprised(RememberedFeeds):
        def known(self, feed_id: str, item_ids: Collection[str]) -> dict[str, frozenset[str]]:
            if feed_id == "odd":
                raise ZeroDivisionError("odd")
            if feed_id == "broken":
                raise StoreError("The disk is full.")
            return {}

    server.serve("/feed", atom("x"))
    url = server.url("/feed")
    ledger = Surprised({name: feed(url, name) for name in ("odd", "good")})
    outcomes = {report.feed_id: report.outcome for report in poll(ledger)}
    assert outcomes == {"odd": "failed", "good": "fetched"}
    with pytest.raises(StoreError, match="disk is full"):
        poll(Surprised({name: feed(url, name) for name in ("broken", "good")}))


def test_the_first_poll_of_a_real_ledger_is_history_and_the_second_is_news(
    server: FeedServer, tmp_path: Path
) -> None:
    server.serve("/feed", atom("one"), etag='"1"')
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    try:
        ledger.feeds.declare([feed(server.url("/feed"))], NOW)
        asyncio.run(poll_due(ledger, client(), lambda: NOW, 10))
        server.serve("/feed", atom("one", "two"), etag='"2"')
        later = NOW + timedelta(hours=1)
        (report,) = asyncio.run(poll_due(ledger, client(), lambda: later, 10))
        assert report.revisions == 1
        assert server.requests[1].header("If-None-Match") == '"1"'
        (kept,) = ledger.feeds.due(NOW + timedelta(days=1), 10)
        assert (kept.etag, kept.fetched_at) == ('"2"', later)
    finally:
        ledger.close()


def test_one_feed_can_be_polled_by_itself(server: FeedServer) -> None:
    server.serve("/feed", atom("one"))
    ledger = remembered(feed(server.url("/feed")))
    report = asyncio.run(poll_feed(ledger, client(), ledger.feeds_["f_1"], NOW))
    assert (report.feed_id, report.outcome, report.revisions) == ("f_1", "fetched", 1)
