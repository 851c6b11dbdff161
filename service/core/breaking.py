"""When a channel that fails is left alone, and when others are told of it.

How it decides: after OPENS_AFTER failures in a row, of whatever deliveries, the channel is left alone, for
five seconds first and twice as long each time, at most a minute; then one delivery tries for all. So a
receiver that is down is asked once a minute instead of once for each alert that waits for it, by whichever
has waited longest, and at most a minute after it is back all of them are on their way. A receiver that asks
for time (429 with Retry-After) has it at once, up to an hour. One delivery that gets through ends all of it,
and what waited for the channel follows at once. What it leaves out: failures of the message, not of the
channel (a refused recipient): they count for nothing here, but an alert that was given up is told of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

OPENS_AFTER = 5
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=1)
LONGEST_WISH = timedelta(hours=1)
TOLD_AFTER = timedelta(minutes=15)
TOLD_AGAIN_AFTER = timedelta(hours=1)
TOO_MANY = 429


class ChannelEvent(StrEnum):
    """What is told of a channel by another one. The dotted name is also the webhook's type."""

    FAILING = "channel.failing"
    BACK = "channel.back"


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that failed. `of_channel`: the receiver itself seems to be away; `wish`: its own, in seconds."""

    at: datetime
    why: str
    of_channel: bool
    given_up: bool
    status: int | None = None
    wish: float | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """How a channel stands.

    `failures` in a row began at `failing_since`; it is left alone until `open_until`, and until `probe_until`
    while one delivery tries for all. `given_up` counts the
    deliveries that were given up since others were last told that it is well, `why` is the last failure's.
    `well_at`: when something last got through after a failure. `told` is what others were told last.
    """

    channel: str
    failures: int = 0
    failing_since: datetime | None = None
    open_until: datetime | None = None
    probe_until: datetime | None = None
    given_up: int = 0
    why: str = ""
    well_at: datetime | None = None
    told: ChannelEvent | None = None
    told_at: datetime | None = None

    @property
    def is_tripped(self) -> bool:
        """Whether the channel has been left alone since something last got through."""
        return self.open_until is not None


def after_failure(breaker: Breaker, failure: Failure) -> Breaker:
    """How a channel stands after a try that failed."""
    counted = replace(
        breaker, given_up=breaker.given_up + failure.given_up, why=failure.why, probe_until=None
    )
    if not failure.of_channel:
        return counted
    failures = breaker.failures + 1
    return replace(
        counted,
        failures=failures,
        failing_since=breaker.failing_since or failure.at,
        open_until=_later(breaker.open_until, _left_alone(failures, failure)),
    )


def after_success(breaker: Breaker, at: datetime) -> Breaker:
    """How a channel stands after something got through."""
    return replace(breaker, failures=0, failing_since=None, open_until=None, probe_until=None, well_at=at)


def is_news(breaker: Breaker) -> bool:
    """Whether it changes anything for a channel that something got through."""
    if breaker.failures or breaker.is_tripped or breaker.probe_until is not None:
        return True
    return breaker.told is ChannelEvent.FAILING and not _is_well(breaker)


def what_to_tell(breaker: Breaker, now: datetime) -> ChannelEvent | None:
    """What others are to hear of a channel right now: once that it fails, once that it is back."""
    if breaker.told is ChannelEvent.FAILING:
        return ChannelEvent.BACK if breaker.failures == 0 and _is_well(breaker) else None
    if breaker.told_at is not None and now - breaker.told_at < TOLD_AGAIN_AFTER:
        return None
    since = breaker.failing_since
    fails = breaker.given_up > 0 or (since is not None and now - since >= TOLD_AFTER)
    return ChannelEvent.FAILING if fails else None


def told_of(breaker: Breaker, event: ChannelEvent, now: datetime) -> Breaker:
    """How a channel stands once others were told of `event`."""
    given_up = 0 if event is ChannelEvent.BACK else breaker.given_up
    return replace(breaker, told=event, told_at=now, given_up=given_up)


def _is_well(breaker: Breaker) -> bool:
    """Whether something got through since others were told of it."""
    well, told = breaker.well_at, breaker.told_at
    return well is not None and (told is None or well > told)


def _left_alone(failures: int, failure: Failure) -> datetime | None:
    if failure.status == TOO_MANY and failure.wish is not None and failure.wish > 0:
        return failure.at + min(timedelta(seconds=min(failure.wish, 1e6)), LONGEST_WISH)
    if failures < OPENS_AFTER:
        return None
    doubled = min(failures - OPENS_AFTER, 10)
    return failure.at + min(FIRST_PAUSE * (1 << doubled), LONGEST_PAUSE)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)
