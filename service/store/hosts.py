"""Which hosts asked to be left alone, and which feeds wait because of it.

A row is there from a host's first refusal until its next good answer. A wide one is a registrable domain and
concerns every host under it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, func, or_, select

from service.core.hosts import Hold, Place
from service.store.engine import insert_into
from service.store.schema import Moment, feeds, hosts


def _concerns(host: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a row of `hosts` is about `host`."""
    ending = func.substr(host, func.length(host) - func.length(hosts.c.name))
    # The whole ending, dot included: "example.org" does not concern "badexample.org".
    under = and_(func.length(host) > func.length(hosts.c.name), ending == "." + hosts.c.name)
    return or_(hosts.c.name == host, and_(hosts.c.wide, under))


# A feed of a host that waits. `now` is bound by the statement that this is put into.
HELD_BACK: ColumnElement[bool] = (
    select(hosts.c.name)
    .where(hosts.c.until > bindparam("now", type_=Moment), _concerns(feeds.c.host))
    .exists()
)


_FORGET = delete(hosts).where(
    _concerns(select(feeds.c.host).where(feeds.c.id == bindparam("polled")).scalar_subquery())
)

_ANY = select(hosts.c.name).limit(1)


def known_holds(connection: Connection, places: Collection[Place]) -> dict[Place, Hold]:
    """What is remembered of `places`; those that never refused are left out."""
    wanted = select(hosts).where(hosts.c.name.in_([place.name for place in places]))
    found = (_hold(row) for row in connection.execute(wanted))
    return {hold.place: hold for hold in found if hold.place in places}


def all_holds(connection: Connection) -> tuple[Hold, ...]:
    """Every place that is held back, or was and has not answered well since."""
    rows = connection.execute(select(hosts).where(hosts.c.until.is_not(None)).order_by(hosts.c.name))
    return tuple(_hold(row) for row in rows)


def hold_over(host: str, holds: Sequence[Hold]) -> Hold | None:
    """The one of `holds` that concerns `host` and lasts longest, or None."""
    lasting: dict[datetime, Hold] = {}
    for hold in holds:
        under = hold.place.wide and host.endswith(f".{hold.place.name}")
        if hold.until is not None and (hold.place.name == host or under):
            lasting[hold.until] = hold
    return lasting[max(lasting)] if lasting else None


def save_holds(connection: Connection, holds: Sequence[Hold]) -> None:
    """Remember `holds`, in place of what was remembered of their places."""
    for hold in holds:
        values = {
            "name": hold.place.name,
            "wide": hold.place.wide,
            "refusals": hold.refusals,
            "until": hold.until,
            "why": hold.why,
        }
        changes = {name: value for name, value in values.items() if name not in ("name", "wide")}
        made = insert_into(hosts, connection.dialect.name).values(**values)
        connection.execute(made.on_conflict_do_update(index_elements=["name", "wide"], set_=changes))


def forget_holds(connection: Connection, feed_ids: Sequence[str]) -> None:
    """The hosts of these feeds answered well: they and their domains refuse no more."""
    if connection.execute(_ANY).first() is not None:  # nearly always nobody refuses
        connection.execute(_FORGET, [{"polled": feed_id} for feed_id in feed_ids])


def _hold(row: Row[Any]) -> Hold:
    return Hold(Place(row.name, row.wide), row.refusals, row.until, row.why)
