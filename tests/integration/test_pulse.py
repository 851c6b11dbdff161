"""A ledger that takes no more writes says so until it takes one again, and is asked for no more meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from service.errors import StoreError
from service.store.engine import connect
from service.store.ledger import Ledger
from tests.fakes_store import NOON, a_feed, an_item


def _read_only(url: str, words: str) -> None:
    engine = connect(url)
    with engine.begin() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = {words}"))
    engine.dispose()


def test_a_read_only_database_is_in_trouble_from_the_first_write_on(postgres_url: str) -> None:
    ledger = Ledger.open(postgres_url)
    assert ledger.pulse.trouble is None
    ledger.close()
    _read_only(postgres_url, "on")
    reopened = Ledger(connect(postgres_url))
    with pytest.raises(StoreError, match="read-only"):
        reopened.feeds.declare([a_feed()], NOON)
    assert "read-only" in (reopened.pulse.trouble or "")
    with pytest.raises(StoreError, match="read-only"):
        reopened.reports.check()
    assert "read-only" in (reopened.pulse.beat() or "")
    reopened.close()


def test_a_full_sqlite_is_in_trouble_until_there_is_room(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    ledger = Ledger.open(sqlite_url)
    full = Ledger(engine)
    with engine.connect() as connection:  # the pool keeps this connection, and with it its limit
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    many = [(an_item(f"i{number}"), "f") for number in range(500)]
    with pytest.raises(StoreError, match="full"):
        full.items.add(many)
    with pytest.raises(StoreError, match="full"):
        full.reports.check()
    assert full.reports.counts(NOON).items == 0, "nothing is stored by halves"
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert full.pulse.beat() is None
    assert full.items.add(many) == 500
    full.reports.check()
    full.close()
    ledger.close()


def test_words_that_cannot_be_stored_are_no_trouble_of_the_ledger(postgres_url: str) -> None:
    ledger = Ledger.open(postgres_url)
    with pytest.raises(StoreError, match="cannot be"):
        ledger.items.add([(an_item("\x00"), "f")])
    assert ledger.pulse.trouble is None
    ledger.close()
