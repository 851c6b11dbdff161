"""A backup of a ledger that may be running: all its tables, as they stood at one moment.

How it decides: one transaction that only reads sees the ledger as it was when it began, on SQLite (WAL) and
on PostgreSQL (REPEATABLE READ) alike, and holds nobody up. SQLite's own backup interface is not used for it:
it begins anew each time another process writes, so on a busy service it may never end. The tables are read
from the database, not from the schema of this version, so the ledger of an older one is backed up as it is,
before an upgrade touches it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from typing import IO, Any

from sqlalchemy import Connection, MetaData, Table, Text, select

from service.errors import StoreError
from service.store.archive import FORM, ArchiveWriter, Manifest, Part
from service.store.engine import connect, place, snapshot
from service.store.migrate import VERSIONS, found_version, is_there
from service.store.schema import metadata

Progress = Callable[[str, int], None]

_AT_ONCE = 1000
_TELL_EVERY = 20_000


def back_up(
    url: str, target: IO[bytes], files: Mapping[str, bytes], now: datetime, progress: Progress
) -> Manifest:
    """Write the ledger at `url` and `files` to `target`; what was written.

    `progress` is told each table and how many of its rows are written. StoreError where there is no ledger,
    or it is damaged.
    """
    engine = connect(url, make_folder=False)
    try:
        if not is_there(engine):
            raise StoreError(f"There is no ledger {place(engine)} to back up.")
        with snapshot(engine) as connection:
            schema = found_version(connection)
            if schema is None:
                raise StoreError(f"There is no ledger {place(engine)} to back up.")
            _must_be_sound(connection)
            archive = ArchiveWriter(target)
            parts = [_add(archive, connection, table, progress) for table in tables_of(connection)]
            kept = tuple(archive.add_file(name, body) for name, body in sorted(files.items()))
            store = connection.dialect.name
            manifest = Manifest(FORM, now, version("rumorwatch"), schema, store, tuple(parts), kept)
            archive.finish(manifest)
            return manifest
    finally:
        engine.dispose()


def tables_of(connection: Connection) -> list[Table]:
    """Our tables as the database has them, each after those that it refers to; the version's is left out.

    Other tables in the same database are none of ours.
    """
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name in metadata.tables)
    return [table for table in found.sorted_tables if table.name != VERSIONS]


def _add(archive: ArchiveWriter, connection: Connection, table: Table, progress: Progress) -> Part:
    columns = tuple(column.name for column in table.columns)
    return archive.add_table(table.name, columns, _rows(connection, table, progress))


def _rows(connection: Connection, table: Table, progress: Progress) -> Iterator[Mapping[str, Any]]:
    ordered = select(table).order_by(*(_in_one_order(connection, column) for column in table.primary_key))
    count = 0
    for row in connection.execute(ordered.execution_options(yield_per=_AT_ONCE)).mappings():
        yield {column.name: row[column.name] for column in table.columns}
        count += 1
        if count % _TELL_EVERY == 0:
            progress(table.name, count)
    progress(table.name, count)


def _in_one_order(connection: Connection, column: Any) -> Any:
    """Both databases sort alike, so the same ledger gives the same bytes."""
    if connection.dialect.name == "postgresql" and isinstance(column.type, Text):
        return column.collate("C")
    return column


def _must_be_sound(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    said = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    if said != "ok":
        raise StoreError(f"The ledger {place(connection.engine)} is damaged: {' '.join(str(said).split())}.")
