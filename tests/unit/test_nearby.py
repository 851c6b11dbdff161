"""What a party said in one story is no news in another that is nearly the same, and only there."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from service.core.alerting import EVERYTHING, decide_alert, told_nearby
from service.core.model import (
    Alert,
    AlertDecision,
    Claim,
    Item,
    Kind,
    Reason,
    Statement,
    Step,
    Story,
    Strength,
)
from service.core.nearby import Nearby, said_nearby, words_of
from service.core.stories import advance
from tests.builders import SURE, a_statement, an_item, an_open_story

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "nearby.toml").read_text("utf-8"))["case"]


def told(case: dict, side: str, party: str, strength: str) -> tuple[Statement, Item]:
    given, later = case[side], case["days"] if side == "then" else 0
    claim = Claim(
        f"{party}: {', '.join(given['terms'])}",
        tuple(given["principals"]),
        tuple(given["relations"]),
        tuple(given["terms"]),
        firm=len(given["principals"]),
    )
    kind = Kind(case.get("kind", "denial"))
    firm = Strength(strength) if kind is Kind.DENIAL else None
    item = "one" if case.get("one_item") else side
    said = a_statement(kind, party, claim=claim, words=given["words"], strength=firm)
    return said, an_item(given["words"], day=1 + later, item_id=item)


def steps_of(case: dict) -> tuple[Step, Step, Story]:
    """What the party says in the first story and in the second, and the first story as it stands then."""
    strengths = case.get("strengths", ["flat", "flat"])
    party = case["party"]
    statement, item = told(case, "first", party, strengths[0])
    first = advance(replace(an_open_story(statement.claim), id="s_first"), statement, item, SURE)
    stands = first.story
    if case.get("turned"):
        turned = a_statement(Kind.CONFIRMATION, party, claim=statement.claim)
        stands = advance(stands, turned, an_item(day=1.5), SURE).story
    statement, item = told(case, "then", case.get("second_party", party), strengths[1])
    second = advance(replace(an_open_story(statement.claim), id="s_then"), statement, item, SURE)
    return first, second, stands


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_what_is_near_is_told_once(case):
    first, second, stands = steps_of(case)
    told_first = decide_alert(first, EVERYTHING).alert
    new = decide_alert(second, EVERYTHING)
    assert told_first is not None
    assert new.alert is not None
    decision = told_nearby(new, said_nearby(second, [stands, second.story]), [told_first])
    if case["near"]:
        assert (decision.reason, decision.alert) == (Reason.TOLD_NEARBY, None)
        assert decision.note.startswith(f"told in s_first as {told_first.id}: ")
    else:
        assert decision == new


def near_pair() -> tuple[AlertDecision, tuple[Nearby, ...], Alert]:
    first, second, stands = steps_of(CASES[0])
    alert = decide_alert(first, EVERYTHING).alert
    assert alert is not None
    return decide_alert(second, EVERYTHING), said_nearby(second, [stands]), alert


@pytest.mark.parametrize(
    "change",
    [
        {"subscription": "somebody else"},
        {"story_id": "s_other"},
        {"kind": Kind.CONFIRMATION},
        {"party": "Xiaomi"},
        {"strength": Strength.LIMITED},
        {"doubtful": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_only_an_alert_that_said_as_much_to_the_same_subscription_counts(change):
    new, nearby, alert = near_pair()
    assert told_nearby(new, nearby, [alert]).alert is None
    assert told_nearby(new, nearby, [replace(alert, **change)]) == new


def test_a_turn_is_told_unless_the_same_turn_was():
    new, nearby, alert = near_pair()
    assert new.alert is not None
    turned = replace(new, reason=Reason.REVERSAL, alert=replace(new.alert, reason=Reason.REVERSAL))
    assert told_nearby(turned, nearby, [alert]) == turned
    assert told_nearby(turned, nearby, [replace(alert, reason=Reason.REVERSAL)]).alert is None


def test_a_story_that_was_merged_away_tells_nothing():
    _, second, stands = steps_of(CASES[0])
    assert said_nearby(second, [replace(stands, became="s_then")]) == ()


def test_names_and_formulas_are_no_words():
    assert words_of("Ford said the report is not true.", frozenset({"ford"})) == frozenset()
    assert words_of("华为回应:不造车", frozenset({"华为"})) == {"不造", "造车"}
    assert words_of("Ford builds scooters", frozenset({"ford"})) == {"build", "scoot"}
