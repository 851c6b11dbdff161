"""Which entries are stubs, what robots.txt lets us fetch, and what to make of a page that was fetched."""

from __future__ import annotations

import time
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.core.articles import (
    MOST_TRIES,
    Extract,
    canonical,
    judge,
    refused,
    try_again,
    why_no_article,
)
from service.core.feed import Entry, Feed
from service.core.model import Item
from service.core.polling import plan_poll
from service.core.robots import allows, read_robots
from service.core.stubs import why_stub

_CASES = Path(__file__).parent.parent / "cases"
ROBOTS = tomllib.loads((_CASES / "robots.toml").read_text("utf-8"))["case"]
STUBS = tomllib.loads((_CASES / "stubs.toml").read_text("utf-8"))["case"]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://news.example/2026/ford-xiaomi"
STUB = Item(
    "i_1",
    "Ford said to be in talks with Xiaomi",
    "Four people said so. Read more",
    NOON,
    URL,
    "The Wire",
    NOON,
    "en",
    position=3,
)
ARTICLE = "Ford is in talks with Xiaomi on a joint venture, people familiar with the matter said. " * 4


@pytest.mark.parametrize("case", STUBS, ids=[case["id"] for case in STUBS])
def test_which_entries_are_stubs(case: dict[str, Any]) -> None:
    text = (case["text"].replace("&", case.get("replace", "&"))) * case.get("times", 1)
    entry = Entry(0, "g", "T", text, case.get("url", URL) or None, summary=case.get("summary", False))
    why = why_stub(entry)
    assert bool(why) == bool(case["why_says"])
    assert case["why_says"] in why


def test_only_news_of_feeds_that_want_it_are_worth_a_visit() -> None:
    entry = Entry(0, "g", "T", "Ford denies it.", URL, NOON)

    def stub_of(**feed: Any) -> str:
        given = {"baseline_done": True, "fetched_at": NOON} | feed
        plan = plan_poll(Feed("f", "u", "o", **given), [entry], {}, NOON, etag=None, last_modified=None)
        return plan.revisions[0].stub

    assert stub_of(full_text=True)
    assert stub_of(full_text=False) == ""
    assert stub_of(full_text=True, baseline_done=False) == ""


@pytest.mark.parametrize("case", ROBOTS, ids=[case["id"] for case in ROBOTS])
def test_what_a_site_lets_us_fetch(case: dict[str, Any]) -> None:
    rules = read_robots(case["body"].encode(), "rumorwatch")
    found = {path: allows(rules, f"https://news.example{path}") for path in case["paths"]}
    assert found == case["paths"], case["why"]


@pytest.mark.parametrize(
    ("said", "delay"), [("7", 7.0), ("0.5", 0.5), ("86400", 60.0), ("soon", 0.0), ("-1", 0.0)]
)
def test_a_crawl_delay_is_heeded_within_reason(said: str, delay: float) -> None:
    assert read_robots(f"User-agent: *\nCrawl-delay: {said}".encode(), "rumorwatch").delay == delay


@pytest.mark.parametrize(
    "body",
    [
        b"User-agent: *\n" + b"Disallow: /" + b"*a" * 450 + b"b\n" * 1,
        b"User-agent: *\n" + (b"Disallow: /" + b"*a" * 100 + b"b\n") * 2400,
        b"User-agent: *\n" * 40_000,
        b"\r" * 600_000,
        b"\xff\xfe\x00" * 100_000,
    ],
)
def test_no_robots_txt_keeps_us_busy(body: bytes) -> None:
    started = time.process_time()
    allows(read_robots(body, "rumorwatch"), "https://news.example/" + "a" * 1900)
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("text", "elsewhere", "why"),
    [
        (ARTICLE, False, ""),
        ("Please wait.", False, "hardly any text"),
        ("", False, "hardly any text"),
        (ARTICLE, True, "the same text as other pages"),
        (
            "Enable JavaScript and cookies to continue to news about Ford and Xiaomi talks. " * 6,
            False,
            "a wall",
        ),
        ("Subscribe to read what Ford and Xiaomi said in their talks. " * 6, False, "a wall"),
        (ARTICLE * 8 + "Subscribe to read more.", False, ""),
        ("The weather in the north will be mild and dry until Sunday evening. " * 9, False, "something else"),
    ],
)
def test_what_is_an_article(text: str, elsewhere: bool, why: str) -> None:
    found = why_no_article(STUB, text, elsewhere)
    assert why in found
    assert bool(why) == bool(found)


def test_a_page_that_holds_no_more_than_the_feed_is_left() -> None:
    long = Item("i", "T", ARTICLE + "and more", NOON, URL)
    assert "no more than its feed" in why_no_article(long, ARTICLE, False)


def test_an_article_in_chinese_shares_its_words() -> None:
    stub = Item("i", "福特否认与小米谈判", "福特汽车公司否认。", NOON, URL)
    text = "福特汽车公司周二否认了有关其正在与小米就在美国成立合资企业进行谈判的报道，称该报道完全不实。" * 3
    assert why_no_article(stub, text, False) == ""
    assert why_no_article(stub, "周末北方大部分地区天气晴朗，气温略有回升，适宜户外活动。" * 6, False)


def test_the_full_text_is_a_revision_that_speaks_from_the_moment_of_its_stub() -> None:
    verdict = judge(STUB, Extract(ARTICLE, "/2026/canonical"), URL + "?from=feed#top", elsewhere=False)
    revision = verdict.revision
    assert revision is not None
    assert (verdict.outcome, revision.item_id, revision.title) == ("taken", "i_1", STUB.title)
    assert (revision.text, revision.told_at, revision.published) == (ARTICLE, NOON, NOON)
    assert (revision.position, revision.outlet, revision.lang) == (3, "The Wire", "en")
    assert revision.url == verdict.found_url == "https://news.example/2026/canonical"
    assert revision.stub == ""


@pytest.mark.parametrize(
    ("declared", "kept"),
    [
        (None, URL),
        ("", URL),
        ("https://news.example/x?id=1#a", "https://news.example/x?id=1"),
        ("https://www.news.example/x", "https://www.news.example/x"),
        ("/x", "https://news.example/x"),
        ("https://evil.example/x", URL),
        ("https://news.example.evil.example/x", URL),
        ("javascript:alert(1)", URL),
        ("https://news.example/", URL),
        ("https://news.example", URL),
        ("http://[bad", URL),
        ("https://news.example/" + "x" * 3000, URL),
    ],
)
def test_a_page_names_itself_on_its_own_host_only(declared: str | None, kept: str) -> None:
    assert canonical(URL + "#part", declared) == kept


def test_what_the_server_says_for_good_is_left_and_the_rest_tried_again_a_few_times() -> None:
    for status in (401, 402, 403, 404, 410, 451):
        assert refused(status, "news.example", 1, NOON, 5.0).outcome == "left"
    busy = refused(429, "news.example", 1, NOON, 7200.0)
    assert (busy.outcome, busy.next_at) == ("failed", NOON + timedelta(hours=2))
    waits = [try_again("x", tries, NOON).next_at for tries in range(1, MOST_TRIES + 1)]
    assert waits == [
        NOON + timedelta(minutes=1),
        NOON + timedelta(minutes=15),
        NOON + timedelta(hours=2),
        None,
    ]
    last = try_again("it answered 500", MOST_TRIES, NOON)
    assert (last.outcome, last.why) == ("left", "it answered 500; given up after 4 tries")
    for wish in (1e300, -1.0, 0.0, None):
        assert try_again("x", 1, NOON, wish).next_at is not None
