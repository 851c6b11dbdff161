"""What a feed document and the headers of its answer ask of those who poll it."""

from __future__ import annotations

import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.feeds.fetch import fresh_seconds
from service.feeds.hints import is_whole, wishes_in
from service.net import Response

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_CASES = tomllib.loads((Path(__file__).parent.parent / "cases/feed_hints.toml").read_text("utf-8"))


@pytest.mark.parametrize("case", _CASES["document"], ids=[case["id"] for case in _CASES["document"]])
def test_what_a_document_asks_for(case: dict[str, Any]) -> None:
    found = wishes_in(case["body"].encode(), "https://feed.example/news/rss", 60)
    assert found.ttl_seconds == case.get("ttl"), case["why"]
    assert found.skip_hours == tuple(case.get("hours", ()))
    assert found.skip_days == tuple(case.get("days", ()))
    assert found.archive == case.get("archive")
    assert found.fresh_seconds == 60


@pytest.mark.parametrize("case", _CASES["answer"], ids=[case["id"] for case in _CASES["answer"]])
def test_how_long_an_answer_stays_fresh(case: dict[str, Any]) -> None:
    headers = tuple((name, value) for name, value in case["headers"].items())
    assert fresh_seconds(Response(200, "https://feed.example/", headers, b""), NOW) == case.get("fresh")


@pytest.mark.parametrize(
    "body",
    [
        b"<rss>" + b"<link " * 1_000_000,
        b"<rss><ttl>" + b" " * 5_000_000,
        b"<rss>" + b"<link rel='prev-archive' " + b"a" * 5_000_000,
        b"<rss><item></item>" + b"</item>" * 1_000_000,
        b"<" * 5_000_000,
    ],
)
def test_no_document_keeps_the_search_for_hints_busy(body: bytes) -> None:
    started = time.process_time()
    wishes_in(body, "https://feed.example/")
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b"<rss><channel><item/></channel></rss>\n<!-- served in 3 ms -->", True),
        (b"<?xml version='1.0'?>\n<!-- <b> --><a:feed xmlns:a='x'><entry/></a:feed >", True),
        (b"<rdf:RDF><item/></rdf:RDF>", True),
        (b"<RSS><channel></channel></rss>", True),
        (b'\xef\xbb\xbf {"items": []}\n', True),
        (b"<html></html>", True),
        ("<rss></rss>".encode("utf-16"), True),
        (b"<rss><channel><item/></channel></r", False),
        (b"<feed><entry><title>&lt;/feed", False),
        (b"<rdf:RDF>" + b"<item/>" * 20_000, False),
    ],
)
def test_a_document_that_breaks_off_is_told_from_a_whole_one(body: bytes, whole: bool) -> None:
    assert is_whole(body) is whole


@pytest.mark.parametrize("case", _CASES["offer"], ids=[case["id"] for case in _CASES["offer"]])
def test_which_hubs_a_document_names(case: dict[str, Any]) -> None:
    links = tuple(case.get("links", ()))
    found = wishes_in(case["body"].encode(), "https://feed.example/news/rss", links=links)
    assert found.hubs == tuple(case.get("hubs", ())), case["why"]
    assert found.topic == case.get("topic"), case["why"]


@pytest.mark.parametrize(
    "body",
    [
        b"{" + b'"hubs":[' * 1_000_000,
        b'{"hubs":[' + b"{" * 5_000_000,
        b'{"feed_url":"' + b"\\" * 5_000_000,
        b'{"hubs":[' + b'{"type":"websub","url":"' * 100_000 + b"]",
    ],
)
def test_no_json_keeps_the_search_for_hubs_busy(body: bytes) -> None:
    started = time.process_time()
    wishes_in(body, "https://feed.example/", links=("<" * 60_000, 'rel="' * 10_000))
    assert time.process_time() - started < 0.5
