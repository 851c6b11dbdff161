"""How feeds are, read for people: states, latencies, and what befell a feed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, case, func, select

from service.core.health import Standing, health, percentile
from service.core.hosts import Hold
from service.core.pushing import HubState
from service.store.history import history_of
from service.store.hosts import all_holds, hold_over
from service.store.schema import feed_hubs, feed_notices, feeds, items
from service.store.views import FeedRow, NoticeRow

_stored = select(func.count()).select_from(items).where(items.c.feed_id == feeds.c.id).scalar_subquery()
_LEASE = case((feed_hubs.c.state == HubState.ACTIVE.value, feed_hubs.c.lease_until))
_FEEDS = (
    select(feeds, _stored.label("stored"), _LEASE.label("pushed_until"))
    .outerjoin(feed_hubs, feed_hubs.c.feed_id == feeds.c.id)
    .where(feeds.c.enabled)
    .order_by(feeds.c.id)
)
_LAST_WORDS = ("ok", "failing")


def feed_rows(connection: Connection) -> list[FeedRow]:
    """The feeds that are polled or paused, by id, each as of its last poll."""
    holds = all_holds(connection)
    return [_held_back(_feed_row(row), hold_over(row.host, holds)) for row in connection.execute(_FEEDS)]


def notice_rows(connection: Connection, feed_id: str, limit: int) -> list[NoticeRow]:
    """What befell `feed_id`, the latest first."""
    wanted = (
        select(feed_notices)
        .where(feed_notices.c.feed_id == feed_id)
        .order_by(feed_notices.c.at.desc(), feed_notices.c.number.desc())
        .limit(limit)
    )
    return [NoticeRow(row.feed_id, row.at, row.event, row.why) for row in connection.execute(wanted)]


def _held_back(row: FeedRow, hold: Hold | None) -> FeedRow:
    """The row of a feed whose host asked to be left alone for longer than the feed itself waits."""
    if hold is None or hold.until is None or row.next_poll_at is None or hold.until <= row.next_poll_at:
        return row
    return replace(row, next_poll_at=hold.until, waits=f"waits because its host asked: {hold.why}")


def _feed_row(row: Row[Any]) -> FeedRow:
    past = history_of(row.history)
    moved_from = row.url if row.moved_url else None
    standing = Standing(
        past, row.last_polled_at, row.failures, row.dark_since, row.paused_because, moved_from
    )
    how = health(standing, row.last_polled_at or row.declared_at)
    return FeedRow(
        id=row.id,
        url=row.moved_url or row.url,
        outlet=row.outlet,
        state=how.state,
        last_polled_at=row.last_polled_at,
        next_poll_at=row.next_poll_at,
        failures=row.failures,
        reason=(row.last_reason if how.state in _LAST_WORDS else None) or how.why,
        items=row.stored,
        since=how.since,
        fetched_at=row.fetched_at,
        latency_p50=percentile(past.latencies, 0.5),
        latency_p95=percentile(past.latencies, 0.95),
        moved_from=moved_from,
        pushed_until=row.pushed_until,
    )
