"""How a feed is, in words that a person understands, and what befalls it: a pure function of its history.

How it decides: the gravest holds first (gone, paused, dark, failing), then what passes by itself (a gap of
the last day, a move of the last week), then slow answers. An address is taken over only after 5 redirects for
good in a row to the same place within at least 48 hours, each of which ended in a document of the feed; a
feed is gone once it said so twice, at least a day apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from statistics import median

from service.core.history import (
    MOST_LATENCIES,
    MOST_POLLS,
    MOST_REASON,
    PUSHED,
    FeedEvent,
    FeedHistory,
    FeedNotice,
    PastPoll,
)

GONE = 410
GONE_FOR = timedelta(hours=24)
MOVED_TIMES = 5
MOVED_FOR = timedelta(hours=48)
DARK_AFTER = timedelta(hours=6)
_DARK_INTERVALS = 3
_GAP_SHOWN = timedelta(hours=24)
_MOVE_SHOWN = timedelta(days=7)
_SLOW_SECONDS = 5.0
_SLOW_POLLS = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a feed's row its state follows from."""

    history: FeedHistory
    last_polled_at: datetime | None
    failures: int
    dark_since: datetime | None
    paused_because: str | None
    moved_from: str | None


@dataclass(frozen=True, slots=True)
class Health:
    """A feed's state in one word, and what a person should know about it.

    waiting, ok, slow, failing, dark, gap, moved, gone, paused. `since` is set where the state has a start.
    """

    state: str
    why: str
    since: datetime | None = None


def health(feed: Standing, now: datetime) -> Health:
    """How `feed` is as of `now`."""
    return _broken(feed) or _passing(feed, now) or _answering(feed)


def _broken(feed: Standing) -> Health | None:
    past = feed.history
    if past.gone_since is not None:
        why = feed.paused_because or "it says that it is gone; if it says so again after a day it is paused"
        return Health("gone", why, past.gone_since)
    if feed.paused_because is not None:
        return Health("paused", feed.paused_because)
    if feed.dark_since is not None:
        return Health("dark", f"nothing came of it: {_last_reason(past)}", feed.dark_since)
    if feed.failures:
        return Health("failing", _last_reason(past), past.failing_since)
    return None


def _passing(feed: Standing, now: datetime) -> Health | None:
    past = feed.history
    if past.gap_at is not None and now - past.gap_at < _GAP_SHOWN:
        return Health("gap", "entries may have been missed between two polls", past.gap_at)
    if past.moved_to is not None:
        return Health("moved", f"it redirects for good to {past.moved_to}", past.moved_since)
    if past.moved_at is not None and feed.moved_from and now - past.moved_at < _MOVE_SHOWN:
        return Health("moved", f"it moved for good from {feed.moved_from}", past.moved_at)
    return None


def _answering(feed: Standing) -> Health:
    if feed.last_polled_at is None:
        return Health("waiting", "not polled yet")
    last = [poll.seconds for poll in feed.history.polls if poll.outcome != PUSHED][-_SLOW_POLLS:]
    if len(last) == _SLOW_POLLS and median(last) >= _SLOW_SECONDS:
        return Health("slow", f"its last {_SLOW_POLLS} answers took {median(last):.0f} s")
    return Health("ok", _last_reason(feed.history))


def _last_reason(past: FeedHistory) -> str:
    asked = (poll.reason for poll in reversed(past.polls) if poll.outcome != PUSHED)
    return next(asked, "nothing is remembered of its last poll")


def remembered(past: FeedHistory, poll: PastPoll, latencies: Sequence[int] = ()) -> FeedHistory:
    """`past` with one more answer, and how late its news were."""
    kept = replace(poll, reason=poll.reason[:MOST_REASON], seconds=round(poll.seconds, 3))
    return replace(
        past,
        polls=(*past.polls, kept)[-MOST_POLLS:],
        latencies=(*past.latencies, *latencies)[-MOST_LATENCIES:],
    )


def percentile(values: Sequence[int], part: float) -> int | None:
    """The smallest of `values` that at least `part` (0 to 1) of them do not exceed; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, ceil(part * len(ordered)) - 1)]


def dark_after(interval_seconds: int) -> timedelta:
    """How long a feed may bring nothing before it is dark."""
    return max(DARK_AFTER, _DARK_INTERVALS * timedelta(seconds=interval_seconds))


def succeeded(past: FeedHistory) -> FeedHistory:
    """`past` once the feed answered with its document, or that it has not changed."""
    return replace(past, failing_since=None, gone_since=None)


def failed(past: FeedHistory, http_status: int | None, now: datetime) -> FeedHistory:
    """`past` once a poll failed. No connection says nothing about whether the feed is gone."""
    gone_since = past.gone_since
    if http_status is not None:
        gone_since = (gone_since or now) if http_status == GONE else None
    return replace(past, failing_since=past.failing_since or now, gone_since=gone_since)


def why_gone(past: FeedHistory, http_status: int | None, now: datetime) -> str | None:
    """Why a feed is given up after an answer of `http_status`, `past` being before it; None: it is not."""
    if http_status != GONE or past.gone_since is None or now - past.gone_since < GONE_FOR:
        return None
    return f"it said on {past.gone_since:%Y-%m-%d} and on {now:%Y-%m-%d} that it is gone (410)"


def redirected(past: FeedHistory, target: str | None, now: datetime) -> FeedHistory:
    """`past` after a document that came through a redirect for good to `target`, or through none."""
    if target is None:
        return replace(past, moved_to=None, moved_since=None, moved_times=0)
    if target != past.moved_to:
        return replace(past, moved_to=target, moved_since=now, moved_times=1)
    return replace(past, moved_times=past.moved_times + 1)


def has_moved(past: FeedHistory, now: datetime) -> bool:
    """Whether the redirects that are counted in `past` prove that the feed moved."""
    since = past.moved_since
    return since is not None and past.moved_times >= MOVED_TIMES and now - since >= MOVED_FOR


def settled(past: FeedHistory, now: datetime) -> FeedHistory:
    """`past` once the feed's address was rewritten."""
    return replace(redirected(past, None, now), moved_at=now)


def notice(event: FeedEvent, why: str) -> tuple[FeedNotice, ...]:
    """One notice, as plans carry them."""
    return (FeedNotice(event, why),)
