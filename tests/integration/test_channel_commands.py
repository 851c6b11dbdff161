"""The commands on channels, as a person uses them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from service.channel_care import named, rotate, standings
from service.channel_kinds import channel_of
from service.channel_settings import WebhookSettings
from service.cli import app
from service.core.rotation import signing_secrets
from service.errors import InputError
from service.store.ledger import Ledger
from tests.fakes_receivers import SECRET, Answer, WebhookReceiver
from tests.fakes_store import NOON, an_item, later, told_with_alert

Say = Callable[..., Result]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs a command with a file, and a webhook at the port that is said."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, port: int = 9999) -> Result:
        (tmp_path / "rumorwatch.toml").write_text(
            'allow_networks = ["127.0.0.0/8"]\n'
            f'[[channels]]\nkind = "file"\nname = "log"\npath = "{tmp_path}/alerts.jsonl"\n'
            f'[[channels]]\nkind = "webhook"\nname = "desk"\nurl = "http://127.0.0.1:{port}/hunter2"\n'
            f'secret = "{SECRET}"\nheaders = {{ Authorization = "Bearer hunter2" }}\n'
        )
        return CliRunner().invoke(app, ["channels", *words])

    return run


def test_they_are_listed_and_shown_without_a_secret(say: Say) -> None:
    listed, shown = say("list").stdout, say("show", "desk").stdout
    assert "log  file" in listed
    assert "desk  webhook  127.0.0.1:9999  on" in listed
    assert "Subscriptions: everything" in shown
    assert "hunter2" not in listed + shown
    assert SECRET not in listed + shown


def test_a_test_says_what_the_receiver_answered(say: Say) -> None:
    with WebhookReceiver(Answer(202, b"thanks"), Answer(503, b"busy")) as receiver:
        good, bad = say("test", "desk", port=receiver.port), say("test", "desk", port=receiver.port)
        first = receiver.received[0]
    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert "desk took it in" in good.stdout
    assert "status 202" in good.stdout
    assert "it said: thanks" in good.stdout
    assert "Webhook 'desk' answered 503." in bad.stdout
    assert first.problem is None
    assert b'"type":"test"' in first.body
    assert dict(first.headers)["Authorization"] == "Bearer hunter2"


def test_a_secret_is_replaced_shown_once_and_taken_back(say: Say) -> None:
    made = say("rotate", "desk", "--overlap", "2d").stdout
    new = next(word for word in made.split() if word.startswith("whsec_"))
    for secret in (new, SECRET):
        with WebhookReceiver(secret=secret) as receiver:
            say("test", "desk", port=receiver.port)
            assert receiver.received[0].problem is None
    shown = say("show", "desk").stdout
    assert "Two secrets sign until" in shown
    assert new not in shown
    assert say("rotate", "desk", "--overlap", "0").exit_code == 0
    with WebhookReceiver(secret=new) as receiver:
        say("test", "desk", port=receiver.port)
        assert receiver.received[0].problem is not None
    assert "alone again" in say("rotate", "desk", "--back").stdout
    assert isinstance(say("rotate", "desk", "--back").exception, InputError)
    assert isinstance(say("rotate", "desk", "--overlap", "1y").exception, InputError)
    assert isinstance(say("rotate", "desk", "--overlap", "91d").exception, InputError)
    assert isinstance(say("rotate", "log").exception, InputError)


def test_one_is_turned_off_and_on(say: Say) -> None:
    assert "log is off" in say("disable", "log", "--why", "a pause").stdout
    assert "off already" in say("disable", "log").stdout
    assert "a pause" in say("list").stdout
    assert "log is on again" in say("enable", "log").stdout
    assert "on already" in say("enable", "log").stdout
    wrong = say("enable", "nope").exception
    assert "there are log, desk" in str(wrong)


def test_a_rotation_of_a_rotation_lets_the_last_two_sign(ledger: Ledger) -> None:
    given = {"kind": "webhook", "name": "desk", "url": "https://x.example", "secret": SECRET}
    channel = channel_of(WebhookSettings.model_validate(given))
    day = timedelta(days=1)
    first = rotate(ledger.channels, channel, day, NOON)
    second = rotate(ledger.channels, channel, day, NOON + day)
    signing = signing_secrets((SECRET,), ledger.channels.rotation("desk"), NOON + day)
    assert signing == (second.secret, first.secret)
    (one,) = standings((channel,), ledger.channels, NOON + day)
    assert one.secret_until == NOON + 2 * day
    assert first.secret not in repr(first)
    with pytest.raises(InputError, match="there are desk"):
        named((channel,), "x")


def test_once_it_is_off_nothing_of_it_is_claimed_however_the_two_meet(ledger: Ledger) -> None:
    told_with_alert(ledger, "a1", an_item("one"))
    races, wrongly = 40, []
    for number in range(races):
        begin = threading.Barrier(2)

        def turn(begin: threading.Barrier = begin, number: int = number) -> None:
            begin.wait(10)
            ledger.channels.turn_off("hook", "a race", later(number))

        thread = threading.Thread(target=turn)
        thread.start()
        begin.wait(10)
        early = ledger.deliveries.claim(later(number), 0.000001)
        thread.join(10)
        if ledger.deliveries.claim(later(number + 0.5), 0.000001) is not None:
            wrongly.append((number, early))
        ledger.channels.turn_on("hook", later(number + 0.6))
    assert wrongly == []
    assert ledger.deliveries.claim(later(races), 15) is not None
