"""A name is one name in either Chinese script: for parties, matching, watchlists and records."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from service.core.alerting import EVERYTHING, decide_alert, is_watched
from service.core.clocks import ClockBook, ClockRule, Starts, clocks_of
from service.core.matching import find_story, keys_of
from service.core.model import Claim, Kind, Reason, Role, Status
from service.core.records import Line, party_records
from service.core.stories import advance
from service.core.text import fold, name_key
from tests.builders import NOON, SURE, a_statement, an_item, an_open_story

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "two_scripts.toml").read_text("utf-8"))
SAME, OTHER = CASES["same"], CASES["other"]
IN_SCRIPTS = [pair for pair in SAME if fold(pair[0]) == fold(pair[1])]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_a_name_are_one(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_two_names_stay_two(one, other):
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_party_that_denied_in_one_script_repeats_itself_in_the_other(one, other):
    first = advance(an_open_story(), a_statement(party=one), an_item(day=1), SURE)
    again = advance(first.story, a_statement(party=other), an_item(day=2), SURE)
    assert (first.reason, again.reason) == (Reason.FIRST_DENIAL_BY_PARTY, Reason.REPEAT)
    assert decide_alert(again, EVERYTHING).alert is None


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_party_that_turns_keeps_its_place_and_its_name_in_the_grid(one, other):
    first = advance(an_open_story(), a_statement(party=one), an_item(day=1), SURE)
    turned = advance(first.story, a_statement(Kind.CONFIRMATION, other), an_item(day=2), SURE)
    assert turned.reason is Reason.REVERSAL
    assert [(p.party, p.stance) for p in turned.story.positions] == [(one, Kind.CONFIRMATION)]


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_party_denies_for_the_first_time(one, other):
    first = advance(an_open_story(), a_statement(party=one), an_item(day=1), SURE)
    step = advance(first.story, a_statement(party=other), an_item(day=2), SURE)
    assert step.reason is Reason.FIRST_DENIAL_BY_PARTY


def about(name: str) -> Claim:
    return Claim(f"{name} 辞职", (name,), ("resign",), ("董事", "职务"), lang="zh")


@pytest.mark.parametrize(("one", "other"), IN_SCRIPTS)
def test_a_claim_about_a_person_finds_its_story_in_the_other_script(one, other):
    story = an_open_story(about(one))
    assert set(keys_of(about(one))) & set(keys_of(about(other)))
    match = find_story(about(other), NOON + timedelta(days=1), [story])
    assert (match.story_id, match.sure) == (story.id, True)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_watchlist_names_a_party_in_either_script(one, other):
    statement = replace(a_statement(party=one), entities=())
    assert is_watched(statement, (other,))
    step = advance(an_open_story(), statement, an_item(day=1), SURE)
    assert decide_alert(step, replace(EVERYTHING, watchlist=(other,))).alert is not None


def test_the_records_of_a_party_are_one_in_both_scripts():
    lines = [
        Line(f"s{number}", Status.CONFIRMED, kind, Reason.REPEAT, party, Role.PRINCIPAL)
        for number in range(6)
        for kind, party in ((Kind.DENIAL, "馬化騰"), (Kind.CONFIRMATION, "马化腾"))
    ]
    lines += [Line("s9", Status.DENIED, Kind.DENIAL, Reason.REPEAT, "马化腾", Role.PRINCIPAL)]
    assert [(one.name, one.denied, one.turned) for one in party_records(lines)] == [("馬化騰", 7, 6)]


def test_a_reply_in_the_other_script_stops_the_clock_of_a_party():
    rule = ClockRule("r", "rule", "source", Starts.REPORT, countries=frozenset({"TW"}), hours=1)
    story = an_open_story(replace(about("聯發科")))
    book = ClockBook((rule,), {"聯發科": "TW"})
    assert len(clocks_of(story, book)) == 1
    answered = advance(story, a_statement(party="联发科"), an_item(day=1), SURE).story
    assert clocks_of(answered, book) == ()
