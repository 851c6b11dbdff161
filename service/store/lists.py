"""Items as pages and API turn them over, and one of them whole. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, and_, select

from service.core.model import Reason, Statement
from service.errors import InputError
from service.store.codec import decode
from service.store.engine import reading
from service.store.paging import number_cursor, parsed_number
from service.store.schema import items, revisions, statements
from service.store.views import Page

_r = revisions
_LATEST = select(_r, items.c.revisions.label("newest"), items.c.first_seen_at).join(
    items, and_(items.c.id == _r.c.item_id, items.c.revisions == _r.c.revision)
)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item as its latest revision has it. `state` is pending, done or quarantined (`why`)."""

    id: str
    revision: int
    feed_id: str
    title: str
    url: str | None
    outlet: str | None
    lang: str | None
    published: datetime | None
    told_at: datetime
    first_seen_at: datetime
    seen_at: datetime
    backfill: bool
    state: str
    why: str | None


@dataclass(frozen=True, slots=True)
class SaidRow:
    """One statement read in an item, and the story it stands in; `reason` None: nobody has decided yet."""

    statement: Statement
    story_id: str | None
    reason: Reason | None
    why: str | None


@dataclass(frozen=True, slots=True)
class ItemPage:
    """An item whole: its text ("" where retention took it), and what was read in it, in text order."""

    item: ItemRow
    text: str
    statements: tuple[SaidRow, ...]


class Lists:
    """The items of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def items(self, limit: int = 50, cursor: str | None = None, feed_id: str | None = None) -> Page[ItemRow]:
        """Items, the last to come or change first. InputError for a cursor that is not one of ours."""
        if limit < 1:
            raise InputError(f"A page of {limit} rows cannot be shown.")
        asked = _LATEST.order_by(_r.c.id.desc()).limit(limit + 1)
        if feed_id is not None:
            asked = asked.where(_r.c.feed_id == feed_id)
        if cursor is not None:
            asked = asked.where(_r.c.id < parsed_number(cursor))
        with reading(self._engine) as connection:
            rows = connection.execute(asked).all()
        following = number_cursor(rows[limit - 1].id) if len(rows) > limit else None
        return Page(tuple(_item_row(row) for row in rows[:limit]), following)

    def item(self, item_id: str) -> ItemPage | None:
        """An item whole, None where there is none."""
        s = statements
        read = select(s.c.statement, s.c.story_id, s.c.reason, s.c.why).order_by(s.c.ordinal)
        with reading(self._engine) as connection:
            row = connection.execute(_LATEST.where(_r.c.item_id == item_id)).first()
            if row is None:
                return None
            mine = and_(s.c.item_id == item_id, s.c.revision == row.revision)
            said = connection.execute(read.where(mine)).all()
        return ItemPage(_item_row(row), row.text, tuple(_said_row(one) for one in said))


def _item_row(row: Row[Any]) -> ItemRow:
    return ItemRow(
        id=row.item_id,
        revision=row.revision,
        feed_id=row.feed_id,
        title=row.title,
        url=row.url,
        outlet=row.outlet,
        lang=row.lang,
        published=row.published,
        told_at=row.told_at,
        first_seen_at=row.first_seen_at,
        seen_at=row.seen_at,
        backfill=row.backfill,
        state=row.state,
        why=row.why,
    )


def _said_row(row: Any) -> SaidRow:
    reason = Reason(row.reason) if row.reason else None
    return SaidRow(decode(Statement, row.statement), row.story_id, reason, row.why)
