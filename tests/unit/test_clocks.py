"""Clocks start, stop and run out as their rules say."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from service.clocks import load_clocks, parse_rules, silence_watch
from service.core.alerting import decide_clock
from service.core.clocks import ClockBook, ClockRule, Starts, clocks_of, due_at
from service.core.model import Claim, EventType, Kind, Reason, Role, Status, Strength, Subscription
from service.core.stories import advance
from service.errors import SettingsError
from tests.builders import SURE, a_statement, an_item, an_open_story

CASES = Path(__file__).parent.parent / "cases" / "clocks.toml"
DUE = tomllib.loads(CASES.read_text(encoding="utf-8"))["due"]
COUNTRIES = {"Infosys": "IN", "Samsung": "KR", "Aviva": "GB", "Toyota": "JP", "Ford": "US"}
BOOK = load_clocks(COUNTRIES, silence_hours=24)


@pytest.mark.parametrize("case", DUE, ids=lambda case: case["id"])
def test_a_clock_runs_out_when_said(case):
    rule = ClockRule("r", "r", "a rule", Starts.REPORT, **case["rule"])
    assert due_at(rule, case["start"]) == case["due"], case["why"]


def a_story(*principals: str, relation: str = "buy"):
    return an_open_story(Claim("a claim", principals, (relation,)))


def running(story, book: ClockBook = BOOK) -> list[tuple[str, str]]:
    return [(clock.rule.id, clock.party) for clock in clocks_of(story, book)]


def said(story, kind: Kind, party: str, role: Role = Role.PRINCIPAL, strength: Strength | None = None):
    claim = story.claim
    return advance(
        story, a_statement(kind, party, role=role, strength=strength, claim=claim), an_item(day=1), SURE
    ).story


def test_a_report_starts_the_silence_watch_and_the_clocks_of_the_companies_in_it():
    assert running(a_story("Infosys", "Ford")) == [("silence", ""), ("sebi-24h", "Infosys")]
    assert running(a_story("Toyota")) == [("silence", ""), ("tse-next-business-day", "Toyota")]
    assert running(a_story("Nobody known")) == [("silence", "")]


@pytest.mark.parametrize("kind", [Kind.DENIAL, Kind.CONFIRMATION, Kind.NO_COMMENT])
def test_any_reply_ends_the_silence(kind):
    assert ("silence", "") not in running(said(a_story("Ford"), kind, "Ford"))


@pytest.mark.parametrize(
    ("kind", "role"), [(Kind.DENIAL, Role.SOURCE), (Kind.STANDS_BY, Role.OUTLET)], ids=str
)
def test_a_voice_that_cannot_know_and_the_outlet_itself_are_no_reply(kind, role):
    assert ("silence", "") in running(said(a_story("Ford"), kind, "somebody", role))


def test_a_rule_is_kept_by_a_denial_and_not_by_no_comment():
    story = a_story("Infosys")
    assert ("sebi-24h", "Infosys") in running(said(story, Kind.NO_COMMENT, "Infosys"))
    assert ("sebi-24h", "Infosys") in running(said(story, Kind.DENIAL, "Ford"))
    assert ("sebi-24h", "Infosys") not in running(said(story, Kind.DENIAL, "Infosys"))


def test_a_denial_binds_its_own_party_for_a_time():
    denied = said(a_story("Samsung"), Kind.DENIAL, "Samsung")
    (clock,) = clocks_of(denied, BOOK)
    assert (clock.rule.id, clock.party, clock.started_at) == (
        "krx-1-month",
        "Samsung",
        an_item(day=1).told_at,
    )
    assert (
        clock.note == "Samsung is free to say otherwise from now on (KRX: one month in which a denial binds)"
    )
    turned = advance(denied, a_statement(Kind.CONFIRMATION, "Samsung"), an_item(day=2), SURE).story
    assert clocks_of(turned, BOOK) == ()


@pytest.mark.parametrize(
    ("role", "strength"), [(Role.AUTHORITY, None), (Role.PRINCIPAL, Strength.NON_DENIAL)], ids=str
)
def test_what_others_say_and_what_denies_nothing_binds_nobody(role, strength):
    denied = said(a_story("Samsung"), Kind.DENIAL, "Samsung", role, strength)
    assert "krx-1-month" not in {rule for rule, _ in running(denied)}


def test_a_bid_that_is_ruled_out_is_so_for_six_months_and_other_claims_are_not():
    assert ("uk-6-months", "Aviva") in running(said(a_story("Aviva"), Kind.DENIAL, "Aviva"))
    assert running(said(a_story("Aviva", relation="resign"), Kind.DENIAL, "Aviva")) == []


def test_a_merged_story_and_a_denial_without_a_report_run_no_clock_from_a_report():
    assert clocks_of(replace(a_story("Infosys"), became="s_2"), BOOK) == ()
    assert clocks_of(replace(a_story("Infosys"), rumor=None), BOOK) == ()


def test_without_a_watch_nothing_is_silent():
    assert running(a_story("Ford"), load_clocks(COUNTRIES, silence_hours=0)) == []


def test_a_clock_tells_who_takes_its_event_and_watches_the_story():
    story = a_story("Infosys")
    silence, sebi = clocks_of(story, BOOK)
    takes = Subscription("s", takes=(EventType.SILENT,))
    decision = decide_clock(story, silence, takes)
    assert decision.reason is Reason.SILENCE
    assert decision.alert is not None
    assert (decision.alert.event, decision.alert.status) == (EventType.SILENT, Status.OPEN)
    assert decision.alert.note == "No reply 24 h after the report"
    assert decision.alert.at == silence.due_at
    assert decide_clock(story, sebi, takes).alert is None
    assert decide_clock(story, silence, Subscription("everything")).alert is None
    elsewhere = replace(takes, watchlist=("Ford",))
    assert decide_clock(story, silence, elsewhere).reason is Reason.NOT_WATCHED


def test_every_market_of_the_table_has_its_source_and_one_length():
    rules = {rule.id: rule for rule in BOOK.rules}
    assert {"IN", "KR", "GB", "JP", "HK", "TW"} == {c for rule in rules.values() for c in rule.countries}
    assert (rules["sebi-24h"].hours, rules["krx-1-month"].months, rules["uk-6-months"].months) == (24, 1, 6)
    assert all(len(rule.source) > 40 for rule in rules.values() if rule.id != "silence")
    assert silence_watch(5).hours == 5


GOOD = 'id = "a"\ntitle = "A"\nsource = "S"\nstarts = "report"\ncountries = ["IN"]\nhours = 1\n'
WRONG = {
    "an unknown key": (f"{GOOD}mood = 1\n", "a: the key 'mood' is unknown"),
    "no source": (GOOD.replace('source = "S"\n', ""), "must all be texts"),
    "another start": (GOOD.replace("report", "dawn"), "starts is report or denial"),
    "no length": (GOOD.replace("hours = 1\n", ""), "must be a number above 0"),
    "two lengths": (f"{GOOD}months = 1\n", "must be a number above 0"),
    "no country": (GOOD.replace('countries = ["IN"]\n', ""), "runs on companies of some country"),
    "a taken id": (f"{GOOD}[[clock]]\n{GOOD}", "the id 'a' is taken"),
}


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_a_wrong_entry_is_named(case):
    text, words = WRONG[case]
    with pytest.raises(SettingsError, match=words):
        parse_rules(f"[[clock]]\n{text}")
    assert len(parse_rules(f"[[clock]]\n{GOOD}")) == 1


def test_a_file_that_is_no_toml_is_said():
    with pytest.raises(SettingsError, match="not valid TOML"):
        parse_rules("[[clock")
