"""How long a feed waits, and why: what it does, what its publisher asks for, what the operator set."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from service.core.feed import Feed
from service.core.history import FeedHistory, PastPoll, Wishes
from service.core.intervals import choose_interval, next_poll, share

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)  # a Sunday
FEED = Feed(id="f_1", url="https://feed.example/", outlet="Example", adaptive=True)
_CASES = tomllib.loads((Path(__file__).parent.parent / "cases/intervals.toml").read_text("utf-8"))["case"]


def past(case: dict[str, Any]) -> FeedHistory:
    polls = []
    news = islice(cycle(case["news"]), case["polls"])
    for number, new in enumerate(news):
        at = NOW - timedelta(minutes=case["every"]) * (case["polls"] - 1 - number)
        gap = number >= case["polls"] - case.get("gaps", 0)
        polls.append(PastPoll(at, "fetched", 200, "", new=new, gap=gap))
    wishes = Wishes(ttl_seconds=case.get("ttl"), fresh_seconds=case.get("fresh"))
    return FeedHistory(polls=tuple(polls), wishes=wishes)


@pytest.mark.parametrize("case", _CASES, ids=[case["id"] for case in _CASES])
def test_a_feed_that_answers_waits(case: dict[str, Any]) -> None:
    feed = replace(FEED, adaptive="set" not in case, interval_seconds=case.get("set", 900))
    interval = choose_interval(feed, past(case), NOW)
    spread = 0 if "set" in case else 0.1 * share(feed.id)
    assert interval.seconds == round(case["wait"] * (1 + spread)), case["why"]
    assert case["says"] in interval.why
    assert case.get("warning", "") in interval.warning
    assert bool(interval.warning) == ("warning" in case)


def test_failed_polls_say_nothing_of_how_often_a_feed_has_news() -> None:
    polls = tuple(PastPoll(NOW - timedelta(hours=n), "failed", 500, "") for n in range(20, 0, -1))
    assert "until its answers tell" in choose_interval(FEED, FeedHistory(polls=polls), NOW).why


@given(st.text(max_size=40), st.integers(0, 10**9), st.lists(st.integers(0, 500), max_size=20))
def test_no_feed_is_asked_sooner_than_its_publisher_wishes_or_later_than_a_day(
    name: str, fresh: int, news: list[int]
) -> None:
    polls = tuple(PastPoll(NOW - timedelta(hours=9 - n / 3), "fetched", 200, "", n) for n in news)
    history = FeedHistory(polls=polls, wishes=Wishes(fresh_seconds=fresh))
    seconds = choose_interval(replace(FEED, id=name), history, NOW).seconds
    assert max(300, min(fresh, 86400)) <= seconds <= 86400 * 1.1


def test_the_spread_is_always_the_same_for_one_feed_and_even_over_many() -> None:
    shares = [share(f"f_{number}") for number in range(1000)]
    assert shares == [share(f"f_{number}") for number in range(1000)]
    assert all(0 <= one < 1 for one in shares)
    tenths = [sum(int(one * 10) == tenth for one in shares) for tenth in range(10)]
    assert min(tenths) > 60


@pytest.mark.parametrize(
    ("hours", "days", "expected"),
    [
        ((), (), NOW + timedelta(minutes=15)),
        ((12, 13), (), NOW.replace(hour=14)),
        ((12, 14), (), NOW.replace(hour=13)),
        ((), (6,), datetime(2026, 3, 2, tzinfo=UTC)),
        (tuple(range(24)), (), NOW + timedelta(hours=24)),
        ((), tuple(range(7)), NOW + timedelta(hours=24)),
    ],
)
def test_hours_and_days_that_a_publisher_wants_left_alone_are(
    hours: tuple[int, ...], days: tuple[int, ...], expected: datetime
) -> None:
    wishes = Wishes(skip_hours=hours, skip_days=days)
    interval = choose_interval(FEED, FeedHistory(wishes=wishes), NOW)
    moment = next_poll(FEED, interval, wishes, NOW)
    assert expected <= moment <= expected + timedelta(minutes=6)


def test_what_the_operator_set_overrules_skipped_hours_with_a_warning() -> None:
    wishes = Wishes(skip_hours=(12, 13))
    feed = replace(FEED, adaptive=False, interval_seconds=60)
    interval = choose_interval(feed, FeedHistory(wishes=wishes), NOW)
    assert next_poll(feed, interval, wishes, NOW) == NOW + timedelta(seconds=60)
    assert "hours or days without polls" in interval.warning
