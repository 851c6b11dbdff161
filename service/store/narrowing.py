"""What of a list is wanted: the filters of stories and alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.sql import Select

from service.core.matching import principal_key
from service.core.model import Status
from service.store.schema import alerts, postings, stories


@dataclass(frozen=True, slots=True)
class StoriesWanted:
    """`about`: the canonical name of a principal. `since`, `until`: when the last word was, both included."""

    about: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertsWanted:
    """Alerts for one subscription, of one kind of event, or on one story."""

    subscription: str | None = None
    event: str | None = None
    story_id: str | None = None


ANY_STORY = StoriesWanted()
ANY_ALERT = AlertsWanted()


def narrowed_stories(asked: Select[Any], status: Status | None, wanted: StoriesWanted) -> Select[Any]:
    """`asked` of stories, with what is wanted only."""
    if status is not None:
        asked = asked.where(stories.c.status == status.value)
    if wanted.about is not None:
        named = select(postings.c.story_id).where(postings.c.key == principal_key(wanted.about))
        asked = asked.where(stories.c.id.in_(named))
    if wanted.since is not None:
        asked = asked.where(stories.c.last_at >= wanted.since)
    if wanted.until is not None:
        asked = asked.where(stories.c.last_at <= wanted.until)
    return asked


def narrowed_alerts(asked: Select[Any], wanted: AlertsWanted) -> Select[Any]:
    """`asked` of alerts, with what is wanted only."""
    for column, value in (
        (alerts.c.subscription, wanted.subscription),
        (alerts.c.event, wanted.event),
        (alerts.c.story_id, wanted.story_id),
    ):
        if value is not None:
            asked = asked.where(column == value)
    return asked
