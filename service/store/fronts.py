"""The front of each feed: its first unfinished revision, the only one of it that may be handled next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select

from service.store.leases import LeaseTimes
from service.store.schema import PENDING, Moment, revisions

_r = revisions
_now = bindparam("now", type_=Moment)
_lease_now = bindparam("lease_now", type_=Moment)
_beyond = bindparam("beyond", type_=Moment)


def order_of(row: Any) -> tuple[Any, ...]:
    """The columns that say which of two revisions goes first: fresh before backfill, then as told."""
    return (row.c.backfill, row.c.told_at, row.c.position, row.c.item_id, row.c.revision)


def _fronts() -> Any:
    """The row numbers of each feed's first unfinished revision.

    The feeds are walked by index, each step asking for the next feed id: DISTINCT would read every row.
    """
    pending = _r.c.state == PENDING
    walk = select(func.min(_r.c.feed_id).label("feed_id")).where(pending).cte("walk", recursive=True)
    following = select(func.min(_r.c.feed_id)).where(pending, _r.c.feed_id > walk.c.feed_id).scalar_subquery()
    walk = walk.union_all(select(following).where(walk.c.feed_id.is_not(None)))
    row = _r.alias("front")
    first = (
        select(row.c.id)
        .where(row.c.state == PENDING, row.c.feed_id == walk.c.feed_id)
        .order_by(*order_of(row))
        .limit(1)
        .scalar_subquery()
    )
    return select(first.label("id")).where(walk.c.feed_id.is_not(None)).subquery("fronts")


FRONTS = _fronts()


def free(row: Any) -> Any:
    """Whether nobody holds the revision and its time has come; needs the parameters of `asked`."""
    return and_(
        row.c.state == PENDING,
        or_(row.c.next_at.is_(None), row.c.next_at <= _now),
        or_(row.c.token.is_(None), row.c.lease_until <= _lease_now, row.c.lease_until > _beyond),
    )


def asked(now: datetime, times: LeaseTimes) -> dict[str, object]:
    """The parameters of `free`."""
    return {"now": now, "lease_now": times.now, "beyond": times.beyond}


def free_fronts(*columns: Any) -> Select[Any]:
    """The columns of the fronts that could be claimed now, in the order in which they would be."""
    return (
        select(*columns).join_from(_r, FRONTS, FRONTS.c.id == _r.c.id).where(free(_r)).order_by(*order_of(_r))
    )
