"""What a replay is asked for: a subscription, a time, events of time. The same bytes each time."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.errors import InputError
from workers.replaying import read_subscription

RUMOR = "Infosys is in talks to buy Wipro, people familiar with the matter said."
DENIAL = (
    "Ford denied the report that it is in talks with Xiaomi on a joint venture, calling it completely false."
)
FORD = "Ford is in talks with Xiaomi on a joint venture in the US, people familiar with the matter said."


def line(number: int, text: str, published: str) -> str:
    row = {"id": f"n{number}", "title": "", "text": text, "outlet": "Daily", "published": published}
    return json.dumps(row)


GIVEN = "\n".join(
    [
        line(1, FORD, "2026-02-01T04:00:00Z"),
        line(2, DENIAL, "2026-02-01T09:00:00Z"),
        line(3, RUMOR, "2026-02-02T04:00:00Z"),
        line(4, "Rain is expected on Sunday.", "2026-02-09T04:00:00Z"),
    ]
)
SILENT = 'takes = ["story.silent", "story.rule_clock"]\n'


@pytest.fixture
def say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "items.jsonl").write_text(GIVEN, encoding="utf-8")

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["replay", *words, "items.jsonl"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return run


def alerts_in(output: str) -> list[tuple[str, str | None]]:
    rows = map(json.loads, output.splitlines())
    return [(row["event"], row["reason"]) for row in rows if row["alert"]]


def test_events_of_time_are_rows_without_an_item(say):
    rows = [json.loads(row) for row in say("--jsonl", "--clock").splitlines()]
    timed = [row for row in rows if row["item"] is None]
    assert [row["event"] for row in timed] == ["story.rule_clock", "story.rule_clock", "story.silent"]
    assert {row["at"] for row in timed} == {"2026-02-03T04:00:00+00:00"}
    assert all(row[key] is None for row in timed for key in ("kind", "party", "evidence", "reason"))
    assert not any(row["alert"] for row in timed)
    assert [row for row in rows if row["item"]] == [json.loads(row) for row in say("--jsonl").splitlines()]


def test_a_subscription_of_a_file_says_what_it_would_have_told(say, tmp_path):
    (tmp_path / "mine.toml").write_text(f'watchlist = ["インフォシス", "Infosys"]\n{SILENT}')
    told = alerts_in(say("--jsonl", "--clock", "--subscription", "mine.toml"))
    assert told == [("story.rule_clock", "rule_clock")] * 2 + [("story.silent", "silence")]
    (tmp_path / "ford.toml").write_text('[[subscriptions]]\nname = "f"\nwatchlist = ["福特"]\n')
    assert alerts_in(say("--jsonl", "--subscription", "ford.toml")) == [
        ("story.denied", "first_denial_by_party")
    ]
    report = say("--clock", "--subscription", "mine.toml")
    assert "ALERTS (3)" in report
    assert "No reply 24 h after the report" in report


def test_a_subscription_of_the_settings_is_found_by_its_name(say, tmp_path):
    (tmp_path / "rumorwatch.toml").write_text('[[subscriptions]]\nname = "firm"\nwatchlist = ["Nokia"]\n')
    assert alerts_in(say("--jsonl", "--subscription", "firm")) == []
    with pytest.raises(InputError, match="no subscription 'nobody'; there are firm"):
        say("--subscription", "nobody")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('mood = "grim"\n', "mood is wrong"),
        ('minimum_strength = "loud"\n', "minimum_strength is wrong"),
        ('takes = ["story.opened"]\n', "takes.0 is wrong"),
        ("watchlist = [", "not valid TOML"),
        ('watchlist = [""]\n', "watchlist.0 is wrong"),
        ("subscriptions = []\n", "must hold one subscription"),
    ],
)
def test_a_wrong_subscription_is_named(tmp_path, text, words):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_subscription(path)


@pytest.mark.parametrize("options", [("--jsonl", "--clock"), ("--clock", "--as-of", "2026-02-08")])
def test_the_same_replay_gives_the_same_bytes(say, tmp_path, options):
    (tmp_path / "mine.toml").write_text(SILENT)
    first, second = (say(*options, "--subscription", "mine.toml") for _ in range(2))
    assert first == second != ""


def test_the_clock_stops_where_it_is_told_to(say):
    events = [
        json.loads(row)["event"]
        for row in say("--jsonl", "--clock", "--as-of", "2026-02-02T12:00:00Z").splitlines()
    ]
    assert events == ["story.opened", "story.denied", "story.opened"]
