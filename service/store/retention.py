"""Forgetting, in batches of one short transaction each: a process killed in between leaves whole rows.

How it decides: an item goes whose revisions stand in no story, by the matcher's word or a person's; a text
goes where every story that its item stands in has had no news since the cutoff; neither where a decision
names the item. The row of a revision stays, with its fingerprint and without its words, so a feed that still
shows it brings nothing new. Stories, events, alerts, deliveries, clocks and decisions are never touched. What
it leaves out: revisions that were set aside, since a person has not seen them yet.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)

from service.core.model import DeliveryState
from service.core.retention import Cutoff, Forgotten
from service.store.decisions import decisions_of
from service.store.engine import reading, told_by_name, writing
from service.store.schema import (
    attempts,
    deliveries,
    feed_notices,
    revisions,
    statements,
    stories,
    strays,
)

BATCH = 200
_FREED = 500  # pages given back to the file system after a batch
_INCREMENTAL = 2  # PRAGMA auto_vacuum of a file that can be made smaller while it is used

_r, _s, _a, _n = revisions, statements, attempts, feed_notices


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step removed, and behind which row the next one begins; None: there is no more."""

    removed: int
    after: int | None


@dataclass(frozen=True, slots=True)
class Amount:
    """How many rows would go, and how many characters of text with them."""

    rows: int
    characters: int


class RetentionRows:
    """The forgetting of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def would_go(self, cutoff: Cutoff) -> Amount:
        """What `remove` would take away, all batches together."""
        with reading(self._engine) as connection:
            if cutoff.what in _WORDS:
                size = func.coalesce(func.sum(func.length(_r.c.text) + func.length(_r.c.title)), 0)
                wanted = select(func.count(), size).where(*_words(connection, cutoff))
                return Amount(*map(int, connection.execute(wanted).one()))
            lines = _lines(cutoff).subquery()
            return Amount(int(connection.execute(select(func.count()).select_from(lines)).scalar_one()), 0)

    def remove(self, cutoff: Cutoff, now: datetime, after: int = 0) -> Batch:
        """Forget one batch: the first with `after` 0, others behind the row that the one before answered."""
        if cutoff.what not in _WORDS:
            return self._remove_lines(cutoff)
        with reading(self._engine) as connection:
            wanted = select(_r.c.id).where(*_words(connection, cutoff), _r.c.id > after)
            ids = list(connection.execute(wanted.order_by(_r.c.id).limit(BATCH)).scalars())
        if not ids:
            return Batch(0, None)
        with writing(self._engine) as connection:
            removed = _remove_words(connection, cutoff, ids, now)
        return Batch(removed, ids[-1] if len(ids) == BATCH else None)

    def _remove_lines(self, cutoff: Cutoff) -> Batch:
        with writing(self._engine) as connection:
            keys = [tuple(row) for row in connection.execute(_lines(cutoff).limit(BATCH))]
            if keys:
                connection.execute(_forget_lines(cutoff, keys))
        return Batch(len(keys), 0 if len(keys) == BATCH else None)

    def free(self) -> int:
        """Give pages that hold nothing back to the file system; how many are left.

        In small steps that nobody waits for, where the file was made for it (`can_shrink`).
        """
        return _free(self._engine) if self.can_shrink() else 0

    def can_shrink(self) -> bool:
        """Whether the file gets smaller by itself. Where not, its free pages are used again.

        PostgreSQL sees to that by itself. A SQLite file says once, when it is made, which it is.
        """
        if self._engine.dialect.name != "sqlite":
            return True
        with reading(self._engine) as connection:
            return bool(connection.exec_driver_sql("PRAGMA auto_vacuum").scalar() == _INCREMENTAL)


_WORDS = (Forgotten.ITEMS, Forgotten.TEXTS)


def _words(connection: Connection, cutoff: Cutoff) -> list[ColumnElement[bool]]:
    """The revisions whose words may go."""
    read = [_r.c.state == "done", _r.c.removed_at.is_(None), _r.c.seen_at < cutoff.before]
    if named := sorted(_named(connection)):
        read.append(_r.c.item_id.not_in(named))
    said = _s.alias("said")
    of_item = said.c.item_id == _r.c.item_id
    placed = or_(
        said.c.story_id.is_not(None), said.c.placed_id.is_not(None), said.c.decided_because.is_not(None)
    )
    if cutoff.what is Forgotten.ITEMS:
        return [*read, ~exists().where(of_item, placed)]
    lives = and_(stories.c.id == said.c.story_id, stories.c.last_at >= cutoff.before)
    stands = exists().where(of_item, said.c.story_id.is_not(None))
    return [*read, _r.c.text != "", stands, ~exists().where(of_item, lives)]


def _named(connection: Connection) -> set[str]:
    """The items that decisions name: a replay of the log needs them."""
    named = set()
    for decision in decisions_of(connection):
        marks = (*decision.marks, *(anchor.mark for anchor in decision.anchors))
        named |= {mark.item_id for mark in marks}
    return named


def _remove_words(connection: Connection, cutoff: Cutoff, ids: Sequence[int], now: datetime) -> int:
    """Looks again under locks: a story may have opened meanwhile that takes one of them."""
    of_these = select(_r.c.item_id).where(_r.c.id.in_(ids))
    connection.execute(select(_s.c.item_id).where(_s.c.item_id.in_(of_these)).with_for_update()).all()
    found = select(_r.c.id, _r.c.item_id, _r.c.revision).where(_r.c.id.in_(ids), *_words(connection, cutoff))
    rows = connection.execute(found).all()
    if not rows:
        return 0
    taken: dict[str, Any] = {"text": "", "removed_at": now}
    if cutoff.what is Forgotten.ITEMS:
        taken |= {"title": "", "url": None}
        mine = [(row.item_id, row.revision) for row in rows]
        for table in (strays, _s):
            connection.execute(delete(table).where(tuple_(table.c.item_id, table.c.revision).in_(mine)))
    connection.execute(update(_r).where(_r.c.id.in_([row.id for row in rows])).values(taken))
    return len(rows)


def _lines(cutoff: Cutoff) -> Select[Any]:
    """The keys of lines that may go; the last line of each delivery and feed is none of them."""
    if cutoff.what is Forgotten.ATTEMPTS:
        later = _a.alias("later")
        last = exists().where(later.c.delivery_id == _a.c.delivery_id, later.c.number > _a.c.number)
        finished = deliveries.c.state.in_([DeliveryState.DELIVERED.value, DeliveryState.DEAD.value])
        joined = _a.join(deliveries, deliveries.c.id == _a.c.delivery_id)
        old = select(_a.c.delivery_id, _a.c.number).select_from(joined).where(_a.c.at < cutoff.before)
        return old.where(finished, last)
    later = _n.alias("later")
    last = exists().where(later.c.feed_id == _n.c.feed_id, later.c.number > _n.c.number)
    return select(_n.c.number).where(_n.c.at < cutoff.before, last)


def _forget_lines(cutoff: Cutoff, keys: Sequence[tuple[Any, ...]]) -> Any:
    if cutoff.what is Forgotten.ATTEMPTS:
        return delete(_a).where(tuple_(_a.c.delivery_id, _a.c.number).in_(keys))
    return delete(_n).where(_n.c.number.in_([key[0] for key in keys]))


def _free(engine: Engine) -> int:
    if engine.dialect.name != "sqlite":
        return 0
    with told_by_name(engine):
        raw = engine.raw_connection()
        try:
            driver: sqlite3.Connection = raw.driver_connection  # type: ignore[assignment]
            # Each row that is fetched frees a page: unfetched, nothing happens.
            driver.execute(f"PRAGMA incremental_vacuum({_FREED})").fetchall()
            return int(driver.execute("PRAGMA freelist_count").fetchone()[0])
        finally:
            raw.close()
