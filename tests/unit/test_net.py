"""The guarded client's judgements, without a network: addresses, URLs, redirects, names in messages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from service.core.addresses import networks, why_address_refused, why_url_refused
from service.errors import OutgoingError, SettingsError
from service.net import GuardedClient, Request, redirected, where

_ADDRESSES = tomllib.loads((Path(__file__).parent.parent / "cases/net_addresses.toml").read_text("utf-8"))[
    "case"
]


@pytest.mark.parametrize("case", _ADDRESSES, ids=[case["address"] for case in _ADDRESSES])
def test_an_address_is_refused_unless_it_is_public(case: dict[str, object]) -> None:
    why = why_address_refused(str(case["address"]))
    assert (why is not None) == case["refused"], f"{case['why']}: {why}"


def test_an_allowed_network_is_allowed_in_every_spelling_and_its_neighbour_is_not() -> None:
    allowed = networks(["127.0.0.0/8", "fd00:1::/32"])
    assert why_address_refused("127.0.0.1", allowed) is None
    assert why_address_refused("::ffff:127.0.0.1", allowed) is None
    assert why_address_refused("fd00:1::5", allowed) is None
    assert why_address_refused("10.0.0.1", allowed)
    assert why_address_refused("::1", allowed)
    assert why_address_refused("fd00:2::5", allowed)


def test_a_range_that_cannot_be_read_stops_the_client_and_names_the_setting() -> None:
    with pytest.raises(SettingsError, match="allow_networks"):
        GuardedClient(user_agent="t", allow_networks=["127.0.0.1/8/8"])


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/feed?a=b@c",
        "http://example.org:8080/",
        "https://münchen.example/feed",
        "http://93.184.216.34/",
        "http://[2606:4700::1111]:443/x",
    ],
)
def test_an_ordinary_url_is_not_refused(url: str) -> None:
    assert why_url_refused(url) is None


_SIGNED = (("Authorization", "Bearer x"), ("Webhook-Signature", "v1,x"), ("Accept", "a/b"))


def test_another_origin_does_not_get_the_secrets() -> None:
    request = Request("GET", "https://a.example/x", _SIGNED)
    assert redirected(request, 302, "https://b.example/").headers == (("Accept", "a/b"),)
    assert redirected(request, 302, "https://a.example:8443/").headers == (("Accept", "a/b"),)
    assert redirected(request, 302, "/y").headers == _SIGNED
    assert redirected(request, 302, "https://A.example:443/y").headers == _SIGNED


def test_a_signed_request_is_not_moved_to_plain_http() -> None:
    with pytest.raises(OutgoingError, match="plain http") as caught:
        redirected(Request("GET", "https://a.example/x", _SIGNED), 301, "http://a.example/x")
    assert caught.value.permanent
    unsigned = redirected(Request("GET", "https://a.example/x"), 301, "http://a.example/x")
    assert unsigned.url == "http://a.example/x"


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (303, "HEAD", "HEAD"),
        (301, "GET", "GET"),
    ],
)
def test_a_redirect_keeps_or_drops_the_body_as_its_status_says(status: int, method: str, then: str) -> None:
    request = Request(method, "http://a.example/x", (("Content-Type", "a/b"),), body=b"x")
    following = redirected(request, status, "/a b")
    assert following.url == "http://a.example/a%20b"
    assert following.method == then
    assert (following.body is None) == ((method, then) == ("POST", "GET"))


def test_a_message_never_holds_a_path_or_a_password() -> None:
    assert where("https://me:secret@hooks.example:8443/services/T0KEN?x=1") == "hooks.example:8443"
    assert where("http://a.example\\@b.example/") == "a.example"
    assert where("") == "nowhere"
