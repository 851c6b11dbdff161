"""Lists of feeds: read back as written, and refused whole where one thing is wrong."""

from __future__ import annotations

import time
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from service.core.addresses import networks
from service.errors import InputError, SettingsError
from service.feeds.listed import merged, read_list, same, write_list
from service.feeds.opml import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_OUTLINES,
    NAMESPACE,
    FeedList,
    ListedFeed,
    read_opml,
    why_not_polled,
    write_opml,
)
from service.feeds.search_feeds import expanded, filled

CASES = Path(__file__).parents[1] / "cases"
REFUSED = tomllib.loads((CASES / "lists.toml").read_text("utf-8"))["case"]
URLS = tomllib.loads((CASES / "net_urls.toml").read_text("utf-8"))["case"]
ADDRESSES = tomllib.loads((CASES / "net_addresses.toml").read_text("utf-8"))["case"]
A, B, C = (ListedFeed(f"https://{name}.example/feed") for name in "abc")
EVERYTHING = ListedFeed(
    url="https://a.example/rss?q={query}&b=<1>",
    title='Title "quoted" & more',
    outlet="The Wire",
    interval_minutes=7.5,
    lang="en",
    told_as_news=True,
    watchlist=("Ford", "小米 & Co", "A|B, C"),
    subscription=None,
    source="https://a.example/feeds.html",
    note="unverified",
)


def opml(body: str) -> bytes:
    return f'<opml version="2.0" xmlns:rw="{NAMESPACE}"><body>{body}</body></opml>'.encode()


def test_a_list_is_read_back_as_it_was_written() -> None:
    listed = FeedList(
        "Mine & <yours>", (EVERYTHING, ListedFeed("https://b.example/", title="B", told_as_news=False))
    )
    assert read_opml(write_opml(listed)) == listed


def test_groups_are_walked_through_and_other_attributes_passed_over() -> None:
    body = """<outline text="News"><outline text="More"><outline type="RSS" title="T" text="t" htmlUrl="https://a.example"
    xmlUrl=" https://a.example/feed " category="x"/></outline></outline><outline text="A note"/>"""
    assert read_opml(opml(body)).feeds == (ListedFeed("https://a.example/feed", title="T"),)


@pytest.mark.parametrize("case", REFUSED, ids=[case["id"] for case in REFUSED])
def test_a_list_with_one_thing_wrong_is_refused_whole(case: dict[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        read_opml(case["whole"].encode() if "whole" in case else opml(case["body"]))
    assert case["why"] in str(caught.value)


def test_a_list_may_be_as_long_and_as_deep_as_the_limits_and_no_more() -> None:
    assert (
        len(read_opml(opml("<outline xmlUrl='https://a.example/1'/>" * MAX_OUTLINES)).feeds) == MAX_OUTLINES
    )
    with pytest.raises(InputError, match=f"more than {MAX_OUTLINES} outlines"):
        read_opml(opml("<outline/>" * (MAX_OUTLINES + 1)))
    deep = MAX_DEPTH - 2  # opml and body
    read_opml(opml("<outline>" * deep + "</outline>" * deep))
    with pytest.raises(InputError, match=f"more than {MAX_DEPTH} deep"):
        read_opml(opml("<outline>" * (deep + 1) + "</outline>" * (deep + 1)))
    with pytest.raises(InputError, match="more than 2097152 bytes"):
        read_opml(opml(" " * MAX_BYTES))


@pytest.mark.parametrize(
    "body",
    [
        "<outline " + " ".join(f"a{n}='1'" for n in range(100_000)) + "/>",
        "<outline text='" + "x" * 1_900_000 + "'/>",
        "<outline xmlUrl='https://a.example/" + "x" * 1_900_000 + "'/>",
        "<!--" + "-" * 1_900_000,
    ],
    ids=["attributes", "a long text", "a long address", "a comment without end"],
)
def test_a_hostile_list_ends_at_once(body: str) -> None:
    started = time.process_time()
    try:
        assert read_opml(opml(body)).feeds == ()
    except InputError as error:
        assert len(str(error)) < 400  # noqa: PT017 - either end is right; a long echo is not
    assert time.process_time() - started < 2


@pytest.mark.parametrize("case", ADDRESSES, ids=[case["address"] for case in ADDRESSES])
def test_an_address_in_a_list_is_judged_as_the_client_judges_it(case: dict[str, Any]) -> None:
    host = f"[{case['address']}]" if ":" in case["address"] else case["address"]
    if "%" not in host:
        assert (why_not_polled(f"http://{host}/") is not None) == case["refused"], case["why"]


@pytest.mark.parametrize("case", URLS, ids=[case["id"] for case in URLS])
def test_no_spelling_of_a_private_address_gets_into_a_list(case: dict[str, str]) -> None:
    url = case["url"].format(port=8080)
    host = url.partition("://")[2]
    if unicodedata.normalize("NFKC", host)[:1].isdigit() or host.startswith(("[", "0x")):
        assert why_not_polled(url) is not None, case["why"]


def test_a_network_of_the_settings_is_allowed() -> None:
    assert why_not_polled("http://127.0.0.1/feed", networks(["127.0.0.0/8"])) is None


# --- the list that is kept -------------------------------------------------------------------------


def test_what_is_given_is_added_changed_known_or_there_twice() -> None:
    changed = ListedFeed(A.url, interval_minutes=5)
    result = merged([A, B], [changed, B, C, ListedFeed("https://C.example:443/feed#x")], [])
    assert result.feeds == (changed, B, C)
    assert (result.added, result.changed) == ((C.url,), (A.url,))
    assert (result.known, result.twice) == ((B.url,), ("https://C.example:443/feed#x",))


def test_a_feed_of_the_settings_is_left_to_them() -> None:
    result = merged([], [A, B], ["HTTPS://A.example/feed"])
    assert (result.feeds, result.known) == ((B,), (A.url,))


def test_a_list_is_kept_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "data" / "feeds.opml"
    assert read_list(path) == ()
    write_list(path, [EVERYTHING, A])
    assert read_list(path) == (EVERYTHING, A)
    with pytest.raises(InputError, match="too long"):
        write_list(path, [A] * (MAX_OUTLINES + 1))
    assert read_list(path) == (EVERYTHING, A)
    assert [one.name for one in path.parent.iterdir()] == ["feeds.opml"]


def test_a_list_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "feeds.opml"
    path.write_bytes(opml("<outline xmlUrl='http://127.0.0.1/'/>"))
    with pytest.raises(SettingsError, match=r"feeds\.opml cannot be used: feed 1 \(http://127\.0\.0\.1/\)"):
        read_list(path)


def test_addresses_that_differ_in_what_means_something_stay_apart() -> None:
    urls = ["https://a.example/f", "http://a.example/f", "https://a.example/F", "https://a.example/f?x=1"]
    assert len({same(url) for url in urls}) == 4


# --- search feeds ----------------------------------------------------------------------------------


def test_a_name_can_neither_end_the_query_nor_leave_it() -> None:
    url = "https://a.example/rss?q={query}&hl=en"
    assert (
        filled(url, " A&B  /../#?= 小米")
        == "https://a.example/rss?q=A%26B%20%2F..%2F%23%3F%3D%20%E5%B0%8F%E7%B1%B3&hl=en"
    )
    assert filled("https://a.example/{query}/{query}", "x") == "https://a.example/x/x"


def test_a_template_is_one_feed_for_each_name() -> None:
    assert expanded("https://a.example/?q={query}", ["Ford", "Ford ", " ", "BYD"]) == (
        "https://a.example/?q=Ford",
        "https://a.example/?q=BYD",
    )
