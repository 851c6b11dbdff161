"""A denial that was told of one story is kept and shown in the next, and alerts nobody a second time."""

from __future__ import annotations

import pytest

from service.core.matching import find_story
from service.core.model import Claim, Kind, Reason, Role, Strength, Subscription
from service.store.ledger import Ledger
from service.tracing import why
from tests.builders import a_statement, an_item
from tests.fakes_stories import Room
from workers.why import report

DESK, HOME = Subscription("desk", channels=("hook",)), Subscription("home", channels=("hook",))
FIRM = Subscription("firm", channels=("hook",), minimum_strength=Strength.FLAT)
PLANT = Claim("Ford builds a factory for scooters in Cologne", ("Ford",), ("build_for",), ("factori",))
SCOOTER = Claim("Ford brings out a scooter", ("Ford",), ("launch",), ("scooter",))
RECALL = Claim("Ford calls back its vans", ("Ford",), ("recall",), ("van",))
WORDS = "Ford has no intention of making scooters in Cologne or anywhere."


@pytest.fixture
def room(ledger_url):
    opened = Room(Ledger.open(ledger_url), (DESK, HOME, FIRM), find=find_story)
    yield opened
    opened.ledger.close()


def report_of(room: Room, day: float, claim: Claim) -> None:
    words = f"It is said: {claim.text}."
    said = a_statement(Kind.RUMOR, "Reuters", role=Role.OUTLET, claim=claim, words=words)
    room.tell(an_item(words, day=day, item_id=f"report-{claim.terms[0]}"), said)


def denied(
    room: Room, day: float, claim: Claim, strength: Strength = Strength.FLAT, words: str = WORDS
) -> dict[str, Reason]:
    """Who was told what of a denial: subscription -> reason."""
    said = a_statement(party="Ford", claim=claim, words=words, strength=strength)
    (handled,) = room.tell(an_item(words, day=day, item_id=f"denial-{day}"), said)
    return {one.subscription: one.reason for one in handled.decisions}


FIRST, NEAR = Reason.FIRST_DENIAL_BY_PARTY, Reason.TOLD_NEARBY


def test_the_second_story_moves_and_its_denial_is_told_to_nobody_again(room):
    report_of(room, 0, PLANT)
    report_of(room, 0.5, SCOOTER)
    assert denied(room, 1, PLANT) == {"desk": FIRST, "home": FIRST, "firm": FIRST}
    assert denied(room, 2, SCOOTER) == {"desk": NEAR, "home": NEAR, "firm": NEAR}
    assert len(room.living()) == 2
    assert [room.story(one).status for one in room.living()] == ["denied", "denied"]
    assert len(room.alerts()) == 3
    (alert,) = [one for one in room.alerts() if one.subscription == "desk"]
    shown = [line.strip() for line in report(why(room.ledger.traces, "denial-2", "desk"))]
    note = f"told in {alert.story_id} as {alert.id}: it is said in the same words"
    assert any(line.startswith("decided") and note in line for line in shown)
    assert shown[-1] == "=> stopped at: decided (told_nearby)"


def test_whoever_was_not_told_the_first_time_is_told_now(room):
    report_of(room, 0, PLANT)
    report_of(room, 0.5, SCOOTER)
    assert denied(room, 1, PLANT, Strength.LIMITED)["firm"] is Reason.BELOW_THRESHOLD
    told = denied(room, 2, SCOOTER, Strength.FLAT)
    assert told == {"desk": FIRST, "home": FIRST, "firm": FIRST}  # firmer: news to all


def test_a_denial_of_another_matter_is_told(room):
    report_of(room, 0, PLANT)
    report_of(room, 0.5, RECALL)
    denied(room, 1, PLANT)
    assert denied(room, 2, RECALL) == {"desk": FIRST, "home": FIRST, "firm": FIRST}


def test_what_arrives_late_is_held_back_as_well(room):
    report_of(room, 0.5, SCOOTER)
    report_of(room, 0, PLANT)
    denied(room, 2, PLANT)
    room.deny(3, "Xiaomi", SCOOTER)  # the second story has moved on when the denial comes
    assert denied(room, 1, SCOOTER) == {"desk": NEAR, "home": NEAR, "firm": NEAR}
    assert len([one for one in room.alerts() if one.party == "Ford"]) == 3
