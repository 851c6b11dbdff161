"""How long alerts take is told in percentiles of each stage, and against the goal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service.core.latency import GOAL, Passage, latency, percentile
from workers.latency_shown import against_goal

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def passed(scale: float = 1.0) -> Passage:
    times = (after(scale * number) for number in range(1, 8))
    return Passage(NOON, *times)


@pytest.mark.parametrize(("percent", "least"), [(50, 50.0), (95, 95.0), (99, 99.0), (100, 100.0), (1, 1.0)])
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(percent: int, least: float) -> None:
    assert percentile([float(n) for n in range(1, 101)], percent) == least
    assert percentile([], percent) is None
    assert percentile([3.0], percent) == 3.0


def test_each_span_goes_from_one_stage_to_the_next_and_two_over_several() -> None:
    spans = {span.name: span.p50 for span in latency([passed()], NOON).spans}
    assert spans == dict.fromkeys(
        (
            "published_to_seen",
            "seen_to_taken",
            "taken_to_read",
            "read_to_matched",
            "matched_to_queued",
            "queued_to_attempted",
            "attempted_to_delivered",
        ),
        1.0,
    ) | {"seen_to_attempted": 5.0, "published_to_delivered": 7.0}


def test_what_has_not_come_so_far_counts_where_it_was() -> None:
    waiting = replace(passed(), published=None, attempted_at=None, delivered_at=None)
    counts = {span.name: span.count for span in latency([passed(), waiting], NOON).spans}
    assert (counts["seen_to_taken"], counts["queued_to_attempted"], counts["published_to_seen"]) == (2, 1, 1)


def test_a_clock_that_goes_behind_makes_no_time_negative() -> None:
    behind = replace(passed(), attempted_at=after(-3))
    assert latency([behind], NOON).goal.p50 == 0.0


@pytest.mark.parametrize(("scale", "met"), [(1.0, True), (1.01, False)])
def test_the_goal_stands_beside_what_was_measured(scale: float, met: bool) -> None:
    found = latency([passed(scale)] * 20, NOON)
    assert found.is_met is met
    assert GOAL.total_seconds() == 5
    assert against_goal(found).endswith("met." if met else "missed.")
    assert f"measured {5 * scale:.3f} s over 20 alerts" in against_goal(found)


def test_nineteen_of_twenty_in_time_meet_the_goal_and_eighteen_do_not() -> None:
    assert latency([passed()] * 19 + [passed(9)], NOON).is_met is True
    assert latency([passed()] * 18 + [passed(9)] * 2, NOON).is_met is False


def test_without_an_alert_nothing_is_claimed() -> None:
    found = latency([], NOON)
    assert found.is_met is None
    assert against_goal(found).endswith("no alert in this time.")
