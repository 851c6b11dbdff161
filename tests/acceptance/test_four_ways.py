"""The seeds' folder, their feed over HTTP, the embedded service and RQ workers: equal events and alerts."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from redis import Redis

from service.store.ledger import Ledger
from tests.acceptance.running import ROOT, Process, command, valkey, wait_until
from tests.fakes_feeds import FeedServer
from tests.fakes_receivers import SECRET, MailServer, WebhookReceiver

SEEDS = ROOT / "seeds"
ALERTS = 3
ITEMS = 5


def config(folder: Path, hook: WebhookReceiver, mail: MailServer, feed: str | None) -> str:
    """The path of a settings file with both channels and, if given, the seeds' feed at an address."""
    path = folder / "service.toml"
    feeds = f'[[feeds]]\nurl = "{feed}"\noutlet = "seeds"\ntold_as_news = true\n' if feed else ""
    path.write_text(
        f"""{feeds}
[[channels]]
kind = "webhook"
name = "desk"
url = "{hook.url}"
secret = "{SECRET}"
[[channels]]
kind = "mail"
name = "office"
host = "127.0.0.1"
port = {mail.port}
security = "none"
sender = "rumorwatch@example.org"
recipients = ["desk@example.org"]
""",
        encoding="utf-8",
    )
    return str(path)


def told(ledger_url: str) -> tuple[list[tuple], list[tuple]]:
    """What a ledger holds at the end: events of every story, and alerts."""
    ledger = Ledger.open(ledger_url)
    try:
        stories = [ledger.reports.story(row.id) for row in ledger.reports.stories(limit=200).items]
        events = [
            (row.at.isoformat(), page.story.id, row.event, row.kind, row.party, row.strength, row.reason)
            for page in stories
            if page is not None
            for row in page.timeline
        ]
        alerts = [(row.alert.at.isoformat(), row.alert.story_id, row.alert.event, row.alert.party,
                   row.alert.strength, row.alert.reason, row.alert.evidence.text, row.alert.status)
                  for row in ledger.reports.alerts().items]  # fmt: skip
    finally:
        ledger.close()
    return sorted(map(as_words, events)), sorted(map(as_words, alerts))


def as_words(row: tuple) -> tuple:
    return tuple("-" if word is None else str(word) for word in row)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory) -> tuple[list[tuple], list[tuple]]:
    done = command("replay", "--jsonl", str(SEEDS), folder=tmp_path_factory.mktemp("replay"))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    event_keys = ("at", "story", "event", "kind", "party", "strength", "reason")
    alert_keys = ("at", "story", "event", "party", "strength", "reason")
    events = [tuple(row[key] for key in event_keys) for row in rows]
    alerts = [
        (*(row[key] for key in alert_keys), row["evidence"]["text"], row["status"])
        for row in rows
        if row["alert"]
    ]
    assert len(alerts) == ALERTS
    return sorted(map(as_words, events)), sorted(map(as_words, alerts))


@pytest.fixture
def receivers():
    with WebhookReceiver() as hook, MailServer() as mail:
        yield hook, mail


def arrive(hook: WebhookReceiver, mail: MailServer) -> None:
    """Three alerts in both places, each once and signed."""
    hooks = hook.wait_for(ALERTS, 30)
    mails = mail.wait_for(ALERTS, 30)
    assert [one.problem for one in hooks] == [None] * ALERTS
    assert len({one.id for one in hooks}) == len({one.message["Message-ID"] for one in mails}) == ALERTS


def all_done(ledger_url: str) -> None:
    """Waits until every item was read and every alert delivered."""
    ledger = Ledger.open(ledger_url)

    def look() -> bool:
        from datetime import UTC, datetime

        counts = ledger.reports.counts(datetime.now(UTC))
        waiting = counts.revisions_waiting + counts.deliveries_waiting
        return (counts.items, counts.alerts, waiting) == (ITEMS, ALERTS, 0)

    try:
        wait_until(look, 30)
    finally:
        ledger.close()


@pytest.mark.parametrize("over_http", [False, True], ids=["the demonstration feed", "a feed over HTTP"])
def test_the_embedded_service_tells_what_the_replay_tells(tmp_path, receivers, replayed, over_http):
    hook, mail = receivers
    ledger_url = f"sqlite:///{tmp_path / 'data' / 'rumorwatch.db'}"
    with FeedServer() as server:
        server.serve("/feed", (SEEDS / "feed.atom").read_bytes(), etag='"v1"')
        path = config(tmp_path, hook, mail, server.url("/feed") if over_http else None)
        with Process("run", tmp_path, config=path, port="0", allow_networks="127.0.0.0/8") as service:
            arrive(hook, mail)
            all_done(ledger_url)
            assert service.stop() == 0
    assert told(ledger_url) == replayed


def test_without_its_redis_a_worker_goes_on_by_the_sweep(tmp_path, receivers, replayed):
    hook, mail = receivers
    ledger_url = f"sqlite:///{tmp_path / 'data' / 'rumorwatch.db'}"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        settings = {
            "config": config(tmp_path, hook, mail, None),
            "redis_url": f"redis://127.0.0.1:{nobody.getsockname()[1]}/0",
            "allow_networks": "127.0.0.0/8",
            "sweep_seconds": "0.5",
        }
        with Process("run", tmp_path, port="0", **settings) as service:
            with Process("worker", tmp_path, **settings) as worker:
                worker.wait_for_line("doorbell.away")
                arrive(hook, mail)
                all_done(ledger_url)
                assert worker.stop() == 0
            assert service.stop() == 0
    assert told(ledger_url) == replayed


def test_a_redis_that_comes_back_is_heard_again(tmp_path, receivers):
    hook, mail = receivers
    with valkey() as redis_url:
        settings = {
            "config": config(tmp_path, hook, mail, None),
            "redis_url": redis_url,
            "sweep_seconds": "60",
            "allow_networks": "127.0.0.0/8",
        }
        with Process("worker", tmp_path, **settings) as worker:
            worker.wait_for_line("worker.started")
            kick_out(redis_url)
            with Process("run", tmp_path, port="0", **settings) as service:
                arrive(hook, mail)
                assert service.stop() == 0
            assert worker.stop() == 0


def kick_out(redis_url: str) -> None:
    """Cuts the connection of everybody who listens, as a restart of Redis would."""
    connection = Redis.from_url(redis_url)
    wait_until(lambda: connection.scard("rq:workers"))
    connection.client_kill_filter(_type="normal", skipme=True)
    connection.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_rq_workers_tell_what_the_replay_tells(tmp_path, receivers, replayed, postgres_url, workers):
    hook, mail = receivers
    with FeedServer() as server, valkey() as redis_url:
        server.serve("/feed", (SEEDS / "feed.atom").read_bytes(), etag='"v1"')
        path = config(tmp_path, hook, mail, server.url("/feed"))
        shared = {"config": path, "redis_url": redis_url, "database_url": postgres_url,
                  "allow_networks": "127.0.0.0/8"}  # fmt: skip
        crew = [Process("worker", tmp_path, **shared) for _ in range(workers)]
        with Process("run", tmp_path, port="0", **shared) as service:
            try:
                arrive(hook, mail)
                all_done(postgres_url)
                assert service.stop() == 0
                assert [worker.stop() for worker in crew] == [0] * workers
            finally:
                for worker in crew:
                    worker.__exit__(None, None, None)
    assert told(postgres_url) == replayed
