"""What befell feeds: a line each, and the alerts that it raises in the same commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select

from service.core.feed_alerts import Subject, decide_feed
from service.core.history import FeedNotice
from service.core.model import Subscription
from service.store.outbox import send
from service.store.schema import feed_notices, feeds

_SUBJECT = select(feeds.c.outlet, func.coalesce(feeds.c.moved_url, feeds.c.url).label("url")).where(
    feeds.c.id == bindparam("feed")
)


def note(
    connection: Connection,
    feed_id: str,
    notices: Sequence[FeedNotice],
    now: datetime,
    subscriptions: Sequence[Subscription] = (),
) -> None:
    """Write down what befell `feed_id`, and alert whom of `subscriptions` it concerns."""
    if not notices:
        return
    rows = [{"feed_id": feed_id, "at": now, "event": str(one.event), "why": one.why} for one in notices]
    connection.execute(insert(feed_notices), rows)
    row = connection.execute(_SUBJECT, {"feed": feed_id}).one()
    subject = Subject(feed_id, row.outlet, row.url)
    for notice in notices:
        for subscription in subscriptions:
            decision = decide_feed(notice, subject, subscription, now)
            if decision is not None and decision.alert is not None:
                send(connection, decision.alert, subscription, now)
