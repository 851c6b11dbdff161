"""Which claims are one story, with the reasons."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from service.core.matching import find_story, keys_of, score
from service.core.model import Claim, Match
from tests.builders import FORD_XIAOMI, NOON, an_open_story

CASES = Path(__file__).parent.parent / "cases" / "matching.toml"
PAIRS = tomllib.loads(CASES.read_text(encoding="utf-8"))["pair"]


def a_claim(parts: dict[str, list[str]]) -> Claim:
    return Claim(text="a claim", **{name: tuple(words) for name, words in parts.items()})


def outcome(match: Match) -> str:
    if match.story_id is None:
        return "apart"
    return "sure" if match.sure else "doubtful"


@pytest.mark.parametrize("pair", PAIRS, ids=lambda case: case["id"])
def test_two_claims_join_as_said(pair):
    story = an_open_story(a_claim(pair["theirs"]))
    match = find_story(a_claim(pair["ours"]), NOON + timedelta(days=pair["days"]), [story])
    assert outcome(match) == pair["join"], (pair["why"], match)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda case: case["id"])
def test_what_joins_has_a_posting_in_common(pair):
    if pair["join"] != "apart":
        assert set(keys_of(a_claim(pair["ours"]))) & set(keys_of(a_claim(pair["theirs"])))


def test_the_reasons_add_up_to_the_score():
    match = score(FORD_XIAOMI, NOON + timedelta(days=60), an_open_story())
    weights = [float(reason.split(" ", 1)[0]) for reason in match.reasons]
    assert sum(weights) == pytest.approx(match.score, abs=0.02)
    assert any("60 days apart" in reason for reason in match.reasons)


def test_a_refusal_says_what_held_apart():
    other = replace(FORD_XIAOMI, principals=("Great Wall Motor", "Xiaomi"))
    match = find_story(other, NOON, [an_open_story()])
    assert match.story_id is None
    assert any("Great Wall Motor here, Ford there" in reason for reason in match.reasons)


def test_the_nearest_of_several_is_taken():
    near = an_open_story()
    far = an_open_story(replace(FORD_XIAOMI, principals=("Ford", "BYD"), text="another"))
    assert find_story(FORD_XIAOMI, NOON, [far, near]).story_id == near.id
    assert find_story(FORD_XIAOMI, NOON, [near, far]).story_id == near.id


def test_no_candidate_opens_a_story():
    assert find_story(FORD_XIAOMI, NOON, []).story_id is None


WORDS = st.lists(st.text(min_size=1, max_size=6), max_size=6).map(tuple)


@given(WORDS, WORDS, WORDS, WORDS)
def test_any_claim_gets_keys_and_a_score(principals, relations, terms, figures):
    claim = Claim("c", principals, relations, terms, figures)
    assert len(keys_of(claim)) <= len(principals) + 8
    assert score(claim, NOON, an_open_story()) == score(claim, NOON, an_open_story())
