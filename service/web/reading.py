"""What pages and API ask for: the reads of the ledger, as a promise that a fake can keep too."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Protocol

from starlette.exceptions import HTTPException

from service.core.model import Status
from service.core.records import PartyRecord, Record
from service.errors import InputError
from service.store.narrowing import ANY_ALERT, ANY_STORY, AlertsWanted, StoriesWanted
from service.store.searching import Question
from service.store.views import AlertRow, Counts, FeedAlertRow, FeedRow, Page, StoryPage, StoryRow
from service.tracing import TracesLike, Why, why

FIT_ID = r"^[^\x00-\x1f\x7f]+$"  # ids of items are their makers', but for what no database takes
_STORY_ID = re.compile(r"[A-Za-z0-9_.-]{1,80}")


class ReportsLike(Protocol):
    """Blocking reads. Every one raises StoreError where the ledger cannot be read."""

    def stories(
        self,
        limit: int = 50,
        cursor: str | None = None,
        status: Status | None = None,
        wanted: StoriesWanted = ANY_STORY,
    ) -> Page[StoryRow]:
        """Latest news first. InputError for a cursor that we never gave."""
        ...

    def story(self, story_id: str) -> StoryPage | None:
        """All of one story, None where there is none."""
        ...

    def alerts(
        self, limit: int = 50, cursor: str | None = None, wanted: AlertsWanted = ANY_ALERT
    ) -> Page[AlertRow | FeedAlertRow]:
        """Newest first. InputError for a cursor that we never gave."""
        ...

    def search(self, question: Question, limit: int = 50, cursor: str | None = None) -> Page[StoryRow]:
        """Stories that answer, the latest first. InputError for a cursor that we never gave."""
        ...

    def records(self) -> tuple[Record, ...]:
        """Track records of outlets, reporters and sources, those that opened most first."""
        ...

    def party_records(self) -> tuple[PartyRecord, ...]:
        """How the denials of parties lasted, those that denied most first."""
        ...

    def feeds(self) -> list[FeedRow]:
        """Every feed with its health."""
        ...

    def counts(self, now: datetime) -> Counts:
        """The service at a glance."""
        ...

    def check(self) -> None:
        """Return where the ledger answers, raise StoreError where it does not."""
        ...


def found_why(traces: TracesLike, asked: str, subscription: str | None) -> Why:
    """The answer to why; 404 where there is nothing of that id."""
    try:
        return why(traces, asked, subscription)
    except InputError as error:
        raise HTTPException(404, str(error)) from None


def find_story(reports: ReportsLike, story_id: str) -> StoryPage | None:
    """The story, or None. What cannot be an id of ours is not asked for: the ledger never sees it."""
    return reports.story(story_id) if _STORY_ID.fullmatch(story_id) else None
