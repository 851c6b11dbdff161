"""Of several schedulers one leads, and another takes over the moment it is gone."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from service.errors import StoreError
from service.store.engine import connect
from service.store.ledger import Ledger


def test_one_leads_until_it_lets_go(ledger_url: str) -> None:
    first, second = Ledger.open(ledger_url), Ledger.open(ledger_url)
    assert first.leadership.held()
    assert not second.leadership.held()
    assert first.leadership.held(), "asking again changes nothing"
    first.leadership.release()
    assert second.leadership.held()
    assert not first.leadership.held()
    second.close()
    assert first.leadership.held(), "a ledger that is closed lets go"
    first.close()


def test_a_ledger_in_memory_is_led_by_its_only_process() -> None:
    ledger = Ledger.open("sqlite://")
    assert ledger.leadership.held()
    ledger.close()


def test_a_leader_whose_session_ended_finds_out_and_another_leads(postgres_url: str) -> None:
    first, second = Ledger.open(postgres_url), Ledger.open(postgres_url)
    assert first.leadership.held()
    engine = connect(postgres_url)
    with engine.connect() as connection:
        ours = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        connection.execute(
            text(f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND {ours}")
        )
    engine.dispose()
    taken = [second.leadership.held(), first.leadership.held()]
    assert sorted(taken) in ([False, True],)
    first.close()
    second.close()


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_a_file_that_cannot_be_opened_is_said(ledger_url: str, tmp_path) -> None:
    ledger = Ledger.open(ledger_url)
    (tmp_path / "ledger.db-leader").mkdir()
    with pytest.raises(StoreError, match=r"ledger\.db-leader"):
        ledger.leadership.held()
    ledger.close()
