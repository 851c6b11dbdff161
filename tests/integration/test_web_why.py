"""The question why, as a page and for programs."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from service.store.ledger import Ledger
from service.web.app import create_app
from tests.fakes_store import NOON, an_item, told_with_alert


@pytest.fixture
def client(sqlite_url: str):
    ledger = Ledger.open(sqlite_url)
    told_with_alert(ledger, "a_1", an_item("<i>item"))
    app = create_app(ledger.reports, allowed_hosts=(), clock=lambda: NOON, demo=False, traces=ledger.traces)
    yield TestClient(app, base_url="http://localhost")
    ledger.close()


def test_programs_are_told_the_stages_of_an_alert(client):
    answer = client.get("/api/v1/why", params={"id": "a_1"}).json()
    assert (answer["about"], answer["id"]) == ("alert", "a_1")
    (end,) = answer["chapters"][-1]["ends"]
    assert (end["subscription"], end["stopped_by"]) == ("everything", "sent")


def test_people_see_it_on_a_page_and_the_words_of_an_item_are_inert(client):
    page = client.get("/why", params={"id": "<i>item"})
    assert page.status_code == 200
    assert "Title of &lt;i&gt;item" in page.text
    assert "<i>item" not in page.text


@pytest.mark.parametrize("path", ["/why", "/api/v1/why"])
def test_what_is_not_there_is_404_and_what_no_id_can_be_is_refused(client, path):
    assert client.get(path, params={"id": "nobody"}).status_code == 404
    assert client.get(path, params={"id": "a\x00b"}).status_code == 422
