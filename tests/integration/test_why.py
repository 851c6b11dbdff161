"""Why somebody was told or was not: each stage that can stop an alert stops one here, and is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from service.clocks import load_clocks
from service.clocks.fire import fire_due
from service.core.history import FeedEvent, FeedNotice
from service.core.hushes import HushAct
from service.core.model import Attempt, EventType, Kind, Strength, Subscription
from service.errors import InputError
from service.store.ledger import Ledger
from service.tracing import End, why
from tests.builders import NOON, a_statement, an_item
from tests.fakes_store import a_feed, a_plan
from tests.fakes_stories import APART, NEARLY, Room
from workers.hushing import Asked, quiet
from workers.why import report

DESK = Subscription("desk", channels=("hook",))
FIRM = Subscription("firm", minimum_strength=Strength.FLAT, channels=("hook",))
NOKIA = Subscription("nokia", watchlist=("Nokia",), channels=("hook",))
ALL = (DESK, FIRM, NOKIA)


@pytest.fixture
def room(ledger_url):
    opened = Room(Ledger.open(ledger_url), ALL)
    yield opened
    opened.ledger.close()


def ends(room: Room, asked: str, subscription: str | None = None) -> dict[str, tuple[str | None, str]]:
    """Subscription -> (stopped by, reason), of the last thing that is told of."""
    chapters = why(room.ledger.traces, asked, subscription).chapters
    return {end.subscription: (end.stopped_by, end.reason) for end in last_ends(chapters)}


def last_ends(chapters) -> tuple[End, ...]:
    return [chapter.ends for chapter in chapters if chapter.ends][-1]


def test_of_one_denial_each_subscription_has_its_own_reason(room):
    room.report(0)
    room.deny(1, strength=Strength.LIMITED)
    expected = {
        "desk": ("sent", "first_denial_by_party"),
        "firm": ("decided", "below_threshold"),
        "nokia": ("decided", "not_watched"),
    }
    assert ends(room, "Ford-1") == expected
    assert ends(room, room.living()[0]) == expected
    assert ends(room, "Ford-1", "firm") == {"firm": expected["firm"]}
    assert ends(room, room.alerts()[0].id) == {"desk": expected["desk"]}


def test_a_delivery_that_arrived_ends_it_and_every_attempt_is_told(room):
    room.report(0)
    room.deny(1)
    work = room.ledger.deliveries.claim(room.now, 30)
    failed = Attempt(1, NOON, False, 503, "come back later", 0.1)
    room.ledger.deliveries.finish(work, failed, NOON)
    work = room.ledger.deliveries.claim(NOON, 30)
    room.ledger.deliveries.finish(work, Attempt(2, NOON, True, 200, "thanks", 0.1), None)
    told = {
        one.alert.subscription
        for one in room.ledger.reports.alerts().items
        if one.deliveries[0][1] == "delivered"
    }
    (name,) = told
    assert ends(room, "Ford-1")[name] == (None, "first_denial_by_party")
    lines = [line.strip() for line in report(why(room.ledger.traces, "Ford-1", name))]
    assert any("hook, try 1: failed 503 come back later" in line for line in lines)
    assert any("hook, try 2: taken 200 thanks" in line for line in lines)
    assert lines[-1] == "=> told (first_denial_by_party)"


def test_what_is_one_reason_for_everybody_is_said_once(room):
    room.report(0)
    room.deny(1)
    room.deny(2)
    assert ends(room, "Ford-2") == {"every subscription": ("moved", "repeat")}
    assert ends(room, "Reuters-0") == {"every subscription": ("decided", "rumor")}
    assert ends(room, "Ford-2", "desk") == {"desk": ("moved", "repeat")}


def test_a_backfill_a_doubt_a_mute_and_a_stray_stop_at_their_stage(room):
    room.report(0)
    said = a_statement(Kind.DENIAL, "Ford", words="Ford denies it.")
    room.tell(replace(an_item("Ford denies it.", day=0.5, item_id="old"), backfill=True), said)
    assert ends(room, "old")["desk"] == ("stored", "backfill")
    room.deny(1, "Ford", NEARLY)
    assert ends(room, "Ford-1") == {"every subscription": ("matched", "doubtful_join")}
    quiet(room.ledger, Asked(HushAct.MUTE, room.living()[0], why="enough"), "Ada", room.now)
    room.deny(2, "Xiaomi")
    assert ends(room, "Xiaomi-2")["desk"] == ("quieted", "muted")
    assert any("muted by Ada" in line for line in report(why(room.ledger.traces, "Xiaomi-2", "desk")))
    room.deny(3, "Nokia", APART, kind=Kind.NO_COMMENT)
    chapters = why(room.ledger.traces, "Nokia-3").chapters
    assert [chapter.stopped_by for chapter in chapters] == [None, "matched"]


def test_what_was_told_as_doubtful_stays_told_when_a_person_joins_it(room):
    room.subscriptions = (replace(DESK, doubtful=True), FIRM)
    room.report(0)
    room.deny(1, "Ford", NEARLY)
    assert ends(room, "Ford-1") == {"desk": ("sent", "first_denial_by_party")}
    room.desk.join(room.questions()[0])
    assert ends(room, "Ford-1") == {
        "desk": ("sent", "first_denial_by_party"),
        "firm": ("sent", "first_denial_by_party"),
    }


def test_an_item_that_says_nothing_stops_at_reading_and_says_so(room):
    room.tell(an_item("Nothing.", day=1, item_id="dull"))
    (chapter,) = why(room.ledger.traces, "dull").chapters
    assert chapter.stopped_by == "read"
    assert [line.text for line in chapter.lines if line.stage == "read"] == ["as en: 0 statements"]


def test_an_item_that_waits_or_is_set_aside_says_why(room):
    room.ledger.items.add([(an_item(day=1, item_id="waits"), "f")])
    (chapter,) = why(room.ledger.traces, "waits").chapters
    assert chapter.lines[-1].text == "not yet: it waits"
    for _ in range(2):
        work = room.ledger.items.claim(NOON + timedelta(days=9), 30)
        room.ledger.items.fail(work, "ValueError: a bug", NOON, 0)
    (chapter,) = why(room.ledger.traces, "waits").chapters
    assert (chapter.stopped_by, chapter.lines[-1].text) == ("read", "set aside: ValueError: a bug")


def test_a_subscription_that_came_later_was_not_there(room):
    room.report(0)
    room.deny(1)
    assert ends(room, "Ford-1", "newcomer") == {"newcomer": ("decided", "not_there")}


def test_the_reason_is_the_one_of_that_day_not_of_today(room):
    room.report(0)
    room.deny(1, strength=Strength.LIMITED)
    room.subscriptions = (replace(FIRM, minimum_strength=Strength.NOT_AWARE),)
    assert ends(room, "Ford-1", "firm") == {"firm": ("decided", "below_threshold")}


def test_a_clock_and_a_feed_are_answered_too(ledger_url):
    takes = replace(DESK, takes=(EventType.SILENT,))
    book = load_clocks({}, silence_hours=24)
    room = Room(Ledger.open(ledger_url), (takes, FIRM), clocks=book)
    room.report(0)
    fire_due(room.ledger, book, room.subscriptions, NOON + timedelta(days=2), NOON + timedelta(days=2))
    expected = {"desk": ("sent", "silence"), "firm": ("decided", "silence")}
    assert ends(room, room.living()[0]) == expected
    assert ends(room, room.alerts()[0].id) == {"desk": expected["desk"]}
    room.ledger.feeds.declare([a_feed()], NOON)
    notice = (FeedNotice(FeedEvent.BACK, "it answered"),)
    room.ledger.feeds.commit_poll("wire", a_plan(notices=notice), NOON, (DESK,))
    told = [row.alert for row in room.ledger.reports.alerts().items if row.alert.event == "feed.back"]
    assert ends(room, told[0].id) == {"desk": ("sent", "feed.back")}
    room.ledger.close()


def test_what_nobody_knows_is_refused_by_name(room):
    with pytest.raises(InputError, match="no item, story or alert 'i_none'"):
        why(room.ledger.traces, "i_none")
