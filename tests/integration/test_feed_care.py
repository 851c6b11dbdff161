"""The commands on one feed: add, test, pause, resume, explain, and the list they are found in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service import wiring
from service.errors import InputError, OutgoingError
from service.scheduler import poll_once
from service.settings import Settings, load_settings
from tests.fakes_feeds import FeedServer
from workers.feed_care import Asked, add_feed, explain_feed, pause_feed, resume_feed, try_feed
from workers.feed_list import list_feeds

RSS = """<rss version="2.0"><channel><title>Wire</title><ttl>120</ttl>
<item><guid>1</guid><title>First \x1b[31mred</title><pubDate>Sun, 01 Mar 2026 12:00:00 GMT</pubDate></item>
<item><guid>2</guid><title>Second</title></item></channel></rss>""".replace("\x1b", "&#27;").encode()


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        running.serve("/rss", RSS, etag='"1"', content_type="application/rss+xml")
        yield running


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUMORWATCH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RUMORWATCH_ALLOW_NETWORKS", "127.0.0.0/8")
    return load_settings()


def poll(settings: Settings) -> None:
    ledger = wiring.open_ledger(settings)
    bell = wiring.choose_bell(settings)
    poll_once(ledger, lambda: wiring.open_client(settings), bell, wiring.utc_now)
    ledger.close()


def rows(settings: Settings):
    ledger = wiring.open_ledger(settings)
    found = ledger.reports.feeds()
    ledger.close()
    return found


def test_a_feed_is_tested_with_one_request_and_nothing_is_stored(
    settings: Settings, server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    try_feed(settings, server.url("/rss"))
    said = capsys.readouterr().out
    assert "Wire: 2 entries would be stored" in said
    assert "the publisher asks for 2.0 h between two polls" in said
    assert "says whether it changed: yes" in said
    assert "2026-03-01 12:00  First [31mred" in said
    assert "date missing  Second" in said
    assert "\x1b" not in said
    assert len(server.requests) == 1
    assert not (settings.data_dir / "rumorwatch.db").exists()


def test_what_is_no_feed_is_named(settings: Settings, server: FeedServer) -> None:
    with pytest.raises(OutgoingError, match="answered 404"):
        try_feed(settings, server.url("/none"))


@pytest.mark.parametrize("act", [try_feed, lambda settings, url: add_feed(settings, Asked(url))])
@pytest.mark.parametrize("url", ["ftp://a.example/", "http://a\\@b/", "http://user:pw@a.example/"])
def test_an_address_that_is_none_is_refused(
    act: Callable[[Settings, str], None], url: str, settings: Settings
) -> None:
    with pytest.raises(InputError, match="cannot be polled"):
        act(settings, url)


def test_a_feed_is_added_polled_paused_resumed_and_explained(
    settings: Settings, server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add_feed(settings, Asked(server.url("/rss"), "The Wire", None, "en"))
    assert "from now on" in capsys.readouterr().out
    add_feed(settings, Asked(server.url("/rss")))
    assert "already" in capsys.readouterr().out
    poll(settings)
    (row,) = rows(settings)
    assert (row.outlet, row.state, row.items) == ("The Wire", "ok", 2)
    explain_feed(settings, row.id)
    said = capsys.readouterr().out
    assert "the publisher asks for 2.0 h between two polls" in said
    assert "fetched  200" in said
    pause_feed(settings, row.id, "too \x1b[31mnoisy")
    poll(settings)
    assert [row.state for row in rows(settings)] == ["paused"]
    resume_feed(settings, row.id, "")
    poll(settings)
    assert [row.state for row in rows(settings)] == ["ok"]
    assert [one.path for one in server.requests] == ["/rss"] * 2
    assert server.requests[1].header("If-None-Match") == '"1"'
    capsys.readouterr()
    explain_feed(settings, row.id)
    said = capsys.readouterr().out
    assert said.index("feed.resumed  resumed by hand") < said.index("feed.paused  too [31mnoisy")
    list_feeds(settings)
    listed = capsys.readouterr().out
    assert all(words in listed for words in (row.id, "The Wire", "ok"))


def test_resuming_does_not_overrule_a_host_that_asked_to_be_left_alone(
    settings: Settings,
    server: FeedServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RUMORWATCH_POLITE_NETWORKS", "127.0.0.0/8")
    settings = load_settings()
    server.serve("/rss", status=429, headers=(("Retry-After", "7200"),))
    add_feed(settings, Asked(server.url("/rss")))
    poll(settings)
    (row,) = rows(settings)
    resume_feed(settings, row.id, "")
    poll(settings)
    said = capsys.readouterr().out
    assert "on: it waits because its host asked: 127.0.0.1 answered 429 (Retry-After 7200 s)" in said
    assert len(server.requests) == 1


def test_an_interval_that_overrules_the_publisher_is_warned_of(
    settings: Settings, server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add_feed(settings, Asked(server.url("/rss"), minutes=1))
    poll(settings)
    (row,) = rows(settings)
    explain_feed(settings, row.id)
    said = capsys.readouterr().out
    assert "after 60 s: set to 60 s" in said
    assert "warning: the publisher asks for 2.0 h between two polls, the settings overrule it" in said


@pytest.mark.parametrize(
    "act",
    [
        lambda settings: pause_feed(settings, "f_none", ""),
        lambda settings: resume_feed(settings, "f_none", ""),
        lambda settings: explain_feed(settings, "f_none"),
    ],
    ids=["pause", "resume", "explain"],
)
def test_a_feed_that_is_not_there_is_named(act: Callable[[Settings], None], settings: Settings) -> None:
    with pytest.raises(InputError, match="There is no feed 'f_none'"):
        act(settings)
