"""When a failed delivery is tried again."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.alerts.retries import TRIES, retry_after
from service.core.wishes import seconds_asked
from service.errors import OutgoingError

CASES = tomllib.loads(
    (Path(__file__).parent.parent / "cases" / "alerts" / "retry_after.toml").read_text("utf-8")
)["case"]
NOW = datetime(2026, 2, 3, 15, 0, tzinfo=UTC)
HOUR = 3600.0


def waits(error: OutgoingError, chance: float) -> list[float]:
    """All waits of a delivery that fails every time."""
    found: list[float] = []
    while (wait := retry_after(error, len(found) + 1, chance)) is not None:
        found.append(wait)
        assert len(found) < 100, "it never gives up"
    return found


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_there_are_at_least_12_tries_over_at_least_76_hours_whatever_the_jitter(chance: float) -> None:
    all_waits = waits(OutgoingError("down"), chance)
    assert len(all_waits) + 1 == TRIES >= 12
    assert sum(all_waits) >= 76 * HOUR


def test_waits_grow_and_start_within_seconds() -> None:
    middle = waits(OutgoingError("down"), 0.5)
    assert middle == sorted(middle)
    assert middle[0] == pytest.approx(5)


def test_chance_spreads_the_wait_by_a_fifth_either_way() -> None:
    error = OutgoingError("down")
    assert retry_after(error, 4, 0.0) == pytest.approx(480)
    assert retry_after(error, 4, 0.5) == pytest.approx(600)
    assert retry_after(error, 4, 0.9999) == pytest.approx(720, rel=1e-3)


def test_a_permanent_failure_is_given_up_at_once() -> None:
    assert retry_after(OutgoingError("gone", permanent=True), 1, 0.5) is None


@pytest.mark.parametrize(
    ("wish", "wait"),
    [
        (60.0, 60.0),
        (10 * 365 * 24 * HOUR, HOUR),
        (float("inf"), HOUR),
        (1.0, 5.0),
        (-1.0, 5.0),
        (float("nan"), 5.0),
    ],
)
def test_the_receivers_wish_lengthens_the_wait_up_to_an_hour(wish: float, wait: float) -> None:
    assert retry_after(OutgoingError("busy", retry_after=wish), 1, 0.5) == pytest.approx(wait)


def test_a_receiver_that_wishes_for_haste_cannot_use_up_the_tries() -> None:
    assert sum(waits(OutgoingError("busy", retry_after=1.0), 0.0)) >= 76 * HOUR


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_retry_after_header_is_read_or_passed_over(case: dict[str, Any]) -> None:
    assert seconds_asked(case["header"], NOW) == case.get("seconds"), case["why"]


def test_no_header_is_no_wish() -> None:
    assert seconds_asked(None, NOW) is None
