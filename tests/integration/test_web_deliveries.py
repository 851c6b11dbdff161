"""Deliveries as programs and people look at them: the log, how long alerts take, resending, the metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from service.errors import OutgoingError
from service.store.ledger import Ledger
from service.web.app import create_app
from service.web.intake import token_digest
from tests.fakes_outage import Clock, Receiver, deliver, told_at_once
from tests.fakes_store import NOON
from tests.fakes_web_deliveries import delivery_desk

TOKEN = "a-token-that-nobody-guesses-0123"
MINUTE = timedelta(minutes=1)
HOSTILE = "<script>alert(1)</script> \u202e"


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """Three alerts: the hook took them, the mail refused them for good."""
    opened = Ledger.open("sqlite://")
    clock = Clock()
    told_at_once(opened, 3, ("hook", "mail"))
    refused = OutgoingError("no", permanent=True, status=550, answer=HOSTILE)
    deliver(opened, clock, Receiver(clock), Receiver(clock, NOON + MINUTE, error=refused, name="mail"))
    yield opened
    opened.close()


@pytest.fixture
def client(ledger: Ledger) -> Iterator[TestClient]:
    desk = delivery_desk(ledger, token_digest(TOKEN))
    app = create_app(ledger.reports, allowed_hosts=[], clock=lambda: NOON, demo=False, deliveries=desk)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


def test_a_program_pages_through_deliveries_and_attempts(client: TestClient) -> None:
    first = client.get("/api/v1/deliveries?limit=4").json()
    rest = client.get(f"/api/v1/deliveries?limit=4&cursor={first['next']}").json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (4, 2, None)
    dead = client.get("/api/v1/deliveries?channel=mail&state=dead").json()["items"]
    assert [(one["state"], one["last"]["status"], one["next_at"]) for one in dead] == [
        ("dead", 550, None)
    ] * 3
    assert {one["outcome"] for one in client.get("/api/v1/attempts?channel=hook").json()["items"]} == {
        "delivered"
    }


def test_one_is_shown_with_its_attempts_and_an_unknown_one_is_404(client: TestClient) -> None:
    both = client.get("/api/v1/deliveries/alert_0001").json()["items"]
    assert [one["delivery"]["channel"] for one in both] == ["hook", "mail"]
    assert [len(one["attempts"]) for one in both] == [1, 1]
    assert client.get("/api/v1/deliveries/msg_nothing").status_code == 404


@pytest.mark.parametrize(
    "path", ["/api/v1/deliveries/alert_0001/resend", f"/api/v1/replay?since={quote(NOON.isoformat())}"]
)
def test_nothing_is_sent_again_without_the_token(client: TestClient, ledger: Ledger, path: str) -> None:
    assert client.post(path).status_code == 401
    assert client.post(path, headers={"authorization": "Bearer wrong"}).status_code == 401
    assert ledger.due(NOON).deliveries == 0


def test_with_the_token_one_or_all_are_sent_again(client: TestClient, ledger: Ledger) -> None:
    said = {"authorization": f"Bearer {TOKEN}"}
    since = f"/api/v1/replay?since={quote(NOON.isoformat())}&channel=mail&dead=true"
    dry = client.post(f"{since}&dry_run=true", headers=said).json()["items"]
    assert (len(dry), ledger.due(NOON).deliveries) == (3, 0)
    assert client.post(since, headers=said).json()["items"] == dry
    assert ledger.due(NOON).deliveries == 3
    assert len(client.post("/api/v1/deliveries/alert_0001/resend", headers=said).json()["items"]) == 2
    assert ledger.due(NOON).deliveries == 4


def test_a_person_sees_channels_log_and_goal_and_nothing_of_an_answer_acts(client: TestClient) -> None:
    page = client.get("/deliveries?channel=mail&state=dead")
    assert page.status_code == 200
    assert "3 given up" in page.text
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert "No alert left at once in the last day" in page.text
    assert client.get("/").text.count('href="/deliveries') >= 1


def test_latency_says_what_is_aimed_at_and_claims_nothing_that_was_not_measured(client: TestClient) -> None:
    said = client.get("/api/v1/latency").json()
    assert (said["goal_seconds"], said["goal_met"], said["alerts"]) == (5.0, None, 0)


LINE = re.compile(r'[a-z_]+(\{([a-z]+="[^"\\\n]*",?)+\})? [0-9.e+-]+')


def test_the_metrics_are_in_the_form_that_prometheus_reads(client: TestClient) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert all(LINE.fullmatch(one) for one in lines if not one.startswith("# "))
    assert 'rumorwatch_channel_deliveries{channel="mail",state="dead"} 3' in lines
    assert "rumorwatch_goal_seconds 5.0" in lines
    kinds = [one.split()[2] for one in lines if one.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds))


# --- the commands ------------------------------------------------------------------------------------


@pytest.fixture
def say(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    from service.settings import Settings
    from workers import delivery_care

    settings = Settings(data_dir=tmp_path)  # type: ignore[arg-type]
    ledger, clock = Ledger.open(f"sqlite:///{tmp_path}/rumorwatch.db"), Clock()
    told_at_once(ledger, 2)
    error = OutgoingError("gone", permanent=True, status=410, answer="nobody here")
    deliver(ledger, clock, Receiver(clock, NOON + MINUTE, error=error))
    ledger.close()

    def run(name: str, *given: object) -> str:
        getattr(delivery_care, name)(settings, *given)
        return capsys.readouterr().out

    return run


def test_the_commands_list_show_log_and_send_again(say: Callable[..., str]) -> None:
    from service.core.model import DeliveryState
    from workers.delivery_care import Asked, Replayed

    listed = say("show_list", Asked(state=DeliveryState.DEAD))
    assert listed.count("410 nobody here (given up)") == 2
    assert say("show_log", Asked(most=1, jsonl=True)).count('"outcome": "dead"') == 1
    assert "hook  0 delivered, 0 waiting, 2 given up" in say("show_channels")
    since = NOON.isoformat()
    assert "2 deliveries would go out again" in say("replay_since", Replayed(since, dead=True, dry=True))
    assert "it was dead" in say("resend_one", "alert_0000")
    assert "1 deliveries go out again" in say("replay_since", Replayed(since, dead=True))
    assert "next try" in say("show_one", "alert_0001")
    assert say("replay_since", Replayed("1m")) == "There is none.\n"
