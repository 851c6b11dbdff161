"""Rows 41 and 42 of the matrix: no pattern of ours is slow on evil text, no text of any script is harmful."""

from __future__ import annotations

import importlib
import math
import pkgutil
import re
import time
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import service
import workers
from service.alerts.inert import one_line
from service.core.text import clean, fingerprint, fold
from service.feeds.html_text import html_to_text

LONGEST = 256 * 1024
SOON = 0.02  # seconds: whatever is done by then needs no second look
TRIES = 3  # what truly grows too fast does so each time
GROWTH = 1.3

# What an unbounded pattern is only ever given, in characters, where that is less than LONGEST.
BOUNDED = {
    "service.feeds.parse_child._ROOT_TAG": 16 * 1024,
    "service.feeds.sitemap._ROOT_TAG": 16 * 1024,
    "service.feeds.sitemap._ROOT": 16 * 1024,
    "service.feeds.discovery._ATTRIBUTE": 4000,
    "service.feeds.encodings._META": 4000,
    "service.feeds.encodings._DECLARED": 4000,
}

# Tried at one place of a text only, never searched for.
ANCHORED = frozenset(
    {
        "service.alerts.channels._ADDRESS",
        "service.core.reading.marked._FOREIGN",
        "service.core.reading.marked._MIXED",
        "service.core.reading.joining._GLUED",
        "service.core.reading.joining._UNSPACED_PERSON",
        "service.core.reading.people._DATELINE",
        "service.core.reading.setting._DATELINE",
    }
)

PIECES = (
    "a", "0", " ", "\n", "<", ">", "&", "&#", "&#x", '"', "'", "<!--", "<a ", "<a b='", "</a", "]]>", "a=",
    "a@",
    "a.", "http://", "//", "-", "中", "é", "x ", "a\n", "%", "{", "\\", "(", ";", "<item ", "<link ",
    "charset=",
    "0x", "<?xml ", "1,", "“", "\x1b[",
)  # fmt: skip


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every compiled pattern that a module of ours holds, by itself or in a collection."""
    seen: set[int] = set()
    for package in (service, workers):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." in found.name or found.name.endswith("nursery_process"):
                continue
            for name, value in vars(importlib.import_module(found.name)).items():
                for pattern in _within(value):
                    if id(pattern) not in seen:
                        seen.add(id(pattern))
                        yield f"{found.name}.{name}", pattern


def _within(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from _within(each)
    elif isinstance(value, dict):
        yield from _within(list(value.values()))


ALL = dict(patterns())


def seconds(name: str, piece: str, size: int) -> float:
    """CPU that it takes to find every match in an evil text of that size."""
    pattern = ALL[name]
    text: Any = piece * (size // len(piece)) + "!"
    if isinstance(pattern.pattern, bytes):
        text = text.encode()
    began = time.process_time()
    for _ in () if name in ANCHORED else pattern.finditer(text):
        pass
    pattern.match(text)
    pattern.fullmatch(text)
    return time.process_time() - began


def test_there_are_patterns_to_look_at() -> None:
    assert len(ALL) > 40


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_time_of_a_pattern_grows_with_the_text_and_not_faster(name: str) -> None:
    longest = BOUNDED.get(name, LONGEST)
    for piece in PIECES:
        size = 4096
        while size < longest and seconds(name, piece, size) < SOON:
            size *= 4
        if size >= longest:
            continue
        assert any(growth(name, piece, size, longest) < GROWTH for _ in range(TRIES)), (name, piece, size)


def growth(name: str, piece: str, size: int, longest: int) -> float:
    """By which power of the size the time grows. The least of three: whatever else the machine does adds."""
    larger = min(4 * size, longest)
    short, long = (min(seconds(name, piece, each) for _ in range(3)) for each in (size, larger))
    assert long < 4, (name, piece, size, long)
    return math.log2(long / short) / math.log2(larger / size)


SCRIPTS = st.text(
    st.sampled_from(
        "аеорсabcпривет中文한국日本語\u202e\u202d\u2066\u2069\u200b\u200d\ufeff\u0301\u0300\u0489\x1b\x00\x07"
        "[31m\r\n\t<>&\"'\U0001f468\U000e0001\ud800ıİßﬁ"
    ),
    max_size=80,
)


# The matrix says ten thousand: `make fuzz` tries as many.
@settings(max_examples=max(2500, settings.default.max_examples // 5))
@given(SCRIPTS)
def test_strings_of_every_kind_are_made_harmless(text: str) -> None:
    kept = clean(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Cn") and c not in "\n\t" for c in kept)
    assert clean(kept) == kept
    assert len(fold(kept)) == len(kept)
    assert fingerprint(kept, "") == fingerprint(f" {kept}\n", "")
    assert "\x1b" not in one_line(text)
    assert "\n" not in one_line(text)
    kept.encode("utf-8")


def test_ten_thousand_combining_marks_cost_no_time() -> None:
    began = time.process_time()
    text = "e" + "\u0301" * 10_000
    fold(clean(html_to_text(text)))
    fingerprint(text, text)
    assert time.process_time() - began < 0.5
