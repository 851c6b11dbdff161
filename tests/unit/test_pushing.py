"""What is agreed with a hub: asked, verified, denied, renewed, ended; signatures; when a hub is trusted."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service.core.feed import Feed
from service.core.history import NO_HISTORY, PUSHED, PastPoll
from service.core.intervals import choose_interval
from service.core.pushing import (
    SUBSCRIBE,
    UNSUBSCRIBE,
    Agreement,
    HubState,
    Intent,
    asked,
    begun,
    ended,
    failed,
    is_trusted,
    signature_holds,
    verified,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOPIC = "https://feed.example/atom"
OFFERED = Agreement("https://hub.example/", TOPIC, HubState.OFFERED, NOON)
ASKED = asked(OFFERED, SUBSCRIBE, NOON)
RIGHT = Intent(SUBSCRIBE, TOPIC, "words", "864000")
ACTIVE = verified(ASKED, RIGHT, NOON).after


def test_what_was_asked_for_is_verified_with_its_challenge_and_renewed_in_time() -> None:
    verdict = verified(ASKED, RIGHT, NOON)
    assert verdict.answer == "words"
    assert verdict.after.state is HubState.ACTIVE
    assert verdict.after.lease_until == NOON + timedelta(days=10)
    assert NOON + timedelta(days=7) < verdict.after.next_at < NOON + timedelta(days=9)


@pytest.mark.parametrize(
    ("agreement", "intent"),
    [
        (OFFERED, RIGHT),
        (ASKED, replace(RIGHT, topic=TOPIC + "/")),
        (ASKED, replace(RIGHT, topic=None)),
        (ASKED, replace(RIGHT, mode=UNSUBSCRIBE)),
        (ASKED, replace(RIGHT, mode="publish")),
        (ASKED, replace(RIGHT, mode=None)),
        (ASKED, replace(RIGHT, challenge=None)),
        (ACTIVE, replace(RIGHT, mode=UNSUBSCRIBE)),
        (replace(ASKED, asked_until=NOON - HOUR), RIGHT),
        (ended(ACTIVE, NOON, ""), RIGHT),
        (OFFERED, Intent("denied", TOPIC)),
        (ASKED, Intent("denied", "https://other.example/")),
    ],
)
def test_nothing_else_is_verified(agreement: Agreement, intent: Intent) -> None:
    verdict = verified(agreement, intent, NOON)
    assert verdict.answer is None
    assert verdict.after == agreement
    assert verdict.why


@pytest.mark.parametrize(
    ("said", "lease"),
    [
        ("600", timedelta(minutes=10)),
        ("99999999999999999999", timedelta(days=30)),
        (None, timedelta(days=1)),
        ("0", timedelta(days=1)),
        ("-5", timedelta(days=1)),
        ("soon", timedelta(days=1)),
        ("٣٣", timedelta(days=1)),
    ],
)
def test_a_lease_is_what_the_hub_says_within_reason(said: str | None, lease: timedelta) -> None:
    after = verified(ASKED, replace(RIGHT, lease_seconds=said), NOON).after
    assert after.lease_until == NOON + lease
    assert NOON < after.next_at < NOON + lease


def test_a_renewal_that_nobody_verifies_takes_nothing_from_the_lease() -> None:
    again, mode = begun(ACTIVE, True, NOON + timedelta(days=8))
    assert (again.state, mode, again.lease_until) == (HubState.ACTIVE, SUBSCRIBE, ACTIVE.lease_until)
    gone = failed(again, NOON + timedelta(days=8), "it is gone", None)
    assert (gone.state, gone.lease_until) == (HubState.ACTIVE, ACTIVE.lease_until)


def test_a_hub_that_fails_is_asked_more_and_more_seldom() -> None:
    agreement, waits = OFFERED, []
    now = NOON
    for _ in range(4):
        agreement, _mode = begun(agreement, True, now)
        agreement = failed(agreement, now, "it answered 500", None)
        waits.append(agreement.next_at - now)
        now = agreement.next_at
    assert waits == [HOUR, 4 * HOUR, 24 * HOUR, 24 * HOUR]
    assert agreement.state is HubState.OFFERED


def test_an_answer_that_comes_after_the_verification_changes_nothing() -> None:
    assert failed(replace(ACTIVE, asked_at=NOON + HOUR), NOON, "too late", None).state is HubState.ACTIVE
    assert failed(OFFERED, NOON, "never asked", None) == OFFERED


def test_a_denial_is_kept_with_its_reason_and_asked_again_after_a_day() -> None:
    after = verified(ACTIVE, Intent("denied", TOPIC, reason="no room"), NOON).after
    assert (after.state, after.lease_until, after.next_at) == (HubState.DENIED, None, NOON + 24 * HOUR)
    assert "no room" in after.why


def test_a_paused_feed_ends_its_agreement_and_gives_up_on_a_hub_that_never_says_so() -> None:
    agreement = ACTIVE
    for _ in range(3):
        agreement, mode = begun(agreement, False, NOON)
        assert (agreement.state, mode) == (HubState.ENDING, UNSUBSCRIBE)
    agreement, mode = begun(agreement, False, NOON)
    assert (agreement.state, mode) == (HubState.OFFERED, None)
    assert begun(agreement, False, NOON)[1] is None
    assert begun(agreement, True, NOON)[1] == SUBSCRIBE


def test_a_hub_that_is_not_named_any_more_is_not_asked() -> None:
    assert begun(replace(ACTIVE, offered=False), True, NOON)[1] is None


def _signed(body: bytes, method: str) -> str:
    return f"{method}={hmac.new(b'secret', body, method).hexdigest()}"


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature_of_each_method_holds_for_its_body_alone(method: str) -> None:
    header = _signed(b"<feed/>", method)
    assert signature_holds(header, "secret", b"<feed/>")
    assert signature_holds(header.upper().replace(method.upper(), method), "secret", b"<feed/>")
    assert not signature_holds(header, "secret", b"<feed/> ")
    assert not signature_holds(header, "secret2", b"<feed/>")


@pytest.mark.parametrize(
    "header",
    [
        None, "", "sha256", "sha256=", "=", "md5=" + hashlib.md5(b"<feed/>").hexdigest(), "sha256=zz",
        "sha256=ÿ", _signed(b"<feed/>", "sha256")[:-1], _signed(b"<feed/>", "sha256").partition("=")[2],
        "sha1=" + _signed(b"<feed/>", "sha256").partition("=")[2], "new=1", "__init__=1",
    ],
)  # fmt: skip
def test_no_other_signature_holds(header: str | None) -> None:
    assert not signature_holds(header, "secret", b"<feed/>")


def _polls(*news: tuple[float, int, str]) -> tuple[PastPoll, ...]:
    return tuple(PastPoll(NOON + hours * HOUR, outcome, 200, "", new) for hours, new, outcome in news)


@pytest.mark.parametrize(
    ("lease", "pushed", "polls", "trusted", "why"),
    [
        (100, 1, (), True, "it pushed within its lease"),
        (100, None, (), False, "a hub that has never pushed has proven nothing"),
        (None, 1, (), False, "no lease"),
        (10, 1, (), False, "the lease ran out"),
        (100, 1, ((2, 1, "fetched"),), False, "a poll found news that the hub should have brought"),
        (100, 3, ((2, 1, "fetched"),), True, "it pushes again since"),
        (100, 1, ((2, 0, "fetched"), (3, 0, "not_modified")), True, "nothing new: the feed is just quiet"),
        (100, 1, ((2, 3, PUSHED),), True, "what it pushed itself is no proof against it"),
    ],
)
def test_when_a_hub_is_trusted(
    lease: float | None,
    pushed: float | None,
    polls: tuple[tuple[float, int, str], ...],
    trusted: bool,
    why: str,
) -> None:
    until = None if lease is None else NOON + lease * HOUR
    at = None if pushed is None else NOON + pushed * HOUR
    assert is_trusted(until, at, _polls(*polls), NOON + 20 * HOUR) is trusted, why


def test_a_pushed_feed_is_polled_hourly_and_at_its_old_pace_once_its_hub_is_silent() -> None:
    """Its news come every ten minutes, pushed; the last is found by a poll."""
    feed = Feed(
        "f", TOPIC, "F", adaptive=True, push_lease_until=NOON + 99 * HOUR, pushed_at=NOON + 1.9 * HOUR
    )
    pushed = [(n / 6, 1, PUSHED) for n in range(12)]
    good = replace(NO_HISTORY, polls=_polls(*pushed, (2, 0, "fetched")))
    silent = replace(NO_HISTORY, polls=_polls(*pushed, (2, 1, "fetched")))
    now = NOON + 2 * HOUR
    assert choose_interval(feed, good, now).seconds >= 3600
    assert "its hub pushes" in choose_interval(feed, good, now).why
    assert choose_interval(feed, silent, now).seconds < 600
    fixed = replace(feed, adaptive=False, interval_seconds=300)
    assert choose_interval(fixed, good, now).seconds == 300
