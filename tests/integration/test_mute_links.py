"""The link in a mail that mutes its story: signed, pressed by people and mail programs, never by a look."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP as MAIL_POLICY

import pytest
from fastapi.testclient import TestClient

from service.alerts.channels import MailChannel
from service.alerts.mail import MailTransport, message
from service.alerts.mute_links import ONE_CLICK, MuteLinks
from service.core.model import Alert
from service.core.mute_tokens import GOOD_FOR, MuteToken, read_token, token_text
from service.store.ledger import Ledger
from service.web.app import Secret, create_app
from service.web.mute import Muting, asked_for
from tests.alert_examples import BASE_URL, denial
from tests.builders import NOON
from tests.fakes_receivers import MailServer
from tests.fakes_stories import EVERYTHING, Room
from workers.mute_links import mute, mute_state, unmute

KEY = b"k" * 32
PUBLIC = "https://rumors.example"
LINKS = MuteLinks(PUBLIC, KEY)
PARTS = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def room(ledger: Ledger) -> Room:
    room = Room(ledger)
    room.report(0)
    room.deny(1)
    return room


def client_of(room: Room, days: float = 2) -> TestClient:
    now, ledger = NOON + timedelta(days=days), room.ledger
    muting = Muting(
        lambda text: read_token(KEY, text, now),
        lambda token: mute_state(ledger, token),
        lambda token: mute(ledger, token, now),
        lambda token: unmute(ledger, token, now),
    )
    app = create_app(
        ledger.reports,
        allowed_hosts=(),
        clock=lambda: now,
        demo=False,
        secret=Secret("rumors.example", None, muting),
    )
    return TestClient(app, base_url=PUBLIC, follow_redirects=False)


def link(alert: Alert) -> str:
    found = LINKS.of(alert)
    assert found is not None
    return found


def hushes(room: Room) -> int:
    with room.ledger.looking() as transaction:
        return transaction.count_hushes()


def test_a_look_mutes_nothing_and_one_press_mutes_once(room: Room) -> None:
    client, where = client_of(room), link(room.told[0])
    for look in (client.get, client.head, client.get):
        assert look(where).status_code == 200
    assert "Mute this story?" in client.get(where).text
    assert hushes(room) == 0
    for _ in range(3):  # a mail program that does not hear our answer presses again
        pressed = client.post(where, content=ONE_CLICK, headers=FORM)
        assert pressed.status_code == 200
    assert hushes(room) == 1
    assert "Hear of it again" in client.get(where).text
    (handled,) = room.deny(3, "Xiaomi")
    assert [(one.alert, one.reason.value) for one in handled.decisions] == [(None, "muted")]


def test_it_is_taken_back_by_the_same_link(room: Room) -> None:
    client, where = client_of(room), link(room.told[0])
    client.post(where, content="act=mute", headers=FORM)
    assert "Mute this story" in client.post(where, content="act=undo", headers=FORM).text
    (handled,) = room.deny(3, "Xiaomi")
    assert handled.decisions[0].alert is not None
    client.post(where, content="act=undo", headers=FORM)
    assert hushes(room) == 2


def test_it_mutes_for_its_own_subscription_only(ledger: Ledger) -> None:
    room = Room(ledger, (EVERYTHING, replace(EVERYTHING, name="other")))
    room.report(0)
    room.deny(1)
    mine = next(one for one in room.told if one.subscription == "other")
    client_of(room).post(link(mine), content=ONE_CLICK, headers=FORM)
    (handled,) = room.deny(3, "Xiaomi")
    assert {one.subscription: one.alert is not None for one in handled.decisions} == {
        "everything": True,
        "other": False,
    }


def test_only_who_got_the_mail_can_press_it_and_only_for_a_while(room: Room) -> None:
    alert = room.told[0]
    where = link(alert)
    token = where.rpartition("/")[2]
    forged = MuteLinks(PUBLIC, b"x" * 32).of(alert)
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    wrong = (
        str(forged),
        f"{PUBLIC}/mute/{changed}",
        f"{PUBLIC}/mute/x",
        f"{PUBLIC}/mute/{token}=",
        f"{where}é",
    )
    for one in wrong:
        assert client_of(room).post(one, content=ONE_CLICK, headers=FORM).status_code == 404
    late = client_of(room, days=1 + GOOD_FOR.days + 1)
    assert late.post(where, content=ONE_CLICK, headers=FORM).status_code == 404
    assert hushes(room) == 0
    assert client_of(room).get("/").status_code == 421
    gone = token_text(KEY, MuteToken("s_nope", "everything", NOON))
    assert client_of(room).get(f"/mute/{gone}").status_code == 404


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        (b"List-Unsubscribe=One-Click", "mute"),
        (b"act=mute", "mute"),
        (b"act=undo", "undo"),
        (
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
            "mute",
        ),
        (b"", None),
        (b"act=delete", None),
        (b"List-Unsubscribe=No", None),
        (b"act=mute&act=undo", None),
        (b"\xff\xfe", None),
    ],
)
def test_a_form_says_what_it_wants(body: bytes, asked: str | None) -> None:
    assert asked_for(body) == asked


def test_a_form_that_says_nothing_and_one_that_is_long_mute_nothing(room: Room) -> None:
    client, where = client_of(room), link(room.told[0])
    assert client.post(where, content="", headers=FORM).status_code == 400
    assert client.post(where, content="x" * 5000, headers=FORM).status_code == 413
    assert hushes(room) == 0


MAIL = MailChannel("post", "127.0.0.1", 25, "none", None, None, "watch@example.com", ("you@example.com",))


def test_a_mail_carries_the_link_whole_in_headers_text_and_html() -> None:
    told = denial()
    where = link(told)
    mail = message(MAIL, BASE_URL, "msg_1", told, told.at, where)
    assert f"\r\nList-Unsubscribe: <{where}>\r\n".encode() in mail.as_bytes()
    parsed = message_from_bytes(mail.as_bytes(), policy=MAIL_POLICY)
    assert parsed["List-Unsubscribe-Post"] == ONE_CLICK
    text, html = (part.get_content() for part in parsed.iter_parts())
    assert f"Mute this story: {where}" in text
    assert f'href="{where}"' in html


def test_without_a_public_address_a_mail_has_no_link_and_with_one_it_arrives() -> None:
    with MailServer() as server:
        channel = MailChannel("post", "127.0.0.1", server.port, "none", None, None, "a@b.c", ("you@b.c",))
        for mute_links in (None, LINKS):
            transport = MailTransport(channel, BASE_URL, mute=mute_links)
            asyncio.run(transport.send(f"msg_{mute_links is None}", denial(), denial().at))
        first, second = server.wait_for(2)
    assert first.message["List-Unsubscribe"] is None
    assert "Mute" not in str(first.message)
    assert second.message["List-Unsubscribe"] == f"<{link(denial())}>"
