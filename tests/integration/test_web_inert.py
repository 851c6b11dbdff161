"""Feed text is inert: a page about hostile text has the same elements as a page about harmless text."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from service.core.model import Kind, Role, Status, Strength
from service.store.views import StoryPage
from service.web import present
from tests.fakes_web import FakeReports, Said, client_of, feed, story_page

FOLDER = Path(__file__).parents[1] / "cases" / "web"
PAYLOADS = tomllib.loads((FOLDER / "payloads.toml").read_text("utf-8"))["case"]
LINKS = tomllib.loads((FOLDER / "links.toml").read_text("utf-8"))["case"]
HARMLESS = "Ford says no"
ADDRESSES = ["/", "/stories/story_x", "/?status=denied"]


class Skeleton(HTMLParser):
    """The elements of a page with the names of their attributes, its links, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name == "href" and tag == "a"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", ()))


def told_with(text: str, url: str | None = "https://a.example/") -> FakeReports:
    """A desk on which everything that a feed or a setting can say is `text`, and every address is `url`."""
    rumor = Said(Kind.RUMOR, None, text, 9, outlet=text, url=url, title=text, before=text, after=text)
    denial = Said(
        Kind.DENIAL,
        text,
        text,
        3,
        Strength.FLAT,
        outlet=text,
        url=url,
        title="A title",
        speaker=f"{text} ",
        role=Role.EXECUTIVE,
    )
    page = story_page("story_x", text, Status.DENIED, (text, text), rumor, denial)
    return FakeReports([_all_of_it(page, text)], [feed(text, reason=text, url=url or "")])


def _all_of_it(page: StoryPage, text: str) -> StoryPage:
    # A fake's id is made of how long a title is; here the one text is longer than the other.
    rows = tuple(
        replace(row, because=(text,), joined_because=(text,), item_id="item_x") for row in page.timeline
    )
    alerts = tuple(
        replace(row, alert=replace(row.alert, subscription=text), deliveries=((text, "delivered"),))
        for row in page.alerts
    )
    return replace(page, timeline=rows, alerts=alerts)


@cache
def harmless_page(address: str) -> Skeleton:
    return Skeleton(client_of(told_with(HARMLESS)).get(address).text)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("case", PAYLOADS, ids=lambda case: case["id"])
def test_hostile_text_adds_no_element_and_no_attribute(case: dict[str, Any], address: str) -> None:
    hostile = Skeleton(client_of(told_with(case["text"])).get(address).text)
    harmless = harmless_page(address)
    assert hostile.elements == harmless.elements, case["why"]
    assert hostile.links == harmless.links, case["why"]


@pytest.mark.parametrize("case", PAYLOADS, ids=lambda case: case["id"])
def test_hostile_text_is_still_shown_as_text(case: dict[str, Any]) -> None:
    shown = Skeleton(client_of(told_with(case["text"])).get("/stories/story_x").text)
    assert str(present.inert(case["text"])) in "".join(shown.words), case["why"]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("case", PAYLOADS, ids=lambda case: case["id"])
def test_no_page_carries_a_character_that_turns_its_lines_around(case: dict[str, Any], address: str) -> None:
    page = client_of(told_with(case["text"])).get(address).text
    assert re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]", page) == []


@pytest.mark.parametrize("case", LINKS, ids=lambda case: case["id"])
def test_only_plain_web_addresses_lead_out_of_a_story(case: dict[str, Any]) -> None:
    answer = client_of(told_with(HARMLESS, case["url"])).get("/stories/story_x")
    assert answer.status_code == 200
    outside = {link for link in Skeleton(answer.text).links if not link.startswith(("/", "#"))}
    assert outside == ({case["url"]} if case["follow"] else set()), case["why"]


def test_text_that_no_answer_can_carry_does_not_break_a_page() -> None:
    client = client_of(told_with("half a \ud83d character"))
    for address in ADDRESSES:
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("case", PAYLOADS, ids=lambda case: case["id"])
def test_the_api_gives_the_text_as_it_was(case: dict[str, Any]) -> None:
    answer = client_of(told_with(case["text"])).get("/api/v1/stories/story_x")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["story"]["claim"] == case["text"]


def test_a_very_long_word_and_a_very_long_claim_are_shown() -> None:
    client = client_of(told_with("x" * 20_000))
    for address in ADDRESSES:
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("part", ["<b>x</b>", "\u202ex", '"><img src=x>'])
def test_what_a_visitor_sends_is_not_repeated(part: str) -> None:
    client = client_of(told_with(HARMLESS))
    for address in ("/nothing/", "/stories/"):
        assert part not in client.get(address + part).text
    for parameter in ("status", "cursor"):
        assert part not in client.get("/", params={parameter: part}).text
