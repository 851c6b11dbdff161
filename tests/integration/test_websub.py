"""Feeds that are pushed: a hub on loopback is asked, verifies, pushes; or lies, denies, repeats, is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from fastapi.testclient import TestClient

from service.core.feed import Entry, Feed
from service.core.polling import Arrival, plan_poll
from service.core.pushing import Intent, Verdict
from service.doorbell import LocalBell
from service.errors import StoreError
from service.feeds.hints import wishes_in
from service.feeds.websub import Content, PushReport, answer_intent, take_push
from service.net import GuardedClient
from service.scheduler import hubs_once, poll_once
from service.store.hubs import Held
from service.store.ledger import Ledger
from service.store.views import HubRow
from service.web.app import Push, create_app
from service.web.websub import Callback
from tests.fakes_feeds import FeedServer
from tests.fakes_hub import Hub, intent_query, signed
from tests.fakes_web import FakeReports

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
PUBLIC = "https://rumors.example"
OUTSIDE = {"Host": "rumors.example"}


def open_client() -> GuardedClient:
    return GuardedClient(user_agent="test/1", allow_networks=["127.0.0.0/8"])


def atom(*guids: str, head: str = "", published: datetime | None = None) -> bytes:
    dated = f"<updated>{published.isoformat()}</updated>" if published else ""
    entries = "".join(
        f"<entry><id>urn:x:{guid}</id><title>Title {guid}</title>{dated}<content>words</content></entry>"
        for guid in guids
    )
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>{head}{entries}</feed>".encode()


@dataclass
class Pushed:
    """One feed with a hub, its ledger, the web application as hubs meet it, a clock that the test moves."""

    ledger: Ledger
    server: FeedServer
    hub: Hub
    now: datetime = START
    reports: list[PushReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.feed = Feed("f", self.server.url("/feed"), "F", adaptive=True)
        self.publish("old")
        self.ledger.feeds.declare([self.feed], self.now)
        callback = Callback(self.ledger.hubs.by_token, self._verify, self._take)
        app = create_app(
            FakeReports(),
            allowed_hosts=(),
            clock=lambda: self.now,
            demo=False,
            push=Push("rumors.example", callback),
        )
        self.web = TestClient(app, base_url=PUBLIC, raise_server_exceptions=False)

    def _verify(self, token: str, intent: Intent) -> Verdict | None:
        return answer_intent(self.ledger.hubs, token, intent, self.now)

    def _take(self, held: Held, content: Content) -> PushReport:
        self.reports.append(take_push(self.ledger, held, content, self.now))
        return self.reports[-1]

    def publish(self, *guids: str) -> None:
        head = f"<link rel='hub' href='{self.hub.url}'/><link rel='self' href='{self.server.url('/feed')}'/>"
        self.server.serve("/feed", atom(*guids, head=head, published=self.now))

    def poll(self) -> None:
        """Poll the feed now, whenever it is due."""
        seconds = self.ledger.feeds.seconds_until_next(self.now)
        self.now += timedelta(seconds=seconds or 0)
        poll_once(self.ledger, open_client, LocalBell(), lambda: self.now)

    def ask(self) -> list[str]:
        """What the scheduler asks of the hub, if anything is due."""
        return [
            one.trouble or one.mode for one in hubs_once(self.ledger, open_client, PUBLIC, lambda: self.now)
        ]

    @property
    def path(self) -> str:
        """Where the hub was told to push, as we are asked there."""
        return self.hub.asked[-1]["hub.callback"].removeprefix(PUBLIC)

    def verify(self, lease: str = "864000", **other: str) -> int:
        query = intent_query(self.hub.asked[-1] | other, lease=lease)
        return self.web.get(f"{self.path}?{query}").status_code

    def push(self, body: bytes, headers: dict[str, str] | None = None) -> int:
        given = signed(body, self.hub.asked[-1]["hub.secret"]) if headers is None else headers
        return self.web.post(self.path, content=body, headers=given).status_code

    def polled(self) -> None:
        """What a first poll leaves behind, without the cost of parsing."""
        url = self.server.url("/feed")
        head = f"<link rel='hub' href='{self.hub.url}'/><link rel='self' href='{url}'/>"
        arrival = Arrival(wishes=wishes_in(atom(head=head), url))
        entry = Entry(0, "urn:x:old", "Title old", "words", published=self.now)
        plan = plan_poll(self.feed, [entry], {}, self.now, etag=None, last_modified=None, arrival=arrival)
        self.ledger.feeds.commit_poll("f", plan, self.now)

    def subscribed(self) -> Pushed:
        self.polled()
        assert self.ask() == ["subscribe"]
        assert self.verify() == 200
        return self

    @property
    def row(self) -> HubRow:
        found = self.ledger.reports.feed_hub("f")
        assert found is not None
        return found

    def waiting(self) -> list[bool]:
        """Of each revision that waits to be read: whether it is history. Reads them."""
        found = []
        while claimed := self.ledger.items.claim(self.now + HOUR, 15):
            found.append(claimed.item.backfill)
            with self.ledger.handling(claimed, ()):
                pass
        return found


@contextmanager
def life_of(ledger: Ledger) -> Iterator[Pushed]:
    with FeedServer() as server, Hub() as hub:
        one = Pushed(ledger, server, hub)
        with one.web:
            yield one


@pytest.fixture
def everywhere(ledger: Ledger) -> Iterator[Pushed]:
    """On each kind of database: for what the store's own statements decide."""
    with life_of(ledger) as one:
        yield one


@pytest.fixture
def pushed(sqlite_url: str) -> Iterator[Pushed]:
    with closing(Ledger.open(sqlite_url)) as ledger, life_of(ledger) as one:
        yield one


def test_a_feed_that_names_a_hub_is_subscribed_verified_and_pushed(everywhere: Pushed) -> None:
    everywhere.poll()
    assert everywhere.ask() == ["subscribe"]
    (asked,) = everywhere.hub.asked
    assert (asked["hub.mode"], asked["hub.topic"]) == ("subscribe", everywhere.server.url("/feed"))
    assert asked["hub.lease_seconds"] == "864000"
    assert len(asked["hub.secret"]) >= 43  # 32 random bytes in base64
    assert len(everywhere.path) >= len("/push/") + 43
    assert everywhere.ask() == []
    answer = everywhere.web.get(f"{everywhere.path}?{intent_query(asked, 'say-this')}")
    assert (answer.status_code, answer.text) == (200, "say-this")
    assert answer.headers["content-type"].startswith("text/plain")
    assert everywhere.row.lease_until == START + timedelta(days=10)

    everywhere.now += timedelta(minutes=3)
    everywhere.waiting()
    assert everywhere.push(atom("new", published=everywhere.now - timedelta(seconds=9))) == 204
    assert everywhere.waiting() == [False]
    (feed,) = everywhere.ledger.reports.feeds()
    assert (feed.pushed_until, feed.items, feed.latency_p50) == (everywhere.row.lease_until, 2, 9)
    assert everywhere.row.pushes == 1
    after = everywhere.ledger.feeds.one("f")
    assert after is not None
    assert "missed" not in after.history.polls[-1].reason  # a push is no whole document and leaves no gap
    # The poll that follows knows it already, and is far off.
    everywhere.publish("new", "old")
    before = everywhere.now
    everywhere.poll()
    assert everywhere.now - before < timedelta(minutes=17)
    assert everywhere.waiting() == []
    everywhere.poll()
    assert everywhere.now - before > HOUR


def test_what_is_not_signed_is_ignored_and_counted(pushed: Pushed) -> None:
    pushed.subscribed().waiting()
    body = atom("new")
    wrong = [{}, signed(body, "another secret"), signed(b"other", pushed.hub.asked[-1]["hub.secret"])]
    assert [pushed.push(body, headers) for headers in wrong] == [202, 202, 202]
    assert (pushed.waiting(), pushed.row.refused, pushed.row.pushes) == ([], 3, 0)
    assert pushed.push(body, signed(body, pushed.hub.asked[-1]["hub.secret"], "sha1")) == 204
    assert pushed.push(body, signed(body, pushed.hub.asked[-1]["hub.secret"], "sha512")) == 204
    assert pushed.waiting() == [False]


def test_a_lease_is_renewed_before_it_ends_at_the_same_address(everywhere: Pushed) -> None:
    everywhere.subscribed()
    first = everywhere.hub.asked[-1]
    everywhere.now += timedelta(days=7)
    assert everywhere.ask() == []
    everywhere.now += timedelta(days=1, hours=1)
    assert everywhere.ask() == ["subscribe"]
    again = everywhere.hub.asked[-1]
    assert (again["hub.callback"], again["hub.secret"]) == (first["hub.callback"], first["hub.secret"])
    assert everywhere.push(atom("between")) == 204
    assert everywhere.verify() == 200
    assert everywhere.row.lease_until == everywhere.now + timedelta(days=10)


def test_a_hub_that_replays_five_thousand_old_items_alerts_nobody(pushed: Pushed) -> None:
    pushed.subscribed().waiting()
    old = pushed.now - timedelta(days=30)
    # As JSON, which is parsed ten times faster.
    same = {"content_text": "words", "date_published": old.isoformat()}
    rows = [{"id": f"urn:x:old {n}", "title": f"Title old {n}"} | same for n in range(5000)]
    assert pushed.push(json.dumps({"items": rows}).encode()) == 204
    assert pushed.reports[-1].revisions == 5000
    (feed,) = pushed.ledger.reports.feeds()
    assert feed.items == 5001
    assert all(pushed.ledger.items.claim(pushed.now, 15).item.backfill for _ in range(1))  # type: ignore[union-attr]
    assert pushed.push(atom("old", "old 7", published=old)) == 204
    assert pushed.reports[-1].revisions == 0


def test_an_old_push_and_a_new_one_are_told_apart(pushed: Pushed) -> None:
    pushed.subscribed().waiting()
    long_ago, today = pushed.now - timedelta(days=8), pushed.now - timedelta(days=1)
    assert [pushed.push(atom("a", published=long_ago)), pushed.push(atom("b", published=today))] == [204, 204]
    assert sorted(pushed.waiting()) == [False, True]
    # A push is no whole document: that nothing in it was known leaves no gap.
    assert [one.event for one in pushed.ledger.reports.feed_notices("f")] == []


def test_a_pushed_entry_is_the_one_that_a_poll_brought_whatever_the_topic_is_called(pushed: Pushed) -> None:
    """Ids without an address are read against where the feed is polled, though its topic is elsewhere."""
    head = f"<link rel='hub' href='{pushed.hub.url}'/><link rel='self' href='https://elsewhere.example/t/'/>"
    pushed.server.serve("/feed", status=302, headers=(("Location", pushed.server.url("/deep/feed")),))
    pushed.server.serve("/deep/feed", atom("12345", head=head).replace(b"urn:x:", b""))
    pushed.poll()
    pushed.waiting()
    pushed.ask()
    assert pushed.verify() == 200
    assert pushed.hub.asked[-1]["hub.topic"] == "https://elsewhere.example/t/"
    assert pushed.push(atom("12345").replace(b"urn:x:", b"")) == 204
    assert pushed.reports[-1].revisions == 0


@pytest.mark.parametrize("other", [{"hub.topic": "https://other.example/"}, {"hub.mode": "unsubscribe"}])
def test_a_hub_that_verifies_what_we_did_not_ask_for_is_not_answered(
    pushed: Pushed, other: dict[str, str]
) -> None:
    pushed.polled()
    pushed.ask()
    assert pushed.verify(**other) == 404
    assert pushed.row.state == "asked"
    assert pushed.push(atom("new")) == 410


def test_an_address_that_was_told_to_nobody_is_not_found(pushed: Pushed) -> None:
    pushed.subscribed()
    query, body = intent_query(pushed.hub.asked[-1]), atom("new")
    for path in ("/push/", "/push/x", pushed.path[:-1], pushed.path + "a", "/push/a/b"):
        assert pushed.web.get(f"{path}?{query}").status_code == 404
        assert pushed.web.post(path, content=body).status_code == 404
    assert pushed.web.get(pushed.path).status_code == 404
    assert pushed.web.put(pushed.path, content=body).status_code == 405


def test_the_public_name_opens_the_pushes_and_nothing_else(pushed: Pushed) -> None:
    pushed.subscribed()
    for path in ("/", "/api/v1/stories", "/api/v1/feeds", "/livez", "/static/desk.css", "/push", "//push/x"):
        assert pushed.web.get(path, headers=OUTSIDE).status_code == 421, path
    for name in ("evil.example", "rumors.example.evil.example", "www.rumors.example"):
        assert pushed.web.post(pushed.path, content=b"", headers={"Host": name}).status_code == 421
    assert pushed.web.get("/livez", headers={"Host": "localhost"}).status_code == 200


def test_a_hub_that_denies_is_heard_and_asked_again_the_next_day(pushed: Pushed) -> None:
    pushed.polled()
    pushed.ask()
    query = {"hub.mode": "denied", "hub.topic": pushed.server.url("/feed"), "hub.reason": "no room"}
    assert pushed.web.get(pushed.path, params=query).status_code == 200
    assert (pushed.row.state, pushed.row.why) == ("denied", "the hub denied it: no room")
    assert pushed.push(atom("new")) == 410
    assert pushed.ask() == []
    pushed.now += 25 * HOUR
    assert pushed.ask() == ["subscribe"]


@pytest.mark.parametrize("status", [404, 500, 302])
def test_a_hub_that_is_gone_is_asked_more_seldom_and_the_feed_is_polled_on(
    pushed: Pushed, status: int
) -> None:
    pushed.hub.status = status
    pushed.polled()
    (trouble,) = pushed.ask()
    assert f"answered {status}" in trouble
    assert (pushed.row.state, pushed.row.why) == ("offered", trouble)
    assert pushed.ask() == []
    pushed.now += HOUR
    assert len(pushed.ask()) == 1
    assert pushed.row.next_at == pushed.now + 4 * HOUR
    assert pushed.push(atom("new")) == 404  # what was asked in vain has no address any more


def test_a_hub_that_moved_is_followed_by_one_request(pushed: Pushed) -> None:
    with Hub() as other:
        pushed.hub.status, pushed.hub.headers = 307, (("Location", other.url),)
        pushed.polled()
        assert pushed.ask() == ["subscribe"]
        assert other.asked == pushed.hub.asked


def test_a_hub_inside_our_network_is_never_asked(pushed: Pushed) -> None:
    def guarded() -> GuardedClient:
        return GuardedClient(user_agent="test/1")

    pushed.polled()
    (report,) = hubs_once(pushed.ledger, guarded, PUBLIC, lambda: pushed.now)
    assert "loopback" in report.trouble
    assert pushed.hub.asked == []


def test_a_paused_feed_is_unsubscribed_and_a_resumed_one_subscribed_anew(everywhere: Pushed) -> None:
    everywhere.subscribed()
    old_path, old = everywhere.path, everywhere.hub.asked[-1]
    everywhere.ledger.feeds.pause("f", "by hand", everywhere.now)
    assert everywhere.push(atom("new")) == 410
    assert everywhere.ask() == ["unsubscribe"]
    assert everywhere.hub.asked[-1]["hub.mode"] == "unsubscribe"
    assert "hub.secret" not in everywhere.hub.asked[-1]
    assert everywhere.verify() == 200
    assert everywhere.ask() == []
    body = atom("new")
    assert (
        everywhere.web.post(old_path, content=body, headers=signed(body, old["hub.secret"])).status_code
        == 404
    )
    everywhere.ledger.feeds.resume("f", "by hand", everywhere.now)
    assert everywhere.ask() == ["subscribe"]
    assert everywhere.hub.asked[-1]["hub.secret"] != old["hub.secret"]
    assert everywhere.path != old_path


def test_a_feed_that_names_another_hub_is_asked_for_there_with_new_keys(everywhere: Pushed) -> None:
    everywhere.subscribed()
    old = everywhere.hub.asked[-1]
    with Hub() as other:
        everywhere.hub = other
        everywhere.publish("old", "newer")
        everywhere.poll()
        assert everywhere.ask() == ["subscribe"]
        assert other.asked[-1]["hub.secret"] != old["hub.secret"]
        assert everywhere.verify() == 200
        assert everywhere.row.hub == other.url


def test_what_cannot_be_parsed_or_is_too_long_is_refused_and_harms_nothing(pushed: Pushed) -> None:
    pushed.subscribed().waiting()
    secret = pushed.hub.asked[-1]["hub.secret"]
    for body in (b"", b"<html>no feed</html>"):
        assert pushed.push(body) == 202
        assert pushed.reports[-1].outcome == "unusable"
    long = {"Content-Length": str(99 * 1024 * 1024)} | signed(b"", secret)
    assert pushed.web.post(pushed.path, content=b"", headers=long).status_code == 413
    assert pushed.push(atom("new")) == 204


def test_a_ledger_that_is_away_makes_the_hub_come_back(
    pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    pushed.subscribed()

    def broken(held: Held, content: Content) -> PushReport:
        raise StoreError("The ledger is away.")

    callback = Callback(pushed.ledger.hubs.by_token, pushed._verify, broken)
    app = create_app(
        FakeReports(),
        allowed_hosts=(),
        clock=lambda: START,
        demo=False,
        push=Push("rumors.example", callback),
    )
    with TestClient(app, base_url=PUBLIC) as web:
        answer = web.post(pushed.path, content=b"<feed/>")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert pushed.path.removeprefix("/push/") not in caplog.text + answer.text


def test_the_keys_are_shown_nowhere(pushed: Pushed) -> None:
    pushed.subscribed()
    held = pushed.ledger.hubs.by_token(pushed.path.removeprefix("/push/"))
    assert held is not None
    shown = repr(held) + repr(pushed.row) + repr(pushed.ledger.reports.feeds())
    assert held.secret is not None
    assert held.secret not in shown
    assert str(held.token) not in shown


def test_a_verification_that_comes_before_the_answer_counts(everywhere: Pushed) -> None:
    """Some hubs verify while the request that asks them is still open, and may then even fail it."""

    def verify_first(handler: BaseHTTPRequestHandler) -> None:
        assert everywhere.verify() == 200
        everywhere.hub._answer(handler)

    everywhere.hub.server.serve_raw("/hub", verify_first)
    everywhere.hub.status = 500
    everywhere.polled()
    everywhere.ask()
    assert everywhere.row.state == "active"
