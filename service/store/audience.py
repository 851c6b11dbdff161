"""Watchlists and subscriptions that are kept in the ledger, with a version that rises with every change.

They are kept as they were written (JSON); what they mean is for subscribers.py to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, bindparam, delete, func, select, update

from service.errors import Conflict
from service.store.engine import insert_into, lock_names, reading, writing
from service.store.schema import audience, subscriptions, watchlists

_VERSION = select(func.coalesce(func.max(audience.c.version), 0))
_RISE = update(audience).where(audience.c.version == bindparam("before")).values(version=bindparam("after"))


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A watchlist or a subscription as it is written. Only a subscription is ever paused."""

    name: str
    text: str
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """All of them, by name, and the version that they are of."""

    version: int
    watchlists: tuple[ListedRow, ...] = ()
    subscriptions: tuple[ListedRow, ...] = ()


class AudienceRows:
    """Who hears of what, as one ledger has it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def version(self) -> int:
        """A number that rises with every change; 0: nothing was ever written."""
        with reading(self._engine) as connection:
            return int(connection.execute(_VERSION).scalar_one())

    def listed(self) -> Listed:
        """All that is written, of one version."""
        with reading(self._engine) as connection:
            return _listed(connection)

    def replace(self, wanted: Listed, now: datetime) -> None:
        """Let `wanted` be all that is written, at once. Conflict where it is no longer of that version."""
        with writing(self._engine) as connection:
            lock_names(connection, ["rumorwatch audience"])
            before = _listed(connection)
            if before.version != wanted.version:
                raise Conflict("Somebody changed watchlists or subscriptions at the same moment: try again.")
            _rise(connection, before.version)
            _write(connection, watchlists, before.watchlists, wanted.watchlists, now)
            _write(connection, subscriptions, before.subscriptions, wanted.subscriptions, now)


def _listed(connection: Connection) -> Listed:
    lists = connection.execute(select(watchlists).order_by(watchlists.c.name))
    subscribed = connection.execute(select(subscriptions).order_by(subscriptions.c.name))
    return Listed(
        int(connection.execute(_VERSION).scalar_one()),
        tuple(ListedRow(row.name, row.watchlist) for row in lists),
        tuple(ListedRow(row.name, row.subscription, row.paused) for row in subscribed),
    )


def _rise(connection: Connection, before: int) -> None:
    if before == 0:
        connection.execute(insert_into(audience, connection.dialect.name), {"version": 1})
    elif connection.execute(_RISE, {"before": before, "after": before + 1}).rowcount != 1:
        raise Conflict("Somebody changed watchlists or subscriptions at the same moment: try again.")


def _write(
    connection: Connection,
    table: Table,
    before: Sequence[ListedRow],
    after: Sequence[ListedRow],
    now: datetime,
) -> None:
    changed = [row for row in after if row not in before]
    gone = {row.name for row in before} - {row.name for row in after} | {row.name for row in changed}
    if gone:
        connection.execute(delete(table).where(table.c.name.in_(sorted(gone))))
    rows = [_row(table, row, now) for row in changed]
    if rows:
        connection.execute(table.insert(), rows)


def _row(table: Table, row: ListedRow, now: datetime) -> dict[str, Any]:
    shared = {"name": row.name, "changed_at": now}
    if table is watchlists:
        return shared | {"watchlist": row.text}
    return shared | {"subscription": row.text, "paused": row.paused}
