"""Who said it first, and how many really said it."""

from __future__ import annotations

import random
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from service.core.origins import Report, are_copies, origin_of, outlet_key, sketch
from tests.builders import NOON

CASES = Path(__file__).parent.parent / "cases" / "origins.toml"
ORIGINS = tomllib.loads(CASES.read_text(encoding="utf-8"))["case"]


def a_text(name: str, words: int = 120) -> str:
    """A text of its own for each first letter; a digit behind it changes three words."""
    chance = random.Random(name[0])
    text = [f"w{chance.randrange(5000)}" for _ in range(words)]
    for place in range(3 if name[1:] else 0):
        text[random.Random(name + str(place)).randrange(words)] = "changed"
    return " ".join(text)


def a_report(number: int, line: str) -> Report:
    day, outlet, credited, text = (part.strip() for part in line.split("|"))
    named = [None if name == "-" else name for name in (outlet, credited)]
    return Report(f"i{number}", NOON + timedelta(days=float(day)), named[0], named[1], sketch(a_text(text)))


@pytest.mark.parametrize("case", ORIGINS, ids=lambda case: case["id"])
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned round"])
def test_an_origin_is_found_as_said(case, turned):
    reports = [a_report(number, line) for number, line in enumerate(case["reports"])]
    origin = origin_of(reversed(reports) if turned else reports)
    seen = (origin.outlet or "-", origin.named_by, origin.independent)
    assert seen == (case["origin"], case["named_by"], case["independent"]), case["why"]
    assert origin.reports == len(reports)


def test_copies_are_near_and_other_texts_are_far():
    assert are_copies(sketch(a_text("a")), sketch(a_text("a1")))
    assert not are_copies(sketch(a_text("a")), sketch(a_text("b")))


def test_a_copy_with_a_line_of_its_own_before_and_after_is_a_copy():
    text = a_text("a", 300)
    assert are_copies(sketch(text), sketch(f"By our own desk today. {text} All rights are reserved by us."))


def test_texts_without_spaces_are_sketched_by_characters():
    text = "小米汽车回应与福特合资传闻称该报道完全不实公司没有任何相关计划请大家不要传播"
    assert are_copies(sketch(text * 3), sketch(f"{text * 3}。"))
    assert not are_copies(sketch(text), sketch(text[::-1]))


def test_a_text_of_a_few_words_is_no_copy_of_anything():
    assert sketch("Ford denies it.") is None
    assert not are_copies(None, None)


def test_half_a_text_is_no_copy_of_the_whole():
    text = a_text("a", 400)
    assert not are_copies(sketch(text), sketch(text[: len(text) // 2] + a_text("b", 200)))


@given(st.text(max_size=400))
def test_any_text_has_a_sketch_that_a_database_can_hold(text):
    found = sketch(text)
    assert found is None or -(2**63) <= found < 2**63
    assert found == sketch(text)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("www.Reuters.com", "reuters"),
        ("Reuters", "reuters"),
        ("bbc.co.uk", "bbc"),
        ("The Wire", "thewire"),
        (None, ""),
    ],
)
def test_an_outlet_is_compared_by_its_name(name, key):
    assert outlet_key(name) == key


def test_a_rumor_without_a_report_has_no_origin():
    assert origin_of([]).outlet is None
    assert origin_of([]).independent == 0
