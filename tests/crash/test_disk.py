"""What the disk does to a ledger: syncs that fail, a reader that never ends, a file that goes bad."""

from __future__ import annotations

import multiprocessing
import shutil
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.errors import StoreError
from service.store.engine import connect, snapshot
from service.store.ledger import Ledger
from service.store.schema import items
from tests.crash.silent_disk import can_fail, fail_syncs
from tests.fakes_store import NOON, a_feed, an_item

COMMITS = 12


def _store_until_it_fails(url: str, sound: int, done: multiprocessing.Queue[list[str]]) -> None:
    """A process: stores items one by one, of which the disk takes `sound`; says which were acknowledged."""
    acknowledged: list[str] = []
    ledger = Ledger.open(url)
    for number in range(COMMITS):
        if number == sound:
            fail_syncs()
        try:
            ledger.items.add([(an_item(f"i{number}"), "f")])
        except StoreError:
            continue
        acknowledged.append(f"i{number}")
    assert (ledger.pulse.trouble is None) == (sound == COMMITS), ledger.pulse.trouble
    done.put(acknowledged)


@pytest.mark.skipif(not can_fail(), reason="the system calls of this machine are not known here")
@pytest.mark.parametrize("sound", [0, 1, 5, 11])
def test_a_sync_that_fails_is_a_failed_commit_and_can_be_tried_again(sqlite_url: str, sound: int) -> None:
    Ledger.open(sqlite_url).close()
    context = multiprocessing.get_context("fork")
    done = context.Queue()
    process = context.Process(target=_store_until_it_fails, args=(sqlite_url, sound, done))
    process.start()
    acknowledged = done.get(timeout=60)
    process.join(30)
    assert process.exitcode == 0
    assert acknowledged == [f"i{number}" for number in range(sound)], "a commit that was not kept is not told"
    with closing(Ledger.open(sqlite_url)) as ledger:
        kept = [one for one in acknowledged if ledger.items.latest(one)]
        assert kept == acknowledged
        # What failed may lie in the log all the same: storing it again makes no second one.
        ledger.items.add([(an_item(f"i{number}"), "f") for number in range(COMMITS)])
        assert ledger.reports.counts(NOON).revisions_waiting == COMMITS


def test_a_reader_that_does_not_end_holds_up_no_writer_and_its_log_shrinks_again(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    log = path.with_name(f"{path.name}-wal")
    engine = connect(sqlite_url)
    with closing(Ledger.open(sqlite_url)) as ledger:
        waits = []
        with snapshot(engine) as reader:
            assert reader.execute(items.select()).all() == []
            for number in range(60):
                began = time.monotonic()
                ledger.items.add([(an_item(f"i{number}"), "f")])
                waits.append(time.monotonic() - began)
            assert reader.execute(items.select()).all() == []
        assert ledger.reports.counts(NOON).items == 60
        assert max(waits) < 5, "a writer waited for the reader"
        grown = log.stat().st_size
        for number in range(60):
            ledger.items.renew(*_held(ledger)) if number == 0 else ledger.feeds.declare([a_feed()], NOON)
        assert log.stat().st_size <= grown + 4_200_000, "the log is used from its beginning again"
    engine.dispose()
    assert not log.exists()


def _held(ledger: Ledger):  # type: ignore[no-untyped-def]
    now = datetime.now(UTC)
    claimed = ledger.items.claim(now, 60)
    assert claimed is not None
    return claimed, now, 60


def test_a_file_that_goes_bad_is_told_and_stores_nothing_until_a_sound_one_is_there(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(Ledger.open(sqlite_url)) as ledger:
        ledger.items.add([(an_item(f"i{number}"), "f") for number in range(50)])
    sound = path.with_suffix(".sound")
    shutil.copy(path, sound)
    ledger = Ledger.open(sqlite_url)
    with path.open("r+b") as file:  # as a disk that lost its mind, or a person who copied over it
        file.write(b"\xff" * path.stat().st_size)
    bad = path.read_bytes()
    with pytest.raises(StoreError, match=r"not a database|malformed"):
        Ledger(connect(sqlite_url)).items.add([(an_item("new"), "f")])
    another = Ledger(connect(sqlite_url))
    with pytest.raises(StoreError):
        another.feeds.declare([a_feed()], NOON)
    assert another.pulse.trouble is not None
    assert another.pulse.beat() is not None
    with pytest.raises(StoreError):
        another.reports.check()
    with pytest.raises(StoreError, match=r"not a database|malformed"):
        Ledger.open(sqlite_url)
    assert path.read_bytes() == bad, "nothing was written over it"
    ledger.close()
    for rest in (f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(rest).unlink(missing_ok=True)
    shutil.copy(sound, path)
    assert another.pulse.beat() is None
    another.reports.check()
    assert another.reports.counts(NOON).items == 50
    another.close()
