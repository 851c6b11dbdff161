"""What the pages and the API read: frozen rows, made by reports.py and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from service.core.messages import FeedAlert
from service.core.model import (
    Alert,
    EventType,
    Evidence,
    Kind,
    Position,
    Quotation,
    Reason,
    Role,
    Status,
    Strength,
)
from service.core.origins import Origin

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list, newest first. `next` is an opaque cursor, None on the last page."""

    items: tuple[Row, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class StoryRow:
    """A story in a list. `alerts` counts what was told of it; `origin` is None where nobody reported it."""

    id: str
    claim: str
    principals: tuple[str, ...]
    status: Status
    opened_at: datetime
    last_at: datetime
    reports: int
    repeats: int
    positions: tuple[Position, ...]
    rumor: Quotation | None
    alerts: int
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One statement in a story's timeline, oldest first.

    `before` and `after` are the words of the same field that stand around the evidence, "" where not kept.
    `ordinal` numbers the statements of an item from 0. `joined_because` ends with what a person decided.
    """

    at: datetime
    item_id: str
    item_title: str
    url: str | None
    outlet: str | None
    kind: Kind
    party: str | None
    speaker: str | None
    role: Role | None
    strength: Strength | None
    fresh: bool
    event: EventType | None
    reason: Reason
    confidence: float
    evidence: Evidence
    because: tuple[str, ...]
    joined_because: tuple[str, ...]
    before: str = ""
    after: str = ""
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with how its deliveries stand: channel name -> state.

    `held_until`: it has not left yet. `digest_id`: it was told with others, and these are their deliveries.
    """

    alert: Alert
    created_at: datetime
    deliveries: tuple[tuple[str, str], ...]
    held_until: datetime | None = None
    digest_id: str | None = None


@dataclass(frozen=True, slots=True)
class FeedAlertRow:
    """An alert about a feed with how its deliveries stand: channel name -> state."""

    alert: FeedAlert
    created_at: datetime
    deliveries: tuple[tuple[str, str], ...]
    held_until: datetime | None = None
    digest_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoryPage:
    """All that a story's page shows."""

    story: StoryRow
    timeline: tuple[TimelineRow, ...]
    alerts: tuple[AlertRow, ...]


@dataclass(frozen=True, slots=True)
class DoubtRow:
    """A claim of one item that may belong to a story, or may not: what a person is asked to decide.

    `id` is stable while the question stands. `score` and `reasons` are the matcher's. `statements` are what
    the item says of the claim, as (kind, party, words).
    """

    id: str
    at: datetime
    item_id: str
    item_title: str
    url: str | None
    outlet: str | None
    claim: str
    statements: tuple[tuple[Kind, str | None, str], ...]
    story_id: str
    story_claim: str
    story_status: Status
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed and its health, as a person understands it. `url` is the one that is polled.

    `since` is set where the state has a start, `fetched_at` is when something last came of it. Latencies are
    whole seconds from publication to first sight, None where nothing is known. `moved_from` is the address
    that was declared, where another is polled by now. `waits`: why its host is left alone until
    `next_poll_at`, "" where nothing holds it back. `pushed_until`: how long its hub agreed to push it.
    """

    id: str
    url: str
    outlet: str
    state: str  # waiting, ok, slow, failing, dark, gap, moved, gone, paused
    last_polled_at: datetime | None
    next_poll_at: datetime | None
    failures: int
    reason: str
    items: int
    since: datetime | None = None
    fetched_at: datetime | None = None
    latency_p50: int | None = None
    latency_p95: int | None = None
    moved_from: str | None = None
    waits: str = ""
    pushed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HubRow:
    """How it stands with the hub of a feed; the words and states are those of core/pushing.py."""

    hub: str
    topic: str
    state: str
    offered: bool
    next_at: datetime
    lease_until: datetime | None
    pushed_at: datetime | None
    pushes: int
    refused: int
    why: str


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """An article that is fetched because its feed carries a stub; the words are those of the schema."""

    item_id: str
    url: str
    stub: str
    state: str
    tries: int
    next_at: datetime
    at: datetime | None
    outcome: str | None
    why: str | None
    found_url: str | None


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """Something that befell a feed. `event` is a word of core/history.py."""

    feed_id: str
    at: datetime
    event: str
    why: str


@dataclass(frozen=True, slots=True)
class Counts:
    """The service at a glance."""

    feeds: int
    items: int
    stories: int
    alerts: int
    revisions_waiting: int
    deliveries_waiting: int
    deliveries_dead: int
    quarantined: int
    paused: bool = False
