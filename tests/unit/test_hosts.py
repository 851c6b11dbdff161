"""How long a host is left alone after it refused, and which feeds wait because of it."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from service.core.hosts import FLOOR, LONGEST, REFUSALS, Hold, Place, Refusal, holds_after, host_of
from service.feeds.domains import registrable_domain

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOST = "news.example.com"
_CASES = tomllib.loads((Path(__file__).parent.parent / "cases/host_holds.toml").read_text("utf-8"))["case"]


def refusal(status: int, retry_after: float | None = None, host: str = HOST) -> Refusal:
    return Refusal(host, "example.com", status, retry_after)


def after(answers: list[list[float]]) -> dict[Place, Hold]:
    """What is remembered after answers of (status, and Retry-After where there is one), all at NOW."""
    known: dict[Place, Hold] = {}
    for status, *wish in answers:
        given = refusal(int(status), wish[0] if wish else None)
        known |= {hold.place: hold for hold in holds_after(given, known, NOW)}
    return known


@pytest.mark.parametrize("case", _CASES, ids=[case["id"] for case in _CASES])
def test_a_host_that_refuses_is_left_alone(case: dict[str, Any]) -> None:
    known = after(case["answers"])
    host, domain = known[Place(HOST)], known.get(Place("example.com", wide=True))
    assert host.until == NOW + timedelta(minutes=case["host"]), case["why"]
    held = domain.until if domain is not None else None
    assert held == (NOW + timedelta(minutes=case["domain"]) if "domain" in case else None), case["why"]


@given(
    st.lists(
        st.tuples(st.sampled_from(REFUSALS), st.none() | st.floats(-1e12, 1e12, allow_nan=False)), min_size=1
    )
)
def test_whatever_a_host_asks_it_waits_between_the_floor_and_a_day(answers: list[Any]) -> None:
    known: dict[Place, Hold] = {}
    for status, wish in answers:
        known |= {hold.place: hold for hold in holds_after(refusal(status, wish), known, NOW)}
    until = known[Place(HOST)].until
    assert until is not None
    assert FLOOR <= until - NOW <= LONGEST


def test_a_refusal_never_shortens_what_was_asked_before() -> None:
    known = after([[429, 7200], [429, 60]])
    assert known[Place(HOST)].until == NOW + timedelta(hours=2)
    assert known[Place(HOST)].why == "news.example.com answered 429 (Retry-After 60 s), 2 times in a row"


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("news.example.com", "example.com"),
        ("example.com", "example.com"),
        ("A.B.Example.CO.UK.", "example.co.uk"),
        ("x.tumblr.com", "tumblr.com"),
        ("someone.github.io", "github.io"),
        ("co.uk", None),
        ("localhost", None),
        ("93.184.216.34", None),
        ("2606:4700::1111", None),
        ("", None),
    ],
)
def test_the_registrable_domain_is_what_somebody_registered(host: str, domain: str | None) -> None:
    assert registrable_domain(host) == domain


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://News.Example.com:8443/feed", "news.example.com"),
        ("http://[::1]/feed", "::1"),
        ("file:///feeds/a.xml", ""),
        ("feeds/a.xml", ""),
        ("pushed:items", ""),
        ("http://[::1/feed", ""),
    ],
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    assert host_of(url) == host
