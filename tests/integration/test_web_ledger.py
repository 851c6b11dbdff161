"""Pages and API over a real ledger: the fake keeps the promise that the real reports keep."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.store.engine import connect
from service.store.migrate import migrate
from service.store.reports import Reports
from service.web.app import create_app
from service.web.reading import ReportsLike
from tests.fakes_web import NOW

API = ["stories", "alerts", "feeds", "outlets", "parties"]
ADDRESSES = ["/", *(f"/api/v1/{name}" for name in API), "/readyz"]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield engine
    engine.dispose()


def client_over(engine: Engine) -> TestClient:
    reports: ReportsLike = Reports(engine)
    app = create_app(reports, allowed_hosts=[], clock=lambda: NOW, demo=False)
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_new_ledger_is_shown_as_an_empty_desk(engine: Engine, address: str) -> None:
    migrate(engine)
    assert client_over(engine).get(address).status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_ledger_without_tables_is_503(engine: Engine, address: str) -> None:
    assert client_over(engine).get(address).status_code == 503


@pytest.mark.parametrize("path", ["stories", "alerts"])
@pytest.mark.parametrize("cursor", ["made-up", "W10", "bnVsbA", "~", "AAAA", "9" * 500])
def test_a_cursor_that_was_never_given_is_400(engine: Engine, path: str, cursor: str) -> None:
    migrate(engine)
    assert client_over(engine).get(f"/api/v1/{path}?cursor={cursor}").status_code == 400


def test_a_story_that_the_ledger_does_not_have_is_404(engine: Engine) -> None:
    migrate(engine)
    client = client_over(engine)
    assert client.get("/stories/story_0000").status_code == 404
    assert client.get("/api/v1/stories/story_0000").status_code == 404
