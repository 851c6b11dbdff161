"""Track records over a ledger: what the command, the API and the reports say is one thing."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from service.cli import app
from service.core.model import Kind
from service.store.ledger import Ledger
from service.web.app import create_app
from tests.builders import NOON
from tests.fakes_stories import APART, NEARLY, Room


@pytest.fixture
def room(tmp_path, monkeypatch):
    monkeypatch.setenv("RUMORWATCH_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    opened = Room(Ledger.open(f"sqlite:///{tmp_path / 'rumorwatch.db'}"))
    opened.report(0, "Reuters")
    opened.deny(1)
    opened.deny(2, kind=Kind.CONFIRMATION)
    opened.report(3, "Daily", APART)
    opened.deny(4, "Nokia", APART)
    opened.report(5, "Echo", NEARLY)
    yield opened
    opened.ledger.close()


def test_the_ledger_says_what_came_of_it(room):
    told = {
        one.name: (one.opened, one.confirmed, one.denied, one.reversed)
        for one in room.ledger.reports.records()
    }
    assert told == {"Reuters": (1, 1, 0, 1), "Daily": (1, 0, 1, 0)}
    denied = {one.name: (one.denied, one.turned) for one in room.ledger.reports.party_records()}
    assert denied == {"Ford": (1, 1), "Nokia": (1, 0)}


def test_a_decision_changes_the_record(room):
    room.desk.wrong("Nokia-4")
    daily = next(one for one in room.ledger.reports.records() if one.name == "Daily")
    assert (daily.denied, daily.unresolved) == (0, 1)
    assert [one.name for one in room.ledger.reports.party_records()] == ["Ford"]


def test_the_api_and_the_command_say_the_same(room):
    page = create_app(room.ledger.reports, allowed_hosts=[], clock=lambda: NOON, demo=False)
    client = TestClient(page, base_url="http://localhost")
    outlets = client.get("/api/v1/outlets").json()["items"]
    parties = client.get("/api/v1/parties").json()["items"]
    rows = [json.loads(line) for line in CliRunner().invoke(app, ["records", "--jsonl"]).output.splitlines()]
    assert [row for row in rows if row["subject"] != "party"] == outlets
    assert [{**row, "subject": "party"} for row in parties] == [
        row for row in rows if row["subject"] == "party"
    ]
    assert client.get("/api/v1/outlets?subject=source").json()["items"] == []
    assert len(client.get("/api/v1/outlets?limit=1").json()["items"]) == 1


def test_a_person_is_told_that_it_is_too_few(room):
    shown = CliRunner().invoke(app, ["records"], env={"COLUMNS": "200"}).output
    assert "Reuters" in shown
    assert "too few" in shown
    assert "not how true it was" in shown
