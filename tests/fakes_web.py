"""A desk full of made-up stories, told in the domain's words, for whatever shows them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from fastapi import FastAPI
from fastapi.testclient import TestClient

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
from service.core.records import Line, PartyRecord, Record, party_records, records
from service.core.searching import joined
from service.errors import InputError, StoreError
from service.store.narrowing import ANY_ALERT, ANY_STORY, AlertsWanted, StoriesWanted
from service.store.searching import Question
from service.store.views import AlertRow, Counts, FeedRow, Page, StoryPage, StoryRow, TimelineRow
from service.web.app import create_app

Row = TypeVar("Row")
NOW = datetime(2026, 2, 4, 9, 30, tzinfo=UTC)
_EVENTS = {
    Kind.RUMOR: EventType.OPENED,
    Kind.DENIAL: EventType.DENIED,
    Kind.CONFIRMATION: EventType.CONFIRMED,
    Kind.NO_COMMENT: EventType.NO_COMMENT,
    Kind.RETRACTION: EventType.RETRACTED,
    Kind.STANDS_BY: EventType.DISPUTED,
}
_REASONS = {
    Kind.RUMOR: Reason.RUMOR,
    Kind.DENIAL: Reason.FIRST_DENIAL_BY_PARTY,
    Kind.CONFIRMATION: Reason.FIRST_CONFIRMATION_BY_PARTY,
    Kind.NO_COMMENT: Reason.NO_COMMENT,
    Kind.RETRACTION: Reason.RETRACTION,
    Kind.STANDS_BY: Reason.STANDS_BY,
}


_SAID_BEFORE = (Reason.REPEAT, Reason.RECAP)


@dataclass(frozen=True, slots=True)
class Said:
    """One statement as a test tells it: who, what, which words, how many hours before NOW."""

    kind: Kind
    party: str | None
    words: str
    hours: float
    strength: Strength | None = None
    outlet: str | None = "harbour-ledger.example"
    url: str | None = "https://harbour-ledger.example/2026/02/report?id=7"
    title: str = "A title"
    speaker: str | None = None
    role: Role | None = Role.PRINCIPAL
    before: str = ""
    after: str = ""
    reason: Reason | None = None

    @property
    def at(self) -> datetime:
        """When it was told."""
        return NOW - timedelta(hours=self.hours)


def item_id(said: Said) -> str:
    """Statements under one title at one time stand in one item."""
    return f"item_{said.hours}_{len(said.title)}"


def quotation(said: Said) -> Quotation:
    """The words with where they stand."""
    return Quotation(
        text=said.words,
        field="text",
        start=len(said.before),
        end=len(said.before) + len(said.words),
        item_id=item_id(said),
        url=said.url,
        outlet=said.outlet,
        title=said.title,
        told_at=said.at,
        kind=said.kind,
        party=said.party,
        speaker=said.speaker,
    )


def position(said: Said) -> Position:
    """The stance that this statement leaves behind."""
    party = said.party or "An unnamed source"
    return Position(party, said.kind, said.strength, said.role, said.speaker, said.at, quotation(said))


def timeline_row(said: Said) -> TimelineRow:
    """The statement in its story's timeline."""
    evidence = Evidence("text", len(said.before), len(said.before) + len(said.words), said.words)
    if said.words in said.title:
        start = said.title.index(said.words)
        evidence = Evidence("title", start, start + len(said.words), said.words)
    return TimelineRow(
        at=said.at,
        item_id=item_id(said),
        item_title=said.title,
        url=said.url,
        outlet=said.outlet,
        kind=said.kind,
        party=said.party,
        speaker=said.speaker,
        role=said.role,
        strength=said.strength,
        fresh=said.reason is not Reason.RECAP,
        event=None if said.reason else _EVENTS[said.kind],
        reason=said.reason or _REASONS[said.kind],
        confidence=0.87,
        evidence=evidence,
        because=("en.denial.completely_false",),
        joined_because=("same principals: Ford, Xiaomi",),
        before=said.before,
        after=said.after,
    )


def story_page(
    story_id: str, claim: str, status: Status, principals: tuple[str, ...], *said: Said, alerts: bool = True
) -> StoryPage:
    """A story whose statements are `said`, oldest first; denials and confirmations have alerted."""
    first = next((s for s in said if s.kind is Kind.RUMOR), None)
    positions = {
        s.party: position(s) for s in said if s.kind is not Kind.RUMOR and s.reason not in _SAID_BEFORE
    }
    told = [s for s in said if s.kind in (Kind.DENIAL, Kind.CONFIRMATION) and s.reason is None]
    row = StoryRow(
        id=story_id,
        claim=claim,
        principals=principals,
        status=status,
        opened_at=said[0].at,
        last_at=said[-1].at,
        reports=sum(s.kind is Kind.RUMOR for s in said),
        repeats=sum(s.reason is Reason.REPEAT for s in said),
        positions=tuple(positions.values()),
        rumor=quotation(first) if first else None,
        alerts=len(told) if alerts else 0,
    )
    rows = tuple(_alert_row(row, s, number) for number, s in enumerate(told)) if alerts else ()
    return StoryPage(row, tuple(timeline_row(s) for s in said), rows[::-1])


def _alert_row(story: StoryRow, said: Said, number: int) -> AlertRow:
    alert = Alert(
        id=f"alert_{story.id}_{number}",
        subscription="everything",
        event=_EVENTS[said.kind],
        reason=_REASONS[said.kind],
        story_id=story.id,
        claim=story.claim,
        status=story.status,
        kind=said.kind,
        party=said.party,
        role=said.role,
        speaker=said.speaker,
        strength=said.strength,
        at=said.at,
        evidence=quotation(said),
        rumor=story.rumor,
        earlier=None,
        positions=story.positions,
    )
    return AlertRow(alert, said.at, (("newsroom-hook", "delivered"), ("mail", "pending")))


def feed(outlet: str = "Harbour Ledger", state: str = "ok", **changes: object) -> FeedRow:
    """A healthy feed, changed where a test says so."""
    row = FeedRow(
        id=f"feed_{outlet}",
        url="https://harbour-ledger.example/feed.xml",
        outlet=outlet,
        state=state,
        last_polled_at=NOW - timedelta(minutes=4),
        next_poll_at=NOW + timedelta(minutes=11),
        failures=0,
        reason="Polled every 15 minutes.",
        items=42,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


@dataclass
class FakeReports:
    """Reports over a list of stories. Cursors are "after-N"; `broken` makes the ledger unreadable."""

    pages: list[StoryPage] = field(default_factory=list)
    feed_rows: list[FeedRow] = field(default_factory=list)
    broken: bool = False
    asked: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def stories(
        self,
        limit: int = 50,
        cursor: str | None = None,
        status: Status | None = None,
        wanted: StoriesWanted = ANY_STORY,
    ) -> Page[StoryRow]:
        self.check()
        rows = sorted((p.story for p in self.pages), key=lambda s: s.last_at, reverse=True)
        rows = [s for s in rows if status in (None, s.status) and wanted.about in (None, *s.principals)]
        rows = [s for s in rows if wanted.since is None or s.last_at >= wanted.since]
        return _cut([s for s in rows if wanted.until is None or s.last_at <= wanted.until], limit, cursor)

    def story(self, story_id: str) -> StoryPage | None:
        self.check()
        self.asked.append(story_id)
        return next((p for p in self.pages if p.story.id == story_id), None)

    def alerts(
        self, limit: int = 50, cursor: str | None = None, wanted: AlertsWanted = ANY_ALERT
    ) -> Page[AlertRow]:
        self.check()
        rows = sorted((a for p in self.pages for a in p.alerts), key=lambda a: a.created_at, reverse=True)
        rows = [a for a in rows if wanted.subscription in (None, a.alert.subscription)]
        rows = [a for a in rows if wanted.event in (None, a.alert.event.value)]
        return _cut([a for a in rows if wanted.story_id in (None, a.alert.story_id)], limit, cursor)

    def search(self, question: Question, limit: int = 50, cursor: str | None = None) -> Page[StoryRow]:
        self.check()
        rows = [p.story for p in self.pages if question.status in (None, p.story.status)]
        rows = [s for s in rows if all(term in joined([s.claim]) for term in question.terms)]
        return _cut(rows, limit, cursor)

    def records(self) -> tuple[Record, ...]:
        self.check()
        return records(self.lines)

    def party_records(self) -> tuple[PartyRecord, ...]:
        self.check()
        return party_records(self.lines)

    def feeds(self) -> list[FeedRow]:
        self.check()
        return self.feed_rows

    def counts(self, now: datetime) -> Counts:
        self.check()
        alerts = sum(len(p.alerts) for p in self.pages)
        return Counts(len(self.feed_rows), 1284, len(self.pages), alerts, 3, 1, 1, 0)

    def check(self) -> None:
        if self.broken:
            raise StoreError("The database at ledger.example does not answer.")


def _cut(rows: list[Row], limit: int, cursor: str | None) -> Page[Row]:
    start = _start(cursor)
    following = f"after-{start + limit}" if start + limit < len(rows) else None
    return Page(tuple(rows[start : start + limit]), following)


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.removeprefix("after-").isdecimal():
        raise InputError("The cursor is not one that this list gave.")
    return int(cursor.removeprefix("after-"))


def app_over(reports: FakeReports, demo: bool = False) -> FastAPI:
    """The application over these stories, at NOW, answering to desk.example and [fd00::7] too."""
    return create_app(reports, allowed_hosts=["desk.example", "[fd00::7]"], clock=lambda: NOW, demo=demo)


def client_of(reports: FakeReports, demo: bool = False) -> TestClient:
    """A client in the same process; a bug in the application is an answer, as it is for a browser."""
    app = app_over(reports, demo)
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
