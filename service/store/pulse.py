"""Whether the ledger takes what is written: told by what its writes came to, and tried while it does not.
not.

A full or read-only disk, a corrupt file, a database that went away: reading may go on for long while
nothing is stored any more. So a write that failed for such a reason is remembered, and only one that went
through takes the trouble back. Nothing is written to find out while all is well.
"""

from __future__ import annotations

import threading

from sqlalchemy import Engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InternalError, OperationalError

from service.errors import Conflict, StoreError
from service.store.engine import WRITING, named, writing

# Changes nothing, and is written all the same.
_BEAT = text("UPDATE alembic_version SET version_num = version_num")
# SQLite says by a plain DatabaseError that a file is no database any more.
_CORRUPT = ("malformed", "not a database")


class Pulse:
    """The health of one ledger's writes. Safe to ask from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._trouble: str | None = None
        event.listen(engine, "handle_error", self._heard)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be stored, in one sentence; None: nothing is known against it."""
        with self._lock:
            return self._trouble

    def beat(self) -> str | None:
        """Where there was trouble, tries whether it is over; what is left of it."""
        if self.trouble is None:
            return None
        try:
            with writing(self._engine) as connection:
                connection.execute(_BEAT)
        except Conflict:
            return self.trouble
        except StoreError as error:
            self._say(str(error))
        else:
            self._say(None)
        return self.trouble

    def _heard(self, context: ExceptionContext) -> None:
        if context.connection is not None and not context.connection.get_execution_options().get(WRITING):
            return
        error = context.sqlalchemy_exception
        if error is None or not _is_grave(error):
            return
        said = named(self._engine, error)
        if not isinstance(said, Conflict):
            self._say(str(said))

    def _say(self, trouble: str | None) -> None:
        with self._lock:
            self._trouble = trouble


def _is_grave(error: Exception) -> bool:
    """Whether the database itself is at fault, and not what it was asked."""
    if isinstance(error, OperationalError | InternalError):
        return True
    return any(word in str(error) for word in _CORRUPT)
