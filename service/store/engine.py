"""The one door to the database: opened, made ready, and read or written in whole transactions.

SQLite runs in WAL with full syncs (but for leases, which a crash may well forget), and a writing
transaction takes the write lock when it begins, so that two writers wait for each other instead of failing
at the end. PostgreSQL reads what is committed at each statement; what needs more takes locks (ledger.py).
Everything that the database says against us leaves here as a StoreError of one sentence without a password
in it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from service import failpoints
from service.errors import Conflict, StoreError

BUSY_SECONDS = 10.0  # how long a SQLite writer waits for another
CONNECT_SECONDS = 5  # how long PostgreSQL may take to answer the door
SILENT_SECONDS = 20  # a client that is not heard of for so long inside a handling is gone, or stands still
WRITING = "rumorwatch_writing"
_LIGHT = "rumorwatch_light"

# unnest gives the numbers in the order of the array, so the locks are taken in it.
_LOCK = text("SELECT pg_advisory_xact_lock(number) FROM unnest(CAST(:numbers AS bigint[])) AS number")

_NOT_SILENT = text(
    f"SELECT set_config('idle_in_transaction_session_timeout', '{SILENT_SECONDS * 1000}', true)"
)

# SQLSTATEs that say "do it again": serialization failure, deadlock, lock not available.
_TRY_AGAIN = frozenset({"40001", "40P01", "55P03"})


def connect(url: str, *, make_folder: bool = True) -> Engine:
    """An engine for `url`; of a SQLite file at most the folder is made yet. StoreError for a bad url."""
    parsed = _parsed(url)
    engine = _sqlite(parsed, make_folder) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    event.listen(engine, "handle_error", _refuse_value)
    return engine


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(
            url, pool_pre_ping=True, pool_size=10, connect_args={"connect_timeout": CONNECT_SECONDS}
        )
    except ImportError as error:
        raise StoreError(
            "A PostgreSQL ledger needs psycopg, which is not installed: install rumorwatch[postgres]."
        ) from error


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text is not shown: what cannot be parsed may hold a password anywhere.
        raise StoreError(
            "The database address is not one of sqlite:///path or postgresql://host/name."
        ) from None
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise StoreError(
            f"A database of kind {parsed.drivername!r} is not supported: use sqlite or postgresql."
        )
    return parsed


def place(engine: Engine) -> str:
    """Where the ledger is, for a person: the file, or the address without its password."""
    if engine.dialect.name == "sqlite":
        return engine.url.database or "memory"
    return engine.url.render_as_string(hide_password=True)


def _sqlite(url: URL, make_folder: bool) -> Engine:
    in_memory = url.database in (None, "", ":memory:")
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    if in_memory:
        options["poolclass"] = StaticPool
    elif make_folder:
        _make_folder(Path(str(url.database)))
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The folder {path.parent} cannot be made: {error.strerror}.") from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # Without this the driver begins transactions by itself, late and never IMMEDIATE.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    # Candidates of one claim lie all over a large ledger; with two megabytes each would be read anew.
    connection.execute("PRAGMA cache_size = -32768")


def _refuse_value(context: ExceptionContext) -> None:
    # A driver raises these bare, before the database is asked. Named here and not around the transaction:
    # the same errors from the code of whoever holds it are no fault of the ledger.
    error = context.original_exception
    if isinstance(error, UnicodeEncodeError | OverflowError):
        raise StoreError(f"A value cannot be stored in the ledger: {error}.") from error


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(WRITING, False):
        connection.exec_driver_sql(f"PRAGMA synchronous = {'NORMAL' if options.get(_LIGHT) else 'FULL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


def file_of(engine: Engine) -> Path | None:
    """The file of a SQLite ledger; None where it is in memory, or in a server."""
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        return None
    return Path(str(engine.url.database))


def use_wal(engine: Engine) -> None:
    """Let readers of a SQLite file go on while one writes. Kept in the file, so it is asked for once."""
    if engine.dialect.name != "sqlite":
        return
    # The driver's own connection: the journal cannot be changed inside a transaction.
    with told_by_name(engine):
        raw = engine.raw_connection()
        try:
            # Only an empty file takes it; so a new one can be made smaller later without a rewrite.
            raw.cursor().execute("PRAGMA auto_vacuum = INCREMENTAL")
            raw.cursor().execute("PRAGMA journal_mode = WAL")
        finally:
            raw.close()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that only reads. StoreError where the database fails."""
    with told_by_name(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One transaction that only reads, and sees all of the ledger as it was at its first read.

    It holds nobody up, however long it takes. StoreError where the database fails.
    """
    with told_by_name(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine, *, light: bool = False) -> Iterator[Connection]:
    """One transaction that writes: committed at the end, rolled back on any exception.

    `light`: a machine that loses its power may forget it, for it need not wait for the disk (SQLite only).
    StoreError where the database fails, Conflict where doing the same again may well work.
    """
    with told_by_name(engine), engine.connect() as connection:
        connection.execution_options(**{WRITING: True, _LIGHT: light})
        with connection.begin():
            yield connection
            failpoints.hit("pre-commit")
        failpoints.hit("post-commit")


@contextmanager
def told_by_name(engine: Engine) -> Iterator[None]:
    """What the database says against the block leaves it as a StoreError."""
    try:
        yield
    except SQLAlchemyError as error:
        raise named(engine, error) from error
    except sqlite3.Error as error:
        raise _from_words(engine, str(error), None) from error


def named(engine: Engine, error: SQLAlchemyError) -> StoreError:
    """The error in one sentence without a password: Conflict where doing the same again may well work."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    words = " ".join(str(cause).split()) or type(cause).__name__
    if engine.url.password:
        words = words.replace(str(engine.url.password), "***")
    return _from_words(engine, words, getattr(cause, "sqlstate", None))


def _from_words(engine: Engine, words: str, sqlstate: str | None) -> StoreError:
    if sqlstate in _TRY_AGAIN or "database is locked" in words:
        return Conflict(f"The ledger {place(engine)} is busy: {words}.")
    return StoreError(f"The ledger {place(engine)} cannot be used: {words}.")


def lock_names(connection: Connection, names: Iterable[str]) -> None:
    """Hold each of `names` against other PostgreSQL transactions until this one ends.

    The locks are taken in one order by everybody, so that two who want overlapping names never deadlock.
    SQLite has one writer at a time and needs none.
    """
    numbers = sorted({lock_number(name) for name in names})
    if numbers and connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"numbers": numbers})


def end_if_silent(connection: Connection) -> None:
    """Let PostgreSQL end this transaction, and free what it locks, where its client falls silent in it.

    A machine that lost its power says no goodbye, and its connection would look alive for hours. What a
    process holds on SQLite ends with the process.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_NOT_SILENT)


def lock_number(name: str) -> int:
    """The number by which PostgreSQL knows the lock of that name."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:8], "big", signed=True)


def insert_into(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what to do on conflict, in the words of `dialect`, and how many rows it made."""
    made = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return made.execution_options(preserve_rowcount=True)
