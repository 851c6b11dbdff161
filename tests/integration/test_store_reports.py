"""What the pages read: pages that neither repeat nor leave out, timelines, feeds and counts."""

from __future__ import annotations

import base64

import pytest

from service.core.model import EventType, Reason, Status
from service.errors import InputError, StoreError
from service.store.engine import connect, writing
from service.store.ledger import Ledger
from service.store.schema import metadata
from service.store.views import Counts
from tests.fakes_store import (
    NOON,
    a_feed,
    a_plan,
    a_revision,
    a_statement,
    a_step,
    a_story,
    an_item,
    claimed,
    later,
    tell,
    told_with_alert,
)


def test_stories_come_latest_first_page_by_page(ledger: Ledger) -> None:
    for number in range(7):
        tell(ledger, f"s{number}", an_item(f"i{number}", number // 3))  # several of one moment
    seen: list[str] = []
    cursor = None
    while True:
        page = ledger.reports.stories(limit=2, cursor=cursor)
        seen += [row.id for row in page.items]
        if page.next is None:
            break
        cursor = page.next
    assert seen == ["s6", "s5", "s4", "s3", "s2", "s1", "s0"]
    assert ledger.reports.stories(limit=7).next is None


def test_a_story_that_is_new_moves_no_page_that_was_begun(ledger: Ledger) -> None:
    for number in range(4):
        tell(ledger, f"s{number}", an_item(f"i{number}", number))
    first = ledger.reports.stories(limit=2)
    tell(ledger, "s9", an_item("i9", 9))
    second = ledger.reports.stories(limit=2, cursor=first.next)
    assert [row.id for row in (*first.items, *second.items)] == ["s3", "s2", "s1", "s0"]


def test_stories_of_one_status_are_asked_for(ledger: Ledger) -> None:
    tell(ledger, "denied", an_item("a"))
    work = claimed(ledger, an_item("b"))
    with ledger.handling(work, ()) as handling:
        story = a_story("open", work.item, status=Status.OPEN)
        handling.save_step(a_step(story, work.item), 0, ())
    assert [row.id for row in ledger.reports.stories(status=Status.OPEN).items] == ["open"]


def test_a_story_row_says_what_the_story_says(ledger: Ledger) -> None:
    told_with_alert(ledger, "alert_1", an_item("a", 5))
    (row,) = ledger.reports.stories().items
    story = a_story("story_of_alert_1", an_item("a", 5))
    assert (row.claim, row.principals) == ("Ford builds with Xiaomi", ("Ford", "Xiaomi"))
    assert (row.positions, row.rumor, row.status) == (story.positions, story.rumor, Status.DENIED)
    assert (row.opened_at, row.last_at, row.reports, row.repeats, row.alerts) == (later(5), later(5), 2, 1, 1)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "?",
        "nonsense",
        "é",
        base64.urlsafe_b64encode(b"[1, 2]").decode(),
        base64.urlsafe_b64encode(b'["2026-03-01T12:00:00", "a"]').decode(),
        base64.urlsafe_b64encode(b'["2026-03-01T12:00:00+00:00", 7]').decode(),
        base64.urlsafe_b64encode(b'["2026-03-01T12:00:00+00:00", "\\u0000"]').decode(),
        base64.urlsafe_b64encode(b'["2026-03-01T12:00:00+00:00", "\\ud800"]').decode(),
        base64.urlsafe_b64encode(b"[" * 9000).decode(),
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(ledger: Ledger, cursor: str) -> None:
    for ask in (ledger.reports.stories, ledger.reports.alerts):
        with pytest.raises(InputError, match="cursor"):
            ask(cursor=cursor)


def test_a_page_without_rows_is_not_asked_for(ledger: Ledger) -> None:
    with pytest.raises(InputError, match="page of 0 rows"):
        ledger.reports.stories(limit=0)


def test_a_storys_page_tells_its_timeline_oldest_first_with_its_alerts(ledger: Ledger) -> None:
    tell(ledger, "s1", an_item("b", 20))
    tell(ledger, "s1", an_item("a", 10), version=2)  # told earlier, heard later
    tell(ledger, "other", an_item("c", 30))
    page = ledger.reports.story("s1")
    assert page is not None
    assert [(row.item_id, row.at) for row in page.timeline] == [("a", later(10)), ("b", later(20))]
    first, said = page.timeline[0], a_statement()
    assert (first.item_title, first.url, first.outlet) == ("Title of a", "https://wire.example/1", "The Wire")
    assert (first.kind, first.party, first.strength, first.role) == (
        said.kind,
        "Ford",
        said.strength,
        said.role,
    )
    assert (first.event, first.reason) == (EventType.DENIED, Reason.FIRST_DENIAL_BY_PARTY)
    assert (first.evidence, first.because, first.confidence) == (said.evidence, said.because, said.confidence)
    assert first.joined_because == ("both principals are shared",)
    assert page.alerts == ()
    assert ledger.reports.story("nowhere") is None


def test_alerts_come_newest_first_page_by_page(ledger: Ledger) -> None:
    for number in range(5):
        told_with_alert(ledger, f"alert_{number}", an_item(f"i{number}"), ("b", "a"), later(number // 2))
    first = ledger.reports.alerts(limit=3)
    second = ledger.reports.alerts(limit=3, cursor=first.next)
    seen = [row.alert.id for row in (*first.items, *second.items)]
    assert seen == ["alert_4", "alert_3", "alert_2", "alert_1", "alert_0"]
    assert second.next is None
    assert first.items[0].deliveries == (("a", "pending"), ("b", "pending"))
    page = ledger.reports.story("story_of_alert_3")
    assert page is not None
    assert page.alerts == (first.items[1],)


def test_a_feed_is_waiting_then_ok_then_failing(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed("a"), a_feed("b"), a_feed("gone")], NOON)
    ledger.feeds.declare([a_feed("a"), a_feed("b")], NOON)
    ledger.feeds.commit_poll("a", a_plan(a_revision("i1"), a_revision("i2")), later(3))
    first, second = ledger.reports.feeds()
    assert (first.id, first.state, first.reason, first.items) == ("a", "ok", "2 new items", 2)
    assert (first.last_polled_at, first.next_poll_at) == (later(3), later(900))
    assert (second.id, second.state, second.last_polled_at, second.items) == ("b", "waiting", None, 0)
    failed = a_plan(failures=1, outcome="failed", reason="no answer", http_status=None)
    ledger.feeds.commit_poll("a", failed, later(9))
    row = ledger.reports.feeds()[0]
    assert (row.state, row.failures, row.reason) == ("failing", 1, "no answer")


def test_the_counts_say_what_there_is_and_what_waits(ledger: Ledger) -> None:
    assert ledger.reports.counts(NOON) == Counts(0, 0, 0, 0, 0, 0, 0, 0)
    ledger.feeds.declare([a_feed()], NOON)
    told_with_alert(ledger, "alert_1", an_item("a"), ("x", "y"))
    ledger.items.add([(an_item("b"), "f"), (an_item("c"), "f")])
    claimed(ledger)
    assert ledger.reports.counts(NOON) == Counts(
        feeds=1,
        items=3,
        stories=1,
        alerts=1,
        revisions_waiting=2,
        deliveries_waiting=2,
        deliveries_dead=0,
        quarantined=0,
    )


def test_the_check_fails_by_name_when_the_ledger_is_broken(ledger_url: str) -> None:
    ledger = Ledger.open(ledger_url)
    ledger.reports.check()
    engine = connect(ledger_url)
    with writing(engine) as connection:
        metadata.drop_all(connection)
    engine.dispose()
    with pytest.raises(StoreError, match="cannot be used"):
        ledger.reports.check()
    ledger.close()
