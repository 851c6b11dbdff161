"""From a page's address to its feeds, over a real server on loopback and the guarded client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from service.errors import InputError
from service.feeds.discovery import MAX_LINKS, MAX_TRIED, Discovery, find_feeds, leads
from service.net import GuardedClient
from tests.fakes_feeds import FeedServer

RSS = b"<rss version='2.0'><channel><title>F</title><item><title>a</title></item></channel></rss>"
NEWS = b"<urlset><url><loc>https://a.example/1</loc><news><title>a</title></news></url></urlset>"


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


def find(url: str, *networks: str) -> Discovery:
    async def search() -> Discovery:
        async with GuardedClient(user_agent="test", allow_networks=networks or ("127.0.0.0/8",)) as client:
            return await find_feeds(client, url, sleep=no_wait)

    return asyncio.run(search())


async def no_wait(seconds: float) -> None:
    assert seconds == 1.0


def page(*tags: str) -> bytes:
    return f"<!DOCTYPE html><html><head>{''.join(tags)}</head><body>Words.</body></html>".encode()


def asked(server: FeedServer) -> list[str]:
    return [request.path for request in server.requests]


def test_the_feeds_that_a_page_links_are_found_and_no_other_path_is_tried(server: FeedServer) -> None:
    server.serve(
        "/news/",
        page(
            '<link rel="stylesheet" type="text/css" href="/style.css">',
            '<LINK href="feed.xml?a=1&amp;b=2" TYPE="application/rss+xml" REL="Alternate">',
            "<link rel=alternate type='application/feed+json' href='/dead.json'>",
            '<link rel="alternate" type="application/json" href="/wp-json/oembed?x">',
            '<link rel="alternate" type="application/atom+xml" href="file:///etc/passwd">',
        ),
        content_type="text/html",
    )
    server.serve("/news/feed.xml?a=1&b=2", RSS)
    discovery = find(server.url("/news/"))
    (found,) = discovery.found
    assert (found.url, found.title, found.entries) == (server.url("/news/feed.xml?a=1&b=2"), "F", 1)
    assert found.because == "the page links it as a feed"
    assert [one.why for one in discovery.tried] == [
        f"{server.url('/news/')} is not a feed: it is a web page.",
        "it answered 404",
    ]
    assert asked(server) == ["/news/", "/news/feed.xml?a=1&b=2", "/dead.json"]


def test_an_address_that_is_a_feed_is_the_answer(server: FeedServer) -> None:
    server.serve("/feed", RSS)
    assert [one.because for one in find(server.url("/feed")).found] == ["it is the address given"]
    assert asked(server) == ["/feed"]


def test_where_a_page_links_none_the_usual_paths_are_tried_until_one_is_a_feed(server: FeedServer) -> None:
    server.serve("/", page(), content_type="text/html")
    server.serve("/rss.xml", RSS)
    server.serve("/atom.xml", RSS)
    assert [one.url for one in find(server.url("/")).found] == [server.url("/rss.xml")]
    assert "/atom.xml" not in asked(server)


def test_anchors_and_a_base_address_count_and_an_address_is_asked_once(server: FeedServer) -> None:
    body = page('<base href="/deep/">', '<a href="rss">RSS</a>', '<a href="/deep/rss#top">again</a>')
    server.serve("/", body, content_type="text/html")
    server.serve("/deep/rss", RSS)
    assert [one.because for one in find(server.url("/")).found] == ["an anchor of the page leads there"]
    assert asked(server).count("/deep/rss") == 1


def test_a_path_that_the_page_linked_in_vain_is_not_tried_again(server: FeedServer) -> None:
    links = ['<link rel="alternate" type="application/rss+xml" href="/feed">']
    server.serve("/", page(*links), content_type="text/html")
    server.serve("/rss", RSS)
    assert [one.url for one in find(server.url("/")).found] == [server.url("/rss")]
    assert asked(server).count("/feed") == 1


def test_news_sitemaps_of_robots_txt_and_of_an_index_are_found(server: FeedServer) -> None:
    index = "".join(
        f"<sitemap><loc>{server.url(f'/{name}.xml')}</loc><lastmod>2026-01-0{day}</lastmod></sitemap>"
        for day, name in enumerate(("old", "new", "index"), start=1)
    )
    server.serve("/", page(), content_type="text/html")
    server.serve(
        "/robots.txt", f"User-agent: *\nSitemap: {server.url('/news-index.xml')}\nSitemap: /all.xml".encode()
    )
    server.serve("/news-index.xml", f"<sitemapindex>{index}</sitemapindex>".encode())
    deeper = f"<sitemapindex><sitemap><loc>{server.url('/deeper.xml')}</loc></sitemap></sitemapindex>"
    server.serve("/index.xml", deeper.encode())
    server.serve("/new.xml", NEWS)
    found = find(server.url("/")).found
    assert [one.url for one in found] == [server.url("/new.xml")]
    assert "the index of sitemaps" in found[0].because
    assert not {"/all.xml", "/deeper.xml"} & set(asked(server))
    assert asked(server).count("/index.xml") == 1


def test_a_page_cannot_lead_us_to_machines_inside(server: FeedServer) -> None:
    with FeedServer("127.0.0.2") as inside:
        inside.serve("/feed", RSS)
        links = [f'<link rel="alternate" type="application/rss+xml" href="{inside.url("/feed")}">']
        server.serve("/", page(*links), content_type="text/html")
        discovery = find(server.url("/"), "127.0.0.1/32")
        assert discovery.found == ()
        assert any("loopback" in one.why for one in discovery.tried)
        assert inside.requests == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("http://a.example:25/", "port 25"),
        ("http://10.0.0.1/", "The page cannot be had: The address of 10.0.0.1 is refused"),
    ],
)
def test_what_is_no_address_of_the_web_is_refused(url: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        find(url)


def test_a_page_that_cannot_be_had_says_why(server: FeedServer) -> None:
    with pytest.raises(InputError, match="cannot be had: it answered 404"):
        find(server.url("/gone"))


def test_a_page_of_a_thousand_links_costs_a_bounded_number_of_requests(server: FeedServer) -> None:
    links = [f'<link rel="alternate" type="application/rss+xml" href="/{n}">' for n in range(1000)]
    server.serve("/", page(*links), content_type="text/html")
    indexes = [server.url(f"/news-{n}.xml") for n in range(3)]
    server.serve("/robots.txt", "\n".join(f"Sitemap: {url}" for url in indexes).encode())
    for n in range(3):
        named = "".join(f"<sitemap><loc>{server.url(f'/of-{n}-{m}')}</loc></sitemap>" for m in range(3))
        server.serve(f"/news-{n}.xml", f"<sitemapindex>{named}</sitemapindex>".encode())
    discovery = find(server.url("/"))
    assert discovery.found == ()
    assert len(asked(server)) == MAX_TRIED
    assert sum(path[1:].isdigit() for path in asked(server)) == MAX_LINKS


@pytest.mark.parametrize("piece", ["<link ", "<a href=", "<a href='", "<base ", "<link rel=alternate ", "<"])
def test_a_hostile_page_is_read_in_time_in_line_with_its_length(piece: str) -> None:
    started = time.monotonic()
    leads(piece * (1024 * 1024 // len(piece)), "https://a.example/")
    assert time.monotonic() - started < 3
