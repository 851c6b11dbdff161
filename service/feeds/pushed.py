"""Items that a program of the operator's pushes: revisions of a feed of their own, which nobody polls.

How it decides: an item is known by its id, and its words say whether it is new or changed, as in any feed, so
pushing it again is harmless. One that is dated long before it came is stored as history and alerts nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from service.core.feed import Entry, Feed, PollPlan
from service.core.polling import identify, plan_poll
from service.core.text import clean, stable_id
from service.errors import InputError
from service.feeds.strings import MAX_ADDRESS, MAX_NAME, MAX_TEXT, MAX_TITLE, language, web_address
from service.jsonl import GivenItem

MAX_ITEMS = 1000
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
INTAKE = Feed(id=stable_id("f", "intake"), url="pushed:items", outlet="pushed", baseline_done=True)
_RESTS = PollPlan(
    revisions=(),
    next_poll_at=NEVER,
    etag=None,
    last_modified=None,
    baseline_done=True,
    failures=0,
    outcome="fetched",
    reason="items are pushed to it; it is not polled",
)


class PushLedger(Protocol):
    """What pushing needs of the ledger's feeds: the store's FeedRows."""

    def known(self, feed_id: str, item_ids: Collection[str]) -> dict[str, frozenset[str]]: ...

    def commit_poll(self, feed_id: str, plan: PollPlan, now: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one item. `id` is the giver's, `item_id` ours, `state` new, changed or known."""

    id: str
    item_id: str
    state: str
    backfill: bool


def keep_unpolled(feeds: PushLedger, now: datetime) -> None:
    """Put the next poll of the declared intake feed where it never comes."""
    feeds.commit_poll(INTAKE.id, _RESTS, now)


def take(feeds: PushLedger, items: Sequence[GivenItem], now: datetime) -> tuple[Taken, ...]:
    """Save the items in one commit, all or none, and say what became of each, in their order.

    InputError names the first that cannot be used, by its place from 1.
    """
    if len(items) > MAX_ITEMS:
        raise InputError(f"{len(items)} items were given; at most {MAX_ITEMS} are taken at once.")
    entries = [_entry(item, place) for place, item in enumerate(items)]
    _no_doubles(entries)
    identified = identify(INTAKE.id, entries)
    known = feeds.known(INTAKE.id, [one.item_id for one in identified])
    plan = plan_poll(INTAKE, entries, known, now, etag=None, last_modified=None, http_status=None)
    feeds.commit_poll(INTAKE.id, replace(plan, next_poll_at=NEVER), now)
    saved = {revision.item_id: revision for revision in plan.revisions}
    return tuple(
        Taken(
            id=one.entry.guid or "",
            item_id=one.item_id,
            state=saved[one.item_id].reason if one.item_id in saved else "known",
            backfill=one.item_id in saved and saved[one.item_id].backfill,
        )
        for one in identified
    )


def _no_doubles(entries: Sequence[Entry]) -> None:
    first: dict[str | None, int] = {}
    for place, entry in enumerate(entries, start=1):
        if first.setdefault(entry.guid, place) != place:
            raise InputError(f"item {place}: it has the id of item {first[entry.guid]}.")


def _entry(item: GivenItem, place: int) -> Entry:
    """The item as an entry; refused, not cut, where it is more than a feed may say."""
    given = (
        ("id", item.id, MAX_ADDRESS),
        ("title", item.title, MAX_TITLE),
        ("text", item.text, MAX_TEXT),
        ("outlet", item.outlet or "", MAX_NAME),
        ("url", item.url or "", MAX_ADDRESS),
    )
    for name, value, most in given:
        if len(value) > most:
            raise InputError(f"item {place + 1}: its {name} is longer than {most} characters.")
    if item.url and web_address(item.url) is None:
        raise InputError(f"item {place + 1}: its url is none of the web.")
    return Entry(
        position=place,
        guid=clean(item.id).strip() or stable_id("i", item.url, item.title, item.text),
        title=" ".join(clean(item.title).split()),
        text=clean(item.text).strip(),
        url=web_address(item.url),
        published=item.published,
        lang=language(item.lang),
        outlet=" ".join(clean(item.outlet or "").split()) or None,
    )
