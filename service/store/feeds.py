"""Feeds: what is declared, what is due, and what a poll leaves behind in one commit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, case, func, null, select, update

from service.core.model import Feed, PollPlan
from service.errors import StoreError
from service.store.engine import insert_into, lock_names, reading, writing
from service.store.items import add_revisions, known_fingerprints
from service.store.schema import Moment, feeds

_DECLARED = ("url", "outlet", "interval_seconds", "told_as_news", "lang")
_KEPT = ("baseline_done", "etag", "last_modified", "next_poll_at", "failures", "fetched_at")

_WHOLE = ("fetched", "not_modified")  # outcomes that say what the whole document is

_DUE = (
    select(*(feeds.c[name] for name in ("id", *_DECLARED, *_KEPT)))
    .where(feeds.c.enabled, feeds.c.next_poll_at <= bindparam("now", type_=Moment))
    .order_by(feeds.c.next_poll_at, feeds.c.id)
    .limit(bindparam("most"))
)
_NEXT = select(func.min(feeds.c.next_poll_at)).where(feeds.c.enabled)


class FeedRows:
    """The feeds of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def declare(self, declared: Sequence[Feed], now: datetime) -> None:
        """Make these the feeds that are polled.

        A new one is due `now`. A known one keeps what its polls left behind; if its url changed, its
        validators are dropped and it is due `now`. One that is not named is kept and not polled.
        """
        names = sorted({feed.id: feed for feed in declared}.items())
        with writing(self._engine) as connection:
            lock_names(connection, ["rumorwatch feeds"])  # two starts at once would lock the rows crosswise
            connection.execute(update(feeds).values(enabled=False))
            if names:
                rows = [_declared_row(feed, now) for _, feed in names]
                connection.execute(_declare(self._engine.dialect.name), rows)

    def due(self, now: datetime, limit: int) -> list[Feed]:
        """Feeds whose time has come, the one that waits longest first."""
        with reading(self._engine) as connection:
            return [_feed(row) for row in connection.execute(_DUE, {"now": now, "most": limit})]

    def known(self, feed_id: str, item_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """Item id -> fingerprints of all its stored revisions, whichever feed brought them.

        Items that are not stored are left out.
        """
        with reading(self._engine) as connection:
            return known_fingerprints(connection, item_ids)

    def commit_poll(self, feed_id: str, plan: PollPlan, now: datetime) -> int:
        """Save all that a poll means to save, in one commit; how many revisions were new.

        A revision that is stored already is passed over, so the same plan twice is harmless. StoreError, and
        nothing saved, where the feed was never declared.
        """
        with writing(self._engine) as connection:
            _note_poll(connection, feed_id, plan, now)
            return add_revisions(connection, feed_id, plan.revisions, now)

    def seconds_until_next(self, now: datetime) -> float | None:
        """Seconds until a feed is due, 0.0 where one is; None where nothing is polled."""
        with reading(self._engine) as connection:
            at = connection.execute(_NEXT).scalar()
        return None if at is None else max(0.0, (at - now).total_seconds())


def _declared_row(feed: Feed, now: datetime) -> dict[str, object]:
    fresh = replace(
        feed,
        next_poll_at=now,
        baseline_done=False,
        etag=None,
        last_modified=None,
        failures=0,
        fetched_at=None,
    )
    row: dict[str, object] = {name: getattr(fresh, name) for name in ("id", *_DECLARED, *_KEPT)}
    return row | {"enabled": True, "declared_at": now}


@cache
def _declare(dialect: str) -> Any:
    statement = insert_into(feeds, dialect)
    new = statement.excluded
    moved = feeds.c.url != new.url
    changes: dict[str, Any] = {name: new[name] for name in (*_DECLARED, "enabled")}
    changes["etag"] = case((moved, null()), else_=feeds.c.etag)
    changes["last_modified"] = case((moved, null()), else_=feeds.c.last_modified)
    changes["fetched_at"] = case((moved, null()), else_=feeds.c.fetched_at)
    changes["next_poll_at"] = case((moved, new.next_poll_at), else_=feeds.c.next_poll_at)
    return statement.on_conflict_do_update(index_elements=["id"], set_=changes)


def _note_poll(connection: Connection, feed_id: str, plan: PollPlan, now: datetime) -> None:
    saved = connection.execute(
        update(feeds)
        .where(feeds.c.id == feed_id)
        .values(
            etag=plan.etag,
            last_modified=plan.last_modified,
            next_poll_at=plan.next_poll_at,
            baseline_done=plan.baseline_done,
            failures=plan.failures,
            fetched_at=now if plan.outcome in _WHOLE else feeds.c.fetched_at,
            last_polled_at=now,
            last_outcome=plan.outcome,
            last_reason=plan.reason,
            last_status=plan.http_status,
        )
    )
    if saved.rowcount != 1:
        raise StoreError(f"The feed {feed_id!r} was polled but never declared.")


def _feed(row: Row[Any]) -> Feed:
    return Feed(**row._mapping)
