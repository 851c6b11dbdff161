"""What the API answers, as types, so that its OpenAPI description says every field.

Each mirrors a row of the same name in store/views.py or a noun in core/model.py, and is filled from it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from service.core.history import FeedEvent
from service.core.model import DeliveryState, EventType, Kind, Reason, Role, Status, Strength
from service.core.records import Subject
from service.store.views import AlertRow, FeedAlertRow
from service.tracing import Stage

Answer = TypeVar("Answer")


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


class OriginAnswer(_FromRow):
    """Where a rumor comes from, and how many sources really tell it."""

    outlet: str | None = Field(description="The outlet that others name, else the first to report it")
    named_by: int = Field(description="How many other outlets name it; 0: it was only the first")
    reports: int
    independent: int = Field(description="Sources that neither copy nor credit one another")


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
    origin: OriginAnswer | None = Field(None, description="null where no report of it was seen")


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


def _state_of(row: AlertRow | FeedAlertRow) -> dict[str, Any]:
    names = ("created_at", "deliveries", "held_until", "digest_id")
    return {name: getattr(row, name) for name in names}


class _OnItsWay(_FromRow):
    """When an alert was decided, and how its deliveries stand."""

    created_at: Moment
    deliveries: Annotated[list[DeliveryAnswer], BeforeValidator(_named)]
    held_until: Moment | None = Field(None, description="It has not left yet")
    digest_id: str | None = Field(None, description="The digest that told it, whose deliveries these are")


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


class AlertRowAnswer(_OnItsWay, AlertAnswer):
    """An alert about a story, when it was decided, and how its deliveries stand."""

    about: Literal["story"] = "story"

    @classmethod
    def of(cls, row: AlertRow) -> AlertRowAnswer:
        """The ledger's row, flat: a program asks for an alert's party, not for its alert's."""
        alert = AlertAnswer.model_validate(row.alert).__dict__
        return cls.model_validate({**alert, **_state_of(row)})


class FeedAlertAnswer(_FromRow):
    """Something befell a feed, for one subscription."""

    id: str
    subscription: str
    event: FeedEvent
    reason: Reason
    feed_id: str
    outlet: str
    url: str
    at: Moment
    why: str = Field(description="What befell it, in one sentence")


class FeedAlertRowAnswer(_OnItsWay, FeedAlertAnswer):
    """An alert about a feed, when it was decided, and how its deliveries stand."""

    about: Literal["feed"] = "feed"

    @classmethod
    def of(cls, row: FeedAlertRow) -> FeedAlertRowAnswer:
        """The ledger's row, flat."""
        alert = FeedAlertAnswer.model_validate(row.alert).__dict__
        return cls.model_validate({**alert, **_state_of(row)})


AnyAlertAnswer = Annotated[AlertRowAnswer | FeedAlertRowAnswer, Field(discriminator="about")]


def alert_answer(row: AlertRow | FeedAlertRow) -> AlertRowAnswer | FeedAlertRowAnswer:
    """An alert in a list, whatever it is about."""
    return AlertRowAnswer.of(row) if isinstance(row, AlertRow) else FeedAlertRowAnswer.of(row)


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
    state: str = Field(description="waiting, ok, slow, failing, dark, gap, moved, gone or paused")
    since: Moment | None = Field(description="When the state began, where it has a beginning")
    last_polled_at: Moment | None
    next_poll_at: Moment | None
    failures: int
    reason: str
    items: int
    fetched_at: Moment | None = Field(description="When something last came of it")
    latency_p50: int | None = Field(description="Seconds from publication to first sight, of the last news")
    latency_p95: int | None
    moved_from: str | None = Field(description="The declared address, where it moved for good")
    waits: str = Field(description="Why its host is left alone until the next poll; empty where it is not")
    pushed_until: Moment | None = Field(None, description="How long its hub has agreed to push it")


class ShareAnswer(_FromRow):
    """A share with its 95 % interval."""

    part: int
    of: int
    low: float
    high: float


class RecordAnswer(_FromRow):
    """What came of the rumors that somebody told first; never how true they were."""

    subject: Subject
    name: str
    opened: int
    denied: int
    denied_flat: int
    denied_limited: int
    denied_not_aware: int
    confirmed: int
    retracted: int
    reversed: int
    unresolved: int
    confirmed_share: ShareAnswer | None = Field(description="Of those that ended; null: too few to say")


class PartyRecordAnswer(_FromRow):
    """How the denials of a party lasted."""

    name: str
    denied: int
    turned: int = Field(description="It confirmed later what it had denied")
    overturned: int = Field(description="Others confirmed it, and nobody denies it any more")
    reversed_share: ShareAnswer | None = Field(description="Of its denied stories; null: too few to say")


class WhyLineAnswer(_FromRow):
    """One thing that is known of one stage."""

    stage: Stage
    text: str
    at: Moment | None


class WhyEndAnswer(_FromRow):
    """How it ended for one subscription."""

    subscription: str
    lines: list[WhyLineAnswer]
    stopped_by: Stage | None = Field(description="The stage that stopped it; null where it was told")
    reason: str


class WhyChapterAnswer(_FromRow):
    """One thing that may be told: a statement, a clock, a feed."""

    title: str
    lines: list[WhyLineAnswer]
    ends: list[WhyEndAnswer]
    stopped_by: Stage | None


class WhyAnswer(_FromRow):
    """Why somebody was told, or was not, from what was stored when it was decided."""

    about: str = Field(description="item, story or alert")
    id: str
    title: str
    chapters: list[WhyChapterAnswer]


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
    paused: bool


class ReadyAnswer(BaseModel):
    """The service can read its ledger. `status` is `paused` where workers were told to take nothing new."""

    status: str = "ready"
    counts: CountsAnswer


class PageAnswer(BaseModel, Generic[Answer]):
    """One page of a list. `next` is the cursor of the following page, null on the last."""

    items: list[Answer]
    next: str | None
