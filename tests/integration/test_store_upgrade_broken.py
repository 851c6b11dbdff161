"""An upgrade that breaks off leaves the old ledger; begun twice it is done once; and a copy is kept."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from service.errors import StoreError
from service.store.engine import connect, reading, use_wal
from service.store.ledger import Ledger
from service.store.migrate import found_version, migrate
from service.store.schema import REVISION
from tests.integration.test_store_upgrade import an_old_ledger

CHANGES = ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE")


class PulledPlug(Exception):
    """The end of a process, as far as the database sees it."""


def at_change(engine: Engine, number: int, then: Callable[[], None]) -> list[str]:
    """Does `then` in the place of the change of that number; the changes that were asked for."""
    seen: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def count(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.lstrip().upper().startswith(CHANGES):
            seen.append(statement)
            if len(seen) == number:
                then()

    return seen


def pull_the_plug() -> None:
    raise PulledPlug


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def is_whole_and_old(url: str) -> None:
    engine = connect(url)
    with reading(engine) as connection:
        assert found_version(connection) == "0001"
        assert connection.execute(text("SELECT id FROM stories")).scalars().all() == ["s"]
        assert not engine.dialect.has_table(connection, "decisions")
    engine.dispose()


def is_whole_and_new(url: str) -> None:
    ledger = Ledger.open(url)
    assert [row.id for row in ledger.reports.stories().items] == ["s"]
    ledger.close()


def broken_off_at(url: str, number: int) -> bool:
    """Whether there was a change of that number to break off at."""
    engine = connect(url)
    use_wal(engine)
    at_change(engine, number, pull_the_plug)
    try:
        migrate(engine)
    except PulledPlug:
        return True
    finally:
        engine.dispose()
    return False


def test_an_upgrade_that_breaks_off_at_any_step_leaves_the_old_ledger_and_is_done_later(
    ledger_url: str,
) -> None:
    an_old_ledger(ledger_url)
    step = 1 if ledger_url.startswith("sqlite") else 2
    number = 1
    while broken_off_at(ledger_url, number):
        is_whole_and_old(ledger_url)
        number += step
    assert number > 20
    is_whole_and_new(ledger_url)


def _killed_at(url: str, number: int) -> None:
    engine = connect(url)
    use_wal(engine)
    at_change(engine, number, lambda: os.kill(os.getpid(), signal.SIGKILL))
    migrate(engine)


@pytest.mark.parametrize("number", [2, 20])
def test_a_process_that_is_killed_in_an_upgrade_leaves_the_old_ledger(ledger_url: str, number: int) -> None:
    an_old_ledger(ledger_url)
    child = multiprocessing.get_context("fork").Process(target=_killed_at, args=(ledger_url, number))
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    is_whole_and_old(ledger_url)
    is_whole_and_new(ledger_url)


def _opened(url: str, start: object, told: object) -> None:
    engine = connect(url)
    use_wal(engine)
    seen = at_change(engine, 0, pull_the_plug)
    start.wait()  # type: ignore[attr-defined]
    migrate(engine)
    told.put(len(seen))  # type: ignore[attr-defined]


def test_two_processes_that_start_at_once_upgrade_once(ledger_url: str) -> None:
    an_old_ledger(ledger_url)
    context = multiprocessing.get_context("fork")
    start, told = context.Barrier(2), context.Queue()
    starts = [context.Process(target=_opened, args=(ledger_url, start, told)) for _ in range(2)]
    for process in starts:
        process.start()
    changes = sorted(told.get(timeout=60) for _ in starts)
    for process in starts:
        process.join(30)
    assert changes[0] == 0
    assert changes[1] > 20
    is_whole_and_new(ledger_url)


def test_a_newer_ledger_is_refused_with_what_to_do(ledger_url: str) -> None:
    Ledger.open(ledger_url).close()
    engine = connect(ledger_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match=r"newer rumorwatch \(schema 9999\): install that one, or restore"):
        Ledger.open(ledger_url)


# --- the copy ---------------------------------------------------------------------------------------


def copy_of(url: str) -> Path:
    return file_of(url).with_name(f"ledger.db.before-{REVISION}")


def test_the_file_is_copied_before_it_is_upgraded_and_the_copy_opens_as_it_was(sqlite_url: str) -> None:
    an_old_ledger(sqlite_url)
    is_whole_and_new(sqlite_url)
    copy = copy_of(sqlite_url)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(path.name for path in copy.parent.iterdir()) == ["ledger.db", copy.name]
    file_of(sqlite_url).unlink()
    copy.rename(file_of(sqlite_url))
    is_whole_and_old(sqlite_url)


def test_what_was_written_last_is_in_the_copy_though_it_stood_in_the_log_only(sqlite_url: str) -> None:
    an_old_ledger(sqlite_url)
    other = sqlite3.connect(file_of(sqlite_url))
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("UPDATE items SET guid = 'last words'")
    other.commit()  # held open, so nothing moves it from the log into the file
    is_whole_and_new(sqlite_url)
    other.close()
    with sqlite3.connect(copy_of(sqlite_url)) as copy:
        assert copy.execute("SELECT guid FROM items").fetchall() == [("last words",)]
    copy.close()


def test_a_copy_that_is_there_stays(sqlite_url: str) -> None:
    an_old_ledger(sqlite_url)
    copy_of(sqlite_url).write_bytes(b"of the first attempt")
    is_whole_and_new(sqlite_url)
    assert copy_of(sqlite_url).read_bytes() == b"of the first attempt"


def test_without_room_for_the_copy_nothing_is_changed(sqlite_url: str) -> None:
    an_old_ledger(sqlite_url)
    in_the_way = copy_of(sqlite_url).with_name(f"{copy_of(sqlite_url).name}.partial")
    in_the_way.mkdir()
    with pytest.raises(StoreError, match=r"copy .* kept before an upgrade cannot be written: .*Make room"):
        Ledger.open(sqlite_url)
    is_whole_and_old(sqlite_url)
    in_the_way.rmdir()
    is_whole_and_new(sqlite_url)


def test_a_new_ledger_and_one_in_memory_have_no_copy(sqlite_url: str) -> None:
    Ledger.open(sqlite_url).close()
    Ledger.open("sqlite://").close()
    assert [path.name for path in file_of(sqlite_url).parent.iterdir()] == ["ledger.db"]
