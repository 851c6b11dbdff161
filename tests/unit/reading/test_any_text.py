"""Whatever the text: no exception, exact spans, the same answer twice, and time that grows with length."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from service.core.model import Item, Reading
from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.core.text import flat, fold
from service.lexicons import load_knowledge

KNOWLEDGE = load_knowledge()
TOLD_AT = datetime(2026, 2, 3, tzinfo=UTC)
WORDS = st.sampled_from(
    [
        "Ford", "Xiaomi", "the company", "denied", "did not deny", "said", "\"completely false,\"",
        "reports that", "is in talks to buy", "declined to comment", "sources", ".", "\n", "but", "and", "if",
        "?", "“", "”", "Reuters", "had denied", "in 2019", "No", "confirmed that", "BYD", ",", "a spokesman",
        "by", "\u200b", "\u202e", "北汽蓝谷",
    ]
)  # fmt: skip
NEWS_LIKE = st.lists(WORDS, max_size=60).map(" ".join)


def _read(title: str, text: str, lang: str | None = None, knowledge: Knowledge = KNOWLEDGE) -> Reading:
    return read_statements(Item("i", title, text, TOLD_AT, lang=lang), knowledge)


def _assert_exact(title: str, text: str, reading: Reading) -> None:
    fields = {"title": title, "text": text}
    for evidence in [s.evidence for s in reading.statements] + [p.evidence for p in reading.passed_over]:
        assert 0 <= evidence.start < evidence.end <= len(fields[evidence.field])
        assert fields[evidence.field][evidence.start : evidence.end] == evidence.text


@given(title=NEWS_LIKE, text=NEWS_LIKE)
def test_news_like_text_is_read_with_exact_spans_and_twice_the_same(title: str, text: str) -> None:
    reading = _read(title, text, "en")
    _assert_exact(title, text, reading)
    assert reading == _read(title, text, "en")


@given(
    title=st.text(max_size=40),
    text=st.text(max_size=400),
    lang=st.sampled_from([None, "en", "zz", "zh-CN", "", "de", "ja", "ko"]),
)
def test_any_text_is_read(title: str, text: str, lang: str | None) -> None:
    _assert_exact(title, text, _read(title, text, lang))


@given(text=st.text(max_size=200))
def test_folding_moves_no_character(text: str) -> None:
    assert len(fold(text)) == len(text) == len(flat(text))


@pytest.mark.parametrize(
    "unit",
    [
        "Ford denied that it is in talks to buy Rivian, Reuters reported. ",
        "“ Ford said ",
        "denied ",
        "Ford and ",
        "the company, it, he, ",
        '"" ',
        "not ",
        "A. B. C. ",
        "\n\n",
        "(((",
    ],
)
def test_time_grows_with_length_and_not_faster(unit: str) -> None:
    short, long = (_seconds(unit * (size // len(unit))) for size in (8_000, 48_000))
    assert long < 14 * short + 0.2


def _seconds(text: str) -> float:
    """The least of three, in seconds of this process: what else the machine does is not our growth."""

    def once() -> float:
        started = time.process_time()
        _read("", text, "en")
        return time.process_time() - started

    return min(once() for _ in range(3))


def test_what_lies_beyond_the_limit_is_not_read_and_said_to_be_so() -> None:
    text = "x " * 140_000 + "Ford denied reports of a merger."
    reading = _read("", text, "en")
    assert not reading.statements
    assert reading.unread == len(text) - 256 * 1024


def test_an_item_of_a_hundred_megabytes_is_cut_and_read_as_fast_as_the_longest() -> None:
    text = "Ford denied reports of a merger. " * 3_030_304
    started = time.process_time()
    reading = _read("", text, "en")
    assert reading.statements
    assert reading.unread == len(text) - 256 * 1024
    assert time.process_time() - started < 8


def test_an_empty_item_says_nothing() -> None:
    assert not _read("", "").statements
