"""One item, one transaction: steps, stories, postings, statements and alerts, all or nothing."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from service.core.folding import Kept
from service.core.model import ClaimedRevision, EventType, Match, Status
from service.errors import Conflict, StoreError
from service.store import finding
from service.store.engine import SILENT_SECONDS, connect, reading
from service.store.ledger import Ledger
from service.store.schema import events, statements
from tests.fakes_store import (
    NOON,
    a_feed,
    a_plan,
    a_position,
    a_revision,
    a_statement,
    a_step,
    a_story,
    an_alert,
    an_item,
    claimed,
    later,
    tell,
)


def test_a_saved_story_comes_back_as_it_was(ledger: Ledger) -> None:
    story = tell(ledger, "s1", an_item("a"))
    with ledger.handling(claimed(ledger, an_item("b")), ()) as handling:
        assert handling.story("s1") == story
        assert handling.candidates(["ford"], 5) == [story]
        assert handling.story("s2") is None


def test_what_was_saved_is_seen_inside_the_same_handling(ledger: Ledger) -> None:
    work = claimed(ledger, an_item())
    with ledger.handling(work, ("ford",)) as handling:
        first = a_story("s1", work.item)
        handling.save_step(a_step(first, work.item), 0, ("ford",))
        second = replace(
            first, version=2, status=Status.DISPUTED, positions=(a_position(work.item),), rumor=None
        )
        handling.save_step(a_step(second, work.item), 1, ())
        assert handling.candidates(["ford"], 5) == [second]


def test_candidates_share_the_most_telling_keys_then_are_the_latest_then_go_by_id(ledger: Ledger) -> None:
    tell(ledger, "one_key_latest", an_item("a", 50), ("ford",))
    tell(ledger, "both_keys", an_item("b", 10), ("ford", "xiaomi"))
    tell(ledger, "one_key_b", an_item("c", 20), ("xiaomi", "other"))
    tell(ledger, "another", an_item("g", 5), ("xiaomi",))
    tell(ledger, "one_key_a", an_item("d", 20), ("ford",))
    tell(ledger, "no_key", an_item("e", 99), ("baic",))
    with ledger.handling(claimed(ledger, an_item("f")), ()) as handling:
        found = [story.id for story in handling.candidates(["ford", "xiaomi", "ford", "unknown"], 9)]
        assert found == ["both_keys", "one_key_latest", "one_key_a", "one_key_b", "another"]
        assert [story.id for story in handling.candidates(["xiaomi", "ford"], 2)] == found[:2]
        assert handling.candidates([], 9) == []
        assert handling.candidates(["unknown"], 9) == []


def test_keys_are_added_and_none_is_taken_away(ledger: Ledger) -> None:
    tell(ledger, "s1", an_item("a"), ("ford", "xiaomi"))
    tell(ledger, "s1", an_item("b", 60), ("ford", "suv"), version=2)
    with ledger.handling(claimed(ledger, an_item("c", 70)), ()) as handling:
        for key in ("ford", "xiaomi", "suv"):
            assert [story.version for story in handling.candidates([key], 5)] == [2]


def test_a_story_that_moved_is_among_the_latest_under_its_old_keys_too(ledger: Ledger) -> None:
    limit = finding.LATEST_PER_KEY
    tell(ledger, "old", an_item("first"), ("ford", "rare"))
    work = claimed(ledger, an_item("many", 5))
    with ledger.handling(work, ()) as handling:
        for number in range(limit):
            crowd = a_story(f"crowd_{number}", work.item)
            handling.save_step(a_step(crowd, work.item), number, ("ford",))
    with ledger.handling(claimed(ledger, an_item("question", 6)), ()) as handling:
        assert "old" not in {story.id for story in handling.candidates(["ford"], limit * 2)}
        # Found by its rare key, it is ranked by all the keys that it shares.
        assert handling.candidates(["ford", "rare"], 1)[0].id == "old"
    tell(ledger, "old", an_item("revived", 7), ("rare",), version=2)
    with ledger.handling(claimed(ledger, an_item("again", 8)), ()) as handling:
        assert handling.candidates(["ford"], 1)[0].id == "old"


def test_more_keys_than_a_person_would_ever_name_are_answered(ledger: Ledger) -> None:
    tell(ledger, "s1", an_item("a"), ("k7",))
    with ledger.handling(claimed(ledger, an_item("b")), [f"k{n}" for n in range(700)]) as handling:
        assert [story.id for story in handling.candidates([f"k{n}" for n in range(700)], 5)] == ["s1"]


@pytest.mark.parametrize("version", [1, 2, 4])
def test_a_story_is_saved_only_over_the_version_before(ledger: Ledger, version: int) -> None:
    tell(ledger, "s1", an_item("a"))
    tell(ledger, "s1", an_item("b", 1), version=2)
    with pytest.raises(Conflict, match=f"s1 was changed by another worker before version {version}"):
        tell(ledger, "s1", an_item("c", 2), version=version)
    work = ledger.items.claim(later(200_000), 15)
    assert work is not None
    with ledger.handling(work, ()) as handling:
        handling.save_step(a_step(a_story("s1", work.item, version=3), work.item), 0, ())


def _handle_and_fail(ledger: Ledger, work: ClaimedRevision) -> None:
    with ledger.handling(work, ("ford",)) as handling:
        story = a_story("s1", work.item)
        handling.save_step(a_step(story, work.item), 0, ("ford",))
        handling.save_alert(an_alert("alert_1", story), ["hook"], NOON)
        raise KeyError("in the reader")


def test_an_exception_inside_leaves_nothing_and_keeps_the_lease(ledger: Ledger) -> None:
    work = claimed(ledger, an_item())
    before = ledger.reports.counts(NOON)
    with pytest.raises(KeyError, match="in the reader"):
        _handle_and_fail(ledger, work)
    assert ledger.reports.counts(NOON) == before
    assert ledger.due(later(99_999_999)).deliveries == 0
    assert ledger.reports.story("s1") is None
    with ledger.handling(work, ()) as handling:
        assert handling.candidates(["ford"], 5) == []
        assert handling.alert_exists("alert_1") is False


def _overflow(ledger: Ledger, work: ClaimedRevision) -> None:
    with ledger.handling(work, ()):
        raise OverflowError("in the reader")


def test_an_error_of_the_reader_is_not_told_as_one_of_the_ledger(ledger: Ledger) -> None:
    with pytest.raises(OverflowError, match="in the reader"):
        _overflow(ledger, claimed(ledger, an_item()))


@pytest.mark.parametrize("party", ["\ud800", "\x00"])
def test_words_that_a_database_cannot_hold_are_refused_by_name(postgres_url: str, party: str) -> None:
    ledger = Ledger.open(postgres_url)
    with pytest.raises(StoreError, match="cannot be"):
        tell(ledger, party, an_item())
    ledger.close()


def test_what_is_being_handled_nobody_takes_over(postgres_url: str) -> None:
    # On SQLite the one writer of the moment keeps everybody else from taking its lease.
    ledger = Ledger.open(postgres_url)
    slow = claimed(ledger, an_item())
    with ledger.handling(slow, ()) as handling:
        handling.save_step(a_step(a_story("s1", slow.item), slow.item), 0, ())
        assert ledger.items.claim(later(100_015), 15) is None, "its lease ran out, and it is at its end"
    assert ledger.reports.story("s1") is not None
    ledger.close()


def test_a_client_that_falls_silent_while_it_handles_is_let_go(postgres_url: str) -> None:
    ledger = Ledger.open(postgres_url)
    with ledger.handling(claimed(ledger, an_item()), ()) as handling:
        asked = text("SHOW idle_in_transaction_session_timeout")
        assert handling._connection.execute(asked).scalar_one() == f"{SILENT_SECONDS}s"
    ledger.close()


def _say_twice(ledger: Ledger, work: ClaimedRevision) -> None:
    with ledger.handling(work, ()) as handling:
        handling.save_step(a_step(a_story("s1", work.item), work.item), 0, ())
        handling.save_step(a_step(a_story("s2", work.item), work.item), 0, ())


def test_a_statement_is_saved_once(ledger: Ledger) -> None:
    with pytest.raises(StoreError, match=r"statements"):
        _say_twice(ledger, claimed(ledger, an_item()))
    assert ledger.reports.counts(NOON).stories == 0


def test_an_event_is_a_row_where_the_story_moved_and_only_there(ledger_url: str) -> None:
    ledger = Ledger.open(ledger_url)
    work = claimed(ledger, an_item("a", 3))
    with ledger.handling(work, ()) as handling:
        handling.save_step(a_step(a_story("s1", work.item), work.item, EventType.OPENED), 0, ())
        handling.save_step(a_step(a_story("s1", work.item, version=2), work.item, None), 1, ())
        handling.save_step(a_step(a_story("s1", work.item, version=3), work.item, EventType.DENIED), 2, ())
        stray = Kept(a_statement(None), work.item, 3, 3, Match(None, 0.0, True, ()), None)
        handling.save_stray(stray, "no claim was named", ())
    ledger.close()
    engine = connect(ledger_url)
    with reading(engine) as connection:
        moved = connection.execute(select(events).order_by(events.c.seq)).all()
        said = connection.execute(select(statements).order_by(statements.c.ordinal)).all()
    engine.dispose()
    assert [(row.seq, row.type, row.at, row.item_id, row.ordinal) for row in moved] == [
        (1, "story.opened", later(3), "a", 0),
        (3, "story.denied", later(3), "a", 2),
    ]
    assert [(row.story_id, row.event, row.why) for row in said] == [
        ("s1", "story.opened", None),
        ("s1", None, None),
        ("s1", "story.denied", None),
        (None, None, "no claim was named"),
    ]


def test_an_alert_is_saved_once_with_a_delivery_a_channel(ledger: Ledger) -> None:
    work = claimed(ledger, an_item())
    with ledger.handling(work, ()) as handling:
        story = a_story("s1", work.item)
        handling.save_step(a_step(story, work.item), 0, ())
        alert = an_alert("alert_1", story)
        assert handling.alert_exists("alert_1") is False
        assert handling.save_alert(alert, ["hook", "mail", "hook"], NOON) is True
        assert handling.alert_exists("alert_1") is True
        assert handling.save_alert(replace(alert, claim="other"), ["chat"], NOON) is False
    (row,) = ledger.reports.alerts().items
    assert row.alert == alert
    assert row.created_at == NOON
    assert row.deliveries == (("hook", "pending"), ("mail", "pending"))


def test_an_alert_without_a_channel_is_still_an_alert(ledger: Ledger) -> None:
    work = claimed(ledger, an_item())
    with ledger.handling(work, ()) as handling:
        story = a_story("s1", work.item)
        handling.save_step(a_step(story, work.item), 0, ())
        assert handling.save_alert(an_alert("alert_1", story), [], NOON) is True
    assert ledger.due(NOON).deliveries == 0
    assert ledger.reports.counts(NOON).alerts == 1


def test_two_workers_that_meet_one_rumor_at_once_end_with_one_story(ledger_url: str) -> None:
    ledger = Ledger.open(ledger_url)
    ledger.feeds.declare([a_feed("one"), a_feed("two")], NOON)
    for name in ("one", "two"):
        ledger.feeds.commit_poll(name, a_plan(a_revision(f"item_of_{name}")), NOON)
    works = [claimed(ledger), claimed(ledger)]
    both_inside = threading.Barrier(2)
    made: list[str] = []

    def handle(work: ClaimedRevision, keys: tuple[str, ...]) -> None:
        with ledger.handling(work, keys) as handling:
            found = handling.candidates(["ford"], 5)
            # Gives the other every chance to look before this one commits; who is alone inside waits in vain.
            with suppress(threading.BrokenBarrierError):
                both_inside.wait(0.5)
            before = found[0] if found else a_story(f"story_by_{work.item.id}", work.item, version=0)
            story = replace(before, version=before.version + 1)
            handling.save_step(a_step(story, work.item), 0, keys)
            made.append(story.id)

    threads = [
        threading.Thread(target=handle, args=(works[0], ("ford", "xiaomi", "car"))),
        threading.Thread(target=handle, args=(works[1], ("xiaomi", "ford"))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 2
    assert len(set(made)) == 1
    assert ledger.reports.counts(NOON).stories == 1
    ledger.close()
