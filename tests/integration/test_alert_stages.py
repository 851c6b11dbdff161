"""A decided alert keeps when it passed its stages, who carries it, and what is known of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from service.clocks.release import release_due
from service.core.backing import Backing, Track
from service.core.model import Reading, Subscription
from service.core.pacing import Pace, Rhythm
from service.core.text import stable_id
from service.store.ledger import Ledger
from service.store.passages import Watch
from tests.builders import NOON, a_statement, an_item
from tests.fakes_outage import Clock, Receiver, deliver
from tests.fakes_stories import EVERYTHING, NO_KNOWLEDGE, Room, find_plainly
from workers.items import Rules, handle_reading

SECOND = timedelta(seconds=1)


class Ticking:
    """A clock on which each look costs a second."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += SECOND
        return self.now


def told(ledger: Ledger, subscription: Subscription = EVERYTHING) -> None:
    """A report and its denial, the denial seen a day later and handled on a ticking clock."""
    room = Room(ledger)
    room.report(0, "Reuters")
    room.report(0.1, "Wire")
    item = an_item(day=1, item_id="denial")
    said = a_statement()
    ledger.items.add([(item, stable_id("f", item.id))])
    work = ledger.items.claim(NOON + timedelta(days=500), 60)
    assert work is not None
    clock = Ticking(item.told_at)
    watch = Watch(clock(), clock(), clock)
    rules = Rules(NO_KNOWLEDGE, (subscription,), find=find_plainly, clock=clock)
    handle_reading(ledger, rules, work, Reading("en", (said,)), clock.now, watch)
    receiver_clock = Clock(clock.now + 2 * SECOND)
    deliver(ledger, receiver_clock, Receiver(receiver_clock, name="terminal"))


def test_its_stages_are_kept_and_told_as_percentiles(ledger: Ledger) -> None:
    told(ledger)
    found = ledger.passages.latency(NOON)
    spans = {span.name: span.p50 for span in found.spans}
    assert found.alerts == 1
    assert (spans["taken_to_read"], spans["read_to_matched"], spans["matched_to_queued"]) == (1, 1, 1)
    assert spans["queued_to_attempted"] == 2
    assert ledger.passages.latency(NOON + timedelta(days=300)).alerts == 0


def test_an_alert_that_is_held_was_to_be_late_and_is_left_out(ledger: Ledger) -> None:
    told(ledger, replace(EVERYTHING, pace=Pace(rhythm=Rhythm.DAILY)))
    assert len(ledger.reports.alerts().items) == 1
    assert ledger.passages.latency(NOON).alerts == 0
    for name in release_due(ledger, (EVERYTHING,), NOON + timedelta(days=2)):
        assert name.count == 1
    assert ledger.passages.latency(NOON).alerts == 0


def test_it_says_who_carries_it_and_tracks_as_they_were_counted_last(ledger: Ledger) -> None:
    assert ledger.tracks.refresh(NOON) == 0
    told(ledger)
    (row,) = ledger.reports.alerts().items
    assert row.alert.backing == Backing("Reuters", 0, 2, 2)  # type: ignore[union-attr]
    assert ledger.tracks.refresh(NOON) == 2
    assert ledger.tracks.refresh(NOON) == 2
    with ledger.looking() as transaction:
        again = transaction.backing_of(row.alert)  # type: ignore[arg-type]
    assert again == Backing("Reuters", 0, 2, 2, outlet=Track("Reuters", 0, 1), party=Track("Ford", 0, 1))
