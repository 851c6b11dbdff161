"""The work of reading: one at a time within a feed, under leases that can be lost."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from service.core.model import ClaimedRevision
from service.errors import LeaseLost
from service.store.deliveries import NEXT_DELIVERY
from service.store.engine import connect, reading
from service.store.items import KILLED, MOST_DEATHS, NEXT_REVISION
from service.store.leases import LeaseClock
from service.store.ledger import Ledger
from tests.fakes_store import NOON, a_feed, a_plan, a_revision, an_item, claimed, later


def _finish(ledger: Ledger, work: ClaimedRevision) -> None:
    with ledger.handling(work, ()):
        pass


def _feeds(ledger: Ledger, **plans: object) -> None:
    ledger.feeds.declare([a_feed(name) for name in plans], NOON)
    for name, plan in plans.items():
        ledger.feeds.commit_poll(name, plan, NOON)  # type: ignore[arg-type]


def _order(ledger: Ledger) -> list[str]:
    taken = []
    while (work := ledger.items.claim(NOON, 10)) is not None:
        taken.append(work.item.id)
        _finish(ledger, work)
    return taken


def test_an_item_is_claimed_as_it_was_added(ledger: Ledger) -> None:
    item = an_item()
    assert ledger.items.add([(item, "f1")]) == 1
    work = ledger.items.claim(NOON, 10)
    assert work is not None
    assert (work.item, work.feed_id, work.tries) == (item, "", 1)
    assert work.item.told_at.tzinfo is UTC


def test_adding_an_item_again_adds_nothing(ledger: Ledger) -> None:
    assert ledger.items.add([(an_item("a"), "f1"), (an_item("b"), "f1"), (an_item("a"), "f1")]) == 2
    assert ledger.items.add([(an_item("a"), "f1")]) == 0
    assert ledger.items.add([]) == 0


def test_items_of_one_moment_are_taken_in_the_order_given(ledger: Ledger) -> None:
    names = ["c", "a", "b"]
    ledger.items.add([(an_item(name), "f") for name in names])
    assert _order(ledger) == names


def test_within_a_feed_only_the_earliest_unfinished_one_is_handed_out(ledger: Ledger) -> None:
    _feeds(
        ledger,
        wire=a_plan(a_revision("late", told=9), a_revision("b", position=2), a_revision("a", position=1)),
    )
    first = ledger.items.claim(NOON, 10)
    assert first is not None
    assert first.item.id == "a"
    assert ledger.items.claim(NOON, 10) is None
    _finish(ledger, first)
    assert _order(ledger) == ["b", "late"]


def test_one_that_failed_is_waited_for_by_those_behind_it(ledger: Ledger) -> None:
    _feeds(ledger, wire=a_plan(a_revision("a"), a_revision("b", told=1)))
    first = ledger.items.claim(NOON, 10)
    assert first is not None
    assert ledger.items.fail(first, "no lexicon", NOON, 60) is False
    assert ledger.items.claim(later(59), 10) is None
    assert ledger.due(later(59)).revisions == 0
    again = ledger.items.claim(later(60), 10)
    assert again is not None
    assert (again.item.id, again.tries) == ("a", 2)


def test_feeds_do_not_wait_for_each_other(ledger: Ledger) -> None:
    _feeds(ledger, one=a_plan(a_revision("a")), two=a_plan(a_revision("b", told=1)), three=a_plan())
    taken = [ledger.items.claim(NOON, 10) for _ in range(3)]
    assert [work and work.item.id for work in taken] == ["a", "b", None]


def test_between_feeds_fresh_goes_before_backfill_then_the_earlier_told(ledger: Ledger) -> None:
    _feeds(
        ledger,
        old=a_plan(a_revision("backfill", told=-500, backfill=True)),
        slow=a_plan(a_revision("second", told=5)),
        quick=a_plan(a_revision("first", told=4)),
    )
    assert _order(ledger) == ["first", "second", "backfill"]


def test_what_is_due_counts_what_stands_behind_a_front_that_can_be_claimed(ledger: Ledger) -> None:
    _feeds(ledger, one=a_plan(a_revision("a"), a_revision("b", told=1)), two=a_plan(a_revision("c")))
    assert ledger.due(NOON).revisions == 3
    claimed_first = ledger.items.claim(NOON, 10)
    assert claimed_first is not None
    assert ledger.due(NOON).revisions == (1 if claimed_first.feed_id == "one" else 2)
    assert ledger.due(later(10)).revisions == 3  # the lease ran out


def test_a_lease_that_ran_out_is_taken_over_and_the_slow_worker_is_fenced_off(ledger: Ledger) -> None:
    slow = claimed(ledger, an_item())
    at = later(100_000)
    assert ledger.items.claim(at + timedelta(seconds=14.9), 15) is None
    quick = ledger.items.claim(at + timedelta(seconds=15), 15)
    assert quick is not None
    assert quick.token != slow.token
    with pytest.raises(LeaseLost), ledger.handling(slow, ()):
        pytest.fail("a worker without a lease was let in")
    with pytest.raises(LeaseLost):
        ledger.items.renew(slow, at, 15)
    with pytest.raises(LeaseLost):
        ledger.items.fail(slow, "why", at, 1)
    _finish(ledger, quick)
    assert ledger.reports.counts(NOON).revisions_waiting == 0


def test_a_renewed_lease_is_held(ledger: Ledger) -> None:
    work = claimed(ledger, an_item())
    ledger.items.renew(work, later(100_010), 15)
    assert ledger.items.claim(later(100_024), 15) is None
    assert ledger.items.claim(later(100_025), 15) is not None


def test_finished_work_can_neither_be_renewed_nor_finished_again(ledger: Ledger) -> None:
    work = claimed(ledger, an_item())
    _finish(ledger, work)
    with pytest.raises(LeaseLost):
        _finish(ledger, work)
    with pytest.raises(LeaseLost):
        ledger.items.renew(work, NOON, 15)
    assert ledger.items.claim(later(200_000), 15) is None


def test_the_second_failure_sets_it_aside_with_its_reason(ledger: Ledger) -> None:
    assert ledger.items.fail(claimed(ledger, an_item()), "first", NOON, 0) is False
    assert ledger.items.fail(claimed(ledger), "a cue without end", NOON, 0) is True
    assert ledger.items.quarantined() == [("item_1", 1, "a cue without end")]
    assert ledger.items.claim(later(200_000), 15) is None
    assert ledger.reports.counts(NOON).quarantined == 1


def _lose_workers(ledger: Ledger, times: int) -> None:
    """`times` workers claim the front, at 0, 20, 40 s ..., and are never heard of again."""
    for number in range(times):
        assert ledger.items.claim(later(20 * number), 10) is not None


def test_a_lost_worker_is_no_try_and_after_two_the_item_is_tried_alone(ledger: Ledger) -> None:
    ledger.items.add([(an_item("innocent"), "f")])
    seen = [ledger.items.claim(later(at), 10) for at in (0, 10, 20, 30, 40, 50)]
    tried = [work and (work.tries, work.alone) for work in seen]
    # Alone takes seconds, that workers killed in a row never have: so not for ever.
    assert tried == [(1, False), (1, False), (1, True), (1, True), (1, False), (1, True)]
    assert ledger.items.quarantined() == []


def test_dying_alone_twice_sets_it_aside_with_its_reason_and_the_next_is_handed_out(ledger: Ledger) -> None:
    ledger.items.add([(an_item("poison"), "f"), (an_item("good"), "f")])
    _lose_workers(ledger, 2)
    work = ledger.items.claim(later(40), 10)
    assert work is not None
    assert work.alone
    assert ledger.items.died_alone(work, "killed by signal 11") is False
    assert ledger.items.claim(later(41), 10) is None, "the lease goes on"
    assert ledger.items.died_alone(work, "killed by signal 11") is True
    assert ledger.items.quarantined() == [("poison", 1, "killed by signal 11")]
    following = ledger.items.claim(later(41), 10)
    assert following is not None
    assert (following.item.id, following.alone) == ("good", False)
    with pytest.raises(LeaseLost):
        ledger.items.died_alone(work, "again")


def test_one_that_killed_the_process_that_tried_it_alone_is_tried_no_other_way_again(ledger: Ledger) -> None:
    ledger.items.add([(an_item("poison"), "f")])
    _lose_workers(ledger, 2)
    work = ledger.items.claim(later(40), 10)
    assert work is not None
    ledger.items.died_alone(work, "killed by signal 11")
    again = [ledger.items.claim(later(at), 10) for at in (60, 80, 100)]
    assert [one and one.alone for one in again] == [True, True, True]


def test_one_that_not_even_alone_is_outlived_is_set_aside_in_the_end(ledger: Ledger) -> None:
    ledger.items.add([(an_item("poison"), "f")])
    _lose_workers(ledger, MOST_DEATHS)
    assert ledger.items.claim(later(20 * MOST_DEATHS), 10) is None
    assert ledger.items.quarantined() == [("poison", 1, KILLED)]


def test_what_was_set_aside_can_be_tried_anew_from_the_beginning(ledger: Ledger) -> None:
    ledger.items.add([(an_item("poison"), "f"), (an_item("odd", 1), "f")])
    _lose_workers(ledger, MOST_DEATHS)
    odd = ledger.items.claim(later(20 * MOST_DEATHS), 10)
    assert odd is not None
    assert ledger.items.fail(odd, "first", NOON, 0) is False
    again = ledger.items.claim(later(999), 10)
    assert again is not None
    assert ledger.items.fail(again, "second", NOON, 0) is True
    assert ledger.items.retry("nobody") == []
    assert ledger.items.retry("poison") == [("poison", 1)]
    work = ledger.items.claim(later(1000), 10)
    assert work is not None
    assert (work.item.id, work.tries, work.alone) == ("poison", 1, False)
    assert ledger.items.retry() == [("odd", 1)]
    assert ledger.items.quarantined() == []


def test_a_lease_from_before_the_clock_was_set_back_holds_nobody_up(sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url)
    ledger.items.add([(an_item(), "f")])
    assert ledger.items.claim(later(86_400), 15) is not None
    assert ledger.due(later(86_395)).revisions == 0, "a little ahead is a lease like any other"
    assert ledger.due(NOON).revisions == 1
    assert ledger.items.claim(NOON, 15) is not None
    ledger.close()


def test_a_running_service_tells_leases_by_the_time_of_its_postgresql(postgres_url: str) -> None:
    ledger = Ledger.open(postgres_url, LeaseClock(by_database=True))
    ledger.items.add([(an_item(), "f")])
    held = ledger.items.claim(datetime.now(UTC), 60)
    assert held is not None
    for wrong in (timedelta(days=-1), timedelta(days=1)):
        there = datetime.now(UTC) + wrong
        assert ledger.items.claim(there, 60) is None, "a machine whose clock is wrong takes nothing over"
        ledger.items.renew(held, there, 60)
    assert ledger.due(datetime.now(UTC) + timedelta(days=1)).revisions == 0
    ledger.items.renew(held, NOON, -1)
    assert ledger.items.claim(NOON, 60) is not None
    ledger.close()


def test_within_a_feed_too_fresh_goes_before_backfill(ledger: Ledger) -> None:
    archive = [a_revision(f"archive {n}", told=-900 + n, backfill=True) for n in (1, 2)]
    news = [a_revision(f"news {n}", told=n) for n in (2, 1)]
    _feeds(ledger, wire=a_plan(*archive, *news))
    assert _order(ledger) == ["news 1", "news 2", "archive 1", "archive 2"]


def test_many_threads_never_claim_the_same_work(ledger_url: str) -> None:
    ledger = Ledger.open(ledger_url)
    names = [f"f{number}" for number in range(12)]
    _feeds(ledger, **{name: a_plan(*(a_revision(f"{name}_{i}", told=i) for i in range(4))) for name in names})
    taken: list[str] = []

    def work() -> None:
        while (mine := ledger.items.claim(NOON, 60)) is not None:
            taken.append(mine.item.id)
            _finish(ledger, mine)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # A thread may see every front leased and leave; what is left is then taken here.
    work()
    assert sorted(taken) == sorted(f"{name}_{i}" for name in names for i in range(4))
    for name in names:
        assert [item for item in taken if item.startswith(name + "_")] == [f"{name}_{i}" for i in range(4)]
    ledger.close()


def test_two_polls_that_bring_the_same_item_at_once_make_one_revision_of_each(ledger_url: str) -> None:
    ledger = Ledger.open(ledger_url)
    ledger.feeds.declare([a_feed("one"), a_feed("two")], NOON)
    ledger.feeds.commit_poll("one", a_plan(*(a_revision(f"i{n}", "first") for n in range(40))), NOON)
    both = threading.Barrier(2)
    added: list[int] = []

    def poll(name: str, order: range) -> None:
        revisions = [a_revision(f"i{n}", "same", position=n) for n in order]
        revisions += [a_revision(f"i{n}", f"of {name}", position=n) for n in order]
        both.wait(30)
        added.append(ledger.feeds.commit_poll(name, a_plan(*revisions), NOON))

    threads = [
        threading.Thread(target=poll, args=("one", range(40))),
        threading.Thread(target=poll, args=("two", range(39, -1, -1))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(added) == 120
    assert len(ledger.feeds.known("one", ["i7"])["i7"]) == 4
    ledger.close()


def test_a_claim_looks_at_the_fronts_and_not_at_all_that_waits(sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url)
    ledger.close()
    engine = connect(sqlite_url)
    plans = []
    times = {"now": NOON, "lease_now": NOON, "beyond": NOON}
    for question in (NEXT_REVISION.params(**times), NEXT_DELIVERY.params(**times, busy=["x"])):
        # The planner's own words; parameters do not matter to it.
        words = str(question.compile(engine, compile_kwargs={"render_postcompile": True}))
        with reading(engine) as connection:
            given = (0,) * words.count("?")
            plans.append([row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", given)])
    engine.dispose()
    fronts, delivery = (
        [line for line in plan if "revisions" in line or "deliveries" in line] for plan in plans
    )
    assert [line for line in fronts if "revisions_by_feed_order" not in line] == [
        "SEARCH revisions USING INTEGER PRIMARY KEY (rowid=?)"
    ]
    assert delivery == ["SEARCH deliveries USING INDEX deliveries_by_time (next_at<?)"]
