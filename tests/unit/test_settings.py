"""Every setting is documented, and a wrong one stops the start with a sentence that names it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from service import wiring
from service.channel_settings import CHANNEL_MODELS
from service.errors import SettingsError
from service.settings import (
    FeedSettings,
    Settings,
    SubscriptionSettings,
    load_settings,
)

EXAMPLE = Path(__file__).parents[2] / "deploy" / "rumorwatch.example.toml"

WEBHOOK = """
[[channels]]
kind = "webhook"
name = "desk"
url = "https://hooks.example.org/x"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Settings from a file's text and environment variables, as a start would read them."""

    def load(text: str = "", **variables: str) -> Settings:
        path = tmp_path / "rumorwatch.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("RUMORWATCH_CONFIG", str(path))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return load


def test_without_any_setting_it_runs_on_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert (settings.host, settings.redis_url) == ("127.0.0.1", None)
    assert settings.ledger_url == "sqlite:///data/rumorwatch.db"


def test_the_environment_wins_over_the_file(given):
    settings = given('port = 9000\nlog_level = "error"', RUMORWATCH_PORT="9001")
    assert (settings.port, settings.log_level) == (9001, "error")


def test_a_list_in_the_environment_is_written_with_commas(given):
    assert given(RUMORWATCH_WATCHLIST="Ford, 小米").watchlist == ("Ford", "小米")


def test_feeds_channels_and_a_watchlist_come_from_the_file(given):
    settings = given('watchlist = ["Ford"]\n[[feeds]]\nurl = "https://example.org/feed"\n' + WEBHOOK)
    assert settings.feeds[0].interval_minutes is None
    assert settings.channels[0].name == "desk"
    assert "whsec" not in repr(settings)


WRONG = {
    "a port that is no number": ("", {"RUMORWATCH_PORT": "often"}, "RUMORWATCH_PORT"),
    "a port in the file": ("port = 70000", {}, "port"),
    "a setting nobody knows": ("", {"RUMORWATCH_PROT": "1"}, "RUMORWATCH_PROT"),
    "a key nobody knows": ("prot = 1", {}, "prot"),
    "a bad line": ("port = = 1", {}, "line 1"),
    "an unknown channel": ('[[channels]]\nkind = "pigeon"\nname = "p"', {}, "pigeon"),
    "a channel without its address": ('[[channels]]\nkind = "webhook"\nname = "p"', {}, "url"),
    "a feed without its address": ('[[feeds]]\noutlet = "x"', {}, "feeds.1.url"),
    "two channels of one name": (WEBHOOK + WEBHOOK, {}, "desk"),
    "a host that is no address": ("", {"RUMORWATCH_HOST": "desk.example"}, "RUMORWATCH_HOST"),
    "a network that is none": ("", {"RUMORWATCH_ALLOW_NETWORKS": "10.0.0"}, "RUMORWATCH_ALLOW_NETWORKS"),
    "an empty name on the watchlist": ('watchlist = [" "]', {}, "watchlist"),
}


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_a_wrong_setting_is_named_in_one_sentence(given, case):
    text, variables, named = WRONG[case]
    with pytest.raises(SettingsError) as caught:
        given(text, **variables)
    message = str(caught.value)
    assert named in message
    assert message.endswith(".")
    assert "\n" not in message


def test_a_settings_file_that_is_named_must_be_there(monkeypatch, tmp_path):
    monkeypatch.setenv("RUMORWATCH_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match=r"none\.toml"):
        load_settings()


def documented() -> set[str]:
    return set(re.findall(r"^#? ?([a-z_]+) = ", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize(
    "model",
    [Settings, FeedSettings, SubscriptionSettings, *CHANNEL_MODELS],
)
def test_every_setting_stands_in_the_example_with_its_reason(model):
    for name, field in model.model_fields.items():
        assert field.description or name == "kind", f"{name} has no reason"
        if name not in ("feeds", "channels", "subscriptions"):
            assert name in documented(), f"{name} is missing from {EXAMPLE.name}"


def test_the_example_is_valid_once_its_marks_are_taken_off(given):
    text = re.sub(r"^# (?=[a-z_]+ = |\[\[)", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert tomllib.loads(text)
    settings = given(text)
    assert {channel.kind for channel in settings.channels} == {
        "webhook",
        "mail",
        "terminal",
        "slack",
        "telegram",
        "apprise",
        "file",
        "command",
    }


def test_a_feed_whose_address_cannot_be_read_stops_the_start_by_name(tmp_path, monkeypatch) -> None:
    path = tmp_path / "rumorwatch.toml"
    path.write_text('[[feeds]]\nurl = "http://[::1/feed"\n')
    monkeypatch.setenv("RUMORWATCH_DATA_DIR", str(tmp_path))
    with pytest.raises(SettingsError, match=r"feeds: the address 'http://\[::1/feed' cannot be read"):
        wiring.feeds(load_settings({"RUMORWATCH_CONFIG": str(path)}))
