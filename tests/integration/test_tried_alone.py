"""What outlived two workers is tried in a process of its own: poison dies there, innocence is handled."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from service import wiring
from service.doorbell import LocalBell
from service.lexicons import knowledge_on_demand
from service.settings import Settings
from service.store.ledger import Ledger
from tests.acceptance.running import ROOT, command
from tests.fakes_store import NOON, an_item, later
from workers.loop import do_items


def open_parts(ledger_url: str, tmp_path: Path, **more: str) -> wiring.Parts:
    settings = Settings(database_url=ledger_url, data_dir=tmp_path, lease_seconds=10, **more)
    return wiring.open_parts(settings, LocalBell(), knowledge=knowledge_on_demand())


def lose_two_workers(parts: wiring.Parts) -> None:
    """Two workers claimed the front an hour ago, and were never heard of again."""
    past = wiring.utc_now() - timedelta(hours=1)
    with closing(Ledger.open(parts.settings.ledger_url)) as ledger:  # which takes our word for the time
        for minute in range(2):
            assert ledger.items.claim(past + timedelta(minutes=minute), 10) is not None


def test_an_innocent_item_is_handled_alone(ledger_url, tmp_path):
    parts = open_parts(ledger_url, tmp_path)
    parts.ledger.items.add([(an_item("innocent"), "f")])
    lose_two_workers(parts)
    assert do_items(parts) == 1
    counts = parts.ledger.reports.counts(wiring.utc_now())
    assert (counts.revisions_waiting, counts.quarantined) == (0, 0)
    parts.ledger.close()


def test_poison_kills_nobody_but_its_own_processes_and_its_neighbour_goes_on(sqlite_url, tmp_path):
    parts = open_parts(sqlite_url, tmp_path, failpoint="in-tx:1")  # where the child dies, and only the child
    parts.ledger.items.add([(an_item("poison"), "f"), (an_item("neighbour"), "f")])
    lose_two_workers(parts)
    assert do_items(parts) == 2
    counts = parts.ledger.reports.counts(wiring.utc_now())
    assert (counts.revisions_waiting, counts.quarantined) == (0, 1)
    ((item, _, why),) = parts.ledger.items.quarantined()
    assert item == "poison"
    assert why == "the process that tried it alone was killed by signal 9"
    parts.ledger.close()


def test_one_whose_worker_is_gone_ends_before_it_begins():
    words = [sys.executable, "-m", "workers.alone", "1"]  # as if another process had started it
    done = subprocess.run(words, input=b"", capture_output=True, cwd=ROOT, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_command_lists_what_is_set_aside_and_lets_it_be_tried_again(tmp_path):
    with closing(Ledger.open(f"sqlite:///{tmp_path / 'data' / 'rumorwatch.db'}")) as ledger:
        ledger.items.add([(an_item("odd"), "f")])
        for at in (0, 1):
            work = ledger.items.claim(later(at), 10)
            assert work is not None
            ledger.items.fail(work, "a cue without end", NOON, 0)
    assert b"odd  revision 1  a cue without end" in command("quarantine", "list", folder=tmp_path).stdout
    assert b"will be tried again" in command("quarantine", "retry", "odd", folder=tmp_path).stdout
    again = command("quarantine", "retry", "odd", folder=tmp_path)
    assert again.returncode == 1
    assert b"not set aside" in again.stderr
    assert b"Nothing is set aside" in command("quarantine", "list", folder=tmp_path).stdout
