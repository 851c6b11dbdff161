"""What the pages and the API read: frozen rows, made by reports.py and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

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

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list, newest first. `next` is an opaque cursor, None on the last page."""

    items: tuple[Row, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class StoryRow:
    """A story in a list. `events` counts what moved it; `alerts` what was told of it."""

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


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One statement in a story's timeline, oldest first.

    `before` and `after` are the words of the same field that stand around the evidence, "" where not kept.
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


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with how its deliveries stand: channel name -> state."""

    alert: Alert
    created_at: datetime
    deliveries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class StoryPage:
    """All that a story's page shows."""

    story: StoryRow
    timeline: tuple[TimelineRow, ...]
    alerts: tuple[AlertRow, ...]


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed and its health, as a person understands it."""

    id: str
    url: str
    outlet: str
    state: str  # "waiting", "ok", "failing"
    last_polled_at: datetime | None
    next_poll_at: datetime | None
    failures: int
    reason: str
    items: int


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
