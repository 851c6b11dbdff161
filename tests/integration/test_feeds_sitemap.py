"""News sitemaps through the contained child: what a sitemap or an index of some becomes."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime

import pytest

from service.errors import FeedError, SitemapIndex
from service.feeds.parse import parse_feed
from service.feeds.sitemap import moment

URL = "https://a.example/sitemap.xml"


def sitemap(*addresses: str) -> bytes:
    return f"<urlset>{''.join(f'<url>{one}</url>' for one in addresses)}</urlset>".encode()


def news(number: int, title: str) -> str:
    return f"<loc>https://a.example/{number}</loc><news><title>{title}</title></news>"


def test_the_addresses_that_could_not_be_read_are_counted() -> None:
    parsed = parse_feed(sitemap(news(1, "a"), "<loc>x</lok>", news(3, "c")), None, URL)
    assert [entry.title for entry in parsed.entries] == ["a", "c"]
    assert "mismatched tag" in parsed.why
    assert parsed.why.endswith("1 of its addresses were lost")


def test_a_sitemap_that_breaks_off_keeps_what_it_said() -> None:
    body = sitemap(news(1, "a"), news(2, "b"))
    parsed = parse_feed(body[: body.index(b"b</title>")], None, URL)
    assert [entry.title for entry in parsed.entries] == ["a"]


def test_a_sitemap_without_news_is_a_feed_without_entries() -> None:
    assert parse_feed(sitemap("<loc>https://a.example/1</loc>"), None, URL).entries == ()


def test_an_index_names_its_sitemaps_the_newest_first() -> None:
    index = b"""<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
    <sitemap><loc>https://a.example/old.xml</loc><lastmod>2024-01-01</lastmod></sitemap>
    <sitemap><loc>https://a.example/undated.xml</loc></sitemap>
    <sitemap><loc>file:///etc/passwd</loc></sitemap>
    <sitemap><loc>https://a.example/new.xml</loc><lastmod>2026-02-02T10:00:00Z</lastmod></sitemap>
    </sitemapindex>"""
    with pytest.raises(SitemapIndex, match="is an index of 3 sitemaps") as caught:
        parse_feed(index, None, URL)
    assert [link.rpartition("/")[2] for link in caught.value.sitemaps] == [
        "new.xml", "old.xml", "undated.xml",
    ]  # fmt: skip


def test_an_index_of_nothing_is_refused() -> None:
    with pytest.raises(FeedError, match="an index of sitemaps"):
        parse_feed(b"<sitemapindex></sitemapindex>", None, URL)


def test_a_feed_that_holds_the_word_is_no_sitemap() -> None:
    body = b"<rss version='2.0'><channel><item><title>a &lt;urlset> b</title></item></channel></rss>"
    assert parse_feed(body, None, URL).entries[0].title == "a b"


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "iso-8859-1", "utf-8-sig"])
def test_a_declared_encoding_is_obeyed(encoding: str) -> None:
    words = "Café" if encoding == "iso-8859-1" else "中文"
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + sitemap(news(1, words)).decode()
    assert parse_feed(text.encode(encoding), None, URL).entries[0].title == words


@pytest.mark.parametrize("encoding", ["idna", "undefined", "rot13", "zip", "no-such-thing"])
def test_an_encoding_that_is_none_of_texts_is_passed_over(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + sitemap(news(1, "words")).decode()
    assert [entry.title for entry in parse_feed(text.encode(), None, URL).entries] == ["words"]


@pytest.mark.parametrize(
    "body",
    [
        b"<urlset>" + b"<a>" * 100_000,
        b"<urlset>" + b"<url>" * 500_000,
        b"<urlset " + b"a='1' " * 100_000,
        b"<urlset><url><news><title>" + b"&" * 3_000_000,
        b"<urlset>" + b"<!--" * 500_000,
        b"<urlset><url><loc>" + b"x" * 9_000_000,
    ],
    ids=["deep", "many starts", "attributes", "ampersands", "comments", "a long address"],
)
def test_a_hostile_sitemap_ends_within_the_limits(body: bytes) -> None:
    started = time.monotonic()
    with contextlib.suppress(FeedError):
        assert parse_feed(body, None, URL).entries == ()
    assert time.monotonic() - started < 8


def test_at_most_ten_thousand_entries_are_taken() -> None:
    many = sitemap(*(news(number, "t") for number in range(10_050)))
    assert len(parse_feed(many, None, URL).entries) == 10_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-02", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-03T04:05Z", datetime(2026, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-02-30", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("", None),
    ],
)
def test_a_w3c_time_is_read(text: str, expected: datetime | None) -> None:
    assert moment(text) == expected
