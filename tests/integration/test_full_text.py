"""Stubs and their articles over real HTTP: read at once, then the full text, politely; walls are left."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from service.clocks import load_clocks
from service.core.articles import Verdict
from service.core.feed import Entry, Feed
from service.core.model import Subscription
from service.core.polling import identify, plan_poll
from service.doorbell import LocalBell
from service.errors import FeedError, LeaseLost
from service.feeds.article import ArticleReport
from service.feeds.extract import extract_article
from service.feeds.robots import RobotsCache
from service.lexicons import load_knowledge
from service.net import GuardedClient
from service.scheduler import articles_once
from service.store.ledger import Ledger
from service.store.views import ArticleRow
from tests.fakes_feeds import FeedServer
from workers.items import Rules, handle_item

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
RUMOR = (
    "Ford is in talks with Xiaomi on a joint venture to build electric cars, "
    "people familiar with the matter said."
)
DENIAL = (
    "Ford denied that it is in talks with Xiaomi on a joint venture. "
    "“This story is completely false,” Ford said."
)
FILLER = (
    "The two companies did not publish any figures for the plants in question, which stand in the Midwest."
)
MORE = "Shares of both were little changed in New York and in Hong Kong at the end of the trading day."


def page(*paragraphs: str, head: str = "") -> bytes:
    words = "".join(f"<p>{words}</p>" for words in paragraphs)
    menu = "<nav><ul><li><a href='/'>Home</a></li><li><a href='/cars'>Cars</a></li></ul></nav>"
    return (
        f"<html><head><title>News</title>{head}</head><body>{menu}<article><h1>News</h1>{words}</article>"
        "<footer>Copyright, all rights reserved, imprint, contact</footer></body></html>"
    ).encode()


@dataclass
class Stubs:
    """One feed that carries stubs, its server and ledger, and a clock that the test moves."""

    ledger: Ledger
    server: FeedServer
    now: datetime = START
    allowed: tuple[str, ...] = ("127.0.0.0/8",)
    robots: RobotsCache = field(default_factory=RobotsCache)
    entries: Sequence[Entry] = ()

    def __post_init__(self) -> None:
        self.feed = Feed("f", self.server.url("/feed"), "The Wire", 300, baseline_done=True, full_text=True)
        self.ledger.feeds.declare([self.feed], self.now)
        self.poll()

    def publish(self, *entries: tuple[str, str, str]) -> None:
        """Let the feed carry these: (path of the article, title, text)."""
        self.entries = [
            Entry(position, path, title, text, self.address(path), self.now)
            for position, (path, title, text) in enumerate(entries)
        ]

    def address(self, path: str) -> str:
        return path if path.startswith("http") else self.server.url(path)

    def client(self) -> GuardedClient:
        return GuardedClient(user_agent="test/1", allow_networks=self.allowed)

    def poll(self) -> None:
        """What a poll leaves behind once the feed is parsed, when it is due."""
        seconds = self.ledger.feeds.seconds_until_next(self.now) or 0
        self.now += timedelta(seconds=seconds)
        feed = self.ledger.feeds.one("f")
        assert feed is not None
        known = self.ledger.feeds.known("f", [one.item_id for one in identify("f", self.entries)])
        plan = plan_poll(feed, self.entries, known, self.now, etag=None, last_modified=None)
        self.ledger.feeds.commit_poll("f", plan, self.now)

    def fetch(self, after: timedelta = timedelta()) -> list[ArticleReport]:
        self.now += after
        return articles_once(self.ledger, self.client, LocalBell(), lambda: self.now, self.robots)

    def fetch_all(self) -> list[str]:
        """Fetch until nothing is due for a minute, with the pauses between; what became of each."""
        return [
            one.outcome + ": " + one.reason for _ in range(4) for one in self.fetch(timedelta(seconds=10))
        ]

    def read(self, rules: Rules) -> list[str]:
        """Handle what waits as a worker does; the kinds of the alerts."""
        told = []
        while claimed := self.ledger.items.claim(self.now, 15):
            for one in handle_item(self.ledger, rules, claimed, self.now):
                told += [f"{d.alert.kind} {d.alert.party}" for d in one.decisions if d.alert]
        return told

    @property
    def rows(self) -> list[ArticleRow]:
        return self.ledger.reports.feed_articles("f")

    def asked(self, path: str) -> int:
        return sum(one.path == path for one in self.server.requests)


@pytest.fixture(scope="module")
def rules() -> Rules:
    everything = Subscription(name="everything", channels=("terminal",))
    return Rules(load_knowledge(), (everything,), (), clocks=load_clocks({}, 0))


@pytest.fixture
def everywhere(ledger: Ledger) -> Iterator[Stubs]:
    """On each kind of database: for what the store's own statements decide."""
    with FeedServer() as server:
        yield Stubs(ledger, server)


@pytest.fixture
def stubs(sqlite_url: str) -> Iterator[Stubs]:
    with closing(Ledger.open(sqlite_url)) as ledger, FeedServer() as server:
        yield Stubs(ledger, server)


def test_a_denial_only_in_the_full_text_alerts_when_that_is_read(everywhere: Stubs, rules: Rules) -> None:
    stubs = everywhere
    stubs.publish(("/a", "Ford in talks with Xiaomi on electric cars", RUMOR))
    stubs.server.serve("/a", page(RUMOR, FILLER, MORE, DENIAL), content_type="text/html")
    stubs.poll()
    assert stubs.read(rules) == []  # the stub is read at once
    (report,) = stubs.fetch()
    assert (report.outcome, report.revisions) == ("taken", 1)
    assert stubs.read(rules) == ["denial Ford"]
    (row,) = stubs.rows
    assert (row.outcome, row.state, row.found_url) == ("taken", "done", stubs.address("/a"))
    # Asked for once, and the feed's stub, which stands there still, is no news.
    stubs.poll()
    assert (stubs.read(rules), stubs.fetch(), stubs.asked("/a")) == ([], [], 1)


def test_a_denial_in_the_stub_alerts_once_though_the_full_text_tells_it_again(
    stubs: Stubs, rules: Rules
) -> None:
    title = "Ford denies talks with Xiaomi on electric cars"
    stubs.publish(("/r", "Ford in talks with Xiaomi on electric cars", RUMOR))
    stubs.server.serve("/r", status=404)
    stubs.poll()
    stubs.read(rules)
    stubs.publish(("/a", title, DENIAL), ("/r", "Ford in talks with Xiaomi on electric cars", RUMOR))
    stubs.server.serve("/a", page(DENIAL, FILLER, DENIAL, RUMOR), content_type="text/html")
    stubs.poll()
    assert stubs.read(rules) == ["denial Ford"]
    assert any(outcome.startswith("taken") for outcome in stubs.fetch_all())
    assert stubs.read(rules) == []
    assert len(stubs.ledger.reports.alerts().items) == 1


def test_what_robots_txt_forbids_is_not_fetched_and_it_is_asked_for_once(stubs: Stubs) -> None:
    rules = b"User-agent: *\nDisallow: /private/\nCrawl-delay: 5"
    stubs.server.serve("/robots.txt", rules, content_type="text/plain")
    stubs.server.serve("/open", page(RUMOR, FILLER, MORE), content_type="text/html")
    stubs.publish(("/private/a", "A", "Ford denies it."), ("/open", "Ford in talks with Xiaomi", "Talks."))
    stubs.poll()
    outcomes = stubs.fetch_all()
    assert sorted(outcome.partition(":")[0] for outcome in outcomes) == ["left", "taken"]
    assert "robots.txt" in "".join(outcomes)
    assert (stubs.asked("/robots.txt"), stubs.asked("/private/a"), stubs.asked("/open")) == (1, 0, 1)


def test_a_robots_txt_that_cannot_be_had_forbids_for_now(stubs: Stubs) -> None:
    stubs.server.serve("/robots.txt", status=503)
    stubs.server.serve("/a", page(RUMOR, FILLER, MORE), content_type="text/html")
    stubs.publish(("/a", "Ford in talks with Xiaomi", "Talks."))
    stubs.poll()
    (report,) = stubs.fetch()
    assert report.outcome == "failed"
    assert (stubs.fetch(), stubs.asked("/a")) == ([], 0)
    stubs.server.serve("/robots.txt", status=404)
    assert [one.outcome for one in stubs.fetch(timedelta(minutes=16))] == ["taken"]


def test_the_rules_hold_for_where_a_redirect_leads(stubs: Stubs) -> None:
    stubs.server.serve("/robots.txt", b"User-agent: *\nDisallow: /private/", content_type="text/plain")
    stubs.server.serve("/a", status=302, headers=(("Location", "/private/a"),))
    stubs.publish(("/a", "A", "Ford denies it."))
    stubs.poll()
    (report,) = stubs.fetch()
    assert (report.outcome, stubs.asked("/private/a")) == ("left", 0)


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/a", "http://169.254.169.254/latest", "http://[::1]/", "file:///etc/passwd"]
)
def test_a_redirect_into_a_private_network_is_refused(stubs: Stubs, target: str) -> None:
    stubs.server.serve("/a", status=302, headers=(("Location", target),))
    stubs.publish(("/a", "A", "Ford denies it."))
    stubs.poll()
    (report,) = stubs.fetch()
    assert report.outcome == "left"
    assert "refused" in report.reason


def test_an_article_inside_our_network_is_never_asked_for(stubs: Stubs) -> None:
    stubs.publish(("/a", "A", "Ford denies it."))
    stubs.poll()
    stubs.allowed = ()
    (report,) = stubs.fetch()
    assert (report.outcome, "loopback" in report.reason) == ("left", True)
    assert stubs.asked("/a") == stubs.asked("/robots.txt") == 0


def test_a_server_that_fails_is_tried_again_a_few_times_and_then_left(everywhere: Stubs) -> None:
    stubs = everywhere
    stubs.server.serve("/a", status=503, headers=(("Retry-After", "3600"),))
    stubs.publish(("/a", "A", "Ford denies it."))
    stubs.poll()
    assert [one.outcome for one in stubs.fetch()] == ["failed"]
    assert stubs.fetch(timedelta(minutes=59)) == []
    for outcome in ("failed", "failed", "left"):
        assert [one.outcome for one in stubs.fetch(timedelta(hours=3))] == [outcome]
    assert (stubs.fetch(timedelta(days=1)), stubs.asked("/a")) == ([], 4)
    (row,) = stubs.rows
    assert "given up after 4 tries" in str(row.why)


def test_the_same_text_on_each_page_is_a_wall(stubs: Stubs) -> None:
    wall = page(
        "Ford and Xiaomi talks: this news is for members of our club, which is open to everybody.",
        FILLER,
        MORE,
        DENIAL,
    )
    entries = [(f"/{n}", f"Ford and Xiaomi talks, part {n}", "Talks of Ford, Xiaomi.") for n in range(2)]
    for path, _, _ in entries:
        stubs.server.serve(path, wall, content_type="text/html")
    stubs.publish(*entries)
    stubs.poll()
    outcomes = [outcome.partition(":")[0] for outcome in stubs.fetch_all()]
    assert outcomes == ["taken", "left"]


def test_what_is_no_web_page_is_left(stubs: Stubs) -> None:
    stubs.server.serve("/a", b"%PDF-1.7", content_type="application/pdf")
    stubs.publish(("/a", "A", "Ford denies it."))
    stubs.poll()
    (report,) = stubs.fetch()
    assert (report.outcome, "application/pdf" in report.reason) == ("left", True)


def test_one_host_is_asked_once_at_a_time_with_a_pause(everywhere: Stubs) -> None:
    stubs = everywhere
    entries = [(f"/{n}", f"Ford and Xiaomi {n}", f"Talks {n}.") for n in range(3)]
    stubs.publish(*entries)
    stubs.poll()
    first = stubs.ledger.articles.claim(stubs.now, 60)
    assert first is not None
    assert stubs.ledger.articles.claim(stubs.now, 60) is None
    again = stubs.ledger.articles.claim(stubs.now + timedelta(seconds=61), 60)
    assert again is not None
    assert (again.stub.id, again.tries) == (first.stub.id, 2)  # its lease ran out
    with pytest.raises(LeaseLost):
        stubs.ledger.articles.finish(first, Verdict("left", "too late"), stubs.now, 0)
    assert len(stubs.fetch(timedelta(seconds=200))) == 1
    assert len(stubs.fetch()) == 0
    assert len(stubs.fetch(timedelta(seconds=3))) == 1
    assert stubs.server.most_at_once == 1


def test_a_stub_that_changed_has_its_article_fetched_anew(stubs: Stubs) -> None:
    stubs.server.serve("/a", page(RUMOR, FILLER, MORE), content_type="text/html")
    stubs.publish(("/a", "Ford in talks with Xiaomi", "Talks."))
    stubs.poll()
    assert [one.revisions for one in stubs.fetch()] == [1]
    stubs.publish(("/a", "Ford in talks with Xiaomi", "Talks, updated."))
    stubs.poll()
    assert [one.revisions for one in stubs.fetch(timedelta(seconds=5))] == [0]  # the page is what it was
    assert stubs.asked("/a") == 2


def test_a_feed_that_wants_none_or_is_paused_has_nothing_fetched(stubs: Stubs) -> None:
    stubs.publish(("/a", "A", "Ford denies it."))
    stubs.poll()
    stubs.ledger.feeds.declare([replace(stubs.feed, full_text=False)], stubs.now)
    assert stubs.fetch(timedelta(seconds=5)) == []
    stubs.publish(("/b", "B", "Ford denies it again."))
    stubs.poll()
    assert [row.url for row in stubs.rows] == [stubs.address("/a")]


# --- the contained child ---------------------------------------------------------------------------


def test_the_text_of_a_page_in_english_is_found_without_its_menus() -> None:
    found = extract_article(
        page(RUMOR, FILLER, DENIAL, head="<link rel='canonical' href='/x'>"),
        "text/html",
        "https://a.example/",
    )
    assert RUMOR in found.text
    assert DENIAL in found.text
    assert "Copyright" not in found.text
    assert "Cars" not in found.text
    assert found.canonical == "/x"


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "big5"])
def test_the_text_of_a_page_in_chinese_is_found_in_its_encoding(charset: str) -> None:
    words = "福特汽車公司周二否認了有關其正在與小米就在美國成立合資企業進行談判的報道，稱該報道完全不實。"
    if charset == "gb2312":
        words = "福特汽车公司周二否认了有关其正在与小米就在美国成立合资企业进行谈判的报道，称该报道完全不实。"
    body = page(*[f"{words}第{n}段。" for n in range(6)], head=f"<meta charset='{charset}'>").decode()
    found = extract_article(body.encode(charset), "text/html", "https://a.example/")
    assert found.text.count(words) == 6


def test_a_megabyte_of_nested_tags_ends_in_time() -> None:
    started = time.monotonic()
    with suppress(FeedError):
        extract_article(b"<html><body>" + b"<div>" * 200_000 + b"x", "text/html", "https://a.example/")
    assert time.monotonic() - started < 9  # the child is killed after 8


def test_a_page_that_keeps_the_child_busy_is_given_up_on_time() -> None:
    busy = b"<html><body>" + b"<p><b><i>" * 110_000  # takes it more than five seconds
    with pytest.raises(FeedError, match=r"could not be read: it took longer than 0\.5 s"):
        extract_article(busy, "text/html", "https://a.example/", wall_seconds=0.5)


@pytest.mark.parametrize("body", [b"", b"\x00", b"<!DOCTYPE a [<!ENTITY b 'c'>]>"])
def test_what_cannot_be_read_is_told_in_one_sentence_without_what_an_address_hides(body: bytes) -> None:
    with pytest.raises(FeedError, match=r"^The page https://a.example/ could not be read: .*\.$"):
        extract_article(body, None, "https://a.example/?secret")
