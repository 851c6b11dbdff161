"""Articles to be fetched because their feeds carry stubs: work under leases, one fetch a host at a time.

A row is made in the commit that saves the stub, so no article is forgotten; what was found is saved as a
revision of the same item in the commit that ends the work, so none is fetched in vain.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    and_,
    bindparam,
    exists,
    null,
    or_,
    select,
    update,
)

from service.core.articles import Verdict
from service.core.feed import NewRevision
from service.core.model import Item
from service.errors import LeaseLost
from service.store.arrivals import add_revisions
from service.store.engine import insert_into, lock_names, reading, writing
from service.store.items import latest_item
from service.store.schema import PENDING, Moment, articles, feeds, items
from service.store.views import ArticleRow

_now = bindparam("now", type_=Moment)
_busy = articles.alias("busy")
_LEASED = and_(_busy.c.state == PENDING, _busy.c.token.is_not(None), _busy.c.lease_until > _now)
_NEXT = (
    select(articles)
    .join(feeds, feeds.c.id == articles.c.feed_id)
    .where(articles.c.state == PENDING, articles.c.next_at <= _now)
    .where(or_(articles.c.token.is_(None), articles.c.lease_until <= _now))
    .where(feeds.c.enabled, feeds.c.full_text)
    .where(~exists().where(_busy.c.host == articles.c.host, _LEASED))
    .order_by(articles.c.next_at, articles.c.item_id)
    .limit(1)
)
_OURS = and_(
    articles.c.item_id == bindparam("item"),
    articles.c.token == bindparam("held"),
    articles.c.state == PENDING,
)


@dataclass(frozen=True, slots=True)
class ClaimedArticle:
    """An article to fetch, leased to the caller. `stub` is its item as it stands, `tries` counts this one."""

    stub: Item
    feed_id: str
    url: str
    host: str
    token: str
    tries: int


class ArticleRows:
    """The articles of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def are_due(self, now: datetime) -> bool:
        """Whether a claim would find one."""
        with reading(self._engine) as connection:
            return connection.execute(_NEXT, {"now": now}).first() is not None

    def claim(self, now: datetime, lease_seconds: float) -> ClaimedArticle | None:
        """The next article to fetch, of a host that nobody is asking; None where there is none right now."""
        if not self.are_due(now):
            return None
        with writing(self._engine) as connection:
            lock_names(connection, ["rumorwatch articles"])  # two claims at once could take one host
            row = connection.execute(_NEXT, {"now": now}).first()
            stub = None if row is None else latest_item(connection, row.item_id)
            if row is None or stub is None:
                return None
            token = str(uuid.uuid4())
            held = {"token": token, "lease_until": now + timedelta(seconds=lease_seconds)}
            mine = articles.c.item_id == row.item_id
            connection.execute(update(articles).where(mine).values(held | {"tries": row.tries + 1}))
        return ClaimedArticle(stub, row.feed_id, row.url, row.host, token, row.tries + 1)

    def elsewhere(self, claimed: ClaimedArticle, mark: str, found_url: str) -> bool:
        """Whether the text of `found_url` was found on another page of the host too, for another item."""
        other = select(articles.c.item_id).where(
            articles.c.host == claimed.host,
            articles.c.mark == mark,
            articles.c.item_id != claimed.stub.id,
            articles.c.found_url != found_url,
            articles.c.url != claimed.url,
        )
        with reading(self._engine) as connection:
            return connection.execute(other.limit(1)).first() is not None

    def finish(self, claimed: ClaimedArticle, verdict: Verdict, now: datetime, gap_seconds: float) -> int:
        """Save what became of a fetch, in one commit; how many revisions were new.

        No other article of the host is fetched within `gap_seconds`. LeaseLost where it is another's.
        """
        values: dict[str, Any] = {
            "state": "pending" if verdict.next_at else "done",
            "token": None,
            "lease_until": None,
            "at": now,
            "outcome": verdict.outcome,
            "why": verdict.why,
            "found_url": verdict.found_url,
            "mark": verdict.mark,
        }
        if verdict.next_at is not None:
            values["next_at"] = verdict.next_at
        with writing(self._engine) as connection:
            given = {"item": claimed.stub.id, "held": claimed.token}
            if connection.execute(update(articles).where(_OURS).values(values), given).rowcount != 1:
                raise LeaseLost(f"The lease on the article of {claimed.stub.id} was lost.")
            _rest(connection, claimed.host, now + timedelta(seconds=gap_seconds))
            found = () if verdict.revision is None else (verdict.revision,)
            return add_revisions(connection, claimed.feed_id, found, now)


def _rest(connection: Connection, host: str, until: datetime) -> None:
    """Leave a host alone until then."""
    waiting = and_(articles.c.host == host, articles.c.state == PENDING, articles.c.next_at < until)
    connection.execute(update(articles).where(waiting).values(next_at=until))


def add_articles(connection: Connection, feed_id: str, taken: Sequence[NewRevision], now: datetime) -> None:
    """Remember the articles of those of `taken` that are stubs; where a stub changed it is due anew."""
    rows = [
        {
            "item_id": one.item_id,
            "feed_id": feed_id,
            "url": one.url,
            "host": (urlsplit(one.url).hostname or "").lower(),
            "stub": one.stub,
            "state": "pending",
            "next_at": now,
            "tries": 0,
            "created_at": now,
        }
        for one in sorted(taken, key=lambda one: one.item_id)
        if one.stub and one.url
    ]
    if not rows:
        return
    named = [str(row["item_id"]) for row in rows]
    # One that the database refused is not there.
    stored = set(connection.execute(select(items.c.id).where(items.c.id.in_(named))).scalars())
    rows = [row for row in rows if row["item_id"] in stored]
    if not rows:
        return
    make = insert_into(articles, connection.dialect.name)
    new = {name: make.excluded[name] for name in ("url", "host", "stub", "state", "next_at", "tries")}
    unleased = {"token": null(), "lease_until": null()}
    connection.execute(make.on_conflict_do_update(index_elements=["item_id"], set_=new | unleased), rows)


def article_rows(connection: Connection, feed_id: str, limit: int) -> list[ArticleRow]:
    """The articles of a feed, the latest first."""
    wanted = (
        select(articles)
        .where(articles.c.feed_id == feed_id)
        .order_by(articles.c.created_at.desc(), articles.c.item_id)
        .limit(limit)
    )
    return [_article_row(row) for row in connection.execute(wanted)]


def _article_row(row: Row[Any]) -> ArticleRow:
    return ArticleRow(
        item_id=row.item_id,
        url=row.url,
        stub=row.stub,
        state=row.state,
        tries=row.tries,
        next_at=row.next_at,
        at=row.at,
        outcome=row.outcome,
        why=row.why,
        found_url=row.found_url,
    )
