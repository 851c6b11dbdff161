"""Items and their revisions: what was said, kept once, and the work of reading it, under leases.

How a revision is chosen: within a feed only the earliest unfinished one may be handled, because a story
depends on the order in which its items are taken; between feeds, fresh goes before backfill, then the
earlier told. A claim costs one look at the front of each feed that has work, however much lies behind it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, bindparam, func, literal, or_, select, update

from service.core.feed import NewRevision
from service.core.model import ClaimedRevision, Item
from service.errors import LeaseLost
from service.store.engine import insert_into, reading, writing
from service.store.schema import PENDING, QUARANTINED, Moment, items, revisions

MOST_TRIES = 2  # a revision that failed, or killed its worker, this often is set aside
KILLED = "killed its worker twice"
_BATCH = 500  # ids in one question; both databases take more, none gains from it

_now = bindparam("now", type_=Moment)
_r = revisions


def _fronts() -> Any:
    """The row numbers of each feed's earliest unfinished revision.

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
        .order_by(row.c.told_at, row.c.position, row.c.item_id, row.c.revision)
        .limit(1)
        .scalar_subquery()
    )
    return select(first.label("id")).where(walk.c.feed_id.is_not(None)).subquery("fronts")


def _free(row: Any) -> Any:
    return and_(
        row.c.state == PENDING,
        or_(row.c.next_at.is_(None), row.c.next_at <= _now),
        or_(row.c.token.is_(None), row.c.lease_until <= _now),
    )


_FRONTS = _fronts()
NEXT_REVISION = (
    select(_r)
    .join(_FRONTS, _FRONTS.c.id == _r.c.id)
    .where(_free(_r))
    .order_by(_r.c.backfill, _r.c.told_at, _r.c.position, _r.c.item_id, _r.c.revision)
    .limit(1)
    .with_for_update(of=_r, skip_locked=True)
)
_front = _r.alias("f")
_behind = _r.alias("b")
_DUE = (
    select(func.count())
    .select_from(
        _FRONTS.join(_front, _front.c.id == _FRONTS.c.id).join(_behind, _behind.c.feed_id == _front.c.feed_id)
    )
    .where(_free(_front), _free(_behind))
)
_TAKE = (
    update(_r)
    .where(_r.c.id == bindparam("row"))
    .values(token=bindparam("new_token"), lease_until=bindparam("until"), tries=_r.c.tries + 1)
)
_OURS = and_(
    _r.c.item_id == bindparam("item"),
    _r.c.revision == bindparam("number"),
    _r.c.token == bindparam("held"),
    _r.c.state == PENDING,
)
_HELD = select(literal(1)).where(_OURS)
_DONE = (
    update(_r)
    .where(_OURS)
    .values(state="done", token=None, lease_until=None, read_by=bindparam("rules"), why=bindparam("said"))
)
_RENEW = update(_r).where(_OURS).values(lease_until=bindparam("until"))
_GIVE_BACK = (
    update(_r)
    .where(_OURS)
    .values(
        state=bindparam("new_state"),
        next_at=bindparam("again"),
        why=bindparam("said"),
        token=None,
        lease_until=None,
    )
)
_KNOWN = select(_r.c.item_id, _r.c.fingerprint).where(_r.c.item_id.in_(bindparam("ids", expanding=True)))
_NUMBERS = (
    select(items.c.id, items.c.revisions)
    .where(items.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(items.c.id)
    .with_for_update()
)
_RENUMBER = update(items).where(items.c.id == bindparam("item")).values(revisions=bindparam("number"))


class RevisionRows:
    """The reading work of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, told: Sequence[tuple[Item, str]]) -> int:
        """Save items that came without a feed, each with its fingerprint, as work; how many were new.

        Items of equal `told_at` are taken in the order given. The ledger numbers the revisions itself.
        """
        rows = [_without_feed(item, words, place) for place, (item, words) in enumerate(told)]
        with writing(self._engine) as connection:
            return add_revisions(connection, "", rows, None)

    def claim(self, now: datetime, lease_seconds: float) -> ClaimedRevision | None:
        """The next revision to handle, leased to the caller; None where there is none right now.

        One whose lease ran out on its last try is set aside on the way.
        """
        with writing(self._engine) as connection:
            while (row := connection.execute(NEXT_REVISION, {"now": now}).first()) is not None:
                if row.tries < MOST_TRIES:
                    return _take(connection, row, now + timedelta(seconds=lease_seconds))
                _set_aside(connection, row)
        return None

    def renew(self, claimed: ClaimedRevision, now: datetime, lease_seconds: float) -> None:
        """Hold the lease until `lease_seconds` after `now`. LeaseLost where it is another's or finished."""
        with writing(self._engine) as connection:
            held = connection.execute(
                _RENEW, _holder(claimed) | {"until": now + timedelta(seconds=lease_seconds)}
            )
            _must_be_held(claimed, held.rowcount)

    def fail(self, claimed: ClaimedRevision, why: str, now: datetime, retry_seconds: float) -> bool:
        """Give the revision back, to be tried after `retry_seconds`, or set it aside on its last try.

        True where it was set aside, with `why`. LeaseLost where it is another's.
        """
        last = claimed.tries >= MOST_TRIES
        change = {
            "new_state": "quarantined" if last else "pending",
            "again": now + timedelta(seconds=retry_seconds),
            "said": why,
        }
        with writing(self._engine) as connection:
            given = connection.execute(_GIVE_BACK, _holder(claimed) | change)
            _must_be_held(claimed, given.rowcount)
        return last

    def latest(self, item_id: str) -> Item | None:
        """The item as its latest revision has it, or None where there is none."""
        with reading(self._engine) as connection:
            return latest_item(connection, item_id)

    def quarantined(self) -> list[tuple[str, int, str]]:
        """What was set aside: item id, revision, reason."""
        wanted = (
            select(_r.c.item_id, _r.c.revision, _r.c.why)
            .where(_r.c.state == QUARANTINED)
            .order_by(_r.c.item_id, _r.c.revision)
        )
        with reading(self._engine) as connection:
            return [(row.item_id, row.revision, row.why or "") for row in connection.execute(wanted)]


def latest_item(connection: Connection, item_id: str) -> Item | None:
    """The item as its latest revision has it, or None where there is none."""
    wanted = select(_r).where(_r.c.item_id == item_id).order_by(_r.c.revision.desc()).limit(1)
    row = connection.execute(wanted).first()
    return None if row is None else item_of(row)


def revisions_due(connection: Connection, now: datetime) -> int:
    """How many revisions wait in feeds whose front could be claimed now: 0 exactly where a claim is None."""
    return int(connection.execute(_DUE, {"now": now}).scalar_one())


def check_held(connection: Connection, claimed: ClaimedRevision) -> None:
    """LeaseLost where the caller no longer holds the lease."""
    _must_be_held(claimed, len(connection.execute(_HELD, _holder(claimed)).all()))


def mark_done(
    connection: Connection, claimed: ClaimedRevision, read_by: str | None = None, said: str | None = None
) -> None:
    """The revision is handled; `read_by`: by which rules, `said`: what was read in it.

    LeaseLost where the lease is another's.
    """
    done = _holder(claimed) | {"rules": read_by, "said": said}
    _must_be_held(claimed, connection.execute(_DONE, done).rowcount)


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


def _without_feed(item: Item, fingerprint: str, position: int) -> NewRevision:
    return NewRevision(
        item_id=item.id,
        fingerprint=fingerprint,
        guid=None,
        title=item.title,
        text=item.text,
        url=item.url,
        outlet=item.outlet,
        lang=item.lang,
        published=item.published,
        told_at=item.told_at,
        position=position,
        backfill=item.backfill,
        reason="new",
    )


def _take(connection: Connection, row: Row[Any], until: datetime) -> ClaimedRevision:
    token = str(uuid.uuid4())
    connection.execute(_TAKE, {"row": row.id, "new_token": token, "until": until})
    return ClaimedRevision(item=item_of(row), feed_id=row.feed_id, token=token, tries=row.tries + 1)


def item_of(row: Row[Any]) -> Item:
    """The item that a row of `revisions` holds."""
    return Item(
        id=row.item_id,
        title=row.title,
        text=row.text,
        told_at=row.told_at,
        url=row.url,
        outlet=row.outlet,
        published=row.published,
        lang=row.lang,
        revision=row.revision,
        backfill=row.backfill,
        position=row.position,
    )


def _set_aside(connection: Connection, row: Row[Any]) -> None:
    connection.execute(
        update(_r)
        .where(_r.c.id == row.id)
        .values(state="quarantined", why=KILLED, token=None, lease_until=None)
    )


def _holder(claimed: ClaimedRevision) -> dict[str, object]:
    return {"item": claimed.item.id, "number": claimed.item.revision, "held": claimed.token}


def _must_be_held(claimed: ClaimedRevision, rows: int) -> None:
    if rows != 1:
        raise LeaseLost(f"The lease on {claimed.item.id} revision {claimed.item.revision} was lost.")
