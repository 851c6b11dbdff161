"""What is old and in no story goes, in whole batches; stories, their words, and what waits never do."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from service.core.history import FeedEvent, FeedNotice
from service.core.model import EventType
from service.core.retention import Cutoff, Forgotten, Keeping
from service.forgetting import Forgetting, batches
from service.store.engine import connect, reading, writing
from service.store.ledger import Ledger
from service.store.retention import BATCH
from service.store.schema import revisions, statements, strays
from tests.builders import NOON
from tests.fakes_keeping import LATER, a_lived_ledger, an_attempt, answers, claimed_delivery
from tests.fakes_store import a_feed, a_plan, a_revision, an_item
from tests.fakes_stories import Room
from tests.integration.test_store_upgrade_broken import PulledPlug, at_change, pull_the_plug

OLD = NOON + timedelta(days=500)
ALL = tuple(Cutoff(what, OLD) for what in Forgotten)
ITEMS, TEXTS, ATTEMPTS, NOTICES = ALL


@pytest.fixture
def room(ledger_url: str) -> Iterator[Room]:
    lived = a_lived_ledger(ledger_url)
    yield lived
    lived.ledger.close()


def forget(ledger: Ledger, *wanted: Cutoff) -> list[int]:
    return [sum(batches(ledger, cutoff, LATER)) for cutoff in wanted]


def words_of(url: str) -> dict[str, tuple[str, str]]:
    engine = connect(url)
    with reading(engine) as connection:
        rows = connection.execute(select(revisions)).all()
    engine.dispose()
    return {f"{row.item_id}#{row.revision}": (row.title, row.text) for row in rows}


def is_consistent(url: str) -> int:
    """Each revision is whole, or without words and statements; how many are without."""
    engine = connect(url)
    with reading(engine) as connection:
        rows = connection.execute(select(revisions)).all()
        said = {row.item_id for row in connection.execute(select(statements.c.item_id))}
        stray = {row.item_id for row in connection.execute(select(strays.c.item_id))}
    engine.dispose()
    for row in rows:
        assert (row.removed_at is None) == bool(row.text)
        assert row.title or row.item_id not in said | stray
    return sum(row.removed_at is not None for row in rows)


def test_items_in_no_story_go_and_all_that_is_told_stays(room: Room, ledger_url: str) -> None:
    before = answers(room.ledger)
    assert room.ledger.retention.would_go(ITEMS).rows == 2
    assert room.ledger.retention.would_go(ITEMS).characters > 20
    assert forget(room.ledger, ITEMS) == [2]
    assert answers(room.ledger) == before
    gone = {name for name, (title, text) in words_of(ledger_url).items() if not title and not text}
    assert gone == {"plain#1", "stray#1"}
    assert forget(room.ledger, ITEMS) == [0]


def test_what_was_removed_is_never_new_again_but_a_changed_one_is(room: Room) -> None:
    ledger = room.ledger
    ledger.feeds.commit_poll("wire", a_plan(a_revision("seen")), NOON)
    while (work := ledger.items.claim(LATER, 60)) is not None:
        with ledger.handling(work, ()):
            pass
    assert forget(ledger, ITEMS) == [4]
    assert ledger.feeds.known("wire", ["seen"]) == {"seen": frozenset({"f1"})}
    assert ledger.feeds.commit_poll("wire", a_plan(a_revision("seen")), LATER) == 0
    assert ledger.feeds.commit_poll("wire", a_plan(a_revision("seen", "f2")), LATER) == 1
    assert ledger.due(LATER).revisions == 1


def test_texts_of_dormant_stories_go_and_every_quotation_stays(room: Room, ledger_url: str) -> None:
    before = answers(room.ledger)
    (removed,) = forget(room.ledger, TEXTS)
    assert removed > 0
    words = words_of(ledger_url)
    assert all(title for title, _ in words.values())
    assert sum(not text for _, text in words.values()) == removed
    after = answers(room.ledger)
    assert {name: _without_surroundings(body) for name, body in after.items()} == {
        name: _without_surroundings(body) for name, body in before.items()
    }


def _without_surroundings(body: bytes) -> object:
    def stripped(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: stripped(one) for name, one in value.items() if name not in ("before", "after")}
        return [stripped(one) for one in value] if isinstance(value, list) else value

    return stripped(json.loads(body))


def test_a_story_with_news_keeps_its_oldest_text(ledger_url: str) -> None:
    room = Room(Ledger.open(ledger_url))
    room.report(0)
    room.deny(501)
    assert forget(room.ledger, *ALL) == [0, 0, 0, 0]
    assert forget(room.ledger, Cutoff(Forgotten.TEXTS, NOON + timedelta(days=502))) == [2]
    room.ledger.close()


def test_what_a_decision_names_stays_though_it_stands_in_no_story(room: Room, ledger_url: str) -> None:
    room.desk.wrong("Nokia-2")
    whole = words_of(ledger_url)["Nokia-2#1"]
    forget(room.ledger, *ALL)
    assert words_of(ledger_url)["Nokia-2#1"] == whole
    undone = room.ledger_log()[-1]
    room.desk.undo(undone.id)
    assert any(row.event is EventType.DENIED for row in room.timeline(undone.story or room.living()[0]))


def test_younger_unread_and_set_aside_items_stay(room: Room, ledger_url: str) -> None:
    with writing(engine := connect(ledger_url)) as connection:
        by_id = revisions.c.item_id
        connection.execute(update(revisions).where(by_id == "plain").values(seen_at=OLD))
        connection.execute(update(revisions).where(by_id == "stray").values(state="quarantined"))
    engine.dispose()
    assert forget(room.ledger, ITEMS) == [0]
    assert words_of(ledger_url)["unread#1"] == ("Title of unread", an_item().text)


def test_of_finished_deliveries_the_last_attempt_stays_and_of_others_all(room: Room) -> None:
    work = claimed_delivery(room.ledger)
    for _ in range(3):
        room.ledger.deliveries.finish(work, an_attempt(work.tries + 1, ok=False), NOON)
        work = claimed_delivery(room.ledger)
    waiting = work.id
    assert forget(room.ledger, ATTEMPTS) == [0]
    room.ledger.deliveries.finish(work, an_attempt(work.tries + 1), None)
    tries = len(room.ledger.deliveries.attempts(waiting))
    assert tries > 2
    due = room.ledger.due(LATER)
    assert forget(room.ledger, ATTEMPTS) == [tries - 1]
    (last,) = room.ledger.deliveries.attempts(waiting)
    assert (last.number, last.ok) == (tries, True)
    assert room.ledger.due(LATER) == due


def test_the_last_notice_of_a_feed_stays(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed(), a_feed("other")], NOON)
    for number in range(5):
        notice = FeedNotice(FeedEvent.GAP, f"gap {number}")
        ledger.feeds.commit_poll("wire", a_plan(notices=(notice,)), NOON)
    ledger.feeds.commit_poll("other", a_plan(notices=(FeedNotice(FeedEvent.GAP, "one"),)), NOON)
    assert ledger.retention.would_go(NOTICES).rows == 4
    assert forget(ledger, NOTICES) == [4]
    assert [row.why for row in ledger.reports.feed_notices("wire")] == ["gap 4"]
    assert [row.why for row in ledger.reports.feed_notices("other")] == ["one"]


def many(ledger: Ledger, count: int) -> None:
    ledger.items.add([(an_item(f"item_{number}"), "f") for number in range(count)])
    engine = ledger.retention._engine
    with writing(engine) as connection:
        connection.execute(update(revisions).values(state="done", text="words " * 1000))


def test_many_go_in_batches_of_bounded_size(ledger: Ledger, ledger_url: str) -> None:
    many(ledger, 2 * BATCH + 10)
    cutoff = Cutoff(Forgotten.ITEMS, LATER)
    assert list(batches(ledger, cutoff, LATER)) == [BATCH, BATCH, 10]
    assert is_consistent(ledger_url) == 2 * BATCH + 10


def test_a_file_gets_smaller_in_small_steps(sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url)
    many(ledger, 600)
    pages = pages_of(sqlite_url)
    forget(ledger, Cutoff(Forgotten.ITEMS, LATER))
    assert ledger.retention.can_shrink()
    left = ledger.retention.free()
    while left:
        left = ledger.retention.free()
    assert pages_of(sqlite_url) < pages / 2
    ledger.close()


def pages_of(url: str) -> int:
    with reading(engine := connect(url)) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    engine.dispose()
    return int(pages or 0)


# --- broken off --------------------------------------------------------------------------------------


def test_a_batch_that_breaks_off_at_any_change_is_whole_or_was_not(room: Room, ledger_url: str) -> None:
    number, broke = 1, True
    while broke:
        ledger = Ledger.open(ledger_url)
        at_change(ledger.retention._engine, number, pull_the_plug)
        broke = False
        try:
            forget(ledger, *ALL)
        except PulledPlug:
            broke = True
        ledger.close()
        is_consistent(ledger_url)
        number += 1
    assert number > 3
    assert is_consistent(ledger_url) == 5
    assert room.ledger.due(LATER).deliveries > 0


def _killed(url: str) -> None:
    ledger = Ledger.open(url)
    seen: list[str] = []

    @event.listens_for(ledger.retention._engine, "before_cursor_execute")
    def kill(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.extend([statement] if statement.startswith("UPDATE revisions") else [])
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    forget(ledger, Cutoff(Forgotten.ITEMS, LATER))


def test_a_process_that_is_killed_keeps_its_finished_batches(ledger: Ledger, ledger_url: str) -> None:
    many(ledger, BATCH + 10)
    child = multiprocessing.get_context("fork").Process(target=_killed, args=(ledger_url,))
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    assert is_consistent(ledger_url) == BATCH
    assert forget(ledger, Cutoff(Forgotten.ITEMS, LATER)) == [10]


def test_a_stray_that_a_story_takes_meanwhile_stays(room: Room, ledger_url: str) -> None:
    story, other, taken = room.living()[0], connect(ledger_url), []

    @event.listens_for(room.ledger.retention._engine, "commit")
    def adopt(connection: object) -> None:
        if not taken:  # the look has ended, the removal has not begun
            taken.append(True)
            with writing(other) as adopting:
                mine = statements.c.item_id == "stray"
                adopting.execute(update(statements).where(mine).values(story_id=story))

    assert forget(room.ledger, ITEMS) == [1]
    other.dispose()
    assert words_of(ledger_url)["stray#1"][1] != ""


# --- at night ----------------------------------------------------------------------------------------


class Night:
    """A clock that stands at an hour of the machine's own day."""

    def __init__(self) -> None:
        self.now = LATER

    def at(self, hour: int, day: int = 0) -> None:
        self.now = (LATER + timedelta(days=day)).astimezone().replace(hour=hour).astimezone(UTC)

    def __call__(self) -> datetime:
        return self.now


def test_it_forgets_once_a_night_and_only_when_nothing_is_to_be_done(ledger: Ledger, ledger_url: str) -> None:
    many(ledger, BATCH + 10)
    night = Night()
    forgetting = Forgetting(ledger, Keeping(30, 0, 0, 0), night)
    for hour in (0, 12):
        night.at(hour)
        forgetting.tick()
    assert is_consistent(ledger_url) == 0
    ledger.items.add([(an_item("urgent"), "f")])
    night.at(2)
    forgetting.tick()
    assert is_consistent(ledger_url) == 0
    work = ledger.items.claim(LATER, 1)
    assert work is not None
    with ledger.handling(work, ()):
        pass
    forgetting.tick()
    assert is_consistent(ledger_url) == BATCH + 11
    many_more = [(an_item(f"more_{number}"), "f") for number in range(3)]
    ledger.items.add(many_more)
    with writing(ledger.retention._engine) as connection:
        connection.execute(update(revisions).where(revisions.c.state == "pending").values(state="done"))
    forgetting.tick()
    assert is_consistent(ledger_url) == BATCH + 11  # not twice a night
    night.at(2, day=1)
    forgetting.tick()
    assert is_consistent(ledger_url) == BATCH + 14
