"""What the API answers, as types, so that its OpenAPI description says every field.

Each mirrors a row of the same name in store/views.py or a noun in core/model.py, and is filled from it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from service.core.model import DeliveryState, EventType, Kind, Reason, Role, Status, Strength
from service.store.views import AlertRow

Answer = TypeVar("Answer", bound=BaseModel)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _named(states: Any) -> Any:
    """The ledger's (channel, state) pairs as objects: a list of pairs would be a riddle in JSON."""
    return [DeliveryAnswer(channel=channel, state=state) for channel, state in states]


def _flat(rows: Any) -> Any:
    return [AlertRowAnswer.of(row) for row in rows]


Moment = Annotated[
    datetime,
    PlainSerializer(_iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-02-03T15:00:00+00:00"]}),
]


class _FromRow(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class QuotationAnswer(_FromRow):
    """A statement's words and where they stand; offsets count code points of the item's field."""

    text: str
    field: str
    start: int
    end: int
    item_id: str
    url: str | None
    outlet: str | None
    title: str
    told_at: Moment
    kind: Kind
    party: str | None
    speaker: str | None


class PositionAnswer(_FromRow):
    """The latest stance of one party."""

    party: str
    stance: Kind
    strength: Strength | None
    role: Role | None
    speaker: str | None
    at: Moment
    quotation: QuotationAnswer


class StoryAnswer(_FromRow):
    """A story in a list."""

    id: str
    claim: str
    principals: list[str]
    status: Status
    opened_at: Moment
    last_at: Moment
    reports: int
    repeats: int
    positions: list[PositionAnswer]
    rumor: QuotationAnswer | None
    alerts: int = Field(description="How many alerts were raised on this story")


class EvidenceAnswer(_FromRow):
    """The exact slice of the item's title or text."""

    field: str
    start: int
    end: int
    text: str


class TimelineAnswer(_FromRow):
    """One statement, in the order in which it was told."""

    at: Moment
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
    evidence: EvidenceAnswer
    because: list[str] = Field(description="Ids of the cues that decided the kind")
    joined_because: list[str] = Field(description="Why the statement belongs to this story")
    before: str
    after: str


class DeliveryAnswer(BaseModel):
    """How an alert stands on one channel."""

    channel: str
    state: DeliveryState


class AlertAnswer(_FromRow):
    """One event for one subscription, frozen when it was decided."""

    id: str
    subscription: str
    event: EventType
    reason: Reason
    story_id: str
    claim: str
    status: Status
    kind: Kind
    party: str | None
    role: Role | None
    speaker: str | None
    strength: Strength | None
    at: Moment
    evidence: QuotationAnswer
    rumor: QuotationAnswer | None
    earlier: QuotationAnswer | None
    positions: list[PositionAnswer]


class AlertRowAnswer(AlertAnswer):
    """An alert, when it was decided, and how its deliveries stand."""

    created_at: Moment
    deliveries: Annotated[list[DeliveryAnswer], BeforeValidator(_named)]

    @classmethod
    def of(cls, row: AlertRow) -> AlertRowAnswer:
        """The ledger's row, flat: a program asks for an alert's party, not for its alert's."""
        alert = AlertAnswer.model_validate(row.alert).__dict__
        return cls.model_validate({**alert, "created_at": row.created_at, "deliveries": row.deliveries})


class StoryPageAnswer(_FromRow):
    """All of one story: the row, its timeline oldest first, its alerts newest first."""

    story: StoryAnswer
    timeline: list[TimelineAnswer]
    alerts: Annotated[list[AlertRowAnswer], BeforeValidator(_flat)]


class FeedAnswer(_FromRow):
    """A feed and its health."""

    id: str
    url: str
    outlet: str
    state: str = Field(description="waiting, ok or failing")
    last_polled_at: Moment | None
    next_poll_at: Moment | None
    failures: int
    reason: str
    items: int


class CountsAnswer(_FromRow):
    """The service at a glance."""

    feeds: int
    items: int
    stories: int
    alerts: int
    revisions_waiting: int
    deliveries_waiting: int
    deliveries_dead: int
    quarantined: int


class ReadyAnswer(BaseModel):
    """The service can read its ledger."""

    status: str = "ready"
    counts: CountsAnswer


class PageAnswer(BaseModel, Generic[Answer]):
    """One page of a list. `next` is the cursor of the following page, null on the last."""

    items: list[Answer]
    next: str | None
