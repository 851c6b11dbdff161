"""The page of sources: feeds and how they are; outlets, reporters, sources and parties with their records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from service.core.records import ENOUGH, PartyRecord, Record, Subject
from service.store.views import FeedRow
from service.web.pages import Pages
from service.web.reading import ReportsLike
from service.web.words import FEED_IN_TROUBLE

MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class SourcesView:
    """At most `MOST_ROWS` of each, troubled feeds first, and how many there are. `enough`: for a share."""

    now: datetime
    subject: Subject
    feeds: tuple[FeedRow, ...]
    feeds_all: int
    feeds_in_trouble: int
    records: tuple[Record, ...]
    records_all: int
    parties: tuple[PartyRecord, ...]
    parties_all: int
    enough: int = ENOUGH
    template: str = "sources.html"


def sources_router(reports: ReportsLike, pages: Pages, clock: Callable[[], datetime]) -> APIRouter:
    """`/sources`. Nothing here writes."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.head("/sources")
    @router.get("/sources")
    def sources(subject: Annotated[Subject, Query()] = Subject.OUTLET) -> HTMLResponse:
        return pages.answer(_view(reports, clock(), subject))

    return router


def _view(reports: ReportsLike, now: datetime, subject: Subject) -> SourcesView:
    feeds = reports.feeds()
    records = [record for record in reports.records() if record.subject is subject]
    parties = reports.party_records()
    return SourcesView(
        now=now,
        subject=subject,
        feeds=tuple(sorted(feeds, key=lambda feed: feed.state not in FEED_IN_TROUBLE)[:MOST_ROWS]),
        feeds_all=len(feeds),
        feeds_in_trouble=sum(feed.state in FEED_IN_TROUBLE for feed in feeds),
        records=tuple(records[:MOST_ROWS]),
        records_all=len(records),
        parties=parties[:MOST_ROWS],
        parties_all=len(parties),
    )
