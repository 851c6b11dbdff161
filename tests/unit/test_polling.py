"""Polling decisions: what is new, what is changed, what is history, and when to ask again."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from service.core.feed import Entry, Feed, PollPlan
from service.core.polling import (
    MAX_REVISIONS,
    identify,
    item_id,
    plan_failure,
    plan_not_modified,
    plan_poll,
    told_at,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FEED = Feed(id="f_1", url="https://feed.example/", outlet="Example", baseline_done=True, etag='"old"')
_WAITS = tomllib.loads((Path(__file__).parent.parent / "cases/polling_backoff.toml").read_text("utf-8"))[
    "case"
]


def entry(position: int = 0, guid: str | None = "g1", text: str = "words", **more: object) -> Entry:
    whole = {"title": "Title", "url": "https://feed.example/1", "published": NOW - timedelta(hours=1)} | more
    return Entry(position=position, guid=guid, text=text, **whole)  # type: ignore[arg-type]


def poll(
    *entries: Entry, feed: Feed = FEED, known: dict[str, frozenset[str]] | None = None, now: datetime = NOW
) -> PollPlan:
    return plan_poll(feed, entries, known or {}, now, etag='"new"', last_modified="then")


def kept(plan: PollPlan) -> dict[str, frozenset[str]]:
    """What the ledger knows after `plan` was saved."""
    return {revision.item_id: frozenset({revision.fingerprint}) for revision in plan.revisions}


# --- identity --------------------------------------------------------------------------------------


def test_the_same_entry_has_the_same_id_whatever_its_words() -> None:
    assert item_id("f_1", entry()) == item_id("f_1", entry(text="other", url=None, position=7))


def test_another_feed_gives_the_same_guid_another_id() -> None:
    assert item_id("f_1", entry()) != item_id("f_2", entry())


def test_without_a_guid_the_link_decides_and_without_a_link_the_words() -> None:
    assert item_id("f", entry(guid=None)) == item_id("f", entry(guid=None, text="other"))
    bare = entry(guid=None, url=None)
    assert item_id("f", bare) == item_id("f", replace(bare, text="words ", position=3))
    assert item_id("f", bare) != item_id("f", replace(bare, text="other"))


def test_a_guid_that_stands_twice_belongs_to_the_first_and_all_entries_are_kept() -> None:
    first = entry(0, text="one")
    second = entry(1, text="two", url="https://feed.example/2")
    third = entry(2, text="three", url="https://feed.example/2")
    ids = [one.item_id for one in identify("f_1", [first, second, third])]
    assert ids[0] == item_id("f_1", first)
    assert len(set(ids)) == 3


def test_an_exact_double_in_one_document_is_one_item() -> None:
    assert [one.entry.position for one in identify("f_1", [entry(0), entry(1), entry(2, text="two")])] == [
        0,
        2,
    ]


def test_doubled_guids_keep_their_ids_from_poll_to_poll() -> None:
    entries = [entry(0, text="one"), entry(1, text="two"), entry(2, text="three")]
    plan = poll(*entries)
    assert len(plan.revisions) == 3
    assert poll(*entries, known=kept(plan)).revisions == ()


@given(
    st.lists(
        st.tuples(st.sampled_from([None, "a", "b"]), st.sampled_from([None, "u", "v"]), st.text(max_size=2))
    )
)
def test_no_two_entries_of_one_document_share_an_id(rows: list[tuple[str | None, str | None, str]]) -> None:
    entries = [entry(n, guid, text, url=url) for n, (guid, url, text) in enumerate(rows)]
    found = identify("f_1", entries)
    assert len({one.item_id for one in found}) == len(found)
    assert {one.fingerprint for one in found} == {
        one.fingerprint for e in entries for one in identify("f", [e])
    }


# --- new, changed, nothing -------------------------------------------------------------------------


def test_an_entry_not_seen_before_is_new() -> None:
    plan = poll(entry())
    (revision,) = plan.revisions
    assert (revision.reason, revision.backfill, revision.outlet) == ("new", False, "Example")
    assert (plan.etag, plan.last_modified, plan.failures, plan.outcome) == ('"new"', "then", 0, "fetched")
    assert plan.reason == "1 new and 0 changed of 1 entries"


def test_changed_words_under_a_known_guid_are_a_revision_that_speaks_from_now() -> None:
    rumor = poll(entry(text="A report says that they talk."))
    later = NOW + timedelta(hours=5)
    denial = poll(entry(text="They deny that they talk."), known=kept(rumor), now=later)
    (revision,) = denial.revisions
    assert (revision.reason, revision.item_id) == ("changed", rumor.revisions[0].item_id)
    assert revision.told_at == later
    assert not revision.backfill


def test_moved_spaces_and_curled_quotes_are_no_change() -> None:
    plan = poll(entry(text='They said "no".\n\nAnd left.'))
    assert poll(entry(text="They  said “no”. And left. "), known=kept(plan)).revisions == ()


def test_words_that_return_to_an_earlier_revision_are_no_change() -> None:
    first, second = poll(entry(text="one")), poll(entry(text="two"))
    name = first.revisions[0].item_id
    both = {name: frozenset({first.revisions[0].fingerprint, second.revisions[0].fingerprint})}
    assert poll(entry(text="one"), known=both).revisions == ()


def test_the_outlet_of_an_entry_and_the_language_of_the_operator_win() -> None:
    plan = poll(entry(outlet="Wire", lang="en"), feed=replace(FEED, lang="zh"))
    assert (plan.revisions[0].outlet, plan.revisions[0].lang) == ("Wire", "zh")
    assert poll(entry(lang="en")).revisions[0].lang == "en"


# --- history ---------------------------------------------------------------------------------------


def test_the_first_fetch_is_history_even_where_it_is_recent() -> None:
    plan = poll(entry(), feed=replace(FEED, baseline_done=False))
    assert plan.revisions[0].backfill
    assert plan.baseline_done


def test_a_feed_that_was_empty_at_first_has_its_baseline_and_its_first_entry_is_news() -> None:
    empty = poll(feed=replace(FEED, baseline_done=False))
    assert empty.baseline_done
    assert not poll(entry(), feed=replace(FEED, baseline_done=empty.baseline_done)).revisions[0].backfill


def test_the_demonstration_feed_is_told_as_news_whatever_its_dates() -> None:
    demo = replace(FEED, baseline_done=False, told_as_news=True)
    assert not poll(entry(published=NOW - timedelta(days=900)), feed=demo).revisions[0].backfill


@pytest.mark.parametrize(("days", "history"), [(6.9, False), (7, True), (700, True)])
def test_an_archive_that_is_replayed_is_history(days: float, history: bool) -> None:
    feed = replace(FEED, fetched_at=NOW)
    assert poll(entry(published=NOW - timedelta(days=days)), feed=feed).revisions[0].backfill == history


def test_news_of_the_time_when_a_feed_was_dark_is_news() -> None:
    dark = replace(FEED, fetched_at=NOW - timedelta(days=20))
    assert not poll(entry(published=NOW - timedelta(days=15)), feed=dark).revisions[0].backfill
    assert poll(entry(published=NOW - timedelta(days=28)), feed=dark).revisions[0].backfill


# --- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("published", "told"),
    [
        (None, NOW),
        (NOW - timedelta(days=3), NOW - timedelta(days=3)),
        (NOW, NOW),
        (NOW + timedelta(seconds=1), NOW),
        (NOW + timedelta(days=400), NOW),
        (datetime(1969, 12, 31, tzinfo=UTC), NOW),
        (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)),
        (datetime(1, 1, 1, tzinfo=UTC), NOW),
        (datetime(9999, 12, 31, tzinfo=UTC), NOW),
    ],
)
def test_an_entry_speaks_from_its_date_where_that_is_sane(published: datetime | None, told: datetime) -> None:
    assert told_at(published, NOW) == told


def test_revisions_are_in_the_order_in_which_they_were_told_then_of_the_document() -> None:
    old, new = NOW - timedelta(hours=9), NOW - timedelta(hours=1)
    plan = poll(entry(0, "a", published=new), entry(1, "b", published=old), entry(2, "c", published=old))
    assert [revision.guid for revision in plan.revisions] == ["b", "c", "a"]


# --- a document too long for one poll --------------------------------------------------------------


def test_a_long_document_is_taken_in_parts_without_validators_and_loses_nothing() -> None:
    entries = [entry(n, f"g{n}", f"words {n}") for n in range(MAX_REVISIONS + 5)]
    first = poll(*entries, feed=replace(FEED, baseline_done=False))
    assert (len(first.revisions), first.etag, first.last_modified) == (MAX_REVISIONS, None, None)
    assert not first.baseline_done
    assert "5 more wait for the next poll" in first.reason
    rest = poll(*entries, known=kept(first), feed=replace(FEED, baseline_done=False))
    assert (len(rest.revisions), rest.etag, rest.baseline_done) == (5, '"new"', True)
    assert all(revision.backfill for revision in rest.revisions)


# --- when to ask again -----------------------------------------------------------------------------


def test_the_operators_interval_is_honoured() -> None:
    assert poll(feed=replace(FEED, interval_seconds=7)).next_poll_at == NOW + timedelta(seconds=7)
    assert plan_not_modified(replace(FEED, interval_seconds=0), NOW).next_poll_at == NOW + timedelta(
        seconds=1
    )


def test_a_304_keeps_the_validators_and_takes_new_ones() -> None:
    feed = replace(FEED, last_modified="then", failures=3)
    plan = plan_not_modified(feed, NOW)
    assert (plan.etag, plan.last_modified, plan.failures, plan.outcome) == (
        '"old"',
        "then",
        0,
        "not_modified",
    )
    assert plan_not_modified(feed, NOW, etag='W/"newer"').etag == 'W/"newer"'


def test_a_200_without_validators_drops_the_old_ones() -> None:
    plan = plan_poll(FEED, [], {}, NOW, etag=None, last_modified=None)
    assert plan.etag is None


def test_a_304_before_any_document_is_no_baseline() -> None:
    assert not plan_not_modified(replace(FEED, baseline_done=False), NOW).baseline_done


def test_a_failure_keeps_the_validators_and_says_why() -> None:
    plan = plan_failure(replace(FEED, baseline_done=False, failures=2), "It was down.", NOW, None, 502)
    assert (plan.etag, plan.failures, plan.outcome) == ('"old"', 3, "failed")
    assert (plan.reason, plan.http_status, plan.baseline_done) == ("It was down.", 502, False)


@pytest.mark.parametrize("case", _WAITS, ids=[case["id"] for case in _WAITS])
def test_a_failing_feed_waits(case: dict[str, int]) -> None:
    feed = replace(FEED, interval_seconds=case["interval"], failures=case["failures"])
    plan = plan_failure(feed, "why", NOW, case.get("retry_after"), case.get("status"))
    assert plan.next_poll_at - NOW == timedelta(seconds=case["wait"]), case["why"]
