"""Deliveries for programs and people: what arrived, every attempt, how long alerts take, and sending again.

Anybody here may look; a program needs the token to send anything again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, HTTPException, Path, Query, Security
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse

from service.alerts.lines import first_line
from service.core.latency import GOAL, Latency
from service.core.model import DeliveryState, Outcome
from service.store.delivery_log import AttemptRow, ChannelRow, DeliveryPage, DeliveryRow, Wanted
from service.store.resending import Again, Resent
from service.store.views import Page
from service.web.answers import Moment, PageAnswer
from service.web.api import Cursor, Limit
from service.web.intake import EDITING, admit
from service.web.lists import Named
from service.web.metrics import CONTENT_TYPE, Measured, exposition
from service.web.pages import Pages
from service.web.problems import problem_answers

WINDOW = timedelta(days=1)
ON_A_PAGE = 50
Channel = Annotated[str | None, Query(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
State = Annotated[DeliveryState | None, Query()]
Since = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
Id = Annotated[str, Path(max_length=80, pattern=r"^[A-Za-z0-9_.-]+$")]


class LogLike(Protocol):
    """The reads of deliveries that the addresses are made of."""

    def list(self, limit: int = 50, cursor: str | None = None, wanted: Wanted = ...) -> Page[DeliveryRow]: ...

    def of(self, asked: str) -> tuple[DeliveryPage, ...]: ...

    def attempts(
        self, limit: int = 50, cursor: str | None = None, channel: str | None = None
    ) -> Page[AttemptRow]: ...

    def channels(self) -> tuple[ChannelRow, ...]: ...


@dataclass(frozen=True, slots=True)
class DeliveryDesk:
    """What stands behind the addresses; all of it blocks. `digest`: of the token, None: nobody may resend.

    `latency` is asked with a beginning; `resend` raises InputError; `replay` is asked whether it is only to
    say what it would send.
    """

    digest: bytes | None
    log: LogLike
    latency: Callable[[datetime], Latency]
    resend: Callable[[str], tuple[Resent, ...]]
    replay: Callable[[Again, bool], tuple[Resent, ...]]
    measured: Callable[[], Measured]
    clock: Callable[[], datetime]


class _FromRow(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class AttemptAnswer(_FromRow):
    """One try of a delivery."""

    delivery_id: str
    alert_id: str
    channel: str
    number: int
    at: Moment = Field(description="When it ended")
    outcome: Outcome
    status: int | None = Field(description="HTTP status, SMTP code or exit code, where there was an answer")
    answer: str = Field(description="The first 500 characters of what the receiver said")
    seconds: float


class DeliveryRowAnswer(_FromRow):
    """A message on one channel, and how it stands."""

    id: str = Field(description="The webhook-id, the same over all tries and repeats")
    alert_id: str
    channel: str
    state: DeliveryState
    created_at: Moment
    next_at: Moment | None = Field(description="When it is tried next; null where it is not")
    tries: int
    subscription: str
    about: str = Field(description="story, feed or digest")
    story_id: str | None
    feed_id: str | None
    headline: str
    last: AttemptAnswer | None

    @classmethod
    def of(cls, row: DeliveryRow) -> DeliveryRowAnswer:
        """The ledger's row, its message as its first line."""
        return cls(
            id=row.id,
            alert_id=row.alert_id,
            channel=row.channel,
            state=row.state,
            created_at=row.created_at,
            next_at=row.next_at if row.state is DeliveryState.PENDING else None,
            tries=row.tries,
            subscription=row.subscription,
            about=row.about,
            story_id=row.story_id,
            feed_id=row.feed_id,
            headline=first_line(row.message),
            last=None if row.last is None else AttemptAnswer.model_validate(row.last),
        )


class DeliveryAndAttempts(BaseModel):
    """A delivery with all its attempts, the first one first."""

    delivery: DeliveryRowAnswer
    attempts: list[AttemptAnswer]


class ResentAnswer(_FromRow):
    """A delivery that is sent again, or would be, and how it stood."""

    id: str
    channel: str
    state: DeliveryState


class SpanAnswer(_FromRow):
    """Seconds from one stage to another; null where nothing was measured."""

    name: str
    count: int
    p50: float | None
    p95: float | None
    p99: float | None


class LatencyAnswer(BaseModel):
    """How long alerts took that left at once."""

    since: Moment
    alerts: int
    spans: list[SpanAnswer]
    goal_seconds: float = Field(description="From first seen to first attempt, at the 95th percentile")
    goal_met: bool | None = Field(description="null: no alert in this time")


@dataclass(frozen=True, slots=True)
class DeliveriesView:
    """The page of deliveries: channels, how long alerts take, and the log."""

    now: datetime
    channels: tuple[ChannelRow, ...]
    latency: Latency
    deliveries: Page[DeliveryRow]
    channel: str | None
    state: DeliveryState | None
    template: str = "deliveries.html"

    @property
    def goal(self) -> float:
        """The goal, in seconds."""
        return GOAL.total_seconds()


def delivery_router(desk: DeliveryDesk) -> APIRouter:
    """Deliveries, attempts and latency for programs, and the metrics."""
    router = APIRouter(prefix="/api/v1", tags=["deliveries"], responses=problem_answers(400, 422, 503))

    @router.get("/deliveries", summary="Deliveries, newest first")
    def list_deliveries(
        limit: Limit = 50,
        cursor: Cursor = None,
        channel: Named = None,
        state: State = None,
        since: Since | None = None,
        alert: Named = None,
    ) -> PageAnswer[DeliveryRowAnswer]:
        page = desk.log.list(limit, cursor, Wanted(channel, state, since, alert))
        return PageAnswer(items=[DeliveryRowAnswer.of(row) for row in page.items], next=page.next)

    @router.get("/attempts", summary="Every attempt, the latest first")
    def list_attempts(
        limit: Limit = 50, cursor: Cursor = None, channel: Channel = None
    ) -> PageAnswer[AttemptAnswer]:
        page = desk.log.attempts(limit, cursor, channel)
        return PageAnswer(items=[AttemptAnswer.model_validate(row) for row in page.items], next=page.next)

    @router.get(
        "/deliveries/{id}", summary="A delivery, or those of an alert", responses=problem_answers(404)
    )
    def one_delivery(id: Id) -> PageAnswer[DeliveryAndAttempts]:
        found = desk.log.of(id)
        if not found:
            raise HTTPException(404, "There is no delivery and no alert with this id.")
        return PageAnswer(items=[_whole(page) for page in found], next=None)

    @router.get("/latency", summary="How long alerts take, stage by stage")
    def show_latency(hours: Annotated[float, Query(gt=0, le=8760)] = 24) -> LatencyAnswer:
        return _latency_answer(desk.latency(desk.clock() - timedelta(hours=hours)))

    if desk.digest is not None:
        _add_repeats(router, desk, desk.digest)
    return router


def _add_repeats(router: APIRouter, desk: DeliveryDesk, digest: bytes) -> None:
    guarded: dict[str, Any] = {"responses": problem_answers(401, 404), "dependencies": [Security(EDITING)]}

    @router.post("/deliveries/{id}/resend", summary="Send again under the same id", **guarded)
    def resend(id: Id, request: Request) -> PageAnswer[ResentAnswer]:
        admit(request, digest)
        if not desk.log.of(id):
            raise HTTPException(404, "There is no delivery and no alert with this id.")
        return _resent(desk.resend(id))

    @router.post("/replay", summary="Send again all that was sent since a time", **guarded)
    def replay(
        request: Request,
        since: Annotated[Since, Query()],
        channel: Channel = None,
        dead: bool = False,
        dry_run: bool = False,
    ) -> PageAnswer[ResentAnswer]:
        admit(request, digest)
        return _resent(desk.replay(Again(since, channel, dead), dry_run))


def delivery_page_router(desk: DeliveryDesk, pages: Pages) -> APIRouter:
    """`/deliveries` for people, `/metrics` for Prometheus. Nothing here writes."""
    router = APIRouter(include_in_schema=False)

    @router.head("/deliveries", response_class=HTMLResponse)
    @router.get("/deliveries", response_class=HTMLResponse)
    def deliveries_page(cursor: Cursor = None, channel: Channel = None, state: State = None) -> HTMLResponse:
        now = desk.clock()
        shown = desk.log.list(ON_A_PAGE, cursor, Wanted(channel, state))
        measured = desk.latency(now - WINDOW)
        return pages.answer(DeliveriesView(now, desk.log.channels(), measured, shown, channel, state))

    @router.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> PlainTextResponse:
        return PlainTextResponse(exposition(desk.measured()), media_type=CONTENT_TYPE)

    return router


def _whole(page: DeliveryPage) -> DeliveryAndAttempts:
    attempts = [AttemptAnswer.model_validate(row) for row in page.attempts]
    return DeliveryAndAttempts(delivery=DeliveryRowAnswer.of(page.delivery), attempts=attempts)


def _latency_answer(found: Latency) -> LatencyAnswer:
    return LatencyAnswer(
        since=found.since,
        alerts=found.alerts,
        spans=[SpanAnswer.model_validate(span) for span in found.spans],
        goal_seconds=GOAL.total_seconds(),
        goal_met=found.is_met,
    )


def _resent(found: tuple[Resent, ...]) -> PageAnswer[ResentAnswer]:
    return PageAnswer(items=[ResentAnswer.model_validate(one) for one in found], next=None)
