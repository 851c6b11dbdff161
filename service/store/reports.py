"""What the pages and the API read: whole rows for people, never work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Table, and_, func, or_, select

from service.core.model import EventType, Evidence, Reason, Statement, Status
from service.core.origins import Origin
from service.core.records import PartyRecord, Record, party_records, records
from service.errors import StoreError
from service.store.alerts import LISTED
from service.store.articles import article_rows
from service.store.codec import decode, decode_all
from service.store.engine import reading
from service.store.feed_reports import feed_rows, notice_rows
from service.store.hubs import hub_row
from service.store.lines import lines_of
from service.store.narrowing import (
    ANY_ALERT,
    ANY_STORY,
    AlertsWanted,
    StoriesWanted,
    narrowed_alerts,
    narrowed_stories,
)
from service.store.paging import cursor_of, page_of
from service.store.pauses import is_paused
from service.store.pulse import Pulse
from service.store.review import doubt_rows
from service.store.schema import (
    DEAD,
    PENDING,
    QUARANTINED,
    alerts,
    deliveries,
    feeds,
    items,
    revisions,
    searched,
    statements,
    stories,
)
from service.store.searching import Question, asked_for
from service.store.sources import origins_of
from service.store.stories import story_of
from service.store.told import told_of_story, told_rows
from service.store.views import (
    AlertRow,
    ArticleRow,
    Counts,
    DoubtRow,
    FeedAlertRow,
    FeedRow,
    HubRow,
    NoticeRow,
    Page,
    StoryPage,
    StoryRow,
    TimelineRow,
)

_told = select(func.count()).select_from(alerts).where(alerts.c.story_id == stories.c.id).scalar_subquery()
_STORIES = select(stories, _told.label("told"))
_TIMELINE = (
    select(statements, revisions.c.title, revisions.c.text, revisions.c.url, revisions.c.outlet)
    .join(
        revisions,
        and_(revisions.c.item_id == statements.c.item_id, revisions.c.revision == statements.c.revision),
    )
    .order_by(*(statements.c[name] for name in ("at", "position", "item_id", "revision", "place")))
)

# Characters of an item shown on each side of a quotation.
_AROUND = 160
_WORD = 30


class Reports:
    """The reads of one ledger."""

    def __init__(self, engine: Engine, pulse: Pulse | None = None) -> None:
        self._engine = engine
        self._pulse = pulse

    def stories(
        self,
        limit: int = 50,
        cursor: str | None = None,
        status: Status | None = None,
        wanted: StoriesWanted = ANY_STORY,
    ) -> Page[StoryRow]:
        """Stories, the latest moved first. InputError for a cursor that is not one of ours."""
        living = narrowed_stories(_STORIES.where(stories.c.became.is_(None)), status, wanted)
        asked = page_of(living, stories.c.last_at, stories.c.id, limit, cursor)
        with reading(self._engine) as connection:
            rows = connection.execute(asked).all()
            shown = rows[:limit]
            origins = origins_of(connection, [row.id for row in shown])
        following = cursor_of(shown[-1].last_at, shown[-1].id) if len(rows) > limit else None
        return Page(tuple(_story_row(row, origins.get(row.id)) for row in shown), following)

    def search(self, question: Question, limit: int = 50, cursor: str | None = None) -> Page[StoryRow]:
        """Stories that answer, the latest moved first. InputError for a cursor that is not one of ours."""
        asked = asked_for(question, limit, cursor, self._engine.dialect.name)
        with reading(self._engine) as connection:
            found = connection.execute(asked).all()
            ids = [row.story_id for row in found[:limit]]
            rows = {row.id: row for row in connection.execute(_STORIES.where(stories.c.id.in_(ids)))}
            origins = origins_of(connection, ids)
        shown = tuple(_story_row(rows[id_], origins.get(id_)) for id_ in ids if id_ in rows)
        last = found[limit - 1] if len(found) > limit else None
        return Page(shown, cursor_of(last.last_at, last.story_id) if last else None)

    def story(self, story_id: str) -> StoryPage | None:
        """A story with its timeline, oldest first, and its alerts, newest first.

        A story that was merged is answered by the one it was merged into; alerts stay with their statements.
        """
        with reading(self._engine) as connection:
            row = connection.execute(_STORIES.where(stories.c.id == story_id)).first()
            while row is not None and row.became:
                row = connection.execute(_STORIES.where(stories.c.id == row.became)).first()
            if row is None:
                return None
            mine = statements.c.story_id == row.id
            lines = connection.execute(_TIMELINE.where(mine)).all()
            before = select(statements.c.placed_id).where(mine)
            told = (
                select(alerts)
                .where(or_(alerts.c.story_id == row.id, alerts.c.story_id.in_(before)))
                .order_by(alerts.c.created_at.desc(), alerts.c.id.desc())
            )
            shown = told_of_story(connection, connection.execute(told).all())
            origin = origins_of(connection, [row.id]).get(row.id)
        return StoryPage(_story_row(row, origin), tuple(map(_timeline_row, lines)), shown)

    def alerts(
        self, limit: int = 50, cursor: str | None = None, wanted: AlertsWanted = ANY_ALERT
    ) -> Page[AlertRow | FeedAlertRow]:
        """Alerts about stories and feeds, the newest first. InputError for a cursor that is not ours."""
        single = narrowed_alerts(select(alerts).where(alerts.c.about.in_(LISTED)), wanted)
        asked = page_of(single, alerts.c.created_at, alerts.c.id, limit, cursor)
        with reading(self._engine) as connection:
            rows = connection.execute(asked).all()
            shown = told_rows(connection, rows[:limit])
        last = shown[-1] if len(rows) > limit else None
        return Page(shown, cursor_of(last.created_at, last.alert.id) if last else None)

    def doubts(self, limit: int = 200) -> list[DoubtRow]:
        """The review list: what a person is asked to decide, the latest first."""
        with reading(self._engine) as connection:
            return doubt_rows(connection, limit)

    def records(self) -> tuple[Record, ...]:
        """The track records of outlets, reporters and sources, those that opened most rumors first."""
        with reading(self._engine) as connection:
            return records(lines_of(connection))

    def party_records(self) -> tuple[PartyRecord, ...]:
        """How the denials of parties lasted, those that denied most first."""
        with reading(self._engine) as connection:
            return party_records(lines_of(connection))

    def feeds(self) -> list[FeedRow]:
        """The feeds that are polled or paused, by id, each as of its last poll."""
        with reading(self._engine) as connection:
            return feed_rows(connection)

    def feed_notices(self, feed_id: str, limit: int = 20) -> list[NoticeRow]:
        """What befell a feed, the latest first."""
        with reading(self._engine) as connection:
            return notice_rows(connection, feed_id, limit)

    def feed_hub(self, feed_id: str) -> HubRow | None:
        """How it stands with the hub of a feed, None where its document names none."""
        with reading(self._engine) as connection:
            return hub_row(connection, feed_id)

    def feed_articles(self, feed_id: str, limit: int = 10) -> list[ArticleRow]:
        """The articles that were fetched for a feed, or will be, the latest first."""
        with reading(self._engine) as connection:
            return article_rows(connection, feed_id, limit)

    def counts(self, now: datetime) -> Counts:
        """The service at a glance. What waits counts whether it is due at `now`, leased or resting."""
        with reading(self._engine) as connection:
            return Counts(
                feeds=_count(connection, feeds, feeds.c.enabled),
                items=_count(connection, items),
                stories=_count(connection, searched),  # one small row for each that lives
                alerts=_count(connection, alerts, alerts.c.about.in_(LISTED)),
                revisions_waiting=_count(connection, revisions, revisions.c.state == PENDING),
                deliveries_waiting=_count(connection, deliveries, deliveries.c.state == PENDING),
                deliveries_dead=_count(connection, deliveries, deliveries.c.state == DEAD),
                quarantined=_count(connection, revisions, revisions.c.state == QUARANTINED),
                paused=is_paused(connection),
            )

    def check(self) -> None:
        """Prove that the ledger answers, and that it took what was written last. StoreError where not."""
        with reading(self._engine) as connection:
            connection.execute(select(feeds.c.id).limit(1)).all()
        if self._pulse is not None and (trouble := self._pulse.trouble) is not None:
            raise StoreError(trouble)


def _story_row(row: Row[Any], origin: Origin | None) -> StoryRow:
    story = story_of(row)
    return StoryRow(
        id=story.id,
        claim=story.claim.text,
        principals=story.claim.principals,
        status=story.status,
        opened_at=story.opened_at,
        last_at=story.last_at,
        reports=story.reports,
        repeats=story.repeats,
        positions=story.positions,
        rumor=story.rumor,
        alerts=row.told,
        origin=origin,
    )


def _timeline_row(row: Row[Any]) -> TimelineRow:
    said = decode(Statement, row.statement)
    before, after = _around(said.evidence, row.title if said.evidence.field == "title" else row.text)
    return TimelineRow(
        at=row.at,
        item_id=row.item_id,
        item_title=row.title,
        url=row.url,
        outlet=row.outlet,
        kind=said.kind,
        party=said.party,
        speaker=said.speaker,
        role=said.role,
        strength=said.strength,
        fresh=said.fresh,
        event=EventType(row.event) if row.event else None,
        reason=Reason(row.reason),
        confidence=said.confidence,
        evidence=said.evidence,
        because=said.because,
        joined_because=decode_all(str, row.joined_because) + decode_all(str, row.decided_because or "[]"),
        before=before,
        after=after,
        ordinal=row.ordinal,
    )


def _around(evidence: Evidence, words: str) -> tuple[str, str]:
    """What stands beside the evidence, as far as a page shows it; cut between words if it can be."""
    if not words:  # retention took them
        return "", ""
    before = words[max(0, evidence.start - _AROUND) : evidence.start]
    after = words[evidence.end : evidence.end + _AROUND]
    if evidence.start > _AROUND:
        before = f"… {before.split(' ', 1)[1] if ' ' in before[:_WORD] else before}"
    if evidence.end + _AROUND < len(words):
        after = f"{after.rsplit(' ', 1)[0] if ' ' in after[-_WORD:] else after} …"
    return before, after


def _count(connection: Connection, table: Table, *which: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(*which)).scalar_one())
