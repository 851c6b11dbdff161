"""When a channel is left alone, and what others hear of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.core.breaking import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    LONGEST_WISH,
    OPENS_AFTER,
    TOLD_AFTER,
    Breaker,
    ChannelEvent,
    Failure,
    after_failure,
    after_success,
    told_of,
    what_to_tell,
)
from service.core.channel_alerts import decide_channel
from service.core.model import Subscription

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def failed(times: int, at: datetime = NOW, before: Breaker | None = None, **said: object) -> Breaker:
    breaker = before or Breaker("hook")
    for _ in range(times):
        given: dict[str, object] = {"of_channel": True, "given_up": False} | said
        breaker = after_failure(breaker, Failure(at, "refused", **given))  # type: ignore[arg-type]
    return breaker


def test_a_few_failures_leave_a_channel_open_and_then_the_pause_doubles_to_a_minute() -> None:
    assert failed(OPENS_AFTER - 1).open_until is None
    pauses = []
    for times in range(OPENS_AFTER, OPENS_AFTER + 40):
        until = failed(times).open_until
        assert until is not None
        pauses.append(until - NOW)
    assert pauses[:5] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4, FIRST_PAUSE * 8, LONGEST_PAUSE]
    assert set(pauses[4:]) == {LONGEST_PAUSE}


@pytest.mark.parametrize(
    ("wish", "left_alone"),
    [(90, timedelta(seconds=90)), (3.15e8, LONGEST_WISH), (float("inf"), LONGEST_WISH)],
)
def test_a_receiver_that_asks_for_time_has_it_at_once_up_to_an_hour(
    wish: float, left_alone: timedelta
) -> None:
    assert failed(1, status=429, wish=wish).open_until == NOW + left_alone


@pytest.mark.parametrize("wish", [0, -5, None])
def test_no_wish_leaves_nothing_alone(wish: float | None) -> None:
    assert failed(1, status=429, wish=wish).open_until is None


def test_a_shorter_pause_does_not_cut_a_longer_one() -> None:
    asked = failed(1, status=429, wish=1800)
    assert failed(OPENS_AFTER, before=asked).open_until == NOW + timedelta(minutes=30)


def test_a_message_that_is_refused_says_nothing_of_the_channel() -> None:
    refused = failed(20, of_channel=False, given_up=True)
    assert (refused.failures, refused.open_until, refused.given_up) == (0, None, 20)


def test_one_success_ends_all_of_it() -> None:
    well = after_success(failed(30), NOW + MINUTE)
    assert (well.failures, well.failing_since, well.open_until, well.well_at) == (0, None, None, NOW + MINUTE)


def test_others_hear_once_that_it_fails_and_once_that_it_is_back() -> None:
    failing = failed(9)
    assert what_to_tell(failing, NOW + TOLD_AFTER - MINUTE) is None
    at = NOW + TOLD_AFTER
    assert what_to_tell(failing, at) is ChannelEvent.FAILING
    told = told_of(failing, ChannelEvent.FAILING, at)
    assert what_to_tell(told, at + timedelta(days=3)) is None
    assert what_to_tell(failed(3, at + MINUTE, told), at + timedelta(days=3)) is None
    back = after_success(told, at + MINUTE)
    assert what_to_tell(back, at + MINUTE) is ChannelEvent.BACK
    over = told_of(back, ChannelEvent.BACK, at + MINUTE)
    assert what_to_tell(over, at + timedelta(days=3)) is None


def test_others_hear_at_once_of_what_was_given_up() -> None:
    lost = failed(1, of_channel=False, given_up=True)
    assert what_to_tell(lost, NOW) is ChannelEvent.FAILING


def test_a_channel_that_comes_and_goes_is_told_of_once_an_hour_at_most() -> None:
    told = told_of(failed(1, given_up=True), ChannelEvent.FAILING, NOW)
    back = told_of(after_success(told, NOW + MINUTE), ChannelEvent.BACK, NOW + MINUTE)
    again = failed(1, NOW + 2 * MINUTE, back, given_up=True)
    assert what_to_tell(again, NOW + 2 * MINUTE) is None
    assert what_to_tell(again, NOW + 62 * MINUTE) is ChannelEvent.FAILING


ON_HOOK = Subscription("cars", channels=("hook", "mail"), language="zh")
ONLY_HOOK = Subscription("fire", channels=("hook",))
ON_TERMINAL = Subscription("other", channels=("terminal",))


@pytest.mark.parametrize(
    ("who", "channels"),
    [
        ((ON_HOOK, ON_TERMINAL), ("mail",)),
        ((ONLY_HOOK, ON_TERMINAL), ("mail", "terminal")),
        ((ONLY_HOOK, ON_HOOK), ("mail",)),
        ((), ("mail", "terminal")),
    ],
)
def test_those_it_should_have_told_hear_by_another_channel(
    who: tuple[Subscription, ...], channels: tuple[str, ...]
) -> None:
    heard = decide_channel(failed(9), ChannelEvent.FAILING, who, ("hook", "mail", "terminal"), NOW)
    assert heard.channels == channels
    assert (heard.alert.channel, heard.alert.why) == ("hook", "refused")
    assert heard.alert.language == (who[0].language if who else "en")


def test_the_only_channel_has_nobody_to_tell() -> None:
    assert decide_channel(failed(9), ChannelEvent.FAILING, (ONLY_HOOK,), ("hook",), NOW).channels == ()
