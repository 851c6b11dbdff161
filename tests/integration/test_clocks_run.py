"""Clocks run out once, tell who takes that, and a replay says what they would have told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from service.clocks import load_clocks
from service.clocks.fire import RanOut, fire_due
from service.core.model import Claim, EventType, Kind, Subscription
from service.doorbell import Work
from service.scheduler import Timed, clocks_once
from service.store.ledger import Ledger
from tests.builders import NOON, a_statement, an_item
from tests.fakes_stories import APART, Room

TAKES = Subscription("watch", channels=("hook",), takes=(EventType.SILENT, EventType.RULE_CLOCK))
INDIAN = Claim("Infosys buys", ("Infosys",), ("buy",))
BOOK = load_clocks({"Infosys": "IN", "Samsung": "KR"}, silence_hours=24)


@pytest.fixture
def room(ledger_url):
    opened = Room(Ledger.open(ledger_url), (TAKES,), clocks=BOOK)
    yield opened
    opened.ledger.close()


def fire(room: Room, day: float) -> list[tuple[str, str]]:
    ran_out, more = fire_due(room.ledger, BOOK, room.subscriptions, day_of(day), day_of(day))
    assert not more
    return [(one.clock.rule.id, one.clock.party) for one in ran_out]


class HeardBell:
    """A bell that remembers what it was rung for."""

    def __init__(self) -> None:
        self.rung: list[Work] = []

    def ring(self, work: Work) -> None:
        self.rung.append(work)


def day_of(day: float):
    return NOON + timedelta(days=day)


def test_a_rumor_without_a_reply_is_silent_once(room):
    room.report(0, claim=INDIAN)
    assert fire(room, 0.9) == []
    assert fire(room, 1) == [("sebi-24h", "Infosys"), ("silence", "")]
    assert fire(room, 2) == []
    room.report(3, "Daily", INDIAN)
    assert fire(room, 9) == []
    assert sorted(alert.event for alert in room.alerts()) == ["story.rule_clock", "story.silent"]
    assert all(alert.evidence.item_id == "Reuters-0" for alert in room.alerts())


def test_a_reply_in_time_stops_the_clock(room):
    room.report(0, claim=INDIAN)
    room.deny(0.5, "Infosys", INDIAN)
    assert fire(room, 30) == []


def test_a_reply_that_a_person_marks_as_wrong_was_none(room):
    room.report(0, claim=INDIAN)
    room.deny(0.5, "Infosys", INDIAN)
    room.desk.wrong("Infosys-0.5")
    assert ("silence", "") in fire(room, 30)


def test_an_earlier_report_that_comes_late_starts_the_clock_earlier(room):
    room.report(1, claim=INDIAN)
    room.report(0.5, "Early", INDIAN)
    assert ("silence", "") in fire(room, 1.6)
    assert fire(room, 5) == []


def test_a_denial_binds_a_korean_company_for_a_month(room):
    korean = Claim("Samsung buys", ("Samsung",), ("buy",))
    room.report(0, claim=korean)
    room.deny(0.5, "Samsung", korean)
    assert fire(room, 27) == []
    assert fire(room, 29) == [("krx-1-month", "Samsung")]


def test_what_ran_out_before_it_was_heard_of_is_told_to_nobody(room):
    room.now = day_of(40)
    room.report(0, claim=INDIAN)
    assert fire(room, 50) == []


def test_many_are_dealt_with_in_bounded_commits(room):
    for number in range(5):
        room.report(0, f"Outlet{number}", Claim(f"claim {number}", (f"Firm {number}",)))
    seen = []
    for _ in range(3):
        ran_out, more = fire_due(room.ledger, BOOK, room.subscriptions, day_of(2), day_of(2), limit=2)
        seen.append((len(ran_out), more))
    assert seen == [(2, True), (2, True), (1, False)]


def test_the_scheduler_deals_with_them_and_rings(room):
    room.report(0, claim=APART)
    bell = HeardBell()
    found = clocks_once(room.ledger, Timed(BOOK, lambda: room.subscriptions), bell, lambda: day_of(2))
    assert [type(one) for one in found] == [RanOut]
    assert bell.rung == [Work.DELIVERIES]
    assert clocks_once(room.ledger, Timed(BOOK, lambda: room.subscriptions), bell, lambda: day_of(3)) == ()
    assert room.ledger.due(day_of(3)).deliveries == 1


def test_a_party_that_confirms_late_is_told_of_all_the_same(room):
    room.report(0, claim=INDIAN)
    fire(room, 2)
    said = replace(a_statement(Kind.CONFIRMATION, "Infosys", claim=INDIAN))
    (told,) = room.tell(an_item(day=3, item_id="yes"), said)
    assert told.decisions[0].alert is not None
