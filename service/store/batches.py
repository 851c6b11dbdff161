"""Several revisions claimed at once: those that would be claimed one after the other, in that order.

How it decides: the fronts of all feeds are looked at, and of the earliest ones' feeds as many rows are taken,
merged in their order, as come before the first front that is left. So whoever handles a batch from its
beginning to its end takes the same way as somebody who claims one by one. On PostgreSQL half of the feeds are
left to other workers; SQLite has one writer, who takes of all. What lost a worker before is no part of a
batch: it is claimed by itself, so that poison takes nobody with it a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from heapq import merge
from itertools import takewhile
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, Text, bindparam, select, type_coerce, union_all, update

from service.store.fronts import asked, free, free_fronts, order_of
from service.store.leases import LeaseTimes, new_token
from service.store.schema import PENDING, Moment, revisions

MOST_LOOKS = 3  # how often to look again where somebody else took each front that was chosen

_r = revisions
# As the number it is kept as: only compared, never shown.
_TOLD: Any = type_coerce(_r.c.told_at, BigInteger).label("told")
_COLUMNS = (_r.c.id, _r.c.feed_id, _r.c.backfill, _TOLD, _r.c.position, _r.c.item_id, _r.c.revision)
_STANDING = (_r.c.token, _r.c.deaths)
_FRONTS = free_fronts(*_COLUMNS, *_STANDING).limit(bindparam("most"))
_LOCK = (
    select(_r.c.feed_id)
    .where(_r.c.id.in_(bindparam("rows", expanding=True)), free(_r))
    .with_for_update(skip_locked=True)
)
_TAKE = (
    update(_r)
    .where(_r.c.id.in_(bindparam("rows", expanding=True)))
    .values(tries=_r.c.tries + 1, token=bindparam("new_token"), lease_until=bindparam("until", type_=Moment))
    .returning(_r)
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of `revisions` as they are held now, in the order in which they are to be handled.

    `suspect`: nothing was taken, for the first of all lost a worker and is to be claimed by itself.
    """

    rows: tuple[Row[Any], ...] = ()
    token: str = ""
    suspect: bool = False


def take_batch(connection: Connection, now: datetime, times: LeaseTimes, most: int) -> Batch:
    """At most `most` rows, leased to the caller under one token."""
    for _ in range(MOST_LOOKS):
        fronts = connection.execute(_FRONTS, asked(now, times) | {"most": most + 1}).all()
        if not fronts:
            break
        if _is_suspect(fronts[0]):
            return Batch(suspect=True)
        shared = connection.dialect.name == "postgresql"
        chosen = fronts[: min(most, (len(fronts) + 1) // 2 if shared else len(fronts))]
        left = fronts[len(chosen) :]
        feeds = _locked(connection, chosen, now, times) if shared else [row.feed_id for row in chosen]
        if feeds:
            picked = _picked(connection, feeds, most, now, left[0] if left else None)
            return _taken(connection, picked, times.until)
    return Batch()


def _is_suspect(row: Row[Any]) -> bool:
    return row.token is not None or row.deaths > 0


def _locked(
    connection: Connection, chosen: Sequence[Row[Any]], now: datetime, times: LeaseTimes
) -> Collection[str]:
    """The feeds whose fronts are still free, and ours until the end of the transaction."""
    found = connection.execute(_LOCK, asked(now, times) | {"rows": [row.id for row in chosen]})
    return [row.feed_id for row in found]


def _picked(
    connection: Connection, feeds: Collection[str], most: int, now: datetime, left: Row[Any] | None
) -> list[Row[Any]]:
    """The first rows of these feeds, each feed's in its order, that come before the front that is left."""
    given: dict[str, object] = {f"feed_{place}": feed for place, feed in enumerate(feeds)}
    rows = connection.execute(_next_of(len(feeds)), given | {"most": most, "now": now})
    by_feed: dict[str, list[Row[Any]]] = {}
    for row in rows:
        by_feed.setdefault(row.feed_id, []).append(row)
    ordered = merge(*by_feed.values(), key=_place)
    return list(takewhile(lambda row: left is None or _place(row) < _place(left), _sound(ordered)))[:most]


def _sound(rows: Iterator[Row[Any]]) -> Iterator[Row[Any]]:
    """The rows up to the first that rests or lost a worker: what follows must not overtake it."""
    return takewhile(lambda row: not (_is_suspect(row) or row.rests), rows)


def _place(row: Row[Any]) -> tuple[object, ...]:
    return (row.backfill, row.told, row.position, row.item_id, row.revision)


@cache
def _next_of(feeds: int) -> Any:
    """The first `most` rows of so many feeds, each feed read from the beginning of its part of the index."""
    parts = []
    for place in range(feeds):
        feed = bindparam(f"feed_{place}", type_=Text)
        rests = (_r.c.next_at.is_not(None) & (_r.c.next_at > bindparam("now", type_=Moment))).label("rests")
        part = (
            select(*_COLUMNS, *_STANDING, rests)
            .where(_r.c.state == PENDING, _r.c.feed_id == feed)
            .order_by(*order_of(_r))
            .limit(bindparam("most"))
        )
        parts.append(select(part.subquery(f"of_{place}")))
    return union_all(*parts)


def _taken(connection: Connection, picked: Sequence[Row[Any]], until: datetime) -> Batch:
    token = new_token()
    wanted = [row.id for row in picked]
    rows = connection.execute(_TAKE, {"rows": wanted, "new_token": token, "until": until}).all()
    by_id = {row.id: row for row in rows}
    return Batch(tuple(by_id[one] for one in wanted), token)
