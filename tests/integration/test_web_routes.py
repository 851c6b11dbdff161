"""The web application as a client meets it: who is answered, with which headers, and how errors are told."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from starlette.types import Message

from service.errors import SettingsError
from service.web.app import create_app
from service.web.headers import SECURITY_HEADERS
from tests.fakes_web import NOW, FakeReports, app_over, client_of, feed
from tests.fakes_web_desk import a_full_desk

HOSTS = tomllib.loads((Path(__file__).parents[1] / "cases" / "web" / "hosts.toml").read_text("utf-8"))["case"]
FORD = "story_5f0c2d7a91b34e68"
ADDRESSES = [
    "/",
    "/?status=denied",
    f"/stories/{FORD}",
    "/stories/story_of_nobody",
    "/api/v1/stories",
    f"/api/v1/stories/{FORD}",
    "/api/v1/stories/story_of_nobody",
    "/api/v1/alerts",
    "/api/v1/feeds",
    "/api/v1/outlets",
    "/api/v1/parties",
    "/api/v1/openapi.json",
    "/livez",
    "/readyz",
    "/static/desk.css",
    "/static/desk.js",
    "/static/mark.svg",
    "/static/nothing.css",
    "/nothing/here",
]


@pytest.fixture
def reports() -> FakeReports:
    return a_full_desk()


@pytest.fixture
def client(reports: FakeReports) -> Iterator[TestClient]:
    with client_of(reports) as client:
        yield client


# --- who is answered -------------------------------------------------------------------------------


def test_the_addresses_walked_here_are_all_that_there_are(reports: FakeReports) -> None:
    routes = {str(context.path) for context in iter_route_contexts(app_over(reports).routes)}
    walked = {
        "/static" if a.startswith("/static/") else a.split("?")[0].replace(FORD, "{story_id}")
        for a in ADDRESSES
    }
    assert routes - walked == set()


@pytest.mark.parametrize("case", HOSTS, ids=lambda case: case["id"])
def test_every_address_answers_our_hosts_only(client: TestClient, case: dict[str, Any]) -> None:
    for address in ADDRESSES:
        answer = client.get(address, headers={"Host": case["value"].encode("utf-8")})
        if case["status"] == 200:
            assert answer.status_code in (200, 404), (address, case["why"])
            continue
        assert answer.status_code == case["status"], (address, case["why"])
        assert answer.json()["status"] == case["status"]
        assert answer.headers["content-type"] == "application/problem+json"


def spoken_to(app: FastAPI, headers: list[tuple[bytes, bytes]]) -> list[Message]:
    """What the app sends to a request with exactly these headers: a client library would add a Host."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/livez",
        "raw_path": b"/livez",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    asyncio.run(app(scope, receive, send))
    return sent


@pytest.mark.parametrize(
    ("hosts", "status"),
    [([], 400), ([b"localhost", b"evil.test"], 400), ([b"evil.test"], 421), ([b"localhost"], 200)],
    ids=["missing", "two", "foreign", "ours"],
)
def test_a_request_names_exactly_one_host(reports: FakeReports, hosts: list[bytes], status: int) -> None:
    sent = spoken_to(app_over(reports), [(b"host", value) for value in hosts])
    assert sent[0]["status"] == status
    assert b"content-security-policy" in dict(sent[0]["headers"])


def test_a_forwarded_host_changes_nothing(client: TestClient) -> None:
    assert (
        client.get("/livez", headers={"Host": "evil.test", "X-Forwarded-Host": "localhost"}).status_code
        == 421
    )
    assert client.get("/livez", headers={"X-Forwarded-Host": "evil.test"}).status_code == 200


def test_an_allowed_host_that_is_none_stops_the_start(reports: FakeReports) -> None:
    with pytest.raises(SettingsError, match="allowed host"):
        create_app(reports, allowed_hosts=["*"], clock=lambda: NOW, demo=False)


# --- headers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "evil.test"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_the_security_headers(client: TestClient, address: str, host: str) -> None:
    answer = client.get(address, headers={"Host": host})
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get(name) == value, name


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy


def test_pages_are_not_stored_and_our_files_are_asked_about(client: TestClient) -> None:
    assert client.get("/").headers["cache-control"] == "no-store"
    assert client.get("/api/v1/stories").headers["cache-control"] == "private, no-cache"
    assert client.get("/api/v1/nothing").headers["cache-control"] == "no-store"
    styles = client.get("/static/desk.css")
    assert styles.headers["cache-control"] == "no-cache"
    again = client.get("/static/desk.css", headers={"If-None-Match": styles.headers["etag"]})
    assert again.status_code == 304


def test_a_bug_is_told_with_the_headers_and_without_its_words(
    client: TestClient, reports: FakeReports
) -> None:
    reports.feed_rows = None  # type: ignore[assignment]  # what no ledger gives: a bug
    for address in ("/", "/api/v1/feeds"):
        answer = client.get(address)
        assert answer.status_code == 500
        assert "NoneType" not in answer.text
        assert answer.headers["content-security-policy"] == SECURITY_HEADERS["Content-Security-Policy"]
        assert answer.headers["cache-control"] == "no-store"


# --- pages -----------------------------------------------------------------------------------------


def test_the_front_page_shows_stories_parties_alerts_and_health(client: TestClient) -> None:
    page = client.get("/").text
    assert "Ford is in talks with Xiaomi on a joint venture" in page
    assert "传小米计划利用长城汽车的工厂生产自有品牌电动车" in page
    assert "Ford and Xiaomi deny it; BYD does not comment." in page
    assert "<bdi>Xiaomi</bdi> denies it flatly" in page
    assert "2 d 12 h after the report" in page
    assert "newsroom-hook" in page
    assert "3 waiting to be read" in page
    assert "1 failing" in page


def test_a_story_page_runs_from_the_first_report_to_the_last_word(client: TestClient) -> None:
    page = client.get(f"/stories/{FORD}").text
    told = [
        "Ford held talks with Xiaomi on a joint venture",
        "BYD did not want to comment",
        "Ford had called it made up",
    ]
    places = [page.index(f"<mark>{words}</mark>") for words in told]
    assert places == sorted(places)
    assert 'rel="noopener noreferrer nofollow"' in page
    assert "It recalls something old." in page
    assert "Dana Whitfield" in page


def test_a_status_narrows_the_front_page(client: TestClient) -> None:
    page = client.get("/?status=retracted").text
    assert "Skagerrak Express" in page
    assert "Banco Alameda will cut" not in page.split('class="stories"')[1]


def test_a_demonstration_says_that_it_is_one(reports: FakeReports) -> None:
    assert "Demonstration" in client_of(reports, demo=True).get("/").text
    assert "Demonstration" not in client_of(reports).get("/").text


@pytest.mark.parametrize(
    ("feeds", "demo", "address", "words"),
    [
        (1, False, "/", "No story yet: 1 feed is watched, 1,284 items were read"),
        (0, False, "/", "No story yet: there is no feed to watch."),
        (1, True, "/", "No story yet: the seed articles are being read."),
        (1, False, "/?status=disputed", "No story is disputed right now."),
        (1, False, "/?cursor=after-20", "That was the last of them."),
    ],
)
def test_an_empty_desk_says_why_it_is_empty(feeds: int, demo: bool, address: str, words: str) -> None:
    page = client_of(FakeReports(feed_rows=[feed()] * feeds), demo).get(address).text
    assert words in page
    assert "No alert yet." in page


def test_a_wrong_address_leads_back(client: TestClient) -> None:
    for address in ("/nothing/here", "/stories/story_of_nobody"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert '<a href="/">See what moves now</a>' in answer.text


@pytest.mark.parametrize("odd", ["a b", "a'--", "%00", "é", "..%2f..%2fetc", "x" * 200])
def test_what_cannot_be_an_id_never_reaches_the_ledger(
    client: TestClient, reports: FakeReports, odd: str
) -> None:
    for base in ("/stories/", "/api/v1/stories/"):
        assert client.get(base + (odd if "%" in odd else quote(odd))).status_code == 404
    assert reports.asked == []


def test_pages_ask_nothing_of_other_origins(client: TestClient) -> None:
    for address in ("/", f"/stories/{FORD}", "/nothing"):
        page = client.get(address).text
        for attribute in ('src="', '<link rel="icon" href="', '<link rel="stylesheet" href="'):
            for loaded in page.split(attribute)[1:]:
                assert loaded.startswith("/static/"), loaded[:60]
        assert "style=" not in page  # the policy would drop it


def test_the_first_page_is_light(client: TestClient) -> None:
    parts = ["/", "/static/desk.css", "/static/desk.js", "/static/mark.svg"]
    assert sum(len(client.get(part).content) for part in parts) < 100_000


def test_a_head_is_answered_where_a_browser_or_probe_asks(client: TestClient) -> None:
    for address in ("/", f"/stories/{FORD}", "/livez", "/readyz", "/static/desk.css"):
        assert client.head(address).status_code == 200


def test_nothing_takes_a_write(client: TestClient) -> None:
    for address in ADDRESSES:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert client.request(method, address).status_code in (404, 405), (method, address)


def test_our_own_code_is_not_served(client: TestClient) -> None:
    for path in (
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static/....//app.py",
        "/static//etc/passwd",
    ):
        assert client.get(path).status_code == 404
