"""Work that is paused: what is held is finished, nothing new is taken, whatever restarts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service import wiring
from service.doorbell import LocalBell
from service.lexicons import knowledge_on_demand
from service.settings import Settings
from service.store.leases import LeaseClock
from service.store.ledger import Ledger
from service.web.app import create_app
from tests.fakes_store import NOON, an_item, claimed, later, told_with_alert
from workers import pausing
from workers.loop import do_deliveries, do_items


def pause(ledger: Ledger) -> None:
    assert ledger.pauses.say(True, "desk", "a move", NOON)


def test_nothing_is_claimed_while_work_is_paused_and_what_is_held_can_be_finished(ledger: Ledger) -> None:
    told_with_alert(ledger, "a1", an_item("told"))
    work = claimed(ledger, an_item("held"))
    ledger.items.add([(an_item("waits"), "f")])
    pause(ledger)
    assert ledger.items.claim(later(200_000), 15) is None
    assert ledger.items.claim_some(later(200_000), 15, 16) == ()
    assert ledger.deliveries.claim(later(200_000), 15) is None
    with ledger.handling(work, ()):
        pass
    assert ledger.reports.counts(NOON).paused
    assert ledger.reports.counts(NOON).revisions_waiting == 1
    assert ledger.pauses.say(False, "desk", "", NOON)
    assert [one.item.id for one in ledger.items.claim_some(later(200_000), 15, 16)] == ["waits"]
    assert ledger.deliveries.claim(later(200_000), 15) is not None


def test_a_pause_is_of_the_ledger_and_says_who_and_why(ledger_url: str) -> None:
    first = Ledger.open(ledger_url)
    assert first.pauses.current() is None
    pause(first)
    assert first.pauses.say(True, "another", "again", later(1)) is False
    first.close()
    second = Ledger.open(ledger_url)
    paused = second.pauses.current()
    assert paused is not None
    assert (paused.at, paused.by, paused.why) == (NOON, "desk", "a move")
    second.close()


def test_what_is_held_is_what_has_a_lease_that_goes_on(ledger: Ledger) -> None:
    assert ledger.pauses.held(NOON).nothing
    claimed(ledger, an_item(), lease=15)
    assert ledger.pauses.held(later(100_014)).revisions == 1
    assert ledger.pauses.held(later(100_015)).nothing, "its worker is gone"


@pytest.fixture
def settings(ledger_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=ledger_url, data_dir=tmp_path)


def test_the_loops_take_nothing_and_go_on_when_they_may(settings: Settings) -> None:
    parts = wiring.open_parts(settings, LocalBell(), knowledge=knowledge_on_demand())
    parts.ledger.items.add([(an_item(name), "f") for name in "ab"])
    pause(parts.ledger)
    assert (do_items(parts), do_deliveries(parts)) == (0, 0)
    parts.ledger.pauses.say(False, "desk", "", NOON)
    assert do_items(parts) == 2
    parts.ledger.close()


def test_the_commands_pause_drain_and_resume(settings: Settings, capsys) -> None:
    with_clock = Ledger.open(settings.ledger_url, LeaseClock(by_database=True))
    with_clock.items.add([(an_item(), "f")])
    pausing.pause(settings, "desk", "a move")
    assert "Work is paused since" in capsys.readouterr().out
    assert pausing.drain(settings, "desk", "", "1m")
    assert "Work was paused already." in capsys.readouterr().out
    pausing.resume(settings, "", "")
    assert "Workers take what is due again." in capsys.readouterr().out
    held = with_clock.items.claim(wiring.utc_now(), 60)
    assert held is not None
    pausing.show(settings)
    assert "1 items wait, 1 of them held by a worker" in capsys.readouterr().out
    with_clock.close()


def test_readyz_says_that_work_is_paused_and_stays_ready(ledger: Ledger) -> None:
    app = create_app(ledger.reports, allowed_hosts=(), clock=lambda: NOON, demo=False)
    client = TestClient(app, base_url="http://localhost")
    assert client.get("/readyz").json()["status"] == "ready"
    pause(ledger)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "paused")
    assert "work is paused" in client.get("/").text
    assert json.loads(answer.text)["counts"]["paused"] is True
