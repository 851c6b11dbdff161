"""Which of several schedulers leads: the others stand by, and one of them takes over when it dies.

The lock belongs to something that the system takes away at death, so there is no lease to wait for and no
clock to trust: on PostgreSQL to a session of its own (an advisory lock; the server looks every few seconds
whether the other end is still there), on SQLite, whose processes share a machine, to an open file beside
the database. Two that lead for a moment, because one of them does not know yet that its session ended, do
no harm: all that a scheduler does may be done twice.
"""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from service.errors import StoreError
from service.store.engine import lock_number

_NAME = "rumorwatch scheduler"
_TRY = text("SELECT pg_try_advisory_lock(:number)")
_STILL_THERE = text("SELECT 1")
# Without these a machine that lost its power would lead for two hours more.
_KEEPALIVES = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2"


class Leadership:
    """The leadership of one ledger, held by at most one process. Safe to ask from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._lock = threading.Lock()
        self._held = _of(engine)

    def held(self) -> bool:
        """Whether this process leads, after trying to where nobody does. False where the ledger is away."""
        with self._lock:
            return self._held.take()

    def release(self) -> None:
        """Let another lead at once."""
        with self._lock:
            self._held.release()


class _Always:
    """An in-memory ledger: nobody else can see it."""

    def take(self) -> bool:
        return True

    def release(self) -> None:
        return None


class _File:
    """A lock on a file beside the database, which ends with the process that holds it open."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-leader")
        self._file: IO[bytes] | None = None

    def take(self) -> bool:
        if self._file is not None:
            return True
        try:
            opened = self._path.open("wb")
        except OSError as error:
            raise StoreError(f"The file {self._path} cannot be opened: {error.strerror}.") from error
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            opened.close()
            return False
        self._file = opened
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _Session:
    """A lock of a PostgreSQL session that does nothing else."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session: Connection | None = None

    def take(self) -> bool:
        try:
            return self._still_there() or self._try()
        except SQLAlchemyError:
            self.release()
            return False

    def _still_there(self) -> bool:
        if self._session is None:
            return False
        self._session.execute(_STILL_THERE)
        return True

    def _try(self) -> bool:
        session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        session.detach()  # never handed to anybody else by the pool
        session.exec_driver_sql(_KEEPALIVES)
        if session.execute(_TRY, {"number": lock_number(_NAME)}).scalar_one():
            self._session = session
            return True
        session.close()
        return False

    def release(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            session.invalidate()
            session.close()


def _of(engine: Engine) -> _Always | _File | _Session:
    if engine.dialect.name == "postgresql":
        return _Session(engine)
    if engine.url.database in (None, "", ":memory:"):
        return _Always()
    return _File(Path(str(engine.url.database)))
