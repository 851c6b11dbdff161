"""When an alert leaves: zones, changes of clocks, digests, pauses and storms as a table."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from service.audience import SubscriptionSettings
from service.core.pacing import Held, Recent, held, is_quiet, next_digest
from service.core.words import Hold
from tests.builders import NOON

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "pacing.toml").read_text("utf-8"))["case"]


def pace(**fields):
    return SubscriptionSettings(name="s", **fields).pace


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_an_alert_leaves_when_the_table_says(case):
    had = Recent(case.get("in_last_minute", 0), case.get("last"), case.get("storm_until"))
    found = held("story.denied", pace(**case["set"]), had, case["now"])
    expected = Held(case["until"], Hold(case.get("hold", "quiet_hours"))) if "until" in case else None
    assert found == expected


@given(
    st.integers(0, 2 * 365 * 24 * 60),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.integers(0, 23),
    st.integers(0, 59),
)
def test_nothing_is_ever_released_into_quiet_hours_or_held_longer_than_a_day(minutes, zone, hour, minute):
    now = NOON + timedelta(minutes=minutes)
    asked = pace(
        zone=zone,
        quiet_hours=f"{hour:02}:{minute:02}-{(hour + 9) % 24:02}:15",
        digest="daily",
        digest_at="06:10",
    )
    found = held("story.denied", asked, Recent(), now)
    assert found is not None
    assert not is_quiet(asked, found.until)
    assert timedelta(0) < found.until - now <= timedelta(hours=35)
    assert now < next_digest(asked, now) <= now + timedelta(hours=25)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"zone": "Europe/Atlantis"}, "there is no time zone 'Europe/Atlantis'"),
        ({"zone": "../../etc/passwd"}, "there is no time zone"),
        ({"zone": ""}, "there is no time zone"),
        ({"quiet_hours": "22:00"}, "two different times"),
        ({"quiet_hours": "22:00-22:00"}, "two different times"),
        ({"quiet_hours": "24:00-07:00"}, "two different times"),
        ({"digest": "weekly"}, "digest"),
        ({"digest_at": "8"}, "digest_at"),
        ({"weekdays": ["monday"]}, "weekdays"),
        ({"urgent": ["story.opned"]}, "urgent"),
        ({"cron": "0 8 * * *"}, "cron"),
        ({"cooldown_minutes": -1}, "cooldown_minutes"),
        ({"most_a_minute": -1}, "most_a_minute"),
    ],
)
def test_a_time_that_cannot_be_is_refused_by_name(fields, words):
    with pytest.raises(ValidationError, match=words):
        pace(**fields)
