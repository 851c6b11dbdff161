"""Polls that end together: quiet ones are saved by one statement, and it is as if each were saved alone."""

from __future__ import annotations

import pytest

from service.core.feed import EndedPoll, PollPlan
from service.core.hosts import Hold, Place
from service.errors import StoreError
from service.store.ledger import Ledger
from tests.fakes_store import NOON, a_feed, a_plan, a_revision, later

WIRE = Place("wire.example")


def quiet(number: int, **changes: object) -> PollPlan:
    """Nothing changed, and the server named the version `number`."""
    given = {
        "outcome": "not_modified",
        "http_status": 304,
        "etag": f'"{number}"',
        "next_poll_at": later(number),
    }
    return a_plan(**(given | changes))


def held(ledger: Ledger) -> list[str]:
    return [place.name for place in ledger.feeds.holds([WIRE])]


def test_many_quiet_polls_each_leave_their_own_behind(ledger: Ledger) -> None:
    names = [f"f{number:02}" for number in range(30)]
    ledger.feeds.declare([a_feed(name) for name in names], NOON)
    # Every third says when it counts as dark, so the columns differ from one to the next.
    polls = [
        EndedPoll(name, quiet(n, dark_at=later(99) if n % 3 == 0 else None), later(n))
        for n, name in enumerate(names)
    ]
    assert ledger.feeds.commit_polls(polls) == [0] * 30
    found = {feed.id: feed for feed in ledger.feeds.due(later(9999), 99)}
    assert [found[name].etag for name in names] == [f'"{n}"' for n in range(30)]
    assert [found[name].fetched_at for name in names] == [later(n) for n in range(30)]
    assert [found[name].next_poll_at for name in names] == [later(n) for n in range(30)]


def test_quiet_polls_between_others_count_nothing_new_and_keep_their_places(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed(name) for name in "abcd"], NOON)
    plans = [quiet(1), a_plan(a_revision("i1")), quiet(2), a_plan(a_revision("i2"), a_revision("i3"))]
    polls = [EndedPoll(name, plan, NOON) for name, plan in zip("abcd", plans, strict=True)]
    assert ledger.feeds.commit_polls(polls) == [0, 1, 0, 2]


def test_a_feed_nobody_declared_among_quiet_ones_is_named_and_takes_none_before_it_along(
    ledger: Ledger,
) -> None:
    ledger.feeds.declare([a_feed("a"), a_feed("b")], NOON)
    polls = [EndedPoll(name, quiet(n), NOON) for n, name in enumerate(["a", "b", "ghost"])]
    with pytest.raises(StoreError, match="The feed 'ghost' was polled but never declared"):
        ledger.feeds.commit_polls(polls)
    assert {feed.id: feed.etag for feed in ledger.feeds.due(later(99), 9)} == {"a": '"0"', "b": '"1"'}


@pytest.mark.parametrize("quiet_last", [True, False], ids=["it answers well at last", "it refuses at last"])
def test_what_a_host_said_last_holds(ledger: Ledger, quiet_last: bool) -> None:
    ledger.feeds.declare([a_feed(name, url=f"https://wire.example/{name}") for name in "ab"], NOON)
    hold = Hold(WIRE, 1, later(600), "it answered 429")
    refused = a_plan(outcome="failed", http_status=429, failures=1, holds=(hold,))
    plans = [refused, quiet(1)] if quiet_last else [quiet(1), refused]
    ledger.feeds.commit_polls([EndedPoll(name, plan, NOON) for name, plan in zip("ab", plans, strict=True)])
    assert held(ledger) == ([] if quiet_last else ["wire.example"])
