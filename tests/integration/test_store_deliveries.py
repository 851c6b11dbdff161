"""The work of sending: under leases, each attempt recorded with what follows from it."""

from __future__ import annotations

import threading

import pytest

from service.core.model import Attempt
from service.core.text import stable_id
from service.errors import LeaseLost, StoreError
from service.store.ledger import Ledger
from tests.fakes_store import NOON, an_item, later, told_with_alert


def _attempt(number: int = 1, *, ok: bool = True, answer: str = "thanks") -> Attempt:
    return Attempt(number=number, at=NOON, ok=ok, status=200 if ok else 503, answer=answer, seconds=0.25)


def test_a_delivery_is_claimed_with_its_alert(ledger: Ledger) -> None:
    alert = told_with_alert(ledger, "alert_1", an_item())
    assert ledger.due(NOON).deliveries == 1
    work = ledger.deliveries.claim(NOON, 30)
    assert work is not None
    assert work.id == stable_id("msg", "alert_1", "hook")
    assert (work.message, work.channel, work.tries) == (alert, "hook", 0)
    assert ledger.deliveries.claim(NOON, 30) is None
    assert ledger.due(NOON).deliveries == 0


def test_a_delivered_one_is_never_handed_out_again(ledger: Ledger) -> None:
    told_with_alert(ledger, "alert_1", an_item())
    work = ledger.deliveries.claim(NOON, 30)
    assert work is not None
    ledger.deliveries.finish(work, _attempt(), later(60))
    assert ledger.deliveries.claim(later(999_999), 30) is None
    assert ledger.deliveries.attempts(work.id) == [_attempt()]
    assert ledger.reports.alerts().items[0].deliveries == (("hook", "delivered"),)


def test_a_failed_one_is_tried_again_at_its_time_with_its_number_of_tries(ledger: Ledger) -> None:
    told_with_alert(ledger, "alert_1", an_item())
    first = ledger.deliveries.claim(NOON, 30)
    assert first is not None
    ledger.deliveries.finish(first, _attempt(ok=False), later(60))
    assert ledger.deliveries.claim(later(59), 30) is None
    second = ledger.deliveries.claim(later(60), 30)
    assert second is not None
    assert (second.id, second.tries) == (first.id, 1)
    ledger.deliveries.finish(second, _attempt(2), None)
    assert [attempt.ok for attempt in ledger.deliveries.attempts(first.id)] == [False, True]


def test_one_that_is_given_up_is_dead_and_kept(ledger: Ledger) -> None:
    told_with_alert(ledger, "alert_1", an_item())
    work = ledger.deliveries.claim(NOON, 30)
    assert work is not None
    ledger.deliveries.finish(work, _attempt(ok=False), None)
    assert ledger.deliveries.claim(later(999_999), 30) is None
    counts = ledger.reports.counts(NOON)
    assert (counts.deliveries_dead, counts.deliveries_waiting) == (1, 0)


def test_the_delivery_that_is_due_longest_goes_first_then_by_id(ledger: Ledger) -> None:
    told_with_alert(ledger, "alert_1", an_item("a"), ("x", "y"), later(5))
    told_with_alert(ledger, "alert_2", an_item("b"), ("x",), later(1))
    order = []
    while (work := ledger.deliveries.claim(later(5), 30)) is not None:
        order.append(work.id)
    same_moment = sorted(stable_id("msg", "alert_1", channel) for channel in "xy")
    assert order == [stable_id("msg", "alert_2", "x"), *same_moment]


def test_a_busy_channel_keeps_nobody_else_waiting(ledger: Ledger) -> None:
    told_with_alert(ledger, "alert_1", an_item("a"), ("slow",), NOON)
    told_with_alert(ledger, "alert_2", an_item("b"), ("quick",), later(1))
    work = ledger.deliveries.claim(later(1), 30, busy=["slow"])
    assert work is not None
    assert work.channel == "quick"
    assert ledger.deliveries.claim(later(1), 30, busy=["slow", "quick"]) is None
    assert ledger.deliveries.claim(later(1), 30) is not None


def test_a_lease_that_ran_out_is_taken_over_and_the_slow_sender_records_nothing(ledger: Ledger) -> None:
    told_with_alert(ledger, "alert_1", an_item())
    slow = ledger.deliveries.claim(NOON, 30)
    assert slow is not None
    assert ledger.deliveries.claim(later(29.9), 30) is None
    quick = ledger.deliveries.claim(later(30), 30)
    assert quick is not None
    assert quick.id == slow.id
    with pytest.raises(LeaseLost):
        ledger.deliveries.finish(slow, _attempt(answer="too late"), None)
    assert ledger.deliveries.attempts(slow.id) == []
    ledger.deliveries.finish(quick, _attempt(answer="in time"), None)
    with pytest.raises(LeaseLost):
        ledger.deliveries.finish(quick, _attempt(2), None)
    assert [attempt.answer for attempt in ledger.deliveries.attempts(slow.id)] == ["in time"]


def test_an_attempt_that_cannot_be_recorded_leaves_the_delivery_as_it_was(ledger: Ledger) -> None:
    told_with_alert(ledger, "alert_1", an_item())
    work = ledger.deliveries.claim(NOON, 30)
    assert work is not None
    with pytest.raises(StoreError, match="cannot be"):
        ledger.deliveries.finish(work, _attempt(answer="\ud800"), None)
    ledger.deliveries.finish(work, _attempt(), None)


def test_many_threads_never_claim_the_same_delivery(ledger: Ledger) -> None:
    told_with_alert(ledger, "alert_1", an_item(), [f"channel_{number}" for number in range(40)])
    taken: list[str] = []

    def send() -> None:
        while (work := ledger.deliveries.claim(NOON, 60)) is not None:
            taken.append(work.id)
            ledger.deliveries.finish(work, _attempt(), None)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(taken) == 40
    assert len(set(taken)) == 40
    assert {state for _, state in ledger.reports.alerts().items[0].deliveries} == {"delivered"}
