"""One event told in two languages is one story; two events about the same companies are two."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from service.core.matching import find_story
from service.core.model import Item, Match, Story
from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.core.stories import open_story
from service.lexicons import load_knowledge
from tests.builders import NOON

CASES = Path(__file__).parent.parent / "cases"
# The pairs that are known to be missed. May only become fewer.
MISSED = {
    "pairs_held": {"tsmc-mediatek/price"},
    "pairs_tuned": {"nissan-foxconn/plant", "bayern-leverkusen/merck-bid"},
}


@cache
def knowledge() -> Knowledge:
    return load_knowledge()


@cache
def stories_of(lang: str, title: str, text: str) -> tuple[Story, ...]:
    """What the item alone would open, one story a claim."""
    item = Item(title, title, text, NOON, lang=lang)
    steps = [
        open_story(statement, item, Match(None, 0.0, True, ()))
        for statement in read_statements(item, knowledge()).statements
    ]
    by_claim = {step.story.claim: step.story for step in reversed(steps) if step is not None}
    return tuple(reversed(by_claim.values()))


def joined(one: dict[str, str], other: dict[str, str]) -> list[Match]:
    """The sure joins of the second telling's claims to the first's stories, a day later."""
    first, second = stories_of(**one), stories_of(**other)
    matches = [find_story(story.claim, NOON + timedelta(days=1), first) for story in second]
    return [match for match in matches if match.story_id and match.sure]


def tellings(event: dict[str, str], lang: str) -> tuple[dict[str, str], dict[str, str]]:
    return (
        {"lang": "en", "title": event["en_title"], "text": event["en"]},
        {"lang": lang, "title": event["title"], "text": event["text"]},
    )


def cases(name: str) -> list[dict]:
    return tomllib.loads((CASES / f"{name}.toml").read_text(encoding="utf-8"))["set"]


def missed(name: str) -> list[str]:
    """The events whose two tellings do not join."""
    return [
        f"{case['id']}/{event['id']}"
        for case in cases(name)
        for event in case["event"]
        if not joined(*tellings(event, case["lang"]))
    ]


def confused(name: str) -> list[str]:
    """The tellings of two events that join."""
    found = []
    for case in cases(name):
        one, two = (tellings(event, case["lang"]) for event in case["event"])
        found += [f"{case['id']} {a['lang']}-{b['lang']}" for a, b in product(one, two) if joined(a, b)]
    return found


@pytest.mark.parametrize("name", MISSED)
def test_one_event_in_two_languages_is_one_story(name):
    assert set(missed(name)) <= MISSED[name]


@pytest.mark.parametrize("name", MISSED)
def test_two_events_about_the_same_companies_are_two_stories(name):
    assert confused(name) == []


@pytest.mark.parametrize("name", MISSED)
def test_there_are_twenty_pairs_and_four_refusals_a_set(name):
    assert sum(len(case["event"]) for case in cases(name)) == 20
