"""The page of joins and refusals shows what the matcher still does."""

from __future__ import annotations

import re

import pytest

from benchmarks.joins import PAGE, SHOWN, judged, page, pairs
from service.lexicons import load_knowledge

TEXT = PAGE.read_text(encoding="utf-8")
JOINED, APART, WRONG = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:4]


@pytest.fixture(scope="module")
def shown():
    knowledge = load_knowledge()
    return [judged(pair, knowledge) for pair in pairs()]


def ids(section: str) -> list[str]:
    return re.findall(r"^\*\*(.+)\*\* \(", section, flags=re.MULTILINE)


def test_ten_of_each_are_shown_each_with_a_reason():
    for section in (JOINED, APART):
        assert len(ids(section)) == len(set(ids(section))) == SHOWN
        parts = section.split("\n**")[1:]
        assert all(re.search(r"^  - \S", part, flags=re.MULTILINE) for part in parts)


def test_what_is_shown_is_what_the_matcher_does(shown):
    joins = {one.pair.one.id for one in shown if one.joins and one.pair.same}
    refusals = {f"{one.pair.one.id} and {one.pair.other.id}" for one in shown if not one.joins}
    assert set(ids(JOINED)) <= joins
    assert set(ids(APART)) <= refusals


def test_no_two_events_are_confused_and_all_that_is_missed_is_told(shown):
    assert [one.pair for one in shown if one.joins and not one.pair.same] == []
    missed = {one.pair.one.id for one in shown if one.pair.same and not one.joins}
    assert missed <= set(re.findall(r"missed: (\S+)", WRONG))


def test_the_page_is_written_alike_twice(shown):
    assert page(shown) == page(shown)
    assert page(shown).startswith("# Ten joins and ten refusals\n")
