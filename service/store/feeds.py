"""Feeds: what is declared, what is due, what a poll leaves behind in one commit, and what a person wants.

A feed is declared by the settings, at each start anew, or added by a command, once. `history` is NULL where
nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    and_,
    bindparam,
    case,
    func,
    not_,
    null,
    select,
    true,
    update,
)

from service.core.feed import EndedPoll, Feed, PollPlan
from service.core.health import dark_after
from service.core.history import FeedEvent, FeedNotice
from service.core.hosts import Hold, Place, host_of
from service.core.model import Subscription
from service.core.pushing import HubState
from service.errors import InputError, StoreError
from service.store.arrivals import known_fingerprints
from service.store.codec import encode
from service.store.engine import insert_into, lock_names, reading, writing
from service.store.history import history_of
from service.store.hosts import HELD_BACK, known_holds
from service.store.notices import note
from service.store.polls import save_polls
from service.store.schema import Moment, feed_hubs, feeds

_DECLARED = ("url", "outlet", "interval_seconds", "told_as_news", "lang", "adaptive", "full_text")
_KEPT = ("baseline_done", "etag", "last_modified", "next_poll_at", "failures", "fetched_at")

_POLLED = and_(feeds.c.enabled, feeds.c.paused_because.is_(None))
_MORE = ("moved_url", "dark_since", "history", "set_seconds")
_LEASE = case((feed_hubs.c.state == HubState.ACTIVE.value, feed_hubs.c.lease_until))
_FEEDS: Any = select(
    *(feeds.c[name] for name in ("id", *_DECLARED, *_KEPT, *_MORE)),
    _LEASE.label("push_lease_until"),
    feed_hubs.c.pushed_at,
).outerjoin(feed_hubs, feed_hubs.c.feed_id == feeds.c.id)


def _due() -> Any:
    """The feeds that may be asked now, the longest waiting one of each host. A file is a host of its own."""
    lane = case((feeds.c.host == "", feeds.c.id), else_=feeds.c.host)
    order = (feeds.c.next_poll_at, feeds.c.id)
    waiting = (
        select(feeds.c.id, func.row_number().over(partition_by=lane, order_by=order).label("place"))
        .where(_POLLED, feeds.c.next_poll_at <= bindparam("now", type_=Moment))
        .where(lane.not_in(bindparam("busy", expanding=True)), not_(HELD_BACK))
        .subquery("waiting")
    )
    chosen = _FEEDS.join(waiting, waiting.c.id == feeds.c.id).where(waiting.c.place == 1)
    return chosen.order_by(*order).limit(bindparam("most"))


_DUE = _due()
_NEXT = select(func.min(feeds.c.next_poll_at)).where(_POLLED)
_GOING_DARK = (
    select(feeds.c.id, feeds.c.last_reason, feeds.c.fetched_at)
    .where(_POLLED, feeds.c.failures > 0, feeds.c.dark_since.is_(None))
    .where(feeds.c.dark_at <= bindparam("now", type_=Moment))
    # One that is due has not been asked yet, as after a time in which nothing ran.
    .where(feeds.c.next_poll_at > bindparam("now", type_=Moment))
    .order_by(feeds.c.id)
)


@dataclass(frozen=True, slots=True)
class NotedFeed:
    """A feed that something befell."""

    feed_id: str
    notice: FeedNotice


class FeedRows:
    """The feeds of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def declare(self, declared: Sequence[Feed], now: datetime) -> None:
        """Make these the feeds that are polled.

        A new one is due `now`. A known one keeps what its polls left behind; if its url changed, its
        validators and its history are dropped and it is due `now`. One that is not named is kept and not
        polled, unless a command added it.
        """
        names = sorted({feed.id: feed for feed in declared}.items())
        with writing(self._engine) as connection:
            lock_names(connection, ["rumorwatch feeds"])  # two starts at once would lock the rows crosswise
            connection.execute(update(feeds).where(not_(feeds.c.added)).values(enabled=False))
            if names:
                rows = [_declared_row(feed, now) for _, feed in names]
                connection.execute(_declare(self._engine.dialect.name), rows)

    def add(self, added: Sequence[Feed], now: datetime) -> tuple[str, ...]:
        """Poll these too, whatever the settings declare, all or none; the ids of those not polled before.

        One that is known already stays as it is.
        """
        wanted = {feed.id: feed for feed in added}
        with writing(self._engine) as connection:
            lock_names(connection, ["rumorwatch feeds"])
            ids = feeds.c.id.in_(list(wanted))
            polled = set(connection.execute(select(feeds.c.id).where(ids, feeds.c.enabled)).scalars())
            rows = [_declared_row(feed, now) | {"added": True} for _, feed in sorted(wanted.items())]
            if rows:
                statement = insert_into(feeds, self._engine.dialect.name)
                kept = statement.on_conflict_do_update(
                    index_elements=["id"], set_={"added": true(), "enabled": true()}
                )
                connection.execute(kept, rows)
        return tuple(name for name in wanted if name not in polled)

    def pause(self, feed_id: str, why: str, now: datetime) -> None:
        """Do not poll `feed_id` until it is resumed. InputError where there is none."""
        with writing(self._engine) as connection:
            _change(connection, feed_id, {"paused_because": why})
            note(connection, feed_id, (FeedNotice(FeedEvent.PAUSED, why),), now)

    def remove(self, feed_id: str, why: str, now: datetime) -> None:
        """Poll `feed_id` no more and list it no more. What it brought, and its history, are kept.

        InputError where there is none. One that the settings declare is back at the next start.
        """
        with writing(self._engine) as connection:
            _change(connection, feed_id, {"added": False, "enabled": False, "paused_because": None})
            note(connection, feed_id, (FeedNotice(FeedEvent.REMOVED, why),), now)

    def set_interval(self, feed_id: str, seconds: int | None, now: datetime) -> None:
        """Poll `feed_id` every `seconds`, whatever is declared; None: as it is declared. InputError: no such.

        Where it answers, it is next due that long after its last poll.
        """
        with writing(self._engine) as connection:
            wanted = select(feeds.c.failures, feeds.c.last_polled_at).where(feeds.c.id == feed_id)
            row = connection.execute(wanted).one_or_none()
            if row is None:
                raise _no_such(feed_id)
            changes: dict[str, Any] = {"set_seconds": seconds}
            if seconds is not None and row.failures == 0 and row.last_polled_at is not None:
                changes["next_poll_at"] = row.last_polled_at + timedelta(seconds=seconds)
                changes["dark_at"] = now + dark_after(seconds)
            _change(connection, feed_id, changes)

    def resume(self, feed_id: str, why: str, now: datetime) -> None:
        """Poll `feed_id` again, `now`, whatever paused it. InputError where there is none."""
        with writing(self._engine) as connection:
            row = connection.execute(_FEEDS.where(feeds.c.id == feed_id)).one_or_none()
            if row is None:
                raise _no_such(feed_id)
            feed = _feed(row)
            changes = {
                "paused_because": None,
                "next_poll_at": now,
                "dark_at": now + dark_after(feed.interval_seconds),
                "history": encode(replace(feed.history, gone_since=None)),
            }
            _change(connection, feed_id, changes)
            note(connection, feed_id, (FeedNotice(FeedEvent.RESUMED, why),), now)

    def one(self, feed_id: str) -> Feed | None:
        """The feed of that id as the next poll will find it, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(_FEEDS.where(feeds.c.id == feed_id)).one_or_none()
        return None if row is None else _feed(row)

    def note_dark(self, now: datetime, subscriptions: Sequence[Subscription] = ()) -> list[NotedFeed]:
        """Note each feed that fails and brought nothing for too long, once until it is back; those found.

        Whom of `subscriptions` that concerns is alerted in the same commit.
        """
        with reading(self._engine) as connection:
            if connection.execute(_GOING_DARK.limit(1), {"now": now}).first() is None:
                return []
        noted = []
        with writing(self._engine) as connection:
            lock_names(connection, ["rumorwatch dark feeds"])  # two schedulers tell it once
            for row in connection.execute(_GOING_DARK, {"now": now}).all():
                last = f"since {row.fetched_at:%Y-%m-%d %H:%M} UTC" if row.fetched_at else "so far"
                said = FeedNotice(FeedEvent.DARK, f"nothing came {last}: {row.last_reason}")
                _change(connection, row.id, {"dark_since": now})
                note(connection, row.id, (said,), now, subscriptions)
                noted.append(NotedFeed(row.id, said))
        return noted

    def due(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[Feed]:
        """Feeds whose time has come, the one that waits longest first, and only that one of each host.

        Left out are the hosts in `busy` (for a file: its feed's id) and those that asked to be left alone.
        """
        with reading(self._engine) as connection:
            given = {"now": now, "most": limit, "busy": list(busy)}
            return [_feed(row) for row in connection.execute(_DUE, given)]

    def holds(self, places: Collection[Place]) -> dict[Place, Hold]:
        """What is remembered of `places` that refused us; the others are left out."""
        with reading(self._engine) as connection:
            return known_holds(connection, places)

    def known(self, feed_id: str, item_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """Item id -> fingerprints of all its stored revisions, whichever feed brought them.

        Items that are not stored are left out.
        """
        with reading(self._engine) as connection:
            return known_fingerprints(connection, item_ids)

    def commit_poll(
        self, feed_id: str, plan: PollPlan, now: datetime, subscriptions: Sequence[Subscription] = ()
    ) -> int:
        """Save all that a poll means to save, in one commit; how many revisions were new.

        What befell the feed alerts whom of `subscriptions` it concerns.

        A revision that is stored already is passed over, so the same plan twice is harmless. One that the
        database refuses goes into quarantine, and the others are saved. StoreError, and nothing saved, where
        the feed was never declared.
        """
        with writing(self._engine) as connection:
            return save_polls(connection, [EndedPoll(feed_id, plan, now)], subscriptions)[0]

    def commit_polls(
        self, ended: Sequence[EndedPoll], subscriptions: Sequence[Subscription] = ()
    ) -> list[int]:
        """As `commit_poll` for each, in one commit: a commit costs the disk more than what stands in it.

        Where the database refuses them together, each is committed alone, in order; the first that it refuses
        alone raises StoreError, and those before it are saved.
        """
        try:
            with writing(self._engine) as connection:
                return save_polls(connection, ended, subscriptions)
        except StoreError:
            if len(ended) == 1:
                raise
        return [self.commit_poll(one.feed_id, one.plan, one.at, subscriptions) for one in ended]

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
    dark_at = now + dark_after(feed.interval_seconds)
    return row | {"enabled": True, "declared_at": now, "dark_at": dark_at, "host": host_of(feed.url)}


@cache
def _declare(dialect: str) -> Any:
    statement = insert_into(feeds, dialect)
    new = statement.excluded
    moved = feeds.c.url != new.url
    changes: dict[str, Any] = {name: new[name] for name in (*_DECLARED, "enabled")}
    for name in ("etag", "last_modified", "fetched_at", "history", "moved_url", "dark_since"):
        changes[name] = case((moved, null()), else_=feeds.c[name])
    changes["next_poll_at"] = case((moved, new.next_poll_at), else_=feeds.c.next_poll_at)
    changes["host"] = case((moved, new.host), else_=feeds.c.host)
    changes["dark_at"] = case((moved, new.dark_at), else_=func.coalesce(feeds.c.dark_at, new.dark_at))
    return statement.on_conflict_do_update(index_elements=["id"], set_=changes)


def _change(connection: Connection, feed_id: str, values: dict[str, Any]) -> None:
    if connection.execute(update(feeds).where(feeds.c.id == feed_id).values(**values)).rowcount != 1:
        raise _no_such(feed_id)


def _no_such(feed_id: str) -> InputError:
    return InputError(f"There is no feed {feed_id!r}: `rumorwatch feeds list` names them.")


def _feed(row: Row[Any]) -> Feed:
    values = dict(row._mapping)
    moved_url, history = values.pop("moved_url"), history_of(values.pop("history"))
    seconds = values.pop("set_seconds")
    if seconds is not None:
        values |= {"interval_seconds": seconds, "adaptive": False}
    if moved_url is not None:
        values |= {"url": moved_url, "moved_from": values["url"]}
    return Feed(**values, history=history)
