"""The pages: what moves now, and one story from the first report to the last word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from service.core.model import Status
from service.store.views import AlertRow, Counts, FeedAlertRow, FeedRow, Page, StoryPage, StoryRow
from service.tracing import TracesLike, Why
from service.web.callers import Caller, caller_of
from service.web.curation import DONE, AuditRow, Curation
from service.web.pages import Pages
from service.web.reading import FIT_ID, ReportsLike, find_story, found_why
from service.web.words import FEED_IN_TROUBLE

STORIES_ON_A_PAGE = 20
ALERTS_ON_THE_TAPE = 20
FEEDS_IN_THE_FOOTER = 50

JustDone = Annotated[str | None, Query(pattern=DONE)]
Cursor = Annotated[str | None, Query(min_length=1, max_length=500, pattern=r"^[!-~]+$")]


@dataclass(frozen=True, slots=True)
class NowView:
    """The front page: the tape of alerts, the stories, and how the watch itself does."""

    now: datetime
    demo: bool
    status: Status | None
    cursor: str | None
    stories: Page[StoryRow]
    alerts: Page[AlertRow | FeedAlertRow]
    feeds: tuple[FeedRow, ...]
    counts: Counts
    template: str = "now.html"

    @property
    def feeds_failing(self) -> int:
        """How many feeds cannot be read right now."""
        return sum(feed.state in FEED_IN_TROUBLE for feed in self.feeds)

    @property
    def feeds_shown(self) -> list[FeedRow]:
        """The feeds that fit a footer, failing ones first."""
        return sorted(self.feeds, key=lambda feed: feed.state not in FEED_IN_TROUBLE)[:FEEDS_IN_THE_FOOTER]


@dataclass(frozen=True, slots=True)
class StoryActs:
    """What the one who looks can do with a story, and what was done. `done`: by them, just now."""

    audit: tuple[AuditRow, ...]
    may_edit: bool
    seal: str
    done: str | None


@dataclass(frozen=True, slots=True)
class StoryView:
    """One story."""

    now: datetime
    page: StoryPage
    acts: StoryActs | None = None
    template: str = "story.html"


@dataclass(frozen=True, slots=True)
class WhyView:
    """Why somebody was told, or was not."""

    why: Why
    template: str = "why.html"


@dataclass(frozen=True, slots=True)
class TroubleView:
    """An error as a page: what is wrong, and where to go from here."""

    status: int
    detail: str
    template: str = "trouble.html"

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase


def page_router(
    reports: ReportsLike,
    pages: Pages,
    clock: Callable[[], datetime],
    *,
    demo: bool,
    curation: Curation | None = None,
) -> APIRouter:
    """`/` and `/stories/{id}`. Nothing here writes; with `curation` a story has buttons that do."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.head("/")
    @router.get("/")
    def now_page(cursor: Cursor = None, status: Status | None = None) -> HTMLResponse:
        return pages.answer(_now_view(reports, clock(), demo, cursor, status))

    @router.head("/stories/{story_id}")
    @router.get("/stories/{story_id}")
    def story_page(request: Request, story_id: str, done: JustDone = None) -> HTMLResponse:
        found = find_story(reports, story_id)
        if found is None:
            return pages.answer(TroubleView(404, "There is no story with this address."), 404)
        acts = None if curation is None else _acts(curation, found, caller_of(request), done)
        return pages.answer(StoryView(clock(), found, acts))

    return router


def _acts(curation: Curation, page: StoryPage, caller: Caller, done: str | None) -> StoryActs:
    return StoryActs(curation.audit(page.story.id), caller.may_edit, curation.seal.of(caller), done)


def why_page_router(traces: TracesLike, pages: Pages) -> APIRouter:
    """`/why?id=...`: the stages that an item, a story or an alert passed. Nothing here writes."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.head("/why")
    @router.get("/why")
    def why_page(
        id: Annotated[str, Query(min_length=1, max_length=500, pattern=FIT_ID)],
        subscription: Annotated[str | None, Query(max_length=200, pattern=FIT_ID)] = None,
    ) -> HTMLResponse:
        return pages.answer(WhyView(found_why(traces, id, subscription)))

    return router


def _now_view(
    reports: ReportsLike, now: datetime, demo: bool, cursor: str | None, status: Status | None
) -> NowView:
    return NowView(
        now=now,
        demo=demo,
        status=status,
        cursor=cursor,
        stories=reports.stories(STORIES_ON_A_PAGE, cursor, status),
        alerts=reports.alerts(ALERTS_ON_THE_TAPE),
        feeds=tuple(reports.feeds()),
        counts=reports.counts(now),
    )
