"""Several revisions claimed at once and handled together: the same as one after the other, or not at all."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from service import failpoints, wiring
from service.core.model import ClaimedRevision
from service.doorbell import LocalBell
from service.errors import LeaseLost
from service.lexicons import knowledge_on_demand
from service.settings import Settings
from service.store.items import Done
from service.store.ledger import Ledger
from tests.fakes_store import NOON, a_feed, a_plan, a_revision, a_step, a_story, an_item, later
from workers.batches import do_batch
from workers.loop import do_items


def fill(ledger: Ledger, seed: int, feeds: int = 5, items: int = 40) -> None:
    """Items of many feeds, some of them history, some of one moment."""
    chance = random.Random(seed)
    names = [f"f{number}" for number in range(feeds)]
    ledger.feeds.declare([a_feed(name) for name in names], NOON)
    for number, name in enumerate(names):
        told = [
            a_revision(
                f"{name}_{place}", told=chance.randrange(9), position=place, backfill=chance.random() < 0.3
            )
            for place in range(items // feeds + number)
        ]
        ledger.feeds.commit_poll(name, a_plan(*told), NOON)


def finish(ledger: Ledger, work: Sequence[ClaimedRevision]) -> None:
    with ledger.handling_together([Done(one) for one in work], ()):
        pass


def names(work: Sequence[ClaimedRevision]) -> list[str]:
    return [one.item.id for one in work]


@pytest.mark.parametrize("seed", range(3))
def test_batches_hand_out_what_claims_would_one_after_the_other(ledger: Ledger, seed: int) -> None:
    expected = []
    with closing(Ledger.open("sqlite://")) as single:
        fill(single, seed)
        while (one := single.items.claim(NOON, 60)) is not None:
            expected.append(one.item.id)
            finish(single, [one])
    fill(ledger, seed)
    taken, sizes = [], []
    while work := ledger.items.claim_some(NOON, 60, 7):
        taken += names(work)
        sizes.append(len(work))
        finish(ledger, work)
    assert taken == expected
    assert max(sizes) > 3


def test_other_workers_find_half_of_the_feeds_on_postgresql(postgres_url: str) -> None:
    with closing(Ledger.open(postgres_url)) as ledger:
        fill(ledger, 1)
        feeds = [{one.feed_id for one in ledger.items.claim_some(NOON, 60, 16)} for _ in range(4)]
        assert [len(found) for found in feeds[:2]] != [5, 0]
        assert all(feeds[:3])
        assert len(set.union(*feeds)) == sum(len(found) for found in feeds), "no feed has two holders"


def test_what_is_held_is_nobody_elses_and_its_feeds_wait(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed("one"), a_feed("two")], NOON)
    ledger.feeds.commit_poll("one", a_plan(a_revision("a"), a_revision("b", told=1)), NOON)
    first = ledger.items.claim_some(NOON, 60, 1)
    assert names(first) == ["a"]
    ledger.feeds.commit_poll("two", a_plan(a_revision("c", told=2)), NOON)
    assert names(ledger.items.claim_some(NOON, 60, 9)) == ["c"]
    assert ledger.items.claim_some(NOON, 60, 9) == ()


def test_what_lost_a_worker_comes_by_itself_and_nothing_overtakes_it(ledger: Ledger) -> None:
    ledger.items.add([(an_item(name), "f") for name in "abcd"])
    assert names(ledger.items.claim_some(NOON, 10, 2)) == ["a", "b"]
    for at, one in ((20, "a"), (21, "b")):
        work = ledger.items.claim_some(later(at), 10, 16)
        assert names(work) == [one]
        finish(ledger, work)
    assert names(ledger.items.claim_some(later(22), 10, 16)) == ["c", "d"]


def test_whoever_takes_over_from_a_lost_worker_frees_all_that_it_held(ledger: Ledger) -> None:
    ledger.items.add([(an_item(name), "f") for name in "abc"])
    lost = ledger.items.claim_some(NOON, 10, 16)
    (first,) = ledger.items.claim_some(later(10), 10, 16)
    assert (first.item.id, first.tries, first.alone) == ("a", 1, False)
    assert ledger.pauses.held(later(10)).revisions == 1, "b and c wait like any other"
    with pytest.raises(LeaseLost):
        ledger.items.renew(lost[1], later(11), 10)
    finish(ledger, [first])
    (second,) = ledger.items.claim_some(later(11), 10, 16)
    assert (second.item.id, second.tries, second.alone) == ("b", 1, False)
    (second,) = ledger.items.claim_some(later(21), 10, 16)
    assert (second.item.id, second.tries, second.alone) == ("b", 1, True), "it lost two"


def test_one_that_rests_is_not_overtaken_by_those_behind_it(ledger: Ledger) -> None:
    ledger.items.add([(an_item(name), "f") for name in "abc"])
    first = ledger.items.claim(NOON, 10)
    assert first is not None
    ledger.items.fail(first, "no lexicon", NOON, 60)
    assert ledger.items.claim_some(later(59), 10, 16) == ()
    again = ledger.items.claim_some(later(60), 10, 16)
    assert [(one.item.id, one.tries) for one in again] == [("a", 2), ("b", 1), ("c", 1)]


def test_what_is_given_back_was_never_tried(ledger: Ledger) -> None:
    ledger.items.add([(an_item(name), "f") for name in "ab"])
    ledger.items.give_back(ledger.items.claim_some(NOON, 10, 16))
    again = ledger.items.claim_some(NOON, 10, 16)
    assert [(one.item.id, one.tries, one.alone) for one in again] == [("a", 1, False), ("b", 1, False)]


def test_a_batch_of_which_one_lease_is_lost_saves_nothing(ledger: Ledger) -> None:
    ledger.items.add([(an_item(name), "f") for name in "ab"])
    slow = ledger.items.claim_some(NOON, 10, 16)
    assert ledger.items.claim(later(11), 60) is not None
    with pytest.raises(LeaseLost, match="b revision 1"), _handling(ledger, slow):
        pytest.fail("it was let in")
    assert ledger.reports.counts(NOON).revisions_waiting == 2


def _handling(ledger: Ledger, work: Sequence[ClaimedRevision]):  # type: ignore[no-untyped-def]
    return ledger.handling_together([Done(one) for one in work], ())


def test_an_exception_in_a_batch_undoes_all_of_it(ledger: Ledger) -> None:
    ledger.items.add([(an_item(name), "f") for name in "ab"])
    work = ledger.items.claim_some(NOON, 10, 16)
    with pytest.raises(ZeroDivisionError):
        _fail_after_saving(ledger, work)
    assert ledger.reports.story("s1") is None
    assert ledger.reports.counts(NOON).revisions_waiting == 2


def _fail_after_saving(ledger: Ledger, work: Sequence[ClaimedRevision]) -> None:
    with _handling(ledger, work) as handling:
        handling.save_step(a_step(a_story("s1", work[0].item), work[0].item), 0, ())
        raise ZeroDivisionError


@pytest.fixture
def parts(ledger_url: str, tmp_path: Path) -> Iterator[wiring.Parts]:
    settings = Settings(database_url=ledger_url, data_dir=tmp_path)
    opened = wiring.open_parts(settings, LocalBell(), knowledge=knowledge_on_demand())
    yield opened
    failpoints.arm(None)
    opened.ledger.close()


def do(parts: wiring.Parts, work: Sequence[ClaimedRevision]) -> int:
    return do_batch(parts, work, lambda: False, nullcontext)


def waiting(parts: wiring.Parts) -> int:
    return parts.ledger.reports.counts(wiring.utc_now()).revisions_waiting


def test_a_batch_that_breaks_is_handled_one_by_one(parts: wiring.Parts) -> None:
    parts.ledger.items.add([(an_item(name), "f") for name in "abc"])
    failpoints.arm("in-tx:1:raise")
    assert do_items(parts) == 3
    assert (waiting(parts), parts.ledger.items.quarantined()) == (0, [])


def test_one_that_cannot_be_read_stops_what_stands_behind_it_and_nobody_else(parts: wiring.Parts) -> None:
    ledger = parts.ledger
    ledger.feeds.declare([a_feed("one"), a_feed("two")], NOON)
    ledger.feeds.commit_poll("one", a_plan(*(a_revision(n, told=t) for t, n in enumerate("abc"))), NOON)
    ledger.feeds.commit_poll("two", a_plan(a_revision("x", told=5)), NOON)
    first, second, third = ledger.items.claim_some(wiring.utc_now(), 60, 3)
    (other,) = ledger.items.claim_some(wiring.utc_now(), 60, 3)
    odd = replace(second, item=replace(second.item, text=None))  # type: ignore[arg-type]
    assert do(parts, [first, odd, third, other]) == 3
    rows = ledger.items.claim_some(later(10**9), 60, 16)
    assert [(one.item.id, one.tries) for one in rows] == [("b", 2), ("c", 1)], "c waits for b, untried"
    assert do(parts, [replace(rows[0], item=odd.item), rows[1]]) == 1
    assert [item for item, _, _ in ledger.items.quarantined()] == ["b"]
    assert do_items(parts) == 1, "and goes on once b is set aside"


def test_one_that_was_taken_over_costs_the_others_nothing(parts: wiring.Parts) -> None:
    for number, name in enumerate("ab"):
        parts.ledger.feeds.declare([a_feed(name)], NOON)
        parts.ledger.feeds.commit_poll(name, a_plan(a_revision(name, told=number)), NOON)
    work = [one for _ in range(2) for one in parts.ledger.items.claim_some(NOON, 10, 16)]
    stolen = replace(work[0], token="somebody else's")
    assert do(parts, [stolen, *work[1:]]) == 2
    assert waiting(parts) == 1


def test_what_was_not_begun_when_a_stop_came_is_given_back(parts: wiring.Parts) -> None:
    parts.ledger.items.add([(an_item(name), "f") for name in "ab"])
    work = parts.ledger.items.claim_some(wiring.utc_now(), 60, 16)
    assert do_batch(parts, work, lambda: True, nullcontext, reading_seconds=0.0) == 1
    again = parts.ledger.items.claim_some(wiring.utc_now(), 60, 16)
    assert [(one.item.id, one.tries) for one in again] == [("b", 1)]
