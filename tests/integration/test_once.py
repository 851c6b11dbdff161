"""Each alert once, when it is wanted, whatever is held, quieted or restarted between; on both databases."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import tomllib
from pathlib import Path

import pytest

from service.alerts.render import html, plain_text, webhook_body
from service.clocks.release import release_due
from service.core.history import FeedEvent, FeedNotice
from service.core.messages import Digest
from service.core.words import Hold
from service.store.engine import connect, writing
from service.store.ledger import Ledger
from service.store.schema import metadata
from service.tracing import why
from tests.builders import NOON
from tests.fakes_days import DayAtDesk
from tests.fakes_store import a_feed, a_plan

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "once.toml").read_text("utf-8"))["case"]
NIGHT = {"quiet_hours": "22:00-07:00"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def one_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """A database for all cases of this file, which each case finds empty."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('once') / 'ledger.db'}"
        return
    import psycopg

    server = request.getfixturevalue("postgres_server")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE test_once")
    yield server.get_uri(database="test_once")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("DROP DATABASE test_once WITH (FORCE)")


@pytest.fixture
def url(one_url: str) -> str:
    Ledger.open(one_url).close()
    engine = connect(one_url)
    with writing(engine) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()
    return one_url


def a_day(url: str, **fields: object) -> DayAtDesk:
    return DayAtDesk(fields, lambda: Ledger.open(url))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_what_is_told_and_when(case, url):
    day = a_day(url, **case["set"])
    for step in case["steps"]:
        day.step(step)
    assert len(day.ids) == len(set(day.ids))
    day.close()


def held_two(url: str) -> DayAtDesk:
    day = a_day(url, **NIGHT)
    for step in ("1 20:00 report", "1 22:30 deny Ford", "1 23:00 deny Xiaomi", "2 07:00 report"):
        day.step(step)
    return day


def _release_and_fail(day: DayAtDesk) -> None:
    with day.room.ledger.releasing() as transaction:
        transaction.take_held("desk", day.room.now)
        due = transaction.taken("desk", 50)
        transaction.release(due.first[0], False, ("hook",), day.room.now)
        raise ZeroDivisionError


def test_a_release_that_breaks_off_has_released_nothing(url):
    day = held_two(url)
    with pytest.raises(ZeroDivisionError):
        _release_and_fail(day)
    day.step("2 07:01 want [Ford Xiaomi]")
    day.close()


def _release_and_die(url: str) -> None:
    ledger = Ledger.open(url)
    with ledger.releasing() as transaction:
        transaction.take_held("desk", NOON.replace(day=2))
        due = transaction.taken("desk", 50)
        transaction.release(due.first[0], False, ("hook",), NOON)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_killed_before_its_commit_loses_nothing(url):
    held_two(url).close()
    child = multiprocessing.get_context("spawn").Process(target=_release_and_die, args=(url,))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    day = DayAtDesk(NIGHT, lambda: Ledger.open(url))
    day.step("2 07:01 want [Ford Xiaomi]")
    day.step("2 07:02 want -")
    day.close()


def test_a_storm_of_many_is_one_digest_that_counts_them_all(url):
    day = a_day(url, most_a_minute=1)
    day.step("1 12:00 report")
    parties = [f"Party {number:02}" for number in range(70)]
    for party in parties:
        day.room.now = NOON
        day.room.deny(0.1, party)
    release_due(day.room.ledger, day.room.subscriptions, NOON.replace(minute=1))
    found = []
    while (work := day.room.ledger.deliveries.claim(NOON.replace(minute=2), 60)) is not None:
        found.append(work.message)
    (digest,) = [one for one in found if isinstance(one, Digest)]
    assert (len(found), digest.count, len(digest.alerts), digest.holds) == (2, 69, 50, (Hold.STORM,))
    assert len(day.room.ledger.reports.alerts(limit=200).items) == 70
    assert day.room.ledger.reports.counts(NOON).alerts == 70
    body = json.loads(webhook_body(digest, "http://x"))
    assert (body["type"], body["data"]["count"], body["data"]["more"]) == ("digest", 69, 19)
    assert {one["type"] for one in body["data"]["alerts"]} == {"story.denied"}
    assert plain_text(digest, "http://x").startswith("69 alerts held back by more alerts at once")
    assert "And 19 more, on the page." in html(digest, "http://x")
    day.close()


def test_a_feed_that_goes_dark_at_night_is_told_in_the_morning(url):
    day = a_day(url, **NIGHT)
    ledger = day.room.ledger
    ledger.feeds.declare([a_feed()], NOON)
    night = NOON.replace(hour=23)
    plan = a_plan(notices=(FeedNotice(FeedEvent.DARK, "nothing came"),))
    for _ in range(2):  # the same plan twice is harmless
        ledger.feeds.commit_poll("wire", plan, night, (day.subscription,))
    day.step("1 23:30 want -")
    assert ledger.reports.alerts().items[0].held_until == NOON.replace(day=2, hour=7)
    day.step("2 07:00 want The Wire")
    assert ledger.reports.alerts().items[0].held_until is None
    day.close()


def test_why_says_until_when_and_then_in_which_digest(url):
    day = held_two(url)
    traces = day.room.ledger.traces
    item = next(row.alert.evidence.item_id for row in day.room.ledger.reports.alerts().items)
    end = why(traces, item).chapters[-1].ends[0]
    assert (end.stopped_by, end.reason) == ("held", "quiet_hours")
    assert "until 2 Feb 2026 07:00 UTC, for quiet hours: pending" in end.lines[-1].text
    day.step("2 07:00 want [Ford Xiaomi]")
    end = why(traces, item).chapters[-1].ends[0]
    assert end.stopped_by is None
    assert end.lines[-2].text.startswith("as g_")
    day.step("2 22:30 deny BYD")
    day.step("2 23:00 mute")
    day.step("3 07:00 want -")
    end = why(traces, day.room.living()[0]).chapters[-1].ends[0]
    assert (end.stopped_by, end.reason) == ("quieted", "muted")
    assert "muted by Ada" in end.lines[-1].text
    day.close()
