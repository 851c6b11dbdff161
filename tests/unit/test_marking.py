"""Texts cut into runs at their marks: no word is lost, and marks open and close where they should."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from service.core.marking import TextMark, runs

WORDS = "one two three"


def brackets(text: str, *marks: tuple[str, int, int]) -> str:
    """The text with each mark in brackets, as `explain` writes it."""
    said = ""
    for run in runs(text, [TextMark(*mark) for mark in marks]):
        said += "".join(f"[{m} " for m in run.opens) + run.text + "".join(f" {m}]" for m in run.closes)
    return said


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ((), "one two three"),
        ((("1", 4, 7),), "one [1 two 1] three"),
        ((("1", 0, 13),), "[1 one two three 1]"),
        ((("1", 0, 3), ("2", 3, 7)), "[1 one 1][2  two 2] three"),
        ((("2", 4, 7), ("1", 0, 13)), "[1 one [2 two 2] three 1]"),
        ((("1", 4, 7), ("2", 4, 13)), "one [2 [1 two 1] three 2]"),
        ((("1", 0, 7), ("2", 4, 13)), "[1 one [2 two 1] three 2]"),
        ((("1", 5, 5), ("2", -4, 3), ("3", 8, 99)), "[2 one 2] two [3 three 3]"),
    ],
)
def test_marks_open_and_close_around_their_words(marks: tuple[tuple[str, int, int], ...], said: str) -> None:
    assert brackets(WORDS, *marks) == said


def test_a_run_names_what_lies_on_it_the_widest_first() -> None:
    found = runs(WORDS, [TextMark("b", 4, 7), TextMark("a", 0, 13)])
    assert [run.labels for run in found] == [("a",), ("a", "b"), ("a",)]


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40)), max_size=8))
def test_no_character_is_lost_and_every_mark_is_closed(text: str, spans: list[tuple[int, int]]) -> None:
    found = runs(text, [TextMark(str(n), start, end) for n, (start, end) in enumerate(spans)])
    assert "".join(run.text for run in found) == text
    assert sorted(m for run in found for m in run.opens) == sorted(m for run in found for m in run.closes)
