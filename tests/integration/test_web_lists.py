"""Items, deliveries, filters, readings and validators of the API, over a real ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from service.lexicons import load_knowledge
from service.store.ledger import Ledger
from service.web.app import create_app
from service.web.parts import DeskParts
from service.web.reader import MAX_TEXT
from tests.fakes_store import an_item, tell, told_with_alert
from tests.fakes_web import NOW
from tests.fakes_web_deliveries import delivery_desk
from workers.desk_decisions import Deciding
from workers.desk_parts import curation_of, reader

DENIAL = "Ford denied the report that it is in talks with Xiaomi on a joint venture."


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def parts_of_reading() -> DeskParts:
    knowledge = load_knowledge()
    return DeskParts(None, reader(knowledge), None, knowledge.names.canonical)  # type: ignore[arg-type]


@pytest.fixture
def client(ledger: Ledger, parts_of_reading: DeskParts) -> TestClient:
    deciding = curation_of(Deciding(ledger, tuple, lambda: None, lambda: NOW))
    desk = DeskParts(ledger.lists, parts_of_reading.reader, deciding, parts_of_reading.canonical)
    app = create_app(
        ledger.reports,
        allowed_hosts=[],
        clock=lambda: NOW,
        demo=False,
        desk=desk,
        deliveries=delivery_desk(ledger),
    )
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


# --- lists -----------------------------------------------------------------------------------------


def test_an_item_is_found_by_its_id_even_where_it_is_an_address(client: TestClient, ledger: Ledger) -> None:
    tell(ledger, "s1", an_item("https://wire.example/a/1"))
    (listed,) = client.get("/api/v1/items").json()["items"]
    assert listed["state"] == "done"
    whole = client.get("/api/v1/items/https://wire.example/a/1").json()
    assert whole["item"] == listed
    assert whole["statements"][0]["story_id"] == "s1"
    assert whole["statements"][0]["claim"] == "Ford builds with Xiaomi"


@pytest.mark.parametrize("odd", ["nobody", "%00", "a%0ab", "x" * 501])
def test_what_is_no_item_is_404(client: TestClient, odd: str) -> None:
    answer = client.get(f"/api/v1/items/{odd}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_deliveries_are_narrowed_and_turned_over(client: TestClient, ledger: Ledger) -> None:
    for number in range(3):
        told_with_alert(ledger, f"alert_{number}", an_item(f"i{number}", number), ["hook", "mail"])
    first = client.get("/api/v1/deliveries?limit=4").json()
    rest = client.get(f"/api/v1/deliveries?limit=4&cursor={first['next']}").json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (4, 2, None)
    hooks = client.get("/api/v1/deliveries?channel=hook&state=pending").json()["items"]
    assert [row["channel"] for row in hooks] == ["hook"] * 3
    assert client.get("/api/v1/deliveries?state=lost").status_code == 422


def test_stories_about_a_company_are_found_by_any_of_its_names(client: TestClient, ledger: Ledger) -> None:
    tell(ledger, "s1", an_item("a"), keys=("n:ford",))
    for name, found in (("Ford", 1), ("福特", 1), ("Xiaomi", 0)):
        assert len(client.get("/api/v1/stories", params={"about": name}).json()["items"]) == found, name
    assert client.get("/api/v1/stories?since=2026-03-01&until=2026-03-02").json()["items"]
    assert not client.get("/api/v1/stories?until=2020-01-01").json()["items"]
    assert client.get("/api/v1/stories?since=soon").status_code == 422


# --- validators ------------------------------------------------------------------------------------


def test_who_has_an_answer_already_is_told_so(client: TestClient, ledger: Ledger) -> None:
    tell(ledger, "s1", an_item("a"))
    first = client.get("/api/v1/stories")
    tag = first.headers["etag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get("/api/v1/stories", headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), given
        assert again.headers["content-security-policy"]
    tell(ledger, "s2", an_item("b", 5))
    changed = client.get("/api/v1/stories", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


@pytest.mark.parametrize("address", ["/", "/livez", "/api/v1/nothing", "/api/v1/stories?limit=0"])
def test_pages_and_problems_carry_no_tag(client: TestClient, address: str) -> None:
    answer = client.get(address, headers={"If-None-Match": "*"})
    assert answer.status_code != 304
    assert "etag" not in answer.headers


# --- what the reader sees --------------------------------------------------------------------------


def test_a_text_is_read_in_the_words_of_the_command(client: TestClient, ledger: Ledger) -> None:
    answer = client.post("/api/v1/read", json={"id": "n1", "title": "T", "text": DENIAL})
    body = answer.json()
    assert list(body) == ["id", "lang", "statements"]
    (said,) = [one for one in body["statements"] if one["kind"] == "denial"]
    assert list(said) == [
        "kind", "party", "speaker", "role", "strength", "claim", "entities", "fresh", "confidence",
        "evidence", "because",
    ]  # fmt: skip
    assert (said["party"], said["strength"]) == ("Ford", "flat")
    evidence = said["evidence"]
    assert DENIAL[evidence["start"] : evidence["end"]] == evidence["text"]
    assert not ledger.lists.items().items


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b"{not", "application/json", 400),
        (b'{"text": NaN}', "application/json", 400),
        (b'{"text": 7}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (json.dumps({"text": "x" * MAX_TEXT}).encode(), "application/json", 413),
        (b'{"text": "Ford denied it."}', "text/plain", 415),
        (b"text=Ford", "application/x-www-form-urlencoded", 415),
        (b'{"text": "Ford denied it."}', "application/json; charset=utf-8", 200),
    ],
)
def test_what_cannot_be_read_is_a_problem(client: TestClient, body: bytes, kind: str, status: int) -> None:
    answer = client.post("/api/v1/read", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].endswith(".")


def test_no_address_is_answered_in_two_places(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    answered = [
        (method, str(context.path))
        for context in iter_route_contexts(app.routes)
        for method in getattr(context, "methods", None) or ()
    ]
    assert len(answered) > 20
    assert [one for one in answered if answered.count(one) > 1] == []


def test_every_new_address_is_described(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()["paths"]
    assert {"/api/v1/items", "/api/v1/items/{item_id}", "/api/v1/deliveries", "/api/v1/read"} <= set(
        described
    )
