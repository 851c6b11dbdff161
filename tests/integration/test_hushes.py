"""A story that a person quieted alerts nobody, is kept all the same, and says who quieted it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from service.clocks import load_clocks
from service.clocks.fire import fire_due
from service.clocks.release import release_due
from service.core.hushes import HushAct
from service.core.model import EventType, Kind, Reason, Subscription
from service.core.pacing import Pace, Rhythm
from service.durations import duration
from service.errors import InputError
from service.store.ledger import Ledger
from tests.builders import NOON
from tests.fakes_stories import APART, Room
from workers.hushing import Asked, quiet, unquiet

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "hushes.toml").read_text("utf-8"))["case"]
DESK, HOME = Subscription("desk", channels=("hook",)), Subscription("home", channels=("hook",))


def hours(count: float):
    return NOON + timedelta(hours=count)


@pytest.fixture
def room(ledger_url):
    opened = Room(Ledger.open(ledger_url), (DESK, HOME))
    yield opened
    opened.ledger.close()


def a_denied_story(room: Room) -> str:
    room.report(0)
    room.deny(0.01)
    (story_id,) = room.living()
    return story_id


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_who_is_quiet_and_why(case):
    room = Room(subscriptions=(DESK, HOME))
    story_id = a_denied_story(room)
    said = []
    for act, hour, subscription, until, _undone in case["said"]:
        lasts = f"{until - hour}h" if until else ""
        asked = Asked(HushAct(act), story_id, lasts, subscription or None)
        said.append(quiet(room.ledger, asked, "Ada", hours(hour)))
    for hush, (*_, undone) in zip(said, case["said"], strict=True):
        if undone:
            unquiet(room.ledger, hush.id, "Ben", hours(undone))
    room.now = hours(case["at"])
    kind = Kind.CONFIRMATION if case.get("turned") else Kind.DENIAL
    (handled,) = room.deny(1, "Xiaomi", kind=kind)
    told = {one.subscription: "" if one.alert else one.reason for one in handled.decisions}
    assert told == {"desk": case["desk"], "home": case["home"]}
    assert [p.party for p in room.story(story_id).positions] == ["Ford", "Xiaomi"]


def test_the_record_grows_the_reason_is_kept_and_a_fold_tells_nothing_later(room):
    story_id = a_denied_story(room)
    before = len(room.alerts())
    hush = quiet(room.ledger, Asked(HushAct.MUTE, story_id, why="enough"), "Ada", room.now)
    (handled,) = room.deny(1, "Xiaomi")
    assert [(one.reason, one.alert) for one in handled.decisions] == [(Reason.MUTED, None)] * 2
    assert handled.decisions[0].note == f"muted by Ada ({hush.id})"
    assert room.timeline(story_id)[-1].event is EventType.DENIED
    unquiet(room.ledger, hush.id, "Ada", room.now)
    room.report(0.5, "Late")  # told before what is known: the story is folded anew
    assert len(room.alerts()) == before
    (handled,) = room.deny(2, "Xiaomi", kind=Kind.CONFIRMATION)
    assert all(one.alert for one in handled.decisions)


def test_a_mute_survives_a_restart(ledger_url):
    first = Room(Ledger.open(ledger_url), (DESK,))
    story_id = a_denied_story(first)
    quiet(first.ledger, Asked(HushAct.MUTE, story_id), "Ada", first.now)
    first.ledger.close()
    second = Room(Ledger.open(ledger_url), (DESK,))
    (handled,) = second.deny(1, "Xiaomi")
    assert [one.reason for one in handled.decisions] == [Reason.MUTED]
    second.ledger.close()


def test_a_clock_that_runs_out_on_a_muted_story_alerts_nobody():
    takes = replace(DESK, takes=(EventType.SILENT,))
    room = Room(subscriptions=(takes,), clocks=load_clocks({}, silence_hours=24))
    room.report(0)
    quiet(room.ledger, Asked(HushAct.MUTE, room.living()[0]), "Ada", room.now)
    (ran_out,), _ = fire_due(room.ledger, room.clocks, (takes,), hours(48), hours(48))
    assert [(one.reason, one.alert) for one in ran_out.decisions] == [(Reason.MUTED, None)]


@pytest.mark.parametrize(
    ("words", "minutes"), [("90m", 90), ("12h", 720), ("2d", 2880), ("1w", 10080), ("1d 12h", 2160)]
)
def test_how_long_is_read_as_people_write_it(words, minutes):
    assert duration(words) == timedelta(minutes=minutes)


@pytest.mark.parametrize("words", ["", "2", "d", "-1h", "0m", "2 fortnights", "99999w", "1h!", "٣h"])
def test_what_is_no_duration_is_refused_in_one_sentence(words):
    with pytest.raises(InputError, match="no duration") as refused:
        duration(words)
    assert str(refused.value).endswith(".")


def test_what_cannot_be_quieted_or_taken_back_is_said(room):
    story_id = a_denied_story(room)
    with pytest.raises(InputError, match="there is no story s_none"):
        quiet(room.ledger, Asked(HushAct.MUTE, "s_none"), "Ada", room.now)
    with pytest.raises(InputError, match="there is no hush h_none"):
        unquiet(room.ledger, "h_none", "Ada", room.now)
    hush = quiet(room.ledger, Asked(HushAct.MUTE, story_id), "Ada", room.now)
    undone = unquiet(room.ledger, hush.id, "Ada", room.now)
    for again in (hush.id, undone.id):
        with pytest.raises(InputError):
            unquiet(room.ledger, again, "Ada", room.now)
    with room.ledger.looking() as transaction:
        assert len(transaction.all_hushes()) == 2
    assert replace(hush, act=HushAct.MUTE) == hush


def two_stories(room: Room) -> tuple[str, str]:
    """A story of Ford and Xiaomi, and one of Nokia, each reported."""
    room.report(0)
    first = room.living()[0]
    room.report(0.1, "Bild", APART)
    (second,) = set(room.living()) - {first}
    return first, second


MERGED = {HushAct.MUTE: Reason.MUTED, HushAct.SNOOZE: Reason.SNOOZED}


@pytest.mark.parametrize("act", MERGED)
def test_a_hush_follows_a_merged_story_and_comes_back_when_the_merge_is_undone(room, act):
    quieted, other = two_stories(room)
    quiet(room.ledger, Asked(act, quieted, lasts="2d"), "Ada", room.now)
    merged = room.desk.merge(quieted, other)
    (handled,) = room.deny(1)
    assert handled.step.story.id == other
    assert [one.reason for one in handled.decisions] == [MERGED[act]] * 2
    room.desk.undo(merged.decision.id)
    (handled,) = room.deny(1.2, "Samsung", APART)
    assert handled.step.story.id == other
    assert all(one.alert for one in handled.decisions)


def test_an_undone_hush_of_a_merged_story_quiets_nothing(room):
    quieted, other = two_stories(room)
    hush = quiet(room.ledger, Asked(HushAct.MUTE, quieted), "Ada", room.now)
    room.desk.merge(quieted, other)
    unquiet(room.ledger, hush.id, "Ada", room.now)
    (handled,) = room.deny(1)
    assert all(one.alert for one in handled.decisions)


def test_the_hush_of_a_story_says_nothing_of_one_that_it_was_not_merged_with(room):
    quieted, _ = two_stories(room)
    quiet(room.ledger, Asked(HushAct.MUTE, quieted), "Ada", room.now)
    (handled,) = room.deny(1, "Nokia", APART)
    assert all(one.alert for one in handled.decisions)


def test_an_alert_that_is_held_is_dropped_where_its_story_was_merged_into_a_quieted_one(ledger_url):
    waits = replace(DESK, pace=Pace(rhythm=Rhythm.HOURLY))
    room = Room(Ledger.open(ledger_url), (waits,))
    first, other = two_stories(room)
    room.deny(0.2)
    room.desk.merge(first, other)
    quiet(room.ledger, Asked(HushAct.MUTE, other), "Ada", room.now)
    assert release_due(room.ledger, (waits,), NOON + timedelta(days=600)) == ()
    with room.ledger.looking() as transaction:
        assert transaction.waiting(NOON + timedelta(days=600)) == []
    room.ledger.close()
