"""What is agreed with the hubs of feeds: offered by a poll, asked for, verified, and what they push.

Every change is one transaction that holds the row, asks the core and saves what it says, so a hub that
verifies while we still wait for its answer is not overruled by that answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, bindparam, or_, select, update

from service.core.health import dark_after, remembered
from service.core.history import Wishes
from service.core.plan_push import PushPlan
from service.core.pushing import Agreement, HubState, begun
from service.store.articles import add_articles
from service.store.codec import encode
from service.store.engine import insert_into, reading, writing
from service.store.history import history_of
from service.store.quarantine import add_what_can_be, put_aside
from service.store.schema import Moment, feed_hubs, feeds
from service.store.views import HubRow

_POLLED = and_(feeds.c.enabled, feeds.c.paused_because.is_(None))
_COLUMNS = tuple(one.name for one in fields(Agreement))
_PUSHED_FEED = select(feeds.c.history, feeds.c.interval_seconds)
_KEYLESS = {"token": None, "secret": None}
_AGREED = feed_hubs.c.state.in_([HubState.ASKED.value, HubState.ACTIVE.value])
_ROWS = select(feed_hubs, _POLLED.label("polled")).join(feeds, feeds.c.id == feed_hubs.c.feed_id)
_DUE = (
    _ROWS.where(
        or_(
            and_(feed_hubs.c.next_at <= bindparam("now", type_=Moment), _POLLED, feed_hubs.c.offered),
            and_(feed_hubs.c.public_url != bindparam("here"), _POLLED, feed_hubs.c.offered, _AGREED),
            and_(~_POLLED, _AGREED),
            and_(
                ~_POLLED, feed_hubs.c.state == HubState.ENDING.value, feed_hubs.c.next_at <= bindparam("now")
            ),
        )
    )
    .order_by(feed_hubs.c.next_at, feed_hubs.c.feed_id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Held:
    """An agreement with its keys, which are never shown, and whether its feed is polled."""

    feed_id: str
    agreement: Agreement
    polled: bool
    token: str | None = field(repr=False)
    secret: str | None = field(repr=False)


class HubRows:
    """The hubs of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(self, now: datetime, public_url: str, limit: int) -> list[Held]:
        """Agreements of which something is to be asked, the one that waits longest first."""
        given = {"now": now, "here": public_url, "most": limit}
        with reading(self._engine) as connection:
            return [_held(row) for row in connection.execute(_DUE, given)]

    def begin(
        self, seen: Held, now: datetime, public_url: str, keys: tuple[str, str]
    ) -> tuple[Held, str] | None:
        """Note that the hub is asked for what is next, and what that is; None where another asked since.

        `keys`, a token and a secret, are taken where the agreement has none yet.
        """
        with writing(self._engine) as connection:
            held = _locked(connection, feed_hubs.c.feed_id == seen.feed_id)
            if held is None or held.agreement != seen.agreement or held.token != seen.token:
                return None
            after, mode = begun(held.agreement, held.polled, now)
            if mode is None:
                _save(connection, held.feed_id, after, **_KEYLESS)
                return None
            token, secret = (held.token or keys[0], held.secret or keys[1])
            _save(connection, held.feed_id, after, token=token, secret=secret, public_url=public_url)
        return replace(held, agreement=after, token=token, secret=secret), mode

    def by_token(self, token: str) -> Held | None:
        """The agreement whose hub was given `token`, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(_ROWS.where(feed_hubs.c.token == token)).first()
        return None if row is None else _held(row)

    def change(self, feed_id: str, judge: Callable[[Agreement], Agreement]) -> None:
        """Save what `judge` makes of the agreement as it stands; nothing where there is none.

        One that is only offered afterwards has no keys any more: what a hub still sends is not known.
        """
        with writing(self._engine) as connection:
            held = _locked(connection, feed_hubs.c.feed_id == feed_id)
            if held is None:
                return
            after = judge(held.agreement)
            if after != held.agreement:
                gone = after.state is HubState.OFFERED and held.agreement.state is not HubState.OFFERED
                _save(connection, feed_id, after, **(_KEYLESS if gone else {}))

    def commit_push(self, feed_id: str, plan: PushPlan, now: datetime) -> int:
        """Save all that a push means to save, in one commit; how many revisions were new.

        Validators and the next poll stay what the last poll made them; the history has one answer more.
        """
        with writing(self._engine) as connection:
            mine = feeds.c.id == feed_id
            row = connection.execute(_PUSHED_FEED.where(mine).with_for_update()).one()
            past = remembered(history_of(row.history), plan.answer, plan.latencies)
            dark_at = now + dark_after(row.interval_seconds)  # a feed of which pushes come is not dark
            connection.execute(update(feeds).where(mine).values(history=encode(past), dark_at=dark_at))
            pushed = {"pushed_at": now, "pushes": feed_hubs.c.pushes + 1}
            connection.execute(update(feed_hubs).where(feed_hubs.c.feed_id == feed_id).values(pushed))
            saved, refused = add_what_can_be(connection, feed_id, plan.revisions, now)
            add_articles(connection, feed_id, plan.revisions, now)
            put_aside(connection, feed_id, (*plan.unparsed, *refused), now)
            return saved


def note_offer(connection: Connection, feed_id: str, wishes: Wishes, now: datetime) -> None:
    """Remember which hub the document of a feed names; with another hub or topic nothing is agreed.

    A hub that is agreed with stays while the document still names it, wherever it stands among several.
    """
    mine = feed_hubs.c.feed_id == feed_id
    row = connection.execute(
        select(feed_hubs.c.hub, feed_hubs.c.topic, feed_hubs.c.offered).where(mine)
    ).first()
    if not wishes.hubs or wishes.topic is None:
        if row is not None and row.offered:
            connection.execute(update(feed_hubs).where(mine).values(offered=False))
        return
    if row is not None and row.topic == wishes.topic and row.hub in wishes.hubs:
        if not row.offered:
            connection.execute(update(feed_hubs).where(mine).values(offered=True))
        return
    fresh = Agreement(wishes.hubs[0], wishes.topic, HubState.OFFERED, now, why="its feed names it")
    values = _values(fresh) | _KEYLESS
    make = insert_into(feed_hubs, connection.dialect.name).values(feed_id=feed_id, **values)
    connection.execute(make.on_conflict_do_update(index_elements=["feed_id"], set_=values))


def hub_row(connection: Connection, feed_id: str) -> HubRow | None:
    """How it stands with the hub of a feed, for people; None where it names none."""
    row = connection.execute(select(feed_hubs).where(feed_hubs.c.feed_id == feed_id)).first()
    if row is None:
        return None
    return HubRow(
        hub=row.hub,
        topic=row.topic,
        state=row.state,
        offered=row.offered,
        next_at=row.next_at,
        lease_until=row.lease_until,
        pushed_at=row.pushed_at,
        pushes=row.pushes,
        refused=row.refused,
        why=row.why,
    )


def _locked(connection: Connection, which: ColumnElement[bool]) -> Held | None:
    row = connection.execute(_ROWS.where(which).with_for_update(of=feed_hubs)).first()
    return None if row is None else _held(row)


def _held(row: Row[Any]) -> Held:
    given = {name: getattr(row, name) for name in _COLUMNS} | {"state": HubState(row.state)}
    return Held(row.feed_id, Agreement(**given), bool(row.polled), row.token, row.secret)


def _values(agreement: Agreement) -> dict[str, Any]:
    return {name: getattr(agreement, name) for name in _COLUMNS} | {"state": agreement.state.value}


def _save(connection: Connection, feed_id: str, after: Agreement, **keys: str | None) -> None:
    values = _values(after) | keys
    connection.execute(update(feed_hubs).where(feed_hubs.c.feed_id == feed_id).values(values))
