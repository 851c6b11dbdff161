"""How long alerts take, stage by stage, and whether the goal is met.

How it decides: each span is told in the nearest-rank percentiles of the alerts that have both its ends. An
alert that was held (quiet hours, a digest) is not among them: it was to be late. What it leaves out: the time
between the saving of an alert and the end of its commit, which stands in the wait for its first attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

GOAL = timedelta(seconds=5)
GOAL_SPAN = "seen_to_attempted"


@dataclass(frozen=True, slots=True)
class Passage:
    """When one alert passed each stage.

    `published`: what its source says; `seen_at`: the item was first seen; `taken_at`: a worker took it;
    `read_at`: it had been read; `matched_at`: its story was found and moved; `queued_at`: the alert was
    saved; `attempted_at`: the first try on any channel began; `delivered_at`: the first receiver took it.
    """

    published: datetime | None
    seen_at: datetime
    taken_at: datetime
    read_at: datetime
    matched_at: datetime
    queued_at: datetime
    attempted_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """How long it took `count` alerts from one stage to another, in seconds; None where there is none."""

    name: str
    count: int
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Latency:
    """The spans of the alerts since a moment, in the order of stages, the two that span several last."""

    since: datetime
    alerts: int
    spans: tuple[Span, ...]

    @property
    def goal(self) -> Span:
        """The span that the goal is about."""
        return next(span for span in self.spans if span.name == GOAL_SPAN)

    @property
    def is_met(self) -> bool | None:
        """Whether the 95th percentile from first sight to the first try keeps the goal; None: no alert."""
        return None if self.goal.p95 is None else self.goal.p95 <= GOAL.total_seconds()


_Ends = Callable[[Passage], tuple[datetime | None, datetime | None]]
SPANS: tuple[tuple[str, _Ends], ...] = (
    ("published_to_seen", lambda one: (one.published, one.seen_at)),
    ("seen_to_taken", lambda one: (one.seen_at, one.taken_at)),
    ("taken_to_read", lambda one: (one.taken_at, one.read_at)),
    ("read_to_matched", lambda one: (one.read_at, one.matched_at)),
    ("matched_to_queued", lambda one: (one.matched_at, one.queued_at)),
    ("queued_to_attempted", lambda one: (one.queued_at, one.attempted_at)),
    ("attempted_to_delivered", lambda one: (one.attempted_at, one.delivered_at)),
    (GOAL_SPAN, lambda one: (one.seen_at, one.attempted_at)),
    ("published_to_delivered", lambda one: (one.published, one.delivered_at)),
)


def latency(passages: Sequence[Passage], since: datetime) -> Latency:
    """The percentiles of each span."""
    spans = tuple(_span(name, [_seconds(ends(one)) for one in passages]) for name, ends in SPANS)
    return Latency(since, len(passages), spans)


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The least value that `percent` of all do not exceed (nearest rank); None of nothing."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)] if ordered else None


def _seconds(ends: tuple[datetime | None, datetime | None]) -> float | None:
    start, end = ends
    # Clocks of two machines may differ a little: nothing took less than no time.
    return None if start is None or end is None else max(0.0, (end - start).total_seconds())


def _span(name: str, found: Sequence[float | None]) -> Span:
    known = sorted(seconds for seconds in found if seconds is not None)
    return Span(name, len(known), percentile(known, 50), percentile(known, 95), percentile(known, 99))
