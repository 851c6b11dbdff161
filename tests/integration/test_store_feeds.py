"""Feeds: declared, due, and polled in one commit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from service.core.feed import EndedPoll
from service.core.hosts import Hold, Place
from service.errors import StoreError
from service.store.engine import connect, writing
from service.store.ledger import Ledger
from service.store.migrate import SCRIPTS
from tests.fakes_store import NOON, a_feed, a_plan, a_revision, later


def test_a_new_feed_is_due_at_once(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed(told_as_news=True, lang="zh", interval_seconds=60)], NOON)
    assert ledger.feeds.due(later(-1), 10) == []
    assert ledger.feeds.due(NOON, 10) == [
        a_feed(told_as_news=True, lang="zh", interval_seconds=60, next_poll_at=NOON)
    ]


def test_the_feed_that_waits_longest_is_due_first(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed("a"), a_feed("b"), a_feed("c")], NOON)
    for name, at in (("a", 30), ("b", 10), ("c", 20)):
        ledger.feeds.commit_poll(name, a_plan(next_poll_at=later(at)), NOON)
    assert [feed.id for feed in ledger.feeds.due(later(25), 10)] == ["b", "c"]
    assert [feed.id for feed in ledger.feeds.due(later(60), 2)] == ["b", "c"]


def test_declaring_again_keeps_what_the_polls_left_behind(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed()], NOON)
    ledger.feeds.commit_poll("wire", a_plan(failures=2), later(5))
    ledger.feeds.declare([a_feed(outlet="New name", interval_seconds=60)], later(10))
    (kept,) = ledger.feeds.due(later(900), 10)
    assert kept == a_feed(
        outlet="New name",
        interval_seconds=60,
        baseline_done=True,
        etag='W/"abc"',
        last_modified="Sun, 01 Mar 2026 12:00:00 GMT",
        next_poll_at=later(900),
        failures=2,
        fetched_at=later(5),
    )


def test_a_feed_whose_url_changed_loses_its_validators_and_is_due(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed()], NOON)
    ledger.feeds.commit_poll("wire", a_plan(), NOON)
    ledger.feeds.declare([a_feed(url="https://moved.example/")], later(10))
    (moved,) = ledger.feeds.due(later(10), 10)
    assert (moved.etag, moved.last_modified, moved.fetched_at) == (None, None, None)
    assert (moved.next_poll_at, moved.baseline_done) == (later(10), True)


def test_a_feed_that_is_not_named_any_more_is_kept_and_not_polled(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed("a"), a_feed("b")], NOON)
    ledger.feeds.commit_poll("a", a_plan(next_poll_at=later(1)), NOON)
    ledger.feeds.declare([a_feed("b")], NOON)
    assert [feed.id for feed in ledger.feeds.due(later(9999), 10)] == ["b"]
    ledger.feeds.declare([a_feed("a")], NOON)
    (back,) = ledger.feeds.due(later(9999), 10)
    assert (back.id, back.etag) == ("a", 'W/"abc"')
    ledger.feeds.declare([], NOON)
    assert ledger.feeds.due(later(9999), 10) == []


def test_a_failed_poll_does_not_count_as_a_fetch(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed()], NOON)
    ledger.feeds.commit_poll("wire", a_plan(outcome="not_modified", http_status=304), later(1))
    ledger.feeds.commit_poll("wire", a_plan(outcome="failed", http_status=None, failures=1), later(2))
    (feed,) = ledger.feeds.due(later(9999), 10)
    assert (feed.fetched_at, feed.failures) == (later(1), 1)


def test_the_same_poll_committed_twice_saves_nothing_more(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed()], NOON)
    plan = a_plan(a_revision("i1"), a_revision("i2", position=1), a_revision("i1", "f1"))
    assert ledger.feeds.commit_poll("wire", plan, NOON) == 2
    assert ledger.feeds.commit_poll("wire", plan, NOON) == 0
    assert ledger.reports.counts(NOON).revisions_waiting == 2


def test_a_changed_item_is_the_next_revision_of_it(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed()], NOON)
    ledger.feeds.commit_poll("wire", a_plan(a_revision("i1", "f1")), NOON)
    assert ledger.feeds.commit_poll("wire", a_plan(a_revision("i1", "f2", told=5)), NOON) == 1
    assert ledger.reports.counts(NOON).items == 1
    first = ledger.items.claim(NOON, 10)
    assert first is not None
    with ledger.handling(first, ()):
        pass
    second = ledger.items.claim(NOON, 10)
    assert second is not None
    assert [work.item.revision for work in (first, second)] == [1, 2]


def test_known_tells_every_fingerprint_whichever_feed_brought_it(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed("a"), a_feed("b")], NOON)
    ledger.feeds.commit_poll("a", a_plan(a_revision("i1", "f1"), a_revision("i2", "f3")), NOON)
    ledger.feeds.commit_poll("b", a_plan(a_revision("i1", "f2")), NOON)
    assert ledger.feeds.known("b", ["i1", "i9"]) == {"i1": frozenset({"f1", "f2"})}
    assert ledger.feeds.known("b", []) == {}


def test_known_answers_for_more_items_than_one_question_takes(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed()], NOON)
    names = [f"i{number}" for number in range(1201)]
    plan = a_plan(*(a_revision(name, position=place) for place, name in enumerate(names)))
    assert ledger.feeds.commit_poll("wire", plan, NOON) == 1201
    assert len(ledger.feeds.known("wire", [*names, "other"])) == 1201


def test_a_poll_of_a_feed_that_was_never_declared_saves_nothing(ledger: Ledger) -> None:
    with pytest.raises(StoreError, match="'ghost' was polled but never declared"):
        ledger.feeds.commit_poll("ghost", a_plan(a_revision("i1")), NOON)
    assert ledger.reports.counts(NOON).items == 0


def test_validators_and_items_are_saved_together_or_not_at_all(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed()], NOON)
    unfit = Hold(Place("wire.example"), 1, NOON.replace(tzinfo=None), "it comes after the validators")
    with pytest.raises(StoreError, match="time zone"):
        ledger.feeds.commit_poll("wire", a_plan(a_revision("i1"), holds=(unfit,)), NOON)
    assert ledger.feeds.due(NOON, 10) == [a_feed(next_poll_at=NOON)]
    assert ledger.reports.counts(NOON).items == 0


def test_the_time_to_the_next_poll_is_known(ledger: Ledger) -> None:
    assert ledger.feeds.seconds_until_next(NOON) is None
    ledger.feeds.declare([a_feed("a"), a_feed("b")], NOON)
    assert ledger.feeds.seconds_until_next(later(7)) == 0.0
    for name in "ab":
        ledger.feeds.commit_poll(name, a_plan(next_poll_at=later(90.5)), NOON)
    assert ledger.feeds.seconds_until_next(NOON) == 90.5


def test_a_guid_and_an_etag_of_nine_kilobytes_are_kept(ledger: Ledger) -> None:
    guid = "".join(chr(0x4E00 + number % 9000) for number in range(9000))  # does not compress away
    ledger.feeds.declare([a_feed()], NOON)
    long = replace(a_revision("i1"), guid=guid, title=guid, url="https://x.example/" + guid)
    assert ledger.feeds.commit_poll("wire", a_plan(long, etag=guid), NOON) == 1
    assert ledger.feeds.due(later(900), 1)[0].etag == guid
    work = ledger.items.claim(NOON, 10)
    assert work is not None
    assert (work.item.title, work.feed_id) == (guid, "wire")


def test_a_feed_of_an_earlier_version_goes_on_where_it_was(ledger_url: str) -> None:
    engine = connect(ledger_url)
    with writing(engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            text(
                "INSERT INTO feeds (id, url, outlet, interval_seconds, told_as_news, enabled, baseline_done, "
                "etag, next_poll_at, failures, declared_at, last_polled_at) VALUES "
                "('wire', 'https://wire.example/feed', 'W', 60, false, true, true, 'e', :at, 3, :at, :at)"
            ),
            {"at": int(NOON.timestamp()) * 1_000_000},
        )
    engine.dispose()
    ledger = Ledger.open(ledger_url)
    try:
        (feed,) = ledger.feeds.due(NOON, 10)
        assert (feed.etag, feed.interval_seconds, feed.adaptive, feed.failures) == ("e", 60, False, 3)
        assert [row.state for row in ledger.reports.feeds()] == ["failing"]
        assert ledger.feeds.note_dark(later(9_999_999)) == []
        ledger.feeds.declare([feed], NOON)
        late = later(6 * 3600 + 1)
        ledger.feeds.commit_poll(
            "wire", a_plan(outcome="failed", failures=4, next_poll_at=later(99_999)), late
        )
        assert [one.feed_id for one in ledger.feeds.note_dark(late)] == ["wire"]
    finally:
        ledger.close()


@pytest.mark.parametrize(
    ("outcome", "failures", "next_poll", "hours", "dark"),
    [
        ("failed", 4, 99_999, 6.1, True),
        ("failed", 4, 99_999, 5.9, False),
        ("failed", 4, 900, 6.1, False),
        ("fetched", 0, 99_999, 6.1, False),
    ],
    ids=["asked and failing", "not for long enough", "not asked again yet", "answers"],
)
def test_a_feed_is_dark_once_it_fails_for_long_and_was_asked_at_its_time(
    outcome: str, failures: int, next_poll: int, hours: float, dark: bool, ledger: Ledger
) -> None:
    ledger.feeds.declare([a_feed()], NOON)
    plan = a_plan(outcome=outcome, failures=failures, next_poll_at=later(next_poll))
    ledger.feeds.commit_poll("wire", plan, NOON)
    now = later(hours * 3600)
    assert [one.feed_id for one in ledger.feeds.note_dark(now)] == (["wire"] if dark else [])
    assert ledger.feeds.note_dark(now) == []
    assert [row.state for row in ledger.reports.feeds()] == [
        "dark" if dark else "failing" if failures else "ok"
    ]


# --- several polls in one commit ---------------------------------------------------------------------


def test_polls_that_are_committed_together_are_each_saved_as_if_alone(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed(name) for name in "abc"], NOON)
    polls = [
        EndedPoll(name, a_plan(a_revision(f"of {name}"), etag=f'"{name}"', next_poll_at=later(60)), NOON)
        for name in "abc"
    ]
    assert ledger.feeds.commit_polls(polls) == [1, 1, 1]
    assert ledger.feeds.commit_polls(polls) == [0, 0, 0]
    assert {feed.etag for feed in ledger.feeds.due(later(60), 9)} == {'"a"', '"b"', '"c"'}


def test_a_poll_that_cannot_be_saved_takes_none_of_its_neighbours_along(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed("a"), a_feed("c")], NOON)
    polls = [EndedPoll(name, a_plan(a_revision(f"of {name}")), NOON) for name in ("a", "ghost", "c")]
    with pytest.raises(StoreError, match="ghost"):
        ledger.feeds.commit_polls(polls)
    assert set(ledger.feeds.known("a", ["of a", "of ghost"])) == {"of a"}
