"""Opening a ledger: made once, upgraded once, and refused in one sentence."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from service.errors import StoreError
from service.store.engine import connect, reading, writing
from service.store.ledger import Ledger
from service.store.migrate import SCRIPTS
from service.store.schema import REVISION, metadata
from tests.fakes_store import NOON, a_feed, an_item


def test_what_was_saved_is_there_when_the_ledger_is_opened_again(ledger_url: str) -> None:
    first = Ledger.open(ledger_url)
    first.feeds.declare([a_feed()], NOON)
    first.close()
    second = Ledger.open(ledger_url)
    assert [feed.id for feed in second.feeds.due(NOON, 10)] == ["wire"]
    second.close()


def test_the_migrations_make_what_the_schema_says(ledger_url: str) -> None:
    Ledger.open(ledger_url).close()
    engine = connect(ledger_url)
    with reading(engine) as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_the_schema_names_the_newest_migration() -> None:
    assert ScriptDirectory(str(SCRIPTS)).get_current_head() == REVISION


def test_a_migration_that_breaks_off_leaves_nothing(ledger_url: str) -> None:
    engine = connect(ledger_url)
    with writing(engine) as connection:
        # The last table to be made is in the way, so the others were made before it failed.
        connection.execute(text("CREATE TABLE attempts (id INTEGER)"))
    with pytest.raises(StoreError, match="attempts"):
        Ledger.open(ledger_url)
    with writing(engine) as connection:
        assert engine.dialect.has_table(connection, "feeds") is False
        connection.execute(text("DROP TABLE attempts"))
    engine.dispose()
    Ledger.open(ledger_url).close()


def _open_at_once(url: str, start: object, told: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    try:
        ledger = Ledger.open(url)
        ledger.items.add([(an_item(f"item_{os.getpid()}"), "f")])
        ledger.close()
        told.put("opened")  # type: ignore[attr-defined]
    except StoreError as error:
        told.put(str(error))  # type: ignore[attr-defined]


def test_four_processes_that_open_an_empty_database_at_once_all_get_in(ledger_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    start, told = context.Barrier(4), context.Queue()
    workers = [context.Process(target=_open_at_once, args=(ledger_url, start, told)) for _ in range(4)]
    for worker in workers:
        worker.start()
    outcomes = [told.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert outcomes == ["opened"] * 4
    ledger = Ledger.open(ledger_url)
    assert ledger.reports.counts(NOON).items == 4
    ledger.close()


def test_a_ledger_of_a_newer_version_is_left_alone(ledger_url: str) -> None:
    Ledger.open(ledger_url).close()
    engine = connect(ledger_url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match=r"newer rumorwatch \(schema 9999\)"):
        Ledger.open(ledger_url)


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    Ledger.open(f"sqlite:///{tmp_path / 'a' / 'b' / 'ledger.db'}").close()
    assert (tmp_path / "a" / "b" / "ledger.db").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"The folder .*file/data cannot be made"):
        Ledger.open(f"sqlite:///{tmp_path / 'file' / 'data' / 'ledger.db'}")


def _open_as_nobody(url: str, told: object) -> None:
    if os.geteuid() == 0:  # root may write everywhere
        os.setegid(65534)
        os.seteuid(65534)
    try:
        Ledger.open(url).close()
        told.put("opened")  # type: ignore[attr-defined]
    except StoreError as error:
        told.put(str(error))  # type: ignore[attr-defined]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:  # pytest's own folder cannot even be entered by others
        closed = Path(place)
        closed.chmod(0o555)
        context = multiprocessing.get_context("fork")
        told = context.Queue()
        child = context.Process(target=_open_as_nobody, args=(f"sqlite:///{closed / 'ledger.db'}", told))
        child.start()
        outcome = told.get(timeout=30)
        child.join(30)
        assert f"{closed / 'ledger.db'} cannot be used: unable to open database file" in outcome
        assert list(closed.iterdir()) == []


def test_a_file_that_is_no_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"Dear diary, " * 400)
    with pytest.raises(StoreError, match=r"ledger\.db cannot be used: file is not a database"):
        Ledger.open(f"sqlite:///{path}")
    assert path.read_bytes() == b"Dear diary, " * 400


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://root:hunter2@db/x", "kind 'mysql' is not supported"),
        ("hunter2", "not one of sqlite:///path or postgresql://"),
        ("", "not one of sqlite:///path or postgresql://"),
        ("postgresql://me:hunter2@127.0.0.1:1/x", r"me:\*\*\*@127.0.0.1:1/x cannot be used"),
        ("postgres://me:hunter2@127.0.0.1:1/x", r"me:\*\*\*@127.0.0.1:1/x cannot be used"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_without_its_password(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as refused:
        Ledger.open(url)
    assert "hunter2" not in str(refused.value)


def test_a_sqlite_file_is_in_wal_with_full_syncs_and_foreign_keys(sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url)
    ledger.close()
    engine = connect(sqlite_url)
    with reading(engine) as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    engine.dispose()
    assert found == ["wal", 2, 1, 10_000]


def test_a_ledger_in_memory_keeps_its_rows_while_it_is_open() -> None:
    ledger = Ledger.open("sqlite://")
    assert ledger.items.add([(an_item(), "f")]) == 1
    assert ledger.reports.counts(NOON).items == 1
    ledger.close()


def test_a_reader_does_not_wait_for_a_writer(sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ledger.reports.check()
    assert ledger.reports.counts(NOON).items == 0
    other.execute("ROLLBACK")
    other.close()
    ledger.close()


def test_a_file_that_another_is_just_making_is_waited_for(tmp_path: Path) -> None:
    # SQLite refuses at once, whatever its timeout, to change the journal while another writes.
    path = tmp_path / "ledger.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, other.rollback)
    release.start()
    Ledger.open(f"sqlite:///{path}").close()
    release.join(10)
    other.close()
