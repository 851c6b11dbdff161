"""What polls leave behind, in the commit of whoever calls: next poll and history, notices, items, quarantine.

How it decides: most polls find that nothing changed and leave one row behind. Such quiet ones that come one
after another are saved by one statement, since a statement costs more than a row; any other is saved by
itself. The outcome is the same as if each were saved alone, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, update

from service import failpoints
from service.core.feed import EndedPoll, PollPlan
from service.core.hosts import host_of
from service.core.model import Subscription
from service.errors import StoreError
from service.store.articles import add_articles
from service.store.codec import encode
from service.store.hosts import forget_holds, save_holds
from service.store.hubs import note_offer
from service.store.notices import note
from service.store.quarantine import add_what_can_be, put_aside
from service.store.schema import feeds

_WHOLE = ("fetched", "not_modified")  # outcomes that say what the whole document is


def save_polls(
    connection: Connection, ended: Sequence[EndedPoll], subscriptions: Sequence[Subscription]
) -> list[int]:
    """Save all that each poll means to save; how many revisions of each were new.

    StoreError where a feed was never declared.
    """
    saved: list[int] = []
    for quiet, polls in groupby(ended, _is_quiet):
        if quiet:
            saved += _save_quiet(connection, list(polls))
        else:
            saved += [_save_one(connection, one, subscriptions) for one in polls]
    return saved


def _is_quiet(ended: EndedPoll) -> bool:
    """Whether nothing changed, and nothing befell the feed."""
    plan = ended.plan
    more = plan.revisions or plan.unparsed or plan.notices or plan.holds
    return plan.outcome == "not_modified" and not more


def _save_quiet(connection: Connection, polls: Sequence[EndedPoll]) -> list[int]:
    rows = [_row(one.feed_id, one.plan, one.at) for one in polls]
    for names, alike in groupby(rows, tuple):
        _note(connection, names, list(alike))
    failpoints.hit("in-tx")
    forget_holds(connection, [one.feed_id for one in polls])
    return [0] * len(polls)


def _save_one(connection: Connection, ended: EndedPoll, subscriptions: Sequence[Subscription]) -> int:
    feed_id, plan, now = ended.feed_id, ended.plan, ended.at
    row = _row(feed_id, plan, now)
    _note(connection, tuple(row), [row])
    failpoints.hit("in-tx")
    note(connection, feed_id, plan.notices, now, subscriptions)
    save_holds(connection, plan.holds)
    if plan.outcome in _WHOLE:
        forget_holds(connection, [feed_id])
    if plan.outcome == "fetched" and plan.history is not None:
        note_offer(connection, feed_id, plan.history.wishes, now)
    saved, refused = add_what_can_be(connection, feed_id, plan.revisions, now)
    add_articles(connection, feed_id, plan.revisions, now)
    put_aside(connection, feed_id, (*plan.unparsed, *refused), now)
    return saved


def _row(feed_id: str, plan: PollPlan, now: datetime) -> dict[str, Any]:
    """The parameters of `_noting`. What a plan does not speak of stays: a person may have paused the feed."""
    values: dict[str, Any] = {
        "etag": plan.etag,
        "last_modified": plan.last_modified,
        "next_poll_at": plan.next_poll_at,
        "baseline_done": plan.baseline_done,
        "failures": plan.failures,
        "last_polled_at": now,
        "last_outcome": plan.outcome,
        "last_reason": plan.reason,
        "last_status": plan.http_status,
    }
    if plan.outcome in _WHOLE:
        values |= {"fetched_at": now, "dark_since": None}
    given: dict[str, Any] = {
        "history": None if plan.history is None else encode(plan.history),
        "moved_url": plan.move_to,
        "host": host_of(plan.move_to) if plan.move_to else None,
        "paused_because": plan.pause_because,
        "dark_at": plan.dark_at,
    }
    values |= {name: value for name, value in given.items() if value is not None}
    return {"polled": feed_id} | {f"new_{name}": value for name, value in values.items()}


@cache
def _noting(names: tuple[str, ...]) -> Any:
    """The statement that takes such rows: building one costs more than running it."""
    columns = [name.removeprefix("new_") for name in names if name != "polled"]
    row = {name: bindparam(f"new_{name}", type_=feeds.c[name].type) for name in columns}
    return update(feeds).where(feeds.c.id == bindparam("polled")).values(**row)


def _note(connection: Connection, names: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    saved = connection.execute(_noting(names), rows)
    if saved.rowcount != len(rows):
        polled = " or ".join(repr(row["polled"]) for row in rows)
        raise StoreError(f"The feed {polled} was polled but never declared.")
