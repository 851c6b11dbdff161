"""How a feed is, in one word, and when it counts as moved, gone or dark."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.core.feed import Entry, Feed, PollPlan
from service.core.health import Standing, dark_after, health, percentile, remembered
from service.core.history import FeedEvent, FeedHistory, PastPoll
from service.core.polling import (
    Arrival,
    date_flag,
    identify,
    leaves_gap,
    plan_failure,
    plan_not_modified,
    plan_poll,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEED = Feed(id="f_1", url="https://feed.example/", outlet="Example", baseline_done=True)
NEW_PLACE = "https://new.example/feed"


def polls(seconds: float = 0.1, number: int = 5) -> tuple[PastPoll, ...]:
    return tuple(PastPoll(NOW - HOUR * n, "fetched", 200, "fine", seconds=seconds) for n in range(number))


WELL = Standing(FeedHistory(polls=polls()), NOW, 0, None, None, None)
_STATES = {
    "waiting": replace(WELL, last_polled_at=None, history=FeedHistory()),
    "ok": WELL,
    "slow": replace(WELL, history=FeedHistory(polls=polls(6.0))),
    "failing": replace(WELL, failures=1),
    "dark": replace(WELL, failures=9, dark_since=NOW - HOUR),
    "gap": replace(WELL, history=FeedHistory(polls=polls(6.0), gap_at=NOW - 23 * HOUR)),
    "moved": replace(WELL, history=FeedHistory(polls=polls(), moved_to=NEW_PLACE, moved_since=NOW)),
    "gone": replace(WELL, failures=1, dark_since=NOW, history=FeedHistory(polls=polls(), gone_since=NOW)),
    "paused": replace(WELL, failures=1, dark_since=NOW, paused_because="too noisy"),
}


@pytest.mark.parametrize("state", _STATES)
def test_the_gravest_state_is_shown(state: str) -> None:
    assert health(_STATES[state], NOW).state == state


@pytest.mark.parametrize("word", [*_STATES, *FeedEvent], ids=str)
def test_every_state_and_event_of_a_feed_stands_in_the_architecture(word: str) -> None:
    assert f"`{word}`" in (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"gap_at": NOW - 25 * HOUR}, "ok"),
        ({"moved_at": NOW - 6 * 24 * HOUR}, "moved"),
        ({"moved_at": NOW - 8 * 24 * HOUR}, "ok"),
        ({"polls": polls(6.0, number=4)}, "ok"),
        ({"polls": (*polls(0.1, number=3), *polls(60.0, number=2))}, "ok"),
    ],
)
def test_what_passes_by_itself_passes(changed: dict[str, object], state: str) -> None:
    history = replace(WELL.history, **changed)  # type: ignore[arg-type]
    assert health(replace(WELL, history=history, moved_from="https://old.example/"), NOW).state == state


def test_a_failing_feed_says_since_when_and_why() -> None:
    first = plan_failure(FEED, "It was down.", NOW)
    assert first.history is not None
    again = plan_failure(replace(FEED, failures=1, history=first.history), "Still down.", NOW + HOUR)
    assert again.history is not None
    how = health(Standing(again.history, NOW + HOUR, again.failures, None, None, None), NOW + HOUR)
    assert (how.state, how.since, how.why) == ("failing", NOW, "Still down.")
    well = plan_not_modified(replace(FEED, history=again.history), NOW + 2 * HOUR)
    assert well.history is not None
    assert well.history.failing_since is None


def test_only_the_last_answers_are_kept_and_long_reasons_are_cut() -> None:
    history = FeedHistory()
    for number in range(30):
        history = remembered(history, PastPoll(NOW, "fetched", 200, f"{number} {'x' * 999}"), [number] * 9)
    assert [poll.reason.split()[0] for poll in history.polls] == [str(n) for n in range(10, 30)]
    assert max(len(poll.reason) for poll in history.polls) == 200
    assert (len(history.latencies), history.latencies[-1]) == (100, 29)


@pytest.mark.parametrize(
    ("values", "half", "most"),
    [((), None, None), ((7,), 7, 7), ((3, 1, 2), 2, 3), (tuple(range(1, 101)), 50, 95)],
)
def test_percentiles_are_values_that_occurred(
    values: tuple[int, ...], half: int | None, most: int | None
) -> None:
    assert (percentile(values, 0.5), percentile(values, 0.95)) == (half, most)


# --- moved, gone, dark -----------------------------------------------------------------------------


def through(feed: Feed, moments: list[float], targets: list[str | None]) -> list[PollPlan]:
    """Polls of `feed` at hours from NOW, each redirected for good to its target."""
    plans = []
    for hours, target in zip(moments, targets, strict=True):
        plan = plan_poll(
            feed, [], {}, NOW + hours * HOUR, etag=None, last_modified=None, arrival=Arrival(moved_to=target)
        )
        assert plan.history is not None
        feed = replace(feed, history=plan.history)
        plans.append(plan)
    return plans


@pytest.mark.parametrize(
    ("moments", "targets", "moves"),
    [
        ([0, 12, 24, 36, 48], [NEW_PLACE] * 5, True),
        ([0, 12, 24, 36, 47.9], [NEW_PLACE] * 5, False),
        ([0, 24, 48, 72], [NEW_PLACE] * 4, False),
        ([0, 12, 24, 36, 48], [NEW_PLACE, NEW_PLACE, "https://other.example/", NEW_PLACE, NEW_PLACE], False),
        ([0, 12, 24, 36, 48, 60], [NEW_PLACE, NEW_PLACE, None, NEW_PLACE, NEW_PLACE, NEW_PLACE], False),
        ([0, 12, 24, 36, 48], [None] * 5, False),
    ],
)
def test_an_address_is_rewritten_only_after_proof(
    moments: list[float], targets: list[str | None], moves: bool
) -> None:
    last = through(FEED, moments, targets)[-1]
    assert (last.move_to == NEW_PLACE) == moves
    assert [one.event for one in last.notices] == ([FeedEvent.MOVED] if moves else [])
    assert last.history is not None
    assert (last.history.moved_at is not None) == moves


def test_a_target_that_is_no_feed_proves_nothing_and_breaks_nothing_off() -> None:
    plans = through(FEED, [0, 12, 24, 36], [NEW_PLACE] * 4)
    assert plans[-1].history is not None
    page = plan_failure(replace(FEED, history=plans[-1].history), "It is a web page.", NOW + 48 * HOUR)
    assert page.move_to is None
    assert page.history is not None
    assert page.history.moved_times == 4


def gone(*answers: tuple[float, int | None]) -> PollPlan:
    """The last of failed polls at hours from NOW with these statuses; 200 and 304 are no failures."""
    feed, plan = FEED, None
    for hours, status in answers:
        now = NOW + hours * HOUR
        well = status in (200, 304)
        plan = plan_not_modified(feed, now) if well else plan_failure(feed, "why", now, None, status)
        assert plan.history is not None
        feed = replace(feed, history=plan.history, failures=plan.failures)
    assert plan is not None
    return plan


@pytest.mark.parametrize(
    ("answers", "paused"),
    [
        ([(0, 410)], False),
        ([(0, 410), (23, 410)], False),
        ([(0, 410), (24, 410)], True),
        ([(0, 410), (6, 410), (12, 410), (25, 410)], True),
        ([(0, 410), (12, None), (25, 410)], True),
        ([(0, 410), (12, 304), (25, 410)], False),
        ([(0, 410), (12, 404), (25, 410)], False),
        ([(0, 404), (500, 404), (1000, 404)], False),
    ],
)
def test_only_a_feed_that_says_twice_that_it_is_gone_is_paused(
    answers: list[tuple[float, int | None]], paused: bool
) -> None:
    plan = gone(*answers)
    assert (plan.pause_because is not None) == paused
    assert [one.event for one in plan.notices] == ([FeedEvent.GONE] if paused else [])


@pytest.mark.parametrize(("seconds", "hours"), [(1, 6), (900, 6), (7200, 6), (7201, 6.0008), (86400, 72)])
def test_a_feed_is_dark_after_three_intervals_and_never_before_six_hours(seconds: int, hours: float) -> None:
    assert dark_after(seconds).total_seconds() == pytest.approx(hours * 3600, abs=1)


# --- gaps and dates --------------------------------------------------------------------------------


def entry(guid: str, published: datetime | None = NOW, position: int = 0) -> Entry:
    return Entry(position=position, guid=guid, title=f"Title {guid}", text="words", published=published)


OVERLAP = {identify("f_1", [entry("a")])[0].item_id: frozenset({"x"})}
HAD = replace(FEED, history=FeedHistory(entries=3), fetched_at=NOW - HOUR)


@pytest.mark.parametrize(
    ("feed", "guids", "published", "gap"),
    [
        (HAD, "bc", NOW, True),
        (HAD, "abc", NOW, False),
        (HAD, "", NOW, False),
        (replace(HAD, history=FeedHistory()), "bc", NOW, False),
        (replace(HAD, baseline_done=False), "bc", NOW, False),
        (HAD, "bc", None, True),
        (HAD, "bc", NOW - 2 * HOUR, False),
    ],
    ids=["no overlap", "overlap", "empty", "was empty", "first fetch", "undated", "only the ids are new"],
)
def test_a_document_without_overlap_leaves_a_gap(
    feed: Feed, guids: str, published: datetime | None, gap: bool
) -> None:
    entries = [entry(guid, published, n) for n, guid in enumerate(guids)]
    assert leaves_gap(feed, identify("f_1", entries), OVERLAP) == gap


def test_a_gap_is_told_and_halves_the_interval() -> None:
    feed = replace(HAD, adaptive=True)
    plan = plan_poll(feed, [entry("b")], OVERLAP, NOW, etag=None, last_modified=None)
    assert [one.event for one in plan.notices] == [FeedEvent.GAP]
    assert "some may have been missed" in plan.reason
    assert timedelta(seconds=450) <= plan.next_poll_at - NOW <= timedelta(seconds=495)


def test_an_archive_page_that_overlaps_closes_a_gap_and_its_entries_are_taken() -> None:
    arrival = Arrival(archived=(entry("m", position=1), entry("a", position=2)), archive_pages=1)
    plan = plan_poll(HAD, [entry("b")], OVERLAP, NOW, etag=None, last_modified=None, arrival=arrival)
    assert "a gap, closed by 1 older pages" in plan.reason
    assert {revision.guid for revision in plan.revisions} == {"b", "m", "a"}


@pytest.mark.parametrize(
    ("published", "flag"),
    [
        (None, "missing"),
        (NOW, ""),
        (NOW + 24 * HOUR, ""),
        (NOW + 24 * HOUR + timedelta(seconds=1), "future"),
        (datetime(9999, 12, 31, tzinfo=UTC), "future"),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), "absurd"),
        (datetime(1, 1, 1, tzinfo=UTC), "absurd"),
        (datetime(1970, 1, 1, tzinfo=UTC), ""),
    ],
)
def test_a_date_that_cannot_be_right_is_flagged(published: datetime | None, flag: str) -> None:
    assert date_flag(published, NOW) == flag
    plan = plan_poll(FEED, [entry("a", published)], {}, NOW, etag=None, last_modified=None)
    assert plan.revisions[0].date_flag == flag
    assert (f"with a date that is {flag}" in plan.reason) == bool(flag)
    if flag:
        assert plan.revisions[0].told_at == NOW


def test_how_late_news_were_is_measured_and_history_is_not() -> None:
    late = entry("a", NOW - timedelta(seconds=90))
    plan = plan_poll(
        FEED, [late, entry("b", None), entry("c", NOW + HOUR)], {}, NOW, etag=None, last_modified=None
    )
    assert plan.history is not None
    assert (plan.history.latencies, plan.history.polls[-1].new) == ((90,), 3)
    unread = replace(FEED, baseline_done=False, told_as_news=True)
    first = plan_poll(unread, [late], {}, NOW, etag=None, last_modified=None)
    assert first.history is not None
    assert (first.history.latencies, first.history.polls[-1].new) == ((), 0)


@pytest.mark.parametrize(
    ("late", "failures", "later"), [(500, 0, True), (0.2, 0, False), (500, 3, False)], ids=str
)
def test_time_in_which_a_feed_was_not_asked_does_not_count_towards_the_dark(
    late: float, failures: int, later: bool
) -> None:
    feed = replace(FEED, next_poll_at=NOW - late * HOUR, failures=failures)
    plan = plan_failure(feed, "It was down.", NOW)
    assert plan.dark_at == (NOW + 6 * HOUR if later else None)
