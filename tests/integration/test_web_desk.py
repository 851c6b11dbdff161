"""The pages of the desk besides stories: what the reader sees, and the sources with their records."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.core.model import Kind, Reason, Role, Status, Strength
from service.core.records import Line
from service.web.explain import MAX_FORM
from tests.fakes_desk import desk_client
from tests.fakes_web import FakeReports, feed
from tests.fakes_web_desk import a_full_desk
from tests.integration.test_web_inert import Skeleton

PAYLOADS = tomllib.loads(
    (Path(__file__).parents[1] / "cases" / "web" / "payloads.toml").read_text(encoding="utf-8")
)["case"]
PAGES = ["/search", "/explain", "/sources", "/sources?subject=reporter"]


@pytest.fixture
def client() -> TestClient:
    return desk_client(a_full_desk())


def records(opened: int, name: str = "Harbour Ledger") -> FakeReports:
    """A desk on which `name` opened that many rumors, all confirmed, and Ford denied them."""
    lines = []
    for number in range(opened):
        story = f"s{number}"
        told = {"story_id": story, "status": Status.CONFIRMED}
        lines.append(Line(kind=Kind.RUMOR, reason=Reason.RUMOR, outlet=name, **told))  # type: ignore[arg-type]
        lines.append(
            Line(
                story,
                Status.CONFIRMED,
                Kind.DENIAL,
                Reason.FIRST_DENIAL_BY_PARTY,
                name,
                Role.PRINCIPAL,
                None,
                Strength.FLAT,
            )
        )
    return FakeReports(
        lines=lines, feed_rows=[feed(name, "dark", reason=name, latency_p50=90, latency_p95=7)]
    )


@pytest.mark.parametrize("address", PAGES)
def test_every_page_leads_to_the_others_and_says_where_one_is(client: TestClient, address: str) -> None:
    page = client.get(address).text
    here = address.split("?")[0]
    assert f'<a href="{here}" aria-current="page">' in page
    assert page.count('aria-current="page"') == 1
    for other in ("/", "/search", "/review", "/sources", "/explain"):
        assert f'<a href="{other}"' in page
    assert client.head(address).status_code == 200


def test_the_front_page_knows_that_it_is_here(client: TestClient) -> None:
    assert '<a href="/" aria-current="page">Now</a>' in client.get("/").text


# --- explain ---------------------------------------------------------------------------------------


def explained(client: TestClient, **fields: str) -> Any:
    return client.post("/explain", data=fields)


def test_a_pasted_text_is_shown_with_what_was_read_and_what_was_not_taken(client: TestClient) -> None:
    page = explained(client, title="News", text="Ford said no.\r\nNothing else.").text
    assert "flat denial" in page
    assert "Tempting, and not taken" in page
    assert "The last 3 characters were not read" in page
    assert "earlier words" in page
    words = "".join(Skeleton(page.split('<p class="words">')[1].split("</p>")[0]).words)
    assert words == "1Ford said no.a\nNothing else."  # the marks' labels, and line ends as one character


def test_what_was_pasted_stays_in_the_form(client: TestClient) -> None:
    page = explained(client, title='A "title"', text="\nFirst line is empty").text
    assert 'value="A &#34;title&#34;"' in page
    assert "\n\nFirst line is empty</textarea>" in page


@pytest.mark.parametrize("fields", [{}, {"text": " "}, {"title": "", "text": ""}])
def test_nothing_pasted_is_said_and_not_an_error_page(client: TestClient, fields: dict[str, str]) -> None:
    answer = client.post("/explain", data=fields or {"other": "1"})
    assert answer.status_code == 400
    assert "There is nothing to read yet" in answer.text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"text=" + b"x" * MAX_FORM, "application/x-www-form-urlencoded", 413),
        (b"a=1&" * 21, "application/x-www-form-urlencoded", 400),
        (b"text=\xff", "application/x-www-form-urlencoded", 400),
        (b"text=%ff%00%ed%a0%80 Ford", "application/x-www-form-urlencoded", 200),
    ],
)
def test_what_is_no_form_is_a_page_of_trouble(
    client: TestClient, body: bytes, kind: str, status: int
) -> None:
    answer = client.post("/explain", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


# --- sources ---------------------------------------------------------------------------------------


def test_feeds_in_trouble_come_first_with_the_reason(client: TestClient) -> None:
    page = client.get("/sources").text
    assert page.index("Old Wire") < page.index("Harbour Ledger")
    assert "The server answered 503 six times" in page
    assert "1 failing" in page


def test_a_record_says_its_interval_or_that_it_is_too_small() -> None:
    small = desk_client(records(9)).get("/sources").text
    assert "too few to say: 9 of 10" in small
    assert "<svg" not in small
    large = desk_client(records(20)).get("/sources").text
    assert "100 % of 20 (84 to 100)" in large
    assert 'aria-label="100 %, between 84 and 100 %"' in large


def test_an_empty_desk_says_how_to_begin() -> None:
    page = desk_client(FakeReports()).get("/sources").text
    for words in ("No feed is watched", "Nobody of this kind", "Nobody has denied anything yet"):
        assert words in page


def test_a_wrong_subject_is_refused(client: TestClient) -> None:
    assert client.get("/sources?subject=prophet").status_code == 422


# --- search ----------------------------------------------------------------------------------------


def test_a_search_finds_stories_and_keeps_what_was_asked(client: TestClient) -> None:
    page = client.get("/search?q=長城&status=open&kind=").text
    assert "传小米计划利用长城汽车的工厂" in page
    assert "Banco Alameda" not in page
    assert 'value="長城"' in page
    assert '<option value="open" selected>' in page
    assert '<details id="filters" open>' in page


def test_a_search_says_what_is_wrong_or_that_nothing_is_there(client: TestClient) -> None:
    for address, status, words in (
        ("/search?q=!!!", 400, "There is no word in what is looked for"),
        ("/search?since=2026-02-31", 400, "2026-02-31 is no day"),
        ("/search?status=famous", 400, "none of the words"),
        ("/search?q=zeppelin", 200, "No story holds all of that"),
        ("/search?q=" + "x" * 301, 422, "q:"),
        ("/search?cursor=made-up&q=ford", 400, "cursor"),
    ):
        answer = client.get(address)
        assert (answer.status_code, words in answer.text) == (status, True), address


def test_a_search_leads_on_with_all_that_was_asked() -> None:
    desk = a_full_desk()
    desk.pages = desk.pages * 25
    page = desk_client(desk).get("/search?q=ford&status=denied&outlet=").text
    assert 'href="/search?q=ford&amp;status=denied&amp;cursor=after-20"' in page


def test_programs_search_too(client: TestClient) -> None:
    (story,) = client.get("/api/v1/search?q=banco+job&status=confirmed").json()["items"]
    assert story["claim"].startswith("Banco Alameda")
    assert client.get("/api/v1/search?q=%25").status_code == 400
    assert client.get("/api/v1/search?kind=song").status_code == 400


# --- inert -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mutable() -> FakeReports:
    return FakeReports()


@pytest.fixture(scope="module")
def one_client(mutable: FakeReports) -> TestClient:
    return desk_client(mutable)  # one for all: an app compiles its templates


def shown(client: TestClient, reports: FakeReports, text: str) -> list[Skeleton]:
    told = records(12, text)
    reports.lines, reports.feed_rows = told.lines, told.feed_rows
    return [Skeleton(client.get("/sources").text), Skeleton(explained(client, title=text, text=text).text)]


@pytest.fixture(scope="module")
def harmless(one_client: TestClient, mutable: FakeReports) -> list[Skeleton]:
    return shown(one_client, mutable, "Ford says no")


@pytest.mark.parametrize("case", PAYLOADS, ids=lambda case: case["id"])
def test_hostile_text_adds_no_element_and_no_attribute(
    case: dict[str, Any], harmless: list[Skeleton], one_client: TestClient, mutable: FakeReports
) -> None:
    for page, plain in zip(shown(one_client, mutable, case["text"]), harmless, strict=True):
        assert page.elements == plain.elements, case["why"]
        assert page.links == plain.links, case["why"]
