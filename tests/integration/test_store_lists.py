"""Items and deliveries, turned over page by page, and the filters of stories and alerts."""

from __future__ import annotations

import pytest

from service.core.model import DeliveryState
from service.core.text import stable_id
from service.errors import InputError
from service.store.delivery_log import Wanted
from service.store.ledger import Ledger
from service.store.narrowing import AlertsWanted, StoriesWanted
from tests.fakes_store import NOON, a_feed, a_plan, a_revision, an_item, later, tell, told_with_alert


def polled(ledger: Ledger, feed: str, *items: str) -> None:
    ledger.feeds.declare([a_feed(feed)], NOON)
    ledger.feeds.commit_poll(feed, a_plan(*(a_revision(item, stable_id("f", item)) for item in items)), NOON)


def test_items_come_the_last_first_page_by_page(ledger: Ledger) -> None:
    polled(ledger, "wire", "a", "b", "c", "d", "e")
    seen: list[str] = []
    cursor = None
    while True:
        page = ledger.lists.items(2, cursor)
        seen += [row.id for row in page.items]
        if (cursor := page.next) is None:
            break
    assert seen == ["e", "d", "c", "b", "a"]


def test_an_item_is_listed_once_as_its_last_revision_has_it(ledger: Ledger) -> None:
    polled(ledger, "wire", "a", "b")
    ledger.feeds.commit_poll("wire", a_plan(a_revision("a", "other words")), later(60))
    rows = ledger.lists.items().items
    assert [(row.id, row.revision) for row in rows] == [("a", 2), ("b", 1)]
    assert rows[0].first_seen_at < rows[0].seen_at


def test_items_of_one_feed_are_asked_for(ledger: Ledger) -> None:
    polled(ledger, "wire", "a")
    polled(ledger, "gazette", "b")
    assert [row.id for row in ledger.lists.items(feed_id="gazette").items] == ["b"]


def test_an_item_is_told_with_what_was_read_in_it(ledger: Ledger) -> None:
    tell(ledger, "s1", an_item("a"))
    page = ledger.lists.item("a")
    assert page is not None
    (said,) = page.statements
    assert (said.story_id, said.statement.party, said.reason) == ("s1", "Ford", "first_denial_by_party")
    assert page.text
    assert ledger.lists.item("nobody's") is None


@pytest.mark.parametrize("cursor", ["", "W10", "WyJhIl0", "bnVsbA", "WzEuNV0", "Wy0xXQ", "WzFlMzBd", "~"])
def test_a_cursor_that_was_never_given_is_refused(ledger: Ledger, cursor: str) -> None:
    for listed in (ledger.lists.items, ledger.delivery_log.list):
        with pytest.raises(InputError, match="cursor"):
            listed(5, cursor)


def test_deliveries_come_newest_first_and_are_narrowed(ledger: Ledger) -> None:
    for number in range(3):
        told_with_alert(ledger, f"alert_{number}", an_item(f"i{number}", number))
    log = ledger.delivery_log
    everything = log.list().items
    assert len(everything) >= 3
    assert [row.created_at for row in everything] == sorted((r.created_at for r in everything), reverse=True)
    first = log.list(1)
    assert log.list(500, first.next).items == everything[1:]
    of_one = log.list(wanted=Wanted(alert_id="alert_1")).items
    assert {row.alert_id for row in of_one} == {"alert_1"}
    assert not log.list(wanted=Wanted(state=DeliveryState.DEAD)).items
    assert not log.list(wanted=Wanted(channel="no such")).items


def test_stories_are_narrowed_by_principal_and_time(ledger: Ledger) -> None:
    for number in range(3):
        item = an_item(f"i{number}", number * 100)
        tell(ledger, f"s{number}", item, keys=("n:ford",) if number else ())
    about = ledger.reports.stories(wanted=StoriesWanted(about="Ford"))
    assert [row.id for row in about.items] == ["s2", "s1"]
    span = StoriesWanted(since=later(100), until=later(150))
    assert [row.id for row in ledger.reports.stories(wanted=span).items] == ["s1"]


def test_alerts_are_narrowed_by_subscription_event_and_story(ledger: Ledger) -> None:
    for number in range(2):
        told_with_alert(ledger, f"alert_{number}", an_item(f"i{number}", number))
    for wanted, found in (
        (AlertsWanted(subscription="everything"), 2),
        (AlertsWanted(subscription="nobody"), 0),
        (AlertsWanted(event="story.denied"), 2),
        (AlertsWanted(event="feed.dark"), 0),
        (AlertsWanted(story_id="story_of_alert_1"), 1),
    ):
        assert len(ledger.reports.alerts(wanted=wanted).items) == found, wanted
