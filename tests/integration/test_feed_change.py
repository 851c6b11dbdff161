"""The commands that take a feed off, and that set how often it is polled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service import wiring
from service.cli import app
from service.core.history import FeedEvent
from service.errors import InputError
from service.scheduler import poll_once
from service.settings import Settings, load_settings
from service.store.ledger import Ledger
from service.store.views import FeedRow
from tests.fakes_feeds import FeedServer
from tests.fakes_store import NOON, a_feed, a_plan, later
from workers.feed_care import Asked, add_feed, explain_feed
from workers.feed_change import remove_feed, seconds_of, set_feed
from workers.feed_files import import_feeds

RSS = (
    b"<rss version='2.0'><channel><title>F</title><ttl>120</ttl>"
    b"<item><guid>1</guid><title>T</title></item></channel></rss>"
)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        running.serve("/rss", RSS, etag='"1"')
        yield running


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUMORWATCH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RUMORWATCH_ALLOW_NETWORKS", "127.0.0.0/8")
    return load_settings()


def poll(settings: Settings) -> None:
    with closing(wiring.open_ledger(settings)) as ledger:
        bell = wiring.choose_bell(settings)
        poll_once(ledger, lambda: wiring.open_client(settings), bell, wiring.utc_now)


def rows(settings: Settings) -> list[FeedRow]:
    with closing(wiring.open_ledger(settings)) as ledger:
        return ledger.reports.feeds()


# --- remove ----------------------------------------------------------------------------------------


def test_a_removed_feed_is_polled_no_more_and_comes_back_with_its_history(
    settings: Settings, server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add_feed(settings, Asked(server.url("/rss")))
    poll(settings)
    (row,) = rows(settings)
    asked: list[str] = []
    assert remove_feed(settings, row.id, lambda question: bool(asked.append(question)) or True)
    assert "Its 1 items and their stories stay." in asked[0]
    assert f"`rumorwatch feeds add {server.url('/rss')}` brings it back" in capsys.readouterr().out
    assert rows(settings) == []
    poll(settings)
    assert len(server.requests) == 1
    with closing(wiring.open_ledger(settings)) as ledger:
        assert ledger.reports.counts(NOON).items == 1
        noted = [notice.event for notice in ledger.reports.feed_notices(row.id)]
        assert noted == [FeedEvent.REMOVED]
    add_feed(settings, Asked(server.url("/rss")))
    (back,) = rows(settings)
    assert (back.id, back.items, back.next_poll_at) == (row.id, 1, row.next_poll_at)
    with closing(wiring.open_ledger(settings)) as ledger:
        again = ledger.feeds.one(row.id)
        assert again is not None
        assert (again.etag, again.baseline_done) == ('"1"', True)


def test_nothing_is_removed_before_it_was_agreed_to(settings: Settings) -> None:
    add_feed(settings, Asked("https://feed.example/a"))
    (row,) = rows(settings)
    refused = CliRunner().invoke(app, ["feeds", "remove", row.id], input="n\n")
    assert (refused.exit_code, len(rows(settings))) == (1, 1)
    silent = CliRunner().invoke(app, ["feeds", "remove", row.id], input="")
    assert (silent.exit_code, len(rows(settings))) == (1, 1)
    agreed = CliRunner().invoke(app, ["feeds", "remove", row.id, "--yes"])
    assert (agreed.exit_code, rows(settings)) == (0, [])


def test_an_imported_feed_leaves_the_list_too_and_the_others_stay(settings: Settings, tmp_path: Path) -> None:
    outlines = "".join(f'<outline type="rss" xmlUrl="https://feed.example/{name}"/>' for name in "ab")
    (tmp_path / "list.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>')
    import_feeds(settings, str(tmp_path / "list.opml"))
    gone, stays = sorted(rows(settings), key=lambda row: row.url)
    remove_feed(settings, gone.id, lambda _: True)
    with closing(wiring.open_ledger(settings)) as ledger:
        wiring.declare_feeds(ledger, settings, wiring.utc_now())  # as the next start does
    assert [row.id for row in rows(settings)] == [stays.id]


def test_a_feed_of_the_settings_is_not_removed_behind_their_back(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rumorwatch.toml").write_text('[[feeds]]\nurl = "https://feed.example/a"\n')
    settings = load_settings()
    with closing(wiring.open_ledger(settings)) as ledger:
        wiring.declare_feeds(ledger, settings, wiring.utc_now())
    (row,) = rows(settings)
    with pytest.raises(InputError, match="declared in the settings"):
        remove_feed(settings, row.id, lambda _: True)
    assert len(rows(settings)) == 1


# --- set -------------------------------------------------------------------------------------------


def test_an_interval_of_ones_own_holds_and_warns_of_what_the_publisher_asks(
    settings: Settings, server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add_feed(settings, Asked(server.url("/rss")))
    poll(settings)
    (before,) = rows(settings)
    set_feed(settings, before.id, "2m")
    said = capsys.readouterr().out
    assert f"{before.id} is polled every 120 s: set to 2 min" in said
    assert "warning: the publisher asks for 2.0 h between two polls" in said
    assert "warning: less than 5 minutes is for servers of your own" in said
    assert f"undo: `rumorwatch feeds set {before.id} --every auto`" in said
    (row,) = rows(settings)
    assert row.last_polled_at is not None
    assert row.next_poll_at == row.last_polled_at + timedelta(minutes=2)
    explain_feed(settings, row.id)
    assert "after 120 s: set to 2 min" in capsys.readouterr().out
    set_feed(settings, row.id, "auto")
    assert "the publisher asks for 2.0 h between two polls" in capsys.readouterr().out


def test_a_set_interval_outlives_what_the_settings_declare(ledger: Ledger) -> None:
    feed = a_feed(adaptive=True)
    ledger.feeds.declare([feed], NOON)
    ledger.feeds.commit_poll("wire", a_plan(), NOON)
    ledger.feeds.set_interval("wire", 3600, NOON)
    ledger.feeds.declare([feed], NOON)
    assert ledger.feeds.due(later(3599), 1) == []
    (kept,) = ledger.feeds.due(later(3600), 1)
    assert (kept.interval_seconds, kept.adaptive) == (3600, False)
    ledger.feeds.set_interval("wire", None, NOON)
    (declared,) = ledger.feeds.due(later(3600), 1)
    assert (declared.interval_seconds, declared.adaptive) == (900, True)


def test_a_failing_feed_is_not_asked_sooner_because_its_interval_was_set(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed()], NOON)
    ledger.feeds.commit_poll("wire", a_plan(outcome="failed", failures=1, next_poll_at=later(9999)), NOON)
    ledger.feeds.set_interval("wire", 60, NOON)
    assert ledger.feeds.due(later(9998), 1) == []


@pytest.mark.parametrize(
    ("span", "seconds"), [("90s", 90), ("10m", 600), ("1.5 h", 5400), ("15min", 900), ("7d", 604800)]
)
def test_a_span_is_read_as_a_person_writes_it(span: str, seconds: int) -> None:
    assert seconds_of(span) == seconds


@pytest.mark.parametrize("span", ["", "10", "0m", "-5m", "8d", "soon", "1e9s", "10m 5s"])
def test_what_is_no_span_is_named(span: str) -> None:
    with pytest.raises(InputError, match="write 90s, 10m, 2h, 1d, or auto"):
        seconds_of(span)


@pytest.mark.parametrize(
    "act",
    [lambda one: remove_feed(one, "f_none", lambda _: True), lambda one: set_feed(one, "f_none", "10m")],
    ids=["remove", "set"],
)
def test_a_feed_that_is_not_there_is_named(act, settings: Settings) -> None:
    with pytest.raises(InputError, match="There is no feed 'f_none'"):
        act(settings)
