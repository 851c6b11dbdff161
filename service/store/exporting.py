"""What the ledger holds as plain rows with stable columns, for a notebook or a spreadsheet.

The columns of a table are only ever added to, at its end. Values are text, numbers, truth values, lists of
texts or None; moments are ISO 8601 in UTC. All rows of an export stand for one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, func, select

from service.core.model import Alert, Kind, Position, Quotation, Statement
from service.store.codec import decode
from service.store.engine import snapshot
from service.store.schema import alerts, deliveries, revisions, statements, stories
from service.store.stories import story_of

Value = str | int | float | bool | None | tuple[str, ...]
Cells = tuple[Value, ...]

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and what stands in it."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table that can be exported. `since` says which moment of a row `since` is compared with."""

    name: str
    meaning: str
    since: str
    columns: tuple[Column, ...]
    rows: Callable[[Connection, datetime | None], Iterator[Cells]]


class Exports:
    """The exports of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def rows(self, table: str, since: datetime | None) -> Iterator[Cells]:
        """The rows of a table of `TABLES`, in the order of time, each as long as its columns."""
        with snapshot(self._engine) as connection:
            yield from TABLES[table].rows(connection, since)


def _stream(connection: Connection, wanted: Any) -> Iterator[Sequence[Row[Any]]]:
    return connection.execute(wanted.execution_options(yield_per=_AT_ONCE)).partitions()


def _after(wanted: Any, column: Any, since: datetime | None) -> Any:
    return wanted if since is None else wanted.where(column >= since)


def _when(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def _of(quotation: Quotation | None) -> Cells:
    if quotation is None:
        return (None, None, None, None, None)
    return (
        quotation.text,
        quotation.outlet,
        quotation.url,
        quotation.item_id,
        _when(quotation.told_at),
    )


def _quoted(prefix: str, what: str) -> tuple[Column, ...]:
    return (
        Column(f"{prefix}_text", f"{what}: the exact words"),
        Column(f"{prefix}_outlet", f"{what}: who published them"),
        Column(f"{prefix}_url", f"{what}: where they stand"),
        Column(f"{prefix}_item", f"{what}: the item's id"),
        Column(f"{prefix}_at", f"{what}: when the item told them"),
    )


# --- stories -------------------------------------------------------------------------------------------


def _stories(connection: Connection, since: datetime | None) -> Iterator[Cells]:
    told = select(func.count()).select_from(alerts).where(alerts.c.story_id == stories.c.id).scalar_subquery()
    wanted = _after(select(stories, told.label("told")), stories.c.last_at, since)
    for rows in _stream(connection, wanted.order_by(stories.c.last_at, stories.c.id)):
        yield from map(_story, rows)


def _story(row: Row[Any]) -> Cells:
    story = story_of(row)
    stances = (Kind.DENIAL, Kind.CONFIRMATION, Kind.NO_COMMENT)
    return (
        story.id,
        story.status.value,
        story.claim.text,
        story.claim.principals,
        _when(story.opened_at),
        _when(story.last_at),
        story.reports,
        story.repeats,
        row.told,
        *(_parties(story.positions, stance) for stance in stances),
        story.curated,
        story.became or None,
        story.became == "",
        *_of(story.rumor),
    )


def _parties(positions: Sequence[Position], stance: Kind) -> tuple[str, ...]:
    return tuple(position.party for position in positions if position.stance is stance)


_STORY_COLUMNS = (
    Column("id", "the story's id"),
    Column("status", "open, denied, confirmed, disputed or retracted"),
    Column("claim", "what is claimed"),
    Column("principals", "list: whom the claim is about, the main one first"),
    Column("opened_at", "when the first report was told"),
    Column("last_at", "when the latest statement was told"),
    Column("reports", "how many statements reported it"),
    Column("repeats", "how many statements changed nothing"),
    Column("alerts", "how many alerts were told of it"),
    Column("denied_by", "list: parties whose latest word is a denial"),
    Column("confirmed_by", "list: parties whose latest word is a confirmation"),
    Column("no_comment_by", "list: parties whose latest word is no comment"),
    Column("curated", "whether a person's decision touches it"),
    Column("merged_into", "the story that it was merged into"),
    Column("emptied", "whether nothing is left in it"),
    *_quoted("rumor", "the first report"),
)

# --- alerts --------------------------------------------------------------------------------------------


def _alerts(connection: Connection, since: datetime | None) -> Iterator[Cells]:
    wanted = _after(select(alerts), alerts.c.created_at, since)
    for rows in _stream(connection, wanted.order_by(alerts.c.created_at, alerts.c.id)):
        sent = _sent(connection, [row.id for row in rows])
        for row in rows:
            yield _alert(row, sent.get(row.id, ()))


def _alert(row: Row[Any], sent: tuple[str, ...]) -> Cells:
    alert = decode(Alert, row.alert)
    return (
        alert.id,
        _when(row.created_at),
        _when(alert.at),
        alert.event.value,
        alert.reason.value,
        alert.subscription,
        alert.story_id,
        alert.claim,
        alert.status.value,
        alert.kind.value,
        alert.party,
        alert.speaker,
        alert.role.value if alert.role else None,
        alert.strength.value if alert.strength else None,
        alert.doubtful,
        alert.note,
        sent,
        *_of(alert.evidence),
        *_of(alert.rumor),
    )


def _sent(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    wanted = select(deliveries.c.alert_id, deliveries.c.channel, deliveries.c.state)
    wanted = wanted.where(deliveries.c.alert_id.in_(ids)).order_by(
        deliveries.c.alert_id, deliveries.c.channel
    )
    sent: dict[str, tuple[str, ...]] = {}
    for alert_id, channel, state in connection.execute(wanted):
        sent[alert_id] = (*sent.get(alert_id, ()), f"{channel}: {state}")
    return sent


_ALERT_COLUMNS = (
    Column("id", "the alert's id"),
    Column("created_at", "when it was decided"),
    Column("at", "when the words that it tells of were told"),
    Column("event", "what happened, such as story.denied"),
    Column("reason", "why it was told, such as first_denial_by_party"),
    Column("subscription", "who heard of it"),
    Column("story_id", "its story"),
    Column("claim", "what is claimed, as the story had it then"),
    Column("status", "the story's status then"),
    Column("kind", "denial, confirmation, rumor ..."),
    Column("party", "the body that was spoken for"),
    Column("speaker", "the person who spoke"),
    Column("role", "as what the party speaks"),
    Column("strength", "of a denial: flat, limited, not_aware or non_denial"),
    Column("doubtful", "whether the statement may belong to another story"),
    Column("note", "what an event of time means"),
    Column("deliveries", "list: channel and how it stands"),
    *_quoted("evidence", "the statement"),
    *_quoted("rumor", "the first report"),
)

# --- items ---------------------------------------------------------------------------------------------


def _items(connection: Connection, since: datetime | None) -> Iterator[Cells]:
    wanted = _after(select(revisions), revisions.c.told_at, since)
    order = (revisions.c.told_at, revisions.c.position, revisions.c.item_id, revisions.c.revision)
    for rows in _stream(connection, wanted.order_by(*order)):
        yield from map(_item, rows)


def _item(row: Row[Any]) -> Cells:
    plain = (row.item_id, row.revision, row.feed_id, row.outlet, row.lang, row.url, row.title, row.text)
    times = (_when(row.published), _when(row.told_at), _when(row.seen_at))
    return (*plain, *times, row.backfill, row.state, row.why, _when(row.removed_at))


_ITEM_COLUMNS = (
    Column("id", "the item's id"),
    Column("revision", "1 for the first words of the item, one more with each change"),
    Column("feed_id", "the feed that brought it; empty: it came without one"),
    Column("outlet", "who published it"),
    Column("lang", "its language as the feed says it"),
    Column("url", "where it stands"),
    Column("title", "its title"),
    Column("text", "its text"),
    Column("published", "when it was published, as the feed says"),
    Column("told_at", "the moment it speaks from"),
    Column("seen_at", "when it was seen first"),
    Column("backfill", "whether it was old when it was seen, and alerted nobody"),
    Column("state", "pending, done or quarantined"),
    Column("why", "why it was set aside"),
    Column("removed_at", "when retention removed its words"),
)

# --- statements ----------------------------------------------------------------------------------------


def _statements(connection: Connection, since: datetime | None) -> Iterator[Cells]:
    s, r = statements, revisions
    of_item = and_(r.c.item_id == s.c.item_id, r.c.revision == s.c.revision)
    wanted = _after(select(s, r.c.outlet, r.c.url, r.c.title).join(r, of_item), s.c.at, since)
    order = (s.c.at, s.c.position, s.c.item_id, s.c.revision, s.c.place)
    for rows in _stream(connection, wanted.order_by(*order)):
        yield from map(_statement, rows)


def _statement(row: Row[Any]) -> Cells:
    said = decode(Statement, row.statement)
    return (
        row.item_id,
        row.revision,
        row.ordinal,
        row.story_id,
        _when(row.at),
        said.kind.value,
        said.party,
        said.speaker,
        said.role.value if said.role else None,
        said.strength.value if said.strength else None,
        said.claim.text,
        said.claim.principals,
        said.fresh,
        said.confidence,
        said.evidence.text,
        said.evidence.field,
        said.evidence.start,
        said.evidence.end,
        said.because,
        row.event,
        row.reason,
        row.joined_score,
        row.joined_sure,
        row.outlet,
        row.url,
        row.title,
    )


_STATEMENT_COLUMNS = (
    Column("item_id", "the item it was read in"),
    Column("revision", "which revision of the item"),
    Column("ordinal", "its number in that item, from 0"),
    Column("story_id", "the story it stands in; none: it joined none"),
    Column("at", "when it was told"),
    Column("kind", "rumor, denial, confirmation, no_comment, retraction or stands_by"),
    Column("party", "the body that is spoken for"),
    Column("speaker", "the person who spoke"),
    Column("role", "as what the party speaks"),
    Column("strength", "of a denial: flat, limited, not_aware or non_denial"),
    Column("claim", "what it takes a position on"),
    Column("principals", "list: whom the claim is about, the main one first"),
    Column("fresh", "false for a recap of something old"),
    Column("confidence", "the reader's own, 0 to 1"),
    Column("evidence_text", "the exact words"),
    Column("evidence_field", "title or text"),
    Column("evidence_start", "where they start in that field, in characters"),
    Column("evidence_end", "where they end"),
    Column("because", "list: the ids of the cues that decided"),
    Column("event", "what it moved; none: nothing"),
    Column("reason", "why it was told or was not"),
    Column("joined_score", "the matcher's score of it and its story"),
    Column("joined_sure", "whether the matcher was sure"),
    Column("outlet", "who published the item"),
    Column("url", "where the item stands"),
    Column("title", "the item's title"),
)

TABLES: Mapping[str, ExportTable] = {
    table.name: table
    for table in (
        ExportTable("stories", "One row a story.", "last_at", _STORY_COLUMNS, _stories),
        ExportTable("alerts", "One row an alert.", "created_at", _ALERT_COLUMNS, _alerts),
        ExportTable("items", "One row a revision of an item.", "told_at", _ITEM_COLUMNS, _items),
        ExportTable("statements", "One row a statement.", "at", _STATEMENT_COLUMNS, _statements),
    )
}
