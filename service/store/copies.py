"""A copy of a SQLite ledger, kept beside it before its tables are changed.

The copy is made by SQLite's own backup interface while the caller holds the write lock, so nobody changes the
file meanwhile; it is checked, flushed to disk and only then given its name. Kept once for each version: what
is there already is older than any half-done attempt, and stays.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Engine

from service.errors import StoreError
from service.store.engine import file_of

_PAGES = 4096  # copied in one step


def copy_before(engine: Engine, schema: str) -> Path | None:
    """FILE.before-`schema`, made where it is not there; None where the ledger is no file.

    StoreError where it cannot be written: without it nothing is changed.
    """
    file = file_of(engine)
    if file is None:
        return None
    copy = file.with_name(f"{file.name}.before-{schema}")
    beside = copy.with_name(f"{copy.name}.partial")
    if not copy.exists():
        try:
            _copy(file, beside)
            os.replace(beside, copy)
            flush_folder(copy.parent)
        except (OSError, sqlite3.Error) as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise StoreError(
                f"The copy {copy} that is kept before an upgrade cannot be written: {error}. "
                "Make room, or make the folder writable."
            ) from error
    return copy


def _copy(file: Path, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    # Made by us first, so that it is never readable by others, not even while it grows.
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    whence = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(whence, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target, pages=_PAGES)
        said = target.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise sqlite3.DatabaseError(f"the file is damaged ({said})")
    flush_file(copy)


def flush_file(file: Path) -> None:
    """The file's bytes are on the disk."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(folder: Path) -> None:
    """The names in the folder are on the disk."""
    flush_file(folder)
