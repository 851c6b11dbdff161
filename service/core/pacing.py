"""When an alert leaves: at once, or held until quiet hours, a digest, a pause or a storm are over.

How it decides: an urgent kind waits for nothing but a storm. Any other waits for the subscription's next
digest, for the end of quiet hours, or for the end of the pause after an alert on the same story: for the
first of them that it meets, and where that moment lies in quiet hours, for their end. What would leave at
once waits a minute where the subscription has had its most in the last one, with all that comes in it.
Held is never lost: what is held together is told together. Local times are those of the subscription's
zone; one that a change of clocks skips comes when the skip is over, one that it repeats comes the first
time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from service.core.words import Hold

MINUTE = timedelta(minutes=1)
STORM = timedelta(seconds=60)
_DAYS = 9  # a week ahead, and the days beside it


class Rhythm(StrEnum):
    """How often a subscription is told."""

    IMMEDIATE = "immediate"
    HOURLY = "hourly"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Pace:
    """How a subscription wants to be told. Minutes count from local midnight; days from Monday, 0.

    `weekdays`: when digests come, empty: every day. `quiet`: from and until, which may lie after midnight.
    `urgent`: events that wait for neither quiet hours nor digest nor pause. `cooldown`: the pause after an
    alert on a story. `most_a_minute`: more are a storm; 0: never.
    """

    rhythm: Rhythm = Rhythm.IMMEDIATE
    digest_at: int = 8 * 60
    weekdays: tuple[int, ...] = ()
    zone: tzinfo = UTC
    quiet: tuple[int, int] | None = None
    urgent: tuple[str, ...] = ()
    cooldown: timedelta = timedelta(0)
    most_a_minute: int = 0


AT_ONCE = Pace()


@dataclass(frozen=True, slots=True)
class Recent:
    """What a subscription has had: alerts in the last minute, the last on this story, a storm that is on."""

    in_last_minute: int = 0
    last_on_story: datetime | None = None
    storm_until: datetime | None = None


NOTHING = Recent()


@dataclass(frozen=True, slots=True)
class Held:
    """An alert is held until then, and why."""

    until: datetime
    hold: Hold


def held(event: str, pace: Pace, recent: Recent, now: datetime) -> Held | None:
    """Until when and why an alert of that event is held; None: it leaves at once."""
    waits = None if event in pace.urgent else _waits(pace, recent, now)
    if waits is not None:
        return waits
    if recent.storm_until is not None and recent.storm_until > now:
        return Held(recent.storm_until, Hold.STORM)
    if pace.most_a_minute and recent.in_last_minute >= pace.most_a_minute:
        return Held(now + STORM, Hold.STORM)
    return None


def _waits(pace: Pace, recent: Recent, now: datetime) -> Held | None:
    if pace.rhythm is not Rhythm.IMMEDIATE:
        return Held(after_quiet(pace, next_digest(pace, now)), Hold.DIGEST)
    if is_quiet(pace, now):
        return Held(after_quiet(pace, now), Hold.QUIET_HOURS)
    over = recent.last_on_story + pace.cooldown if recent.last_on_story else now
    if pace.cooldown and over > now:
        return Held(after_quiet(pace, over), Hold.COOLDOWN)
    return None


def next_digest(pace: Pace, now: datetime) -> datetime:
    """When the subscription is told next, after `now`. An hourly one comes at the full local hour."""
    if pace.rhythm is Rhythm.HOURLY:
        return _next_hour(pace, now)
    times = (_instant(day, pace.digest_at, pace.zone) for day in _days(pace, now))
    return next(at for at in times if at > now)


def _next_hour(pace: Pace, now: datetime) -> datetime:
    """The next full hour that is on one of the weekdays."""
    local = now.astimezone(pace.zone)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    following = (now - past + timedelta(hours=1)).astimezone(UTC)
    if not pace.weekdays or following.astimezone(pace.zone).weekday() in pace.weekdays:
        return following
    midnights = (_instant(day, 0, pace.zone) for day in _days(pace, now))
    return next(at for at in midnights if at > now)


def _days(pace: Pace, now: datetime) -> list[date]:
    """The local days from yesterday on, about a week of them, that digests come on."""
    today = now.astimezone(pace.zone).date()
    days = [today + timedelta(days=number) for number in range(-1, _DAYS)]
    return [day for day in days if not pace.weekdays or day.weekday() in pace.weekdays]


def is_quiet(pace: Pace, moment: datetime) -> bool:
    """Whether it is quiet then. Quiet hours begin with their first minute and end before their last."""
    if pace.quiet is None:
        return False
    start, end = pace.quiet
    local = moment.astimezone(pace.zone)
    minute = local.hour * 60 + local.minute
    return start <= minute < end if start < end else minute >= start or minute < end


def after_quiet(pace: Pace, moment: datetime) -> datetime:
    """`moment`, or where it lies in quiet hours the moment at which they end."""
    if pace.quiet is None or not is_quiet(pace, moment):
        return moment
    today = moment.astimezone(pace.zone).date()
    days = (today, today + timedelta(days=1))
    ends = [_instant(day, pace.quiet[1], pace.zone, fold) for day in days for fold in (0, 1)]
    return min(end for end in ends if end > moment)


def _instant(day: date, minute: int, zone: tzinfo, fold: int = 0) -> datetime:
    """That local time in UTC. One that is skipped: the moment of the skip."""
    wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone, fold=fold)
    at = wall.astimezone(UTC)
    back = at.astimezone(zone)
    if (back.hour, back.minute) == (wall.hour, wall.minute):
        return at
    at = wall.replace(fold=0).astimezone(UTC)
    offset = at.astimezone(zone).utcoffset()
    while (at - MINUTE).astimezone(zone).utcoffset() == offset:
        at -= MINUTE
    return at
