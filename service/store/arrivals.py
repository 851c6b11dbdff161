"""Revisions saved as they arrive: each once, numbered, as work that waits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from service.core.feed import NewRevision
from service.store.engine import insert_into
from service.store.schema import items, revisions

_BATCH = 500  # ids in one question; both databases take more, none gains from it


_r = revisions
_KNOWN = select(_r.c.item_id, _r.c.fingerprint).where(_r.c.item_id.in_(bindparam("ids", expanding=True)))
_NUMBERS = (
    select(items.c.id, items.c.revisions)
    .where(items.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(items.c.id)
    .with_for_update()
)
_RENUMBER = update(items).where(items.c.id == bindparam("item")).values(revisions=bindparam("number"))


def known_fingerprints(connection: Connection, item_ids: Collection[str]) -> dict[str, frozenset[str]]:
    """Item id -> fingerprints of its stored revisions; items that are not stored are left out."""
    found: dict[str, set[str]] = {}
    for ids in _batches(sorted(set(item_ids))):
        for item_id, fingerprint in connection.execute(_KNOWN, {"ids": ids}):
            found.setdefault(item_id, set()).add(fingerprint)
    return {item_id: frozenset(words) for item_id, words in found.items()}


def add_revisions(
    connection: Connection, feed_id: str, wanted: Sequence[NewRevision], now: datetime | None
) -> int:
    """Save those of `wanted` that are not stored, as pending work; how many they were.

    `now` is when they were seen; None: when they were told.
    """
    if not wanted:
        return 0
    numbers = _lock_items(connection, feed_id, wanted, now)
    known = {item_id: set(words) for item_id, words in known_fingerprints(connection, numbers).items()}
    rows = []
    for new in wanted:
        if new.fingerprint in known.setdefault(new.item_id, set()):
            continue
        known[new.item_id].add(new.fingerprint)
        numbers[new.item_id] += 1
        rows.append(_row(new, feed_id, numbers[new.item_id], now or new.told_at))
    if rows:
        connection.execute(_r.insert(), rows)
        changed = sorted({str(row["item_id"]) for row in rows})
        connection.execute(_RENUMBER, [{"item": item, "number": numbers[item]} for item in changed])
    return len(rows)


def _lock_items(
    connection: Connection, feed_id: str, wanted: Iterable[NewRevision], now: datetime | None
) -> dict[str, int]:
    """Each item's number of revisions, the items made where missing and held until the commit.

    Two polls that meet the same items take them in the same order, so they wait and do not deadlock.
    """
    firsts: dict[str, NewRevision] = {}
    for new in wanted:
        firsts.setdefault(new.item_id, new)
    rows = [
        {
            "id": item_id,
            "feed_id": feed_id,
            "guid": new.guid,
            "first_seen_at": now or new.told_at,
            "revisions": 0,
        }
        for item_id, new in sorted(firsts.items())
    ]
    make = insert_into(items, connection.dialect.name).on_conflict_do_nothing(index_elements=["id"])
    connection.execute(make, rows)
    numbers: dict[str, int] = {}
    for ids in _batches(sorted(firsts)):
        for item_id, number in connection.execute(_NUMBERS, {"ids": ids}):
            numbers[item_id] = number
    return numbers


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))


def _row(new: NewRevision, feed_id: str, number: int, seen_at: datetime) -> dict[str, object]:
    return {
        "item_id": new.item_id,
        "revision": number,
        "fingerprint": new.fingerprint,
        "feed_id": feed_id,
        "title": new.title,
        "text": new.text,
        "url": new.url,
        "outlet": new.outlet,
        "lang": new.lang,
        "published": new.published,
        "told_at": new.told_at,
        "position": new.position,
        "backfill": new.backfill,
        "reason": new.reason,
        "date_flag": new.date_flag or None,
        "seen_at": seen_at,
        "state": "pending",
        "tries": 0,
    }
