"""What an alert says, as text, HTML and JSON."""

from __future__ import annotations

import json
import time
import tomllib
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from service.alerts import words
from service.alerts.inert import one_line, quotation, shorten, web_link
from service.alerts.lines import since_report
from service.alerts.render import first_line, html, plain_text, view, webhook_body
from service.core.model import Alert, EventType, Kind, Reason, Role, Status, Strength
from tests.alert_examples import BASE_URL, RUMOR, XIAOMI_CONFIRMS, XIAOMI_DENIES, denial, reversal

CASES = Path(__file__).parent.parent / "cases" / "alerts"
FIRST_LINES = tomllib.loads((CASES / "first_lines.toml").read_text("utf-8"))["case"]


def alert_of(case: dict[str, Any]) -> Alert:
    kind = Kind(case.get("kind", "denial"))
    return replace(
        denial(),
        kind=kind,
        strength=Strength(case.get("strength", "flat")) if kind is Kind.DENIAL else None,
        party=case.get("party", "Xiaomi") or None,
        speaker=case.get("speaker"),
        role=Role(case.get("role", "principal")),
        claim=case.get("claim", denial().claim),
    )


@pytest.mark.parametrize("case", FIRST_LINES, ids=lambda case: case["id"])
def test_the_first_line_says_who_does_what_to_which_claim(case: dict[str, Any]) -> None:
    assert first_line(alert_of(case)) == case["line"], case["why"]


def test_a_reversal_by_the_same_party_says_now() -> None:
    assert first_line(reversal()).startswith("Xiaomi now confirms it: ")


def test_a_reversal_by_another_party_does_not_say_now() -> None:
    other = replace(reversal(), earlier=replace(XIAOMI_DENIES, party="Ford"))
    assert first_line(other).startswith("Xiaomi confirms it: ")


@pytest.mark.parametrize(("name", "alert"), [("denial", denial()), ("reversal", reversal())])
def test_the_text_is_the_golden_one(name: str, alert: Alert) -> None:
    assert plain_text(alert, BASE_URL) == (CASES / f"{name}.txt").read_text("utf-8")


def test_the_json_is_the_golden_one() -> None:
    shown = json.dumps(json.loads(webhook_body(denial(), BASE_URL)), indent=2, ensure_ascii=False)
    assert shown + "\n" == (CASES / "denial.json").read_text("utf-8")


def test_the_json_is_one_ascii_line_and_the_same_every_time() -> None:
    bodies = {webhook_body(alert, BASE_URL) for alert in (denial(), denial())}
    assert len(bodies) == 1
    assert bodies.pop().isascii()
    hostile = webhook_body(replace(denial(), claim="a\u202e\u001b\ud800\nb"), BASE_URL)
    assert hostile.isascii()
    assert not set(hostile) & set(range(32))


def test_the_json_carries_the_whole_quotation_and_people_see_its_beginning() -> None:
    long = "word " * 400
    alert = replace(denial(), evidence=replace(XIAOMI_DENIES, text=long))
    assert json.loads(webhook_body(alert, BASE_URL))["data"]["evidence"]["text"] == long
    shown = view(alert, BASE_URL).sides[0].text
    assert len(shown) <= 600
    assert shown.endswith("word…")


def test_both_quotations_stand_side_by_side_the_newest_first() -> None:
    sides = view(reversal(), BASE_URL).sides
    assert [side.text for side in sides] == [XIAOMI_CONFIRMS.text, RUMOR.text, XIAOMI_DENIES.text]
    assert [side.heading for side in sides] == [
        "What Xiaomi says",
        "What was reported",
        "What Xiaomi said before",
    ]


def test_a_report_is_not_set_beside_itself() -> None:
    alert = replace(denial(), kind=Kind.RUMOR, strength=None, party=None, evidence=RUMOR, rumor=RUMOR)
    assert [side.heading for side in view(alert, BASE_URL).sides] == ["What is reported"]


def test_a_denial_without_a_known_rumor_is_shown_alone() -> None:
    shown = view(replace(denial(), rumor=None), BASE_URL)
    assert len(shown.sides) == 1
    assert shown.timing == ""
    assert json.loads(webhook_body(replace(denial(), rumor=None), BASE_URL))["data"]["links"]["rumor"] is None


# --- inert -----------------------------------------------------------------------------------------


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


OURS = {"html", "head", "meta", "title", "body", "div", "h1", "p", "blockquote", "a"} | {
    *("table", "caption", "tr", "th", "td", "br", "span")
}
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</title><style>*{display:none}</style>",
    "{{ 7*7 }}{% raw %}",
    "' onmouseover='alert(1)",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_feed_text_becomes_a_tag_or_an_attribute(payload: str) -> None:
    said = replace(
        XIAOMI_DENIES, text=payload, title=payload, outlet=payload, url=f"https://e.example/{payload}"
    )
    position = replace(denial().positions[0], party=payload, speaker=payload)
    alert = replace(
        denial(),
        claim=payload,
        party=payload,
        speaker=payload,
        subscription=payload,
        story_id=payload,
        evidence=said,
        rumor=replace(said, item_id="it_x"),
        earlier=said,
        positions=(position,),
    )
    page = _Tags()
    page.feed(html(alert, BASE_URL))
    assert page.tags <= OURS
    assert page.attributes <= {"lang", "charset", "name", "content", "style", "href", "rel", "scope"}
    assert all(link.startswith(("https://e.example/", BASE_URL)) for link in page.links)
    assert "49" not in first_line(replace(denial(), claim="{{ 7*7 }}"))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://",
        "ftp://a/b",
        "https://a b/",
        "http://a\n/",
        "https://[::1",
        "https://a/" + "x" * 5000,
        "",
        "\u202ehttps://a/",
    ],
)
def test_a_link_that_a_browser_must_not_follow_is_left_out_everywhere(url: str) -> None:
    alert = replace(denial(), evidence=replace(XIAOMI_DENIES, url=url))
    assert web_link(url) is None
    assert view(alert, BASE_URL).sides[0].url is None
    assert json.loads(webhook_body(alert, BASE_URL))["data"]["evidence"]["url"] is None


@settings(deadline=None)
@given(st.text(max_size=400), st.integers(min_value=2, max_value=300))
def test_one_line_is_one_printable_line_within_its_limit(text: str, limit: int) -> None:
    shown = one_line(text, limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1
    assert not set(shown) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u200b\x1b\x00\x9b"
    )
    shown.encode("utf-8")


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_feed_text_can_be_rendered(text: str) -> None:
    alert = replace(
        denial(), claim=text, party=text, evidence=replace(XIAOMI_DENIES, text=text, title=text, url=text)
    )
    assert plain_text(alert, BASE_URL).encode("utf-8")
    assert html(alert, BASE_URL).encode("utf-8")
    assert json.loads(webhook_body(alert, BASE_URL))["data"]["evidence"]["text"] == text


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two three", 8, "one two…"),
        ("one two three", 7, "one…"),
        ("小米否认与福特合作", 5, "小米否认…"),
        ("a unbreakableunbreakable", 12, "a unbreakab…"),
    ],
)
def test_a_long_text_ends_at_a_word_where_it_has_words(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


def test_a_huge_quotation_costs_little() -> None:
    huge = "a" * 50_000_000
    started = time.process_time()
    assert len(quotation(huge)) == 600
    assert time.process_time() - started < 0.5


def test_a_story_with_hundreds_of_parties_shows_the_latest_and_counts_the_rest() -> None:
    old, new = denial().positions
    crowd = tuple(replace(old, party=f"Party {number}") for number in range(300))
    alert = replace(denial(), positions=(*crowd, new))
    shown = view(alert, BASE_URL)
    assert len(shown.grid) == 20
    assert shown.grid[-1].party == "Xiaomi"
    assert "- and 281 more parties, on the story's page" in plain_text(alert, BASE_URL).splitlines()
    assert "and 281 more parties" in html(alert, BASE_URL)
    assert len(json.loads(webhook_body(alert, BASE_URL))["data"]["story"]["positions"]) == 301


# --- words -----------------------------------------------------------------------------------------


def test_every_kind_role_status_and_reason_has_words() -> None:
    assert set(words.ROLES) == set(Role)
    assert set(words.STATUSES) == set(Status)
    assert set(words.REASONS) == set(Reason)
    assert all(words.stance(kind, strength) for kind, strength in product(Kind, [None, *Strength]))


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "less than a minute"),
        (1, "1 min"),
        (60, "1 h"),
        (185, "3 h 5 min"),
        (1440, "1 day"),
        (59 * 60, "2 days 11 h"),
        (-90, "1 h 30 min"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(minutes: int, said: str) -> None:
    assert words.elapsed(timedelta(minutes=minutes)) == said


def test_the_time_since_the_report_says_before_after_and_in_the_same_article() -> None:
    assert since_report(words.ENGLISH, XIAOMI_DENIES, RUMOR) == "2 days 11 h after the report"
    early = replace(XIAOMI_DENIES, told_at=RUMOR.told_at - timedelta(hours=2))
    assert since_report(words.ENGLISH, early, RUMOR) == "2 h before the report"
    assert (
        since_report(words.ENGLISH, replace(early, item_id=RUMOR.item_id), RUMOR)
        == "in the same article as the report"
    )


def test_a_doubtful_alert_says_so_first() -> None:
    doubtful = replace(denial(), doubtful=True)
    assert first_line(doubtful).startswith("Doubtful: Xiaomi denies it flatly")
    assert json.loads(webhook_body(doubtful, BASE_URL))["data"]["doubtful"] is True
    assert "doubtful" not in json.loads(webhook_body(denial(), BASE_URL))["data"]


def test_a_clock_that_ran_out_says_what_that_means() -> None:
    silent = replace(denial(), event=EventType.SILENT, reason=Reason.SILENCE, note="No reply\n24 h after")
    assert first_line(silent) == f"No reply 24 h after: {denial().claim}"[:200]
    body = json.loads(webhook_body(silent, BASE_URL))
    assert (body["type"], body["data"]["note"]) == ("story.silent", "No reply\n24 h after")
    assert "nobody has replied" in plain_text(silent, BASE_URL)
