"""What can be wrong with a channel, and what its sentence must not show."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.alerts.channels import ConsoleChannel, MailChannel, WebhookChannel
from service.channel_kinds import Channel, check, problems
from service.errors import SettingsError
from tests.fakes_receivers import SECRET

TABLE = tomllib.loads(
    (Path(__file__).parent.parent / "cases" / "alerts" / "channels.toml").read_text("utf-8")
)
WEBHOOK = WebhookChannel("hook", "https://good.example/hook?a=1", (SECRET,))
MAIL = MailChannel("post", "mail.example", 587, "none", None, None, "watch@example.com", ("you@example.com",))


def as_tuple(value: Any) -> Any:
    return tuple(map(as_tuple, value)) if isinstance(value, list) else value


def changed(channel: Channel, case: dict[str, Any]) -> Channel:
    fields = {key: value for key, value in case.items() if key not in ("id", "why", "says")}
    changes: Any = {key: as_tuple(value) for key, value in fields.items()}
    return replace(channel, **changes)


@pytest.mark.parametrize(
    "channel",
    [
        WEBHOOK,
        replace(WEBHOOK, url="http://127.0.0.1:8000/", secrets=(SECRET, SECRET)),
        replace(WEBHOOK, headers=(("Authorization", "Bearer abc"), ("X-Team", "desk 7"))),
        MAIL,
        replace(MAIL, security="starttls", username="me", password="hunter2"),
        replace(
            MAIL, host="::1", sender="watch@localhost", recipients=("a.b+c@x.example", "o'neil@y.example")
        ),
        ConsoleChannel("console"),
    ],
)
def test_a_good_channel_passes(channel: Channel) -> None:
    assert problems(channel) == ()
    check(channel)


@pytest.mark.parametrize(
    ("good", "case"),
    [(WEBHOOK, case) for case in TABLE["webhook"]] + [(MAIL, case) for case in TABLE["mail"]],
    ids=lambda value: value["id"] if isinstance(value, dict) else "",
)
def test_one_wrong_thing_is_said_in_one_sentence(good: Channel, case: dict[str, Any]) -> None:
    channel = changed(good, case)
    with pytest.raises(SettingsError) as caught:
        check(channel)
    assert case["says"] in str(caught.value), case["why"]
    assert len(problems(channel)) == 1
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_every_problem_is_told_at_once() -> None:
    channel = replace(MAIL, port=0, recipients=(), security="")
    assert len(problems(channel)) == 3


def test_a_channel_shows_no_secret_when_it_is_printed() -> None:
    shown = repr(WEBHOOK) + repr(replace(MAIL, security="tls", username="me", password="hunter2"))
    assert SECRET not in shown
    assert "hunter2" not in shown
    assert "good.example" not in shown
