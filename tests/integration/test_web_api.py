"""The API and the probes as a program meets them: pages of a list, problems, the description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.core.model import Status
from tests.fakes_web import FakeReports, client_of
from tests.fakes_web_desk import a_full_desk

FORD = "story_5f0c2d7a91b34e68"
API = ["stories", "alerts", "feeds", "outlets", "parties"]
READS = ["/", f"/stories/{FORD}", "/readyz", *(f"/api/v1/{name}" for name in API)]


@pytest.fixture
def client() -> TestClient:
    return client_of(a_full_desk())


def test_stories_come_a_page_at_a_time_and_each_once(client: TestClient) -> None:
    seen: list[str] = []
    cursor = None
    for _ in range(10):
        address = "/api/v1/stories?limit=2" + (f"&cursor={cursor}" if cursor else "")
        body = client.get(address).json()
        seen += [story["id"] for story in body["items"]]
        cursor = body["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 6
    assert seen[0] == "story_77aa03fe5518bd20"


def test_the_front_page_leads_to_older_stories_with_its_status_kept() -> None:
    desk = a_full_desk()
    desk.pages = desk.pages * 5
    client = client_of(desk)
    page = client.get("/?status=denied").text
    assert 'rel="next"' not in page  # ten of them: all shown
    desk.pages = desk.pages * 3
    page = client.get("/?status=denied").text
    assert 'rel="next" href="/?status=denied&amp;cursor=after-20"' in page
    older = client.get("/?status=denied&cursor=after-20").text
    assert '<a href="/?status=denied">Newest</a>' in older


def test_stories_are_narrowed_by_status(client: TestClient) -> None:
    for status in Status:
        items = client.get(f"/api/v1/stories?status={status}").json()["items"]
        assert items, status
        assert {item["status"] for item in items} == {status.value}


def test_a_story_is_told_whole(client: TestClient) -> None:
    body = client.get(f"/api/v1/stories/{FORD}").json()
    assert [p["party"] for p in body["story"]["positions"]] == ["Ford", "BYD", "Xiaomi"]
    assert [row["kind"] for row in body["timeline"]] == ["rumor", "denial", "no_comment", "denial", "denial"]
    assert body["timeline"][1]["evidence"]["text"] == "This report is made up from end to end"
    assert body["alerts"][0]["deliveries"] == [
        {"channel": "newsroom-hook", "state": "delivered"},
        {"channel": "mail", "state": "pending"},
    ]


def test_alerts_come_newest_first_with_both_sides(client: TestClient) -> None:
    items = client.get("/api/v1/alerts?limit=200").json()["items"]
    times = [item["created_at"] for item in items]
    assert times == sorted(times, reverse=True)
    ford = next(item for item in items if item["party"] == "Ford")
    assert ford["rumor"]["outlet"] == "Northern Finance"
    assert ford["evidence"]["told_at"] == "2026-02-01T05:30:00+00:00"


def test_feeds_are_one_page(client: TestClient) -> None:
    body = client.get("/api/v1/feeds").json()
    assert [row["state"] for row in body["items"]] == ["ok", "ok", "failing", "waiting"]
    assert body["next"] is None


def moments_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and (key.endswith("_at") or key == "at"):
                yield inner
            else:
                yield from moments_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from moments_in(inner)


def test_every_time_is_iso_in_utc_written_as_an_offset(client: TestClient) -> None:
    found = [
        text
        for address in ("/api/v1/stories", f"/api/v1/stories/{FORD}", "/api/v1/alerts", "/api/v1/feeds")
        for text in moments_in(client.get(address).json())
    ]
    assert len(found) > 50
    for text in found:
        assert text.endswith("+00:00")
        assert datetime.fromisoformat(text).tzinfo is not None


@pytest.mark.parametrize(
    ("address", "status", "named"),
    [
        ("/api/v1/stories?limit=0", 422, "limit"),
        ("/api/v1/stories?limit=201", 422, "limit"),
        ("/api/v1/stories?limit=ten", 422, "limit"),
        ("/api/v1/stories?status=famous", 422, "status"),
        ("/api/v1/stories?cursor=", 422, "cursor"),
        ("/api/v1/stories?cursor=a%00b", 422, "cursor"),
        ("/api/v1/stories?cursor=" + "a" * 501, 422, "cursor"),
        ("/api/v1/stories?cursor=made-up", 400, "cursor"),
        ("/api/v1/alerts?limit=-1", 422, "limit"),
        ("/api/v1/outlets?subject=prophet", 422, "subject"),
        ("/api/v1/parties?limit=0", 422, "limit"),
        ("/api/v1/alerts?cursor=made-up", 400, "cursor"),
        ("/api/v1/stories/story_of_nobody", 404, "story"),
        ("/api/v1/nothing", 404, "nothing"),
    ],
)
def test_an_error_is_a_problem_that_names_what_is_wrong(
    client: TestClient, address: str, status: int, named: str
) -> None:
    answer = client.get(address)
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["status"] == answer.status_code == status
    assert named in body["detail"]


def test_the_same_errors_are_pages_for_people(client: TestClient) -> None:
    for address, status in (("/?cursor=made-up", 400), ("/?status=famous", 422)):
        answer = client.get(address)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")


# --- probes ----------------------------------------------------------------------------------------


def test_alive_is_alive_even_without_a_ledger() -> None:
    answer = client_of(FakeReports(broken=True)).get("/livez")
    assert (answer.status_code, answer.text) == (200, "ok")


def test_ready_answers_with_counts(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["counts"]["stories"] == 6


@pytest.mark.parametrize("address", READS)
def test_without_a_ledger_every_read_is_503_and_tells_no_secret(address: str) -> None:
    answer = client_of(FakeReports(broken=True)).get(address)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "ledger.example" not in answer.text
    if address == "/readyz":
        assert answer.json()["title"] == "Service Unavailable"


# --- the description -------------------------------------------------------------------------------


def description(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/openapi.json").json()
    return found


def test_the_description_names_every_route_of_the_api(client: TestClient) -> None:
    assert set(description(client)["paths"]) == {
        "/api/v1/stories",
        "/api/v1/stories/{story_id}",
        "/api/v1/alerts",
        "/api/v1/feeds",
        "/api/v1/outlets",
        "/api/v1/parties",
        "/livez",
        "/readyz",
    }


def test_every_reference_in_the_description_resolves(client: TestClient) -> None:
    described = description(client)
    references = [part.split('"')[0] for part in json.dumps(described).split('"$ref": "')[1:]]
    assert references
    for reference in references:
        place: Any = described
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_error_is_described_as_a_problem(client: TestClient) -> None:
    for path, operations in description(client)["paths"].items():
        for status, told in operations["get"]["responses"].items():
            if status != "200":
                assert list(told["content"]) == ["application/problem+json"], (path, status)
        if path.startswith("/api/"):
            assert "422" in operations["get"]["responses"]


def test_the_description_says_limits_and_times(client: TestClient) -> None:
    described = description(client)
    limit = described["paths"]["/api/v1/stories"]["get"]["parameters"][0]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 200, 50)
    assert described["components"]["schemas"]["StoryAnswer"]["properties"]["last_at"]["format"] == "date-time"


def test_no_page_of_the_framework_is_served(client: TestClient) -> None:
    for address in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(address).status_code == 404
