"""Channels on the page and for programs: how they stand, and what a receiver answered to a test."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from fastapi.testclient import TestClient

from service.channel_care import Standing, Tried
from service.errors import InputError
from service.web.app import create_app
from service.web.channels import ChannelDesk
from service.web.intake import token_digest
from tests.fakes_web import NOW, FakeReports

TOKEN = "a-token-of-at-least-24-characters"
KEY = {"Authorization": f"Bearer {TOKEN}"}
EVIL = "<script>alert(1)</script>\u202e"


@dataclass
class Channels:
    """Two channels, of which one is off."""

    tried: list[str] = field(default_factory=list)
    off: set[str] = field(default_factory=lambda: {"desk"})
    wait: threading.Event | None = None
    begun: threading.Event = field(default_factory=threading.Event)

    def standings(self) -> tuple[Standing, ...]:
        return tuple(
            Standing(name, "webhook", "hooks.example", off_since=NOW, off_because=EVIL)
            if name in self.off
            else Standing(name, "webhook", "hooks.example", waiting=2)
            for name in ("desk", "other")
        )

    def attempt(self, name: str) -> Tried:
        self._known(name)
        self.tried.append(name)
        self.begun.set()
        if self.wait is not None:
            assert self.wait.wait(10)
        return Tried(name, False, 503, f"busy {EVIL}", 0.25, "Webhook 'desk' answered 503.")

    def turn(self, name: str, on: bool, why: str) -> None:
        self._known(name)
        (self.off.discard if on else self.off.add)(name)

    def _known(self, name: str) -> None:
        if name not in ("desk", "other"):
            raise InputError(f"there is no channel {name!r}: there are desk, other.")


@pytest.fixture
def channels() -> Channels:
    return Channels()


@pytest.fixture
def client(channels: Channels) -> TestClient:
    desk = ChannelDesk(token_digest(TOKEN), channels.standings, channels.attempt, channels.turn)
    app = create_app(FakeReports(), allowed_hosts=(), clock=lambda: NOW, demo=False, channels=desk)
    return TestClient(app, base_url="http://localhost")


def test_programs_see_how_channels_stand_and_no_secret(client: TestClient) -> None:
    first, second = client.get("/api/v1/channels").json()["items"]
    assert (first["name"], first["off_because"], second["waiting"]) == ("desk", EVIL, 2)
    assert set(first) == {
        "name", "kind", "where", "waiting", "dead", "off_since", "off_because", "secret_until"
    }  # fmt: skip


def test_a_test_says_what_the_receiver_answered_to_who_has_the_token(
    client: TestClient, channels: Channels
) -> None:
    assert client.post("/api/v1/channels/desk/test").status_code == 401
    assert channels.tried == []
    answer = client.post("/api/v1/channels/desk/test", headers=KEY).json()
    assert (answer["taken"], answer["status"], answer["seconds"]) == (False, 503, 0.25)
    assert client.post("/api/v1/channels/nope/test", headers=KEY).status_code == 404
    assert client.post("/api/v1/channels/a b/test", headers=KEY).status_code == 422


def test_a_channel_is_turned_on_and_off_with_the_token(client: TestClient, channels: Channels) -> None:
    assert client.post("/api/v1/channels/desk/enable").status_code == 401
    assert client.post("/api/v1/channels/desk/enable", headers=KEY).json()["off_since"] is None
    assert channels.off == set()
    assert client.post("/api/v1/channels/other/disable", headers=KEY).json()["off_since"]
    assert channels.off == {"other"}


def test_there_is_no_address_that_makes_or_changes_a_channel(client: TestClient) -> None:
    for method in ("put", "delete", "patch"):
        assert getattr(client, method)("/api/v1/channels/desk", headers=KEY).status_code == 404
    assert client.post("/api/v1/channels", headers=KEY).status_code == 405


def test_the_page_shows_them_and_its_button_says_what_came_of_a_test(client: TestClient) -> None:
    page = client.get("/channels").text
    assert "channels enable desk" in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "\u202e" not in page
    pressed = client.post("/channels/desk/test", headers={"Sec-Fetch-Site": "same-origin"}).text
    assert "desk did not take it" in pressed
    assert "In 0.25 s, status 503." in pressed
    assert "<script>alert" not in pressed


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_foreign_page_cannot_press_the_button(
    client: TestClient, channels: Channels, headers: dict[str, str]
) -> None:
    assert client.post("/channels/desk/test", headers=headers).status_code == 403
    assert channels.tried == []


def test_an_old_browser_that_says_only_its_origin_can(client: TestClient, channels: Channels) -> None:
    assert client.post("/channels/desk/test", headers={"Origin": "http://localhost"}).status_code == 200


def test_one_test_of_a_channel_at_a_time(client: TestClient, channels: Channels) -> None:
    channels.wait = threading.Event()
    with client:  # one event loop for both requests
        first = threading.Thread(target=lambda: client.post("/api/v1/channels/desk/test", headers=KEY))
        first.start()
        assert channels.begun.wait(10)
        assert client.post("/api/v1/channels/desk/test", headers=KEY).status_code == 409
        channels.wait.set()
        first.join(10)
    assert client.post("/api/v1/channels/desk/test", headers=KEY).status_code == 200
