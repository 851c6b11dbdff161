"""The API under /api/v1 and the two probes: what programs read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import PlainTextResponse

from service.core.history import FeedEvent
from service.core.model import EventType, Status
from service.core.records import Subject
from service.store.narrowing import AlertsWanted, StoriesWanted
from service.store.paging import number_cursor, parsed_number
from service.store.views import Page
from service.tracing import TracesLike
from service.web.answers import (
    AnyAlertAnswer,
    CountsAnswer,
    FeedAnswer,
    PageAnswer,
    PartyRecordAnswer,
    ReadyAnswer,
    RecordAnswer,
    StoryAnswer,
    StoryPageAnswer,
    WhyAnswer,
    alert_answer,
)
from service.web.problems import problem_answers
from service.web.reading import FIT_ID, ReportsLike, find_story, found_why

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most")]
Cursor = Annotated[
    str | None,
    Query(min_length=1, max_length=500, pattern=r"^[!-~]+$", description="`next` of the page before"),
]
AskedFor = Annotated[
    str, Query(min_length=1, max_length=500, pattern=FIT_ID, description="Id of an item, a story or an alert")
]
OneSubscription = Annotated[
    str | None, Query(min_length=1, max_length=200, pattern=FIT_ID, description="For this one; all without")
]

OneStory = Annotated[
    str | None, Query(min_length=1, max_length=200, pattern=FIT_ID, description="On this story; all without")
]
Since = Annotated[datetime | None, Query(description="Last word at this time or later; UTC without a zone")]
Until = Annotated[datetime | None, Query(description="Last word at this time or before")]
About = Annotated[
    str | None, Query(min_length=1, max_length=200, pattern=FIT_ID, description="A principal, by any name")
]
Row = TypeVar("Row")


def _as_it_is(name: str) -> str:
    return name


def api_router(reports: ReportsLike, canonical: Callable[[str], str] = _as_it_is) -> APIRouter:
    """Stories, alerts and feeds as JSON, newest first, a page at a time."""
    router = APIRouter(prefix="/api/v1", tags=["desk"], responses=problem_answers(400, 422, 503))

    @router.get("/stories", summary="Stories, latest news first")
    def list_stories(
        limit: Limit = 50,
        cursor: Cursor = None,
        status: Status | None = None,
        about: About = None,
        since: Since = None,
        until: Until = None,
    ) -> PageAnswer[StoryAnswer]:
        wanted = StoriesWanted(canonical(about) if about else None, utc(since), utc(until))
        page = reports.stories(limit, cursor, status, wanted)
        return PageAnswer(items=[StoryAnswer.model_validate(row) for row in page.items], next=page.next)

    @router.get("/stories/{story_id}", summary="One story", responses=problem_answers(404))
    def one_story(story_id: str) -> StoryPageAnswer:
        found = find_story(reports, story_id)
        if found is None:
            raise HTTPException(404, "There is no story with this id.")
        return StoryPageAnswer.model_validate(found)

    @router.get("/alerts", summary="Alerts, newest first")
    def list_alerts(
        limit: Limit = 50,
        cursor: Cursor = None,
        subscription: OneSubscription = None,
        event: EventType | FeedEvent | None = None,
        story: OneStory = None,
    ) -> PageAnswer[AnyAlertAnswer]:
        wanted = AlertsWanted(subscription, event.value if event else None, story)
        page = reports.alerts(limit, cursor, wanted)
        return PageAnswer(items=[alert_answer(row) for row in page.items], next=page.next)

    @router.get("/feeds", summary="Feeds and their health")
    def list_feeds(limit: Limit = 200, cursor: Cursor = None) -> PageAnswer[FeedAnswer]:
        page = _cut(reports.feeds(), limit, cursor)
        return PageAnswer(items=[FeedAnswer.model_validate(row) for row in page.items], next=page.next)

    @router.get("/outlets", summary="Track records of outlets, reporters and sources")
    def list_outlets(
        limit: Limit = 50, cursor: Cursor = None, subject: Subject | None = None
    ) -> PageAnswer[RecordAnswer]:
        found = [one for one in reports.records() if subject in (None, one.subject)]
        page = _cut(found, limit, cursor)
        return PageAnswer(items=[RecordAnswer.model_validate(one) for one in page.items], next=page.next)

    @router.get("/parties", summary="How the denials of parties lasted")
    def list_parties(limit: Limit = 50, cursor: Cursor = None) -> PageAnswer[PartyRecordAnswer]:
        page = _cut(reports.party_records(), limit, cursor)
        return PageAnswer(items=[PartyRecordAnswer.model_validate(one) for one in page.items], next=page.next)

    return router


def utc(moment: datetime | None) -> datetime | None:
    """A moment as given, in UTC where it names no zone."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _cut(rows: Sequence[Row], limit: int, cursor: str | None) -> Page[Row]:
    """The page behind a cursor that counts rows, of a list that is short enough to be made whole."""
    start = parsed_number(cursor) if cursor is not None else 0
    end = start + limit
    return Page(tuple(rows[start:end]), number_cursor(end) if end < len(rows) else None)


def why_router(traces: TracesLike) -> APIRouter:
    """Why somebody was told, or was not."""
    router = APIRouter(prefix="/api/v1", tags=["desk"], responses=problem_answers(404, 422, 503))

    @router.get("/why", summary="The stages that an item, a story or an alert passed, and what stopped it")
    def answer_why(id: AskedFor, subscription: OneSubscription = None) -> WhyAnswer:
        return WhyAnswer.model_validate(found_why(traces, id, subscription))

    return router


def probe_router(reports: ReportsLike, clock: Callable[[], datetime]) -> APIRouter:
    """Is the process alive, and can it work: for supervisors and load balancers."""
    router = APIRouter(tags=["probes"])

    @router.head("/livez", include_in_schema=False)
    @router.get("/livez", summary="The process answers", response_class=PlainTextResponse)
    def livez() -> str:
        return "ok"

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", summary="The ledger can be read", responses=problem_answers(503))
    def readyz() -> ReadyAnswer:
        reports.check()
        counts = CountsAnswer.model_validate(reports.counts(clock()))
        return ReadyAnswer(status="paused" if counts.paused else "ready", counts=counts)

    return router
