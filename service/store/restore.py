"""A backup put back as a ledger: in one transaction, so it is whole or nothing was touched.

How it decides: the tables are made anew as the backup's version had them, filled, and then brought to this
version by the same migrations as any older ledger. The target must be empty of work unless it is to be
replaced. What was pending stays pending and what was sent stays sent: an alert that was on its way when the
backup was made is tried again, under the id that receivers know repeats by, since an alert too many is better
than one that nobody hears of. `hold` is for a copy beside a service that still runs: it sends none of them.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Integer, MetaData, Table, func, select, text, update

from service.core.model import DeliveryState
from service.errors import InputError, StoreError
from service.store.archive import Archive
from service.store.backup import Progress, tables_of
from service.store.engine import connect, lock_names, place, reading, use_wal, writing
from service.store.migrate import LOCK, VERSIONS, found_version, is_known, is_there, upgrade
from service.store.schema import (
    PENDING,
    alerts,
    decisions,
    deliveries,
    items,
    metadata,
    stories,
    subscriptions,
    watchlists,
)

_AT_ONCE = 500
_TELL_EVERY = 20_000
_SET_COUNTER = text("SELECT setval(pg_get_serial_sequence(:of, :number), :last)")
_WORK = (
    items,
    stories,
    alerts,
    decisions,
    watchlists,
    subscriptions,
)  # a ledger that holds none of these is empty


def check_restorable(archive: Archive) -> None:
    """InputError where this rumorwatch cannot use the backup: damaged, or of a newer schema."""
    manifest = archive.manifest
    if not is_known(manifest.schema):
        raise InputError(
            f"The backup is of a newer rumorwatch ({manifest.rumorwatch}, schema {manifest.schema}): "
            "install that one, or a later."
        )
    unknown = next((part.name for part in manifest.tables if part.name not in metadata.tables), None)
    if unknown is not None:
        raise InputError(f"The backup holds a table {unknown!r} that no ledger has.")
    archive.check()


def work_in(url: str) -> int:
    """How many items, stories, alerts and decisions the ledger at `url` holds; 0 where there is none."""
    engine = connect(url, make_folder=False)
    try:
        if not is_there(engine):
            return 0
        with reading(engine) as connection:
            _refuse_newer(engine, connection)
            return _work(connection)
    finally:
        engine.dispose()


def restore(url: str, archive: Archive, progress: Progress, *, replace: bool, hold: bool) -> int:
    """Put the backup in the place of the ledger at `url`; how many deliveries were held.

    StoreError, and nothing touched, where there is work in it and it is not to be replaced. `archive` was
    checked before (`check_restorable`).
    """
    engine = connect(url)
    try:
        use_wal(engine)
        with writing(engine) as connection:
            lock_names(connection, [LOCK])
            _refuse_newer(engine, connection)
            _refuse_work(engine, connection, replace=replace)
            _take_out(connection)
            upgrade(connection, archive.manifest.schema)
            _fill(connection, archive, progress)
            upgrade(connection, "head")
            return _hold(connection) if hold else 0
    finally:
        engine.dispose()


def _refuse_newer(engine: Engine, connection: Connection) -> None:
    found = found_version(connection)
    if found is not None and not is_known(found):
        raise StoreError(
            f"The ledger {place(engine)} was made by a newer rumorwatch (schema {found}): "
            "install that one, or restore into an empty place."
        )


def _refuse_work(engine: Engine, connection: Connection, *, replace: bool) -> None:
    if not replace and (work := _work(connection)):
        raise StoreError(
            f"The ledger {place(engine)} is not empty ({work} items, stories, alerts and decisions): "
            "restore with --force to replace it, or into another place."
        )


def _work(connection: Connection) -> int:
    there = {table.name for table in tables_of(connection)}
    counted = [select(func.count()).select_from(table) for table in _WORK if table.name in there]
    return sum(int(connection.execute(one).scalar_one()) for one in counted)


def _take_out(connection: Connection) -> None:
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name in metadata.tables or name == VERSIONS)
    found.drop_all(connection)


def _fill(connection: Connection, archive: Archive, progress: Progress) -> None:
    tables = tables_of(connection)
    missing = {part.name for part in archive.manifest.tables} - {table.name for table in tables}
    if missing:
        raise InputError(f"The backup holds a table {min(missing)!r} that its version does not have.")
    for table in tables:
        count = 0
        rows = archive.rows(table.name)
        while batch := list(islice(rows, _AT_ONCE)):
            connection.execute(table.insert(), [_row(table, row) for row in batch])
            count += len(batch)
            if count % _TELL_EVERY == 0:
                progress(table.name, count)
        if count != archive.manifest.rows_of(table.name):
            raise InputError(f"The backup changed while it was read: {table.name} has {count} rows.")
        progress(table.name, count)
        _count_on(connection, table)


def _row(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    if row.keys() != {column.name for column in table.columns}:
        raise InputError(f"The backup's rows of {table.name} do not have the columns of its version.")
    return row


def _count_on(connection: Connection, table: Table) -> None:
    """New rows are numbered after those that were put back; SQLite does so by itself."""
    if connection.dialect.name != "postgresql" or len(table.primary_key) != 1:
        return
    (column,) = table.primary_key
    if not isinstance(column.type, Integer):
        return
    last = connection.execute(select(func.max(column))).scalar()
    if last is not None:
        connection.execute(_SET_COUNTER, {"of": table.name, "number": column.name, "last": last})


def _hold(connection: Connection) -> int:
    held = {"state": DeliveryState.HELD.value, "token": None, "lease_until": None}
    return connection.execute(update(deliveries).where(deliveries.c.state == PENDING).values(held)).rowcount
