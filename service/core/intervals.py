"""How long to wait before a feed is asked again, and why.

How it decides: what the operator set holds as it is, and a publisher who asks for more is a warning. Where
nothing is set, the wait is half the time between two news of the feed's last answers, 5 to 60 minutes, 15
where they tell nothing yet; halved for each gap among them; never less than what the publisher asks for, as
ttl or as freshness of its answer, up to a day. A feed whose hub pushes its news is still asked once an hour,
for what the hub may miss: a hub that falls silent costs an hour at most. Then hours and days that the
publisher wants left alone are left alone. Up to a tenth is added, always the same for one feed, so that feeds
don't march in step.
What it leaves out: how other feeds of the same host fare.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.core.feed import Feed
from service.core.history import FeedHistory, PastPoll, Wishes
from service.core.pushing import is_trusted

FLOOR_SECONDS = 1
SHORTEST = 5 * 60
LONGEST = 60 * 60
USUAL = 15 * 60
WISH_CAP = 24 * 3600
_TELLING_POLLS = 4
_TELLING_SECONDS = 30 * 60
_MOST_HALVINGS = 3
_SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class Interval:
    """Seconds between two polls, and why. `warning`: what the publisher asks for and does not get, or ""."""

    seconds: int
    why: str
    warning: str = ""


def choose_interval(feed: Feed, history: FeedHistory, now: datetime) -> Interval:
    """How long to wait after an answer of `feed` that came `now`, `history` being what is known by then."""
    wish = _wish(history.wishes)
    if not feed.adaptive:
        return _as_set(feed, history.wishes, wish)
    seconds, why = _observed(history.polls, now)
    gaps = sum(poll.gap for poll in history.polls)
    if gaps:
        seconds = max(SHORTEST, seconds // 2 ** min(gaps, _MOST_HALVINGS))
        why += f"; halved, since entries were missed {_times(gaps)}"
    if seconds < LONGEST and is_trusted(feed.push_lease_until, feed.pushed_at, history.polls, now):
        seconds, why = LONGEST, f"its hub pushes, so it is only asked for what that may miss; else {why}"
    if wish > seconds:
        seconds, why = wish, f"the publisher asks for {_spoken(wish)} between two polls"
    return Interval(round(seconds * (1 + _SPREAD * share(feed.id))), why)


def _as_set(feed: Feed, wishes: Wishes, wish: int) -> Interval:
    seconds = max(feed.interval_seconds, FLOOR_SECONDS)
    asks = []
    if wish > seconds:
        asks.append(f"{_spoken(wish)} between two polls")
    if wishes.skip_hours or wishes.skip_days:
        asks.append("hours or days without polls")
    warning = f"the publisher asks for {' and '.join(asks)}, the settings overrule it" if asks else ""
    return Interval(seconds, f"set to {_spoken(seconds)}", warning)


def _wish(wishes: Wishes) -> int:
    return min(WISH_CAP, max(wishes.ttl_seconds or 0, wishes.fresh_seconds or 0))


def _observed(polls: Sequence[PastPoll], now: datetime) -> tuple[int, str]:
    answered = [poll for poll in polls if poll.outcome != "failed"]
    span = (now - answered[0].at).total_seconds() if answered else 0.0
    if len(answered) < _TELLING_POLLS or span < _TELLING_SECONDS:
        return USUAL, f"{_spoken(USUAL)}, until its answers tell how often it has news"
    # What the first answer brought came before the span began.
    news = sum(poll.new for poll in answered[1:])
    between = span / max(news, 0.5)
    seconds = int(min(LONGEST, max(SHORTEST, between / 2)))
    return seconds, f"{news} news in the last {_spoken(span)}"


def next_poll(feed: Feed, interval: Interval, wishes: Wishes, now: datetime) -> datetime:
    """When to ask again after an answer that came `now`."""
    moment = now + timedelta(seconds=interval.seconds)
    return _after_quiet(moment, wishes, feed.id) if feed.adaptive else moment


def _after_quiet(moment: datetime, wishes: Wishes, feed_id: str) -> datetime:
    """The first moment from `moment` on that is not to be left alone, at most a day later."""
    for _ in range(24):
        if moment.hour not in wishes.skip_hours and moment.weekday() not in wishes.skip_days:
            return moment
        top = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        moment = top + timedelta(seconds=round(SHORTEST * share(feed_id)))
    return moment


def share(feed_id: str) -> float:
    """A number from 0 to 1, below 1, that is always the same for one feed and spread over many."""
    return int.from_bytes(hashlib.sha256(feed_id.encode("utf-8", "replace")).digest()[:4], "big") / 2**32


def _spoken(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
