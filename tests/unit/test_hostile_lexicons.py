"""Row 41 of the matrix for what languages bring: the words of all their patterns many times over.

A document made of nothing but the words that a lexicon waits for meets every phrase, cue and gap of it at
once. Four times as much of it may take little more than four times as long.
"""

from __future__ import annotations

import math
import re
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

import service.lexicons
from service.core.model import Item
from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.lexicons import load_knowledge

FOLDER = Path(service.lexicons.__file__).parent
SMALL, LARGE = 3072, 12288
TRIES = 3  # what truly grows too fast does so each time
GROWTH = 1.3
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def patterns(value: object) -> Iterator[str]:
    """Every pattern in a lexicon's file, however deep it lies."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "patterns":
                yield from each
            else:
                yield from patterns(each)
    elif isinstance(value, list):
        for each in value:
            yield from patterns(each)


def words(pattern: str) -> str:
    """Words that the pattern waits for: of alternatives the first, a gap is none."""
    plain = re.sub(r"<[^>]*>|\[[^\]]*\]", " ", pattern)
    return " ".join(re.sub(r"\(([^|()]*)[^()]*\)", r"\1", plain).split())


@cache
def evil(lang: str) -> str:
    """All of them, without an end of a sentence, so often that it is long enough."""
    found = patterns(tomllib.loads((FOLDER / f"{lang}.toml").read_text("utf-8")))
    once = " ".join(map(words, found)) + " "
    return once * (LARGE // len(once) + 1)


@cache
def knowledge() -> Knowledge:
    return load_knowledge()


def seconds(lang: str, size: int) -> float:
    item = Item(id="i", title="", text=evil(lang)[:size], told_at=NOW, lang=lang)
    began = time.process_time()
    read_statements(item, knowledge())
    return time.process_time() - began


LANGUAGES = sorted(
    path.stem for path in FOLDER.glob("*.toml") if any(patterns(tomllib.loads(path.read_text("utf-8"))))
)


def test_there_are_languages_to_look_at() -> None:
    assert len(LANGUAGES) >= 5


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_words_of_all_patterns_cost_no_more_in_a_longer_text(lang: str) -> None:
    seconds(lang, SMALL)  # whatever is compiled at first use
    found = []
    for _ in range(TRIES):
        found.append(math.log(seconds(lang, LARGE) / seconds(lang, SMALL)) / math.log(LARGE / SMALL))
        if found[-1] < GROWTH:
            return
    raise AssertionError(f"time grows with the text to the power of {min(found):.2f}")
