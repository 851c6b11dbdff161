"""Pushing items over HTTP: who may, what is taken, and what of it is stored in a real ledger."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.types import Message

from service.errors import SettingsError, StoreError
from service.feeds.pushed import INTAKE, NEVER, Taken, keep_unpolled, take
from service.jsonl import GivenItem
from service.settings import load_settings
from service.store.ledger import Ledger
from service.web.app import create_app
from service.web.intake import MAX_BODY, Intake, token_digest
from tests.fakes_web import NOW, FakeReports

TOKEN = "a-token-of-24-characters"
RIGHT = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
LINES = RIGHT | {"Content-Type": "application/x-ndjson"}
RUMOR = {
    "id": "1",
    "title": "Ford in talks with Xiaomi",
    "text": "Four people said so.",
    "outlet": "The Wire",
}


@dataclass
class Desk:
    """Takes whatever is pushed, or fails as a ledger does."""

    pushed: list[GivenItem] = field(default_factory=list)
    broken: bool = False

    def push(self, items: Sequence[GivenItem]) -> tuple[Taken, ...]:
        if self.broken:
            raise StoreError("The ledger is gone.")
        self.pushed += items
        return tuple(Taken(item.id, f"i_{item.id}", "new", backfill=False) for item in items)


def client_over(push: Any) -> TestClient:
    intake = Intake(token_digest(TOKEN), push)
    app = create_app(FakeReports(), allowed_hosts=(), clock=lambda: NOW, demo=False, intake=intake)
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with client_over(desk.push) as client:
        yield client


def push(client: TestClient, content: object, headers: dict[str, str] = RIGHT) -> Response:
    body = content if isinstance(content, bytes | str) else json.dumps(content)
    return client.post("/api/v1/items", content=body, headers=headers)


def refused(answer: Response, status: int, why: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert why in answer.json()["detail"]


# --- who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN.upper()}", "Bearer \xff\xfe", f"Bearer {TOKEN} {TOKEN}",
    ],
)  # fmt: skip
def test_without_the_token_nothing_is_taken(client: TestClient, desk: Desk, given: str | None) -> None:
    headers = [("Content-Type", "application/json")]
    if given is not None:
        headers.append(("Authorization", given.encode("latin-1")))  # type: ignore[arg-type]
    answer = client.post("/api/v1/items", content=json.dumps(RUMOR), headers=headers)
    refused(answer, 401, "takes a bearer token")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert desk.pushed == []


def test_two_authorizations_are_none(client: TestClient, desk: Desk) -> None:
    two = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")]
    refused(
        client.post("/api/v1/items", content="{}", headers=[*two, ("Content-Type", "application/json")]),
        401,
        "",
    )
    assert desk.pushed == []


def test_the_scheme_may_be_written_in_any_case(client: TestClient) -> None:
    assert push(client, RUMOR, RIGHT | {"Authorization": f"bearer {TOKEN}"}).status_code == 200


def test_without_a_token_in_the_settings_there_is_no_such_address() -> None:
    app = create_app(FakeReports(), allowed_hosts=(), clock=lambda: NOW, demo=False)
    with TestClient(app, base_url="http://localhost") as client:
        refused(push(client, RUMOR), 404, "nothing at this address")


def test_another_host_name_is_refused_before_the_token_is_looked_at(client: TestClient, desk: Desk) -> None:
    refused(push(client, RUMOR, RIGHT | {"Host": "evil.example"}), 421, "host name")
    assert desk.pushed == []


# --- what is taken ---------------------------------------------------------------------------------


def test_one_item_several_and_lines_are_taken_in_their_order(client: TestClient, desk: Desk) -> None:
    second = {"id": "2", "text": "小米 denies it.", "published": "2026-02-03T10:00:00+08:00"}
    answer = push(client, RUMOR)
    assert answer.json() == {"items": [{"id": "1", "item_id": "i_1", "state": "new", "backfill": False}]}
    assert [row["id"] for row in push(client, [RUMOR, second]).json()["items"]] == ["1", "2"]
    lines = "\ufeff" + "\n".join([json.dumps(RUMOR), "", json.dumps(second, ensure_ascii=False)]) + "\r\n"
    assert [row["id"] for row in push(client, lines, LINES).json()["items"]] == ["1", "2"]
    assert desk.pushed[-1].published == datetime(2026, 2, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "headers", "status", "why"),
    [
        (b"", RIGHT, 400, "not JSON"),
        (b"[]", RIGHT, 400, "no item"),
        (b"\n \n", LINES, 400, "no item"),
        (b"{", RIGHT, 400, "not JSON"),
        (b"[" * 100_000, RIGHT, 400, "not JSON"),
        (b'{"text": NaN}', RIGHT, 400, "not JSON"),
        (b'[{"text": "a"}, 1]', RIGHT, 400, "item 2: not a JSON object"),
        (b'[{"text": "a"}, {"title": " "}]', RIGHT, 400, "item 2: neither title nor text"),
        (b'{"text": "a"}\n{"text": 1}', LINES, 400, "line 2: 'text' is not a text"),
        (b'{"text": "a", "published": "yesterday"}', RIGHT, 400, "no ISO 8601 time"),
        (b'{"text": "\xff"}', RIGHT, 400, "not in UTF-8"),
        (b'{"text": "a"}', RIGHT | {"Content-Type": "text/plain"}, 415, "application/json"),
        (b"text=a", RIGHT | {"Content-Type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        (b"\x1f\x8b", RIGHT | {"Content-Encoding": "gzip"}, 415, "unpacked"),
        (b'{"text": "a"}\n' * 1001, LINES, 400, "more than 1000 items"),
        (json.dumps([{"text": "a"}] * 1001).encode(), RIGHT, 400, "more than 1000 items"),
        (b" " * (MAX_BODY + 1), RIGHT, 413, "bytes"),
    ],
)
def test_what_cannot_be_used_is_refused_whole_and_named(
    client: TestClient, desk: Desk, content: bytes, headers: dict[str, str], status: int, why: str
) -> None:
    refused(push(client, content, headers), status, why)
    assert desk.pushed == []


def test_a_body_without_a_length_is_read_no_further_than_the_cap(client: TestClient, desk: Desk) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 1024 * 1024

    refused(client.post("/api/v1/items", content=endless(), headers=RIGHT), 413, "bytes")
    assert desk.pushed == []


def asked_raw(desk: Desk, receive: Any) -> list[Message]:
    """What is answered to a request whose body comes as `receive` says."""
    said: list[Message] = []
    intake = Intake(token_digest(TOKEN), desk.push, seconds=0.05)
    app = create_app(FakeReports(), allowed_hosts=(), clock=lambda: NOW, demo=False, intake=intake)
    headers = [
        (name.lower().encode(), value.encode()) for name, value in (RIGHT | {"Host": "localhost"}).items()
    ]
    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/items", "raw_path": b"/api/v1/items",
        "root_path": "", "query_string": b"", "headers": headers, "http_version": "1.1", "scheme": "http",
        "server": ("localhost", 80), "client": ("127.0.0.1", 9),
    }  # fmt: skip

    async def send(message: Message) -> None:
        said.append(message)

    asyncio.run(app(scope, receive, send))
    return said


def test_a_body_that_does_not_arrive_in_time_is_not_waited_for(desk: Desk) -> None:
    async def never() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    assert asked_raw(desk, never)[0]["status"] == 408
    assert desk.pushed == []


def test_a_body_that_breaks_off_is_not_taken_for_whole(desk: Desk) -> None:
    parts = iter(
        [
            {"type": "http.request", "body": b'{"text": "a"}', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def broken() -> Message:
        return next(parts)

    assert asked_raw(desk, broken)[0]["status"] == 400
    assert desk.pushed == []


def test_a_ledger_that_is_gone_is_a_problem_that_passes(client: TestClient, desk: Desk) -> None:
    desk.broken = True
    answer = push(client, RUMOR)
    refused(answer, 503, "")
    assert answer.headers["retry-after"] == "5"


def test_the_description_names_the_address_its_body_and_its_token(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    operation = described["paths"]["/api/v1/items"]["post"]
    assert set(operation["requestBody"]["content"]) == {"application/json", "application/x-ndjson"}
    assert set(operation["security"][0]) <= set(described["components"]["securitySchemes"])


# --- what is stored --------------------------------------------------------------------------------


@pytest.fixture
def stored(ledger: Ledger) -> Iterator[tuple[TestClient, Ledger]]:
    ledger.feeds.declare((INTAKE,), NOW)
    keep_unpolled(ledger.feeds, NOW)
    with client_over(lambda items: take(ledger.feeds, items, NOW)) as client:
        yield client, ledger


def states(answer: Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["state"] for row in answer.json()["items"]]


def test_pushing_twice_stores_once_and_a_changed_item_is_a_revision(
    stored: tuple[TestClient, Ledger],
) -> None:
    client, ledger = stored
    assert states(push(client, [RUMOR, {"text": "no id"}])) == ["new", "new"]
    assert states(push(client, [RUMOR, {"text": "no id"}])) == ["known", "known"]
    assert states(push(client, RUMOR | {"text": "  Four people   said so. "})) == ["known"]
    answer = push(client, RUMOR | {"text": "Ford denies it."})
    assert states(answer) == ["changed"]
    assert states(push(client, RUMOR)) == ["known"]
    latest = ledger.items.latest(answer.json()["items"][0]["item_id"])
    assert latest is not None
    assert (latest.revision, latest.text, latest.outlet) == (2, "Ford denies it.", "The Wire")
    assert ledger.due(NOW).revisions == 3


def test_the_intake_feed_is_shown_and_never_due(stored: tuple[TestClient, Ledger]) -> None:
    client, ledger = stored
    push(client, RUMOR)
    (row,) = ledger.reports.feeds()
    assert (row.id, row.items) == (INTAKE.id, 1)
    assert ledger.feeds.due(NEVER - timedelta(days=1), 10) == []
    ledger.feeds.declare((INTAKE,), NOW)  # the next start
    assert ledger.feeds.due(NOW, 10) == []


def test_fresh_items_are_news_and_old_ones_history(stored: tuple[TestClient, Ledger]) -> None:
    client, ledger = stored
    given = [
        {"id": "old", "text": "Old.", "published": (NOW - timedelta(days=8)).isoformat()},
        {"id": "new", "text": "New.", "published": (NOW - timedelta(hours=1)).isoformat()},
        {"id": "undated", "text": "Undated."},
        {"id": "future", "text": "Future.", "published": "2999-01-01"},
    ]
    rows = push(client, given).json()["items"]
    assert [row["backfill"] for row in rows] == [True, False, False, False]
    undated, future = (ledger.items.latest(row["item_id"]) for row in rows[2:])
    assert undated is not None
    assert future is not None
    assert (undated.told_at, future.told_at) == (NOW, NOW)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (RUMOR | {"title": "t" * 1001}, "item 2: its title is longer than 1000 characters"),
        (RUMOR | {"text": "t" * 262_145}, "item 2: its text is longer than 262144"),
        (RUMOR | {"id": "i" * 2001}, "item 2: its id is longer"),
        (RUMOR | {"outlet": "o" * 201}, "item 2: its outlet is longer"),
        (RUMOR | {"url": "javascript:alert(1)"}, "item 2: its url is none of the web"),
        (RUMOR | {"id": "0"}, "item 2: it has the id of item 1"),
    ],
)
def test_an_item_that_is_too_much_keeps_its_neighbours_out_too(
    stored: tuple[TestClient, Ledger], item: dict[str, str], why: str
) -> None:
    client, ledger = stored
    refused(push(client, [{"id": "0", "text": "Good."}, item]), 400, why)
    assert ledger.due(NOW).revisions == 0


def test_characters_that_no_store_takes_are_dropped(stored: tuple[TestClient, Ledger]) -> None:
    client, ledger = stored
    body = b'{"id": "a\\u0000b", "title": "T\\u0000\\ud800", "text": "x\\u0007y\\nz"}'
    (row,) = push(client, body).json()["items"]
    latest = ledger.items.latest(row["item_id"])
    assert latest is not None
    assert "\x00" not in latest.title + latest.text
    assert latest.text == "xy\nz"


@pytest.mark.parametrize("token", ["short", "a token with spaces in between", "ein-Schlüssel-mit-Umlauten"])
def test_a_token_that_can_be_guessed_or_not_be_sent_stops_the_start(token: str, monkeypatch) -> None:
    monkeypatch.setenv("RUMORWATCH_INTAKE_TOKEN", token)
    with pytest.raises(SettingsError, match=r"RUMORWATCH_INTAKE_TOKEN is wrong: must be 24 to 500") as caught:
        load_settings()
    assert token not in str(caught.value)


def test_the_token_is_not_shown_with_the_settings(monkeypatch) -> None:
    monkeypatch.setenv("RUMORWATCH_INTAKE_TOKEN", TOKEN)
    assert TOKEN not in repr(load_settings())
