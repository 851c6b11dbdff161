"""What a person reads: links, clocks, verdicts, marked quotations."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from service.core.model import (
    DeliveryState,
    EventType,
    Evidence,
    Kind,
    Position,
    Reason,
    Role,
    Status,
    Strength,
)
from service.web import present, words
from tests.fakes_web import NOW, Said, position, quotation, timeline_row

CASES_FOLDER = Path(__file__).parents[1] / "cases" / "web"
LINKS = tomllib.loads((CASES_FOLDER / "links.toml").read_text("utf-8"))["case"]
DENIED = Said(Kind.DENIAL, "Ford", "made up", 3, Strength.FLAT)


@pytest.mark.parametrize("case", LINKS, ids=lambda case: case["id"])
def test_only_plain_web_addresses_become_links(case: dict[str, Any]) -> None:
    assert present.web_link(case["url"]) == (case["url"] if case["follow"] else None), case["why"]


def test_an_endless_address_is_no_link() -> None:
    assert present.web_link("https://a.example/" + "a" * 2000) is None


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (125, "2 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (86400 * 2 + 3600 * 11, "2 d 11 h"),
        (86400 * 2 + 60, "2 d"),
        (86400 * 45, "1 mo 15 d"),
        (86400 * (365 * 5 + 70), "5 y 2 mo"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: int, shown: str) -> None:
    assert present.elapsed(timedelta(seconds=seconds)) == shown


def test_what_is_still_to_come_happened_just_now() -> None:
    assert present.ago(NOW + timedelta(days=2), NOW) == "just now"
    assert present.ago(NOW - timedelta(minutes=2), NOW) == "2 min ago"


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["Ford"], "Ford"),
        (["Ford", "Xiaomi"], "Ford and Xiaomi"),
        (["Ford", "Xiaomi", "BYD"], "Ford, Xiaomi and BYD"),
        (["a", "b", "c", "d", "e", "f"], "a, b, c and 3 others"),
    ],
)
def test_names_are_listed_as_a_person_lists_them(names: list[str], shown: str) -> None:
    assert present.listed(names) == shown


def said(party: str, kind: Kind, strength: Strength | None = None, role: Role = Role.PRINCIPAL) -> Position:
    return position(Said(kind, party, "words", 1, strength, role=role))


@pytest.mark.parametrize(
    ("positions", "sentence"),
    [
        ([], "Nobody has denied or confirmed it."),
        ([said("Ford", Kind.DENIAL, Strength.FLAT)], "Ford denies it."),
        (
            [said("Ford", Kind.DENIAL, Strength.FLAT), said("Xiaomi", Kind.DENIAL, Strength.FLAT)],
            "Ford and Xiaomi deny it.",
        ),
        ([said("BAIC", Kind.DENIAL, Strength.NOT_AWARE)], "BAIC says it knows nothing of it."),
        (
            [said("BYD", Kind.NO_COMMENT), said("Ford", Kind.DENIAL, Strength.LIMITED)],
            "Ford denies part of it; BYD does not comment.",
        ),
        (
            [said("Ford", Kind.DENIAL, Strength.FLAT), said("Xiaomi", Kind.CONFIRMATION)],
            "Ford denies it; Xiaomi confirms it.",
        ),
        ([said("Ford", Kind.DENIAL, Strength.NON_DENIAL)], "Ford plays it down without denying it."),
        (
            [said("Ford", Kind.DENIAL, Strength.FLAT, Role.SOURCE)],
            "An unnamed source for Ford said words that settle nothing.",
        ),
    ],
)
def test_a_verdict_says_where_the_parties_stand(positions: list[Position], sentence: str) -> None:
    assert present.verdict(positions) == sentence


def test_a_report_is_told_as_its_outlets_and_not_as_the_whisperers() -> None:
    assert present.subject(Kind.RUMOR, "Ford", None, Role.SOURCE, "Courier") == "Courier"
    assert present.subject(Kind.RUMOR, None, None, Role.SOURCE, "Courier") == "Courier"
    assert present.subject(Kind.DENIAL, "Ford", None, Role.PRINCIPAL, "Courier") == "Ford"
    assert present.subject(Kind.DENIAL, "Ford", None, Role.SOURCE, "Courier") == "An unnamed source for Ford"


def test_evidence_in_the_title_is_marked_within_the_title() -> None:
    row = timeline_row(Said(Kind.DENIAL, "Ford", "made up", 1, title="Ford: it is made up, all of it"))
    assert present.quoted(row) == present.Marked("Ford: it is ", "made up", ", all of it")


def test_evidence_in_the_text_is_marked_within_the_words_around_it() -> None:
    row = timeline_row(Said(Kind.DENIAL, "Ford", "made up", 1, before="It is ", after="."))
    assert present.quoted(row) == present.Marked("It is ", "made up", ".")


def test_a_title_that_no_longer_fits_its_evidence_marks_the_evidence_alone() -> None:
    row = timeline_row(Said(Kind.DENIAL, "Ford", "made up", 1))
    row = replace(row, item_title="Another title", evidence=Evidence("title", 3, 10, "made up"))
    assert present.quoted(row) == present.Marked("", "made up", "")


def test_the_time_after_the_report_is_told_only_where_there_is_one() -> None:
    rumor = quotation(Said(Kind.RUMOR, None, "in talks", 5))
    assert present.after_report(DENIED.at, "item_2", rumor) == "2 h after the report"
    assert present.after_report(DENIED.at, rumor.item_id, rumor) == "in the same article as the report"
    assert present.after_report(DENIED.at, "item_2", None) == ""
    assert present.after_report(DENIED.at - timedelta(days=9), "item_2", rumor) == ""


def test_inert_text_keeps_letters_and_harmless_marks_of_every_script() -> None:
    kept = "传小米 שלום\u200f العربية\u061c e\u0301 👩\u200d💻\nnew line\ttab"
    assert present.inert(kept) == kept


def test_inert_text_loses_what_turns_the_line_around_or_cannot_be_sent() -> None:
    assert present.inert("a\u202eb\u2066c\x00d\x1be\ud800f\u2028g") == "abcdefg"


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (words.STATUS, Status),
        (words.STANCE, Kind),
        (words.DENIAL, Strength),
        (words.EVENT, EventType),
        (words.DELIVERY, DeliveryState),
    ],
    ids=["status", "stance", "denial", "event", "delivery"],
)
def test_every_word_of_the_model_has_a_word_for_people(table: dict[Any, str], members: type[Enum]) -> None:
    assert set(table) == set(members)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_sentence(reason: Reason) -> None:
    sentence = present.why(reason)
    assert sentence[0].isupper()
    assert sentence.endswith(".")


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.RUMOR])
def test_every_stance_is_told_in_a_verdict(kind: Kind) -> None:
    strength = Strength.FLAT if kind is Kind.DENIAL else None
    assert present.verdict([said("Ford", kind, strength)]).startswith("Ford ")
