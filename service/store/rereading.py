"""Items as they were read, to be read anew: in pages, so that a service goes on meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, func, or_, select, update

from service.core.model import Item, Match, Statement
from service.store.codec import decode, decode_all
from service.store.engine import reading, writing
from service.store.items import item_of
from service.store.schema import revisions, statements, strays

PAGE = 200

_r, _s = revisions, statements


@dataclass(frozen=True, slots=True)
class Placed:
    """A statement as it was read, where it stands, and what the matcher said of it."""

    statement: Statement
    story_id: str | None
    joined: Match


@dataclass(frozen=True, slots=True)
class PastReading:
    """An item and all that was read in it, in the order of the text."""

    item: Item
    placed: tuple[Placed, ...]


class PastReadings:
    """The readings of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def pages(self, since: datetime | None, unless_by: str | None) -> Iterator[list[PastReading]]:
        """What was read and still has its words, told at `since` or later, but by other rules than those."""
        wanted = select(_r).where(*_readable(since, unless_by)).order_by(_r.c.id).limit(PAGE)
        after = 0
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(wanted.where(_r.c.id > after)).all()
                page = _with_statements(connection, rows)
            if not page:
                return
            yield page
            after = rows[-1].id

    def without_words(self, since: datetime | None) -> int:
        """How many cannot be read anew, because retention took their words."""
        removed = [_r.c.removed_at.is_not(None), *([] if since is None else [_r.c.told_at >= since])]
        with reading(self._engine) as connection:
            counted = connection.execute(select(func.count()).select_from(_r).where(*removed))
            return int(counted.scalar_one())

    def note(self, items: Sequence[Item], read_by: str) -> None:
        """These read the same under the rules `read_by`."""
        with writing(self._engine) as connection:
            for item in items:
                note_read_by(connection, item, read_by)


def forget_reading(connection: Connection, item: Item) -> None:
    """Take out all that was read in this revision; its stories are about to be folded anew."""
    for table in (strays, _s):
        connection.execute(delete(table).where(_of_revision(table, item)))


def note_read_by(connection: Connection, item: Item, read_by: str) -> None:
    """Keep by which rules the revision was read."""
    connection.execute(update(_r).where(_of_revision(_r, item)).values(read_by=read_by))


def _of_revision(table: Any, item: Item) -> Any:
    return and_(table.c.item_id == item.id, table.c.revision == item.revision)


def _readable(since: datetime | None, unless_by: str | None) -> list[Any]:
    found = [_r.c.state == "done", _r.c.removed_at.is_(None)]
    if since is not None:
        found.append(_r.c.told_at >= since)
    if unless_by is not None:
        found.append(or_(_r.c.read_by.is_(None), _r.c.read_by != unless_by))
    return found


def _with_statements(connection: Connection, rows: Sequence[Row[Any]]) -> list[PastReading]:
    said: dict[tuple[str, int], list[Placed]] = {}
    wanted = select(_s).where(_s.c.item_id.in_([row.item_id for row in rows])).order_by(_s.c.ordinal)
    for row in connection.execute(wanted):
        said.setdefault((row.item_id, row.revision), []).append(_placed(row))
    return [PastReading(item_of(row), tuple(said.get((row.item_id, row.revision), ()))) for row in rows]


def _placed(row: Row[Any]) -> Placed:
    reasons = decode_all(str, row.joined_because or "[]")
    joined = Match(row.placed_id, row.joined_score or 0.0, row.joined_sure is not False, reasons)
    return Placed(decode(Statement, row.statement), row.story_id, joined)
