"""What a feed's polls left behind, as far as the next decision and a person need it.

One value a feed, kept whole: its last answers, what its publisher asked for, and the proofs that are being
gathered (an address that moved, a feed that is gone). Bounded, however long a feed is polled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MOST_POLLS = 20
MOST_LATENCIES = 100
MOST_REASON = 200
PUSHED = "pushed"  # the outcome of what a hub sent, among those of polls


class FeedEvent(StrEnum):
    """What can befall a feed. The dotted name is also the log line's."""

    DARK = "feed.dark"
    BACK = "feed.back"
    GAP = "feed.gap"
    MOVED = "feed.moved"
    GONE = "feed.gone"
    PAUSED = "feed.paused"
    RESUMED = "feed.resumed"
    REMOVED = "feed.removed"


# What a person is told of through channels. The others are of their own doing, or pass by themselves.
TOLD = frozenset({FeedEvent.DARK, FeedEvent.BACK, FeedEvent.GONE, FeedEvent.MOVED})


@dataclass(frozen=True, slots=True)
class PastPoll:
    """One answer of a feed, or what its hub pushed.

    `new` counts entries that were news, `seconds` is how long the answer took.
    `gap`: nothing in the document overlapped with what was known of the feed.
    """

    at: datetime
    outcome: str
    status: int | None
    reason: str
    new: int = 0
    seconds: float = 0.0
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a publisher asks of those who poll: in the document and in the headers of the last answer.

    `ttl_seconds` and `fresh_seconds` are None where nothing was asked. Hours are those of UTC, day 0 is
    Monday. `archive` is the address of the page before this one (RFC 5005), None where there is none. `hubs`
    would push the feed as `topic` (WebSub), `base` is where the document that named them came from.
    """

    ttl_seconds: int | None = None
    fresh_seconds: int | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    archive: str | None = None
    hubs: tuple[str, ...] = ()
    topic: str | None = None
    base: str | None = None


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class FeedHistory:
    """All that is remembered of a feed's polls, the newest last.

    `latencies`: whole seconds from publication to first sight of the last news. `entries`: how many the last
    whole document held. `moved_times`: how often in a row the feed redirected for good to `moved_to`.
    """

    polls: tuple[PastPoll, ...] = ()
    latencies: tuple[int, ...] = ()
    entries: int = 0
    wishes: Wishes = NO_WISHES
    failing_since: datetime | None = None
    gone_since: datetime | None = None
    gap_at: datetime | None = None
    moved_to: str | None = None
    moved_since: datetime | None = None
    moved_times: int = 0
    moved_at: datetime | None = None


NO_HISTORY = FeedHistory()


@dataclass(frozen=True, slots=True)
class FeedNotice:
    """Something that befell a feed and that a person should hear of once. `why` is one sentence."""

    event: FeedEvent
    why: str
