"""Which entries of a feed are new or changed, when to ask again, and why.

How it decides: an entry is known by its guid, else its link, else its words; a guid that stands twice in one
document belongs to its first entry, the others are told apart by link, then by words. An entry with an id not
seen before is new; one whose fingerprint was not seen under its id is changed, and read again; a moved space
changes no fingerprint. What it leaves out: adaptive intervals, gaps between documents, moved feeds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from service.core.model import Entry, Feed, NewRevision, PollPlan
from service.core.text import fingerprint, stable_id

FLOOR_SECONDS = 1
BACKOFF_CAP = timedelta(hours=6)
RETRY_AFTER_CAP = timedelta(hours=24)
LONG_BEFORE = timedelta(days=7)
MAX_REVISIONS = 2000
# A server that says "too often" or "not you" without a time: publishers expect hours, not minutes.
_ASKED_TO_SLOW = (403, 429)
_SLOW_STEPS = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Identified:
    """An entry with the item id and the fingerprint under which it is kept."""

    item_id: str
    fingerprint: str
    entry: Entry


def item_id(feed_id: str, entry: Entry) -> str:
    """The id of the item that `entry` is, where nothing else in its document claims the same guid."""
    return stable_id("i", feed_id, entry.guid or entry.url or _words_key(entry))


def identify(feed_id: str, entries: Sequence[Entry]) -> tuple[Identified, ...]:
    """Every entry with its item id, in document order; an exact double of an earlier entry is left out."""
    taken: dict[str, str] = {}
    found = []
    for entry in entries:
        mark = fingerprint(entry.title, entry.text)
        for candidate in _candidates(feed_id, entry):
            if candidate not in taken:
                taken[candidate] = mark
                found.append(Identified(candidate, mark, entry))
                break
            if taken[candidate] == mark:
                break
    return tuple(found)


def _candidates(feed_id: str, entry: Entry) -> tuple[str, ...]:
    key = entry.guid or entry.url or ""
    return (
        item_id(feed_id, entry),
        stable_id("i", feed_id, key, entry.url),
        stable_id("i", feed_id, key, entry.url, _words_key(entry)),
    )


def _words_key(entry: Entry) -> str:
    words = " ".join(f"{entry.title}\n{entry.text}".split())
    return "sha256:" + hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


def told_at(published: datetime | None, now: datetime) -> datetime:
    """The moment an entry speaks from: its published time unless missing, before 1970 or after `now`."""
    if published is None or not _EPOCH <= published <= now:
        return now
    return published


def plan_poll(
    feed: Feed,
    entries: Sequence[Entry],
    known: Mapping[str, frozenset[str]],
    now: datetime,
    *,
    etag: str | None,
    last_modified: str | None,
    http_status: int | None = 200,
    note: str = "",
) -> PollPlan:
    """What to save of a fetched document.

    `known` maps item ids (those of `identify`) to the fingerprints already kept under them. At most
    MAX_REVISIONS are taken at once: then the validators are withheld, so that the next poll sees the whole
    document again and takes the rest. `note` is added to the reason.
    """
    identified = identify(feed.id, entries)
    fresh = [one for one in identified if one.fingerprint not in known.get(one.item_id, frozenset())]
    taken = [_revision(feed, one, one.item_id in known, now) for one in fresh[:MAX_REVISIONS]]
    taken.sort(key=lambda revision: (revision.told_at, revision.position))
    whole = len(fresh) <= MAX_REVISIONS
    return PollPlan(
        revisions=tuple(taken),
        next_poll_at=now + _interval(feed),
        etag=etag if whole else None,
        last_modified=last_modified if whole else None,
        baseline_done=feed.baseline_done or whole,
        failures=0,
        outcome="fetched",
        reason=_summary(taken, len(identified), len(fresh) - len(taken), note),
        http_status=http_status,
    )


def _revision(feed: Feed, one: Identified, changed: bool, now: datetime) -> NewRevision:
    entry = one.entry
    return NewRevision(
        item_id=one.item_id,
        fingerprint=one.fingerprint,
        guid=entry.guid,
        title=entry.title,
        text=entry.text,
        url=entry.url,
        outlet=entry.outlet or feed.outlet,
        lang=feed.lang or entry.lang,
        published=entry.published,
        # New words under an old date were not there on that date: an edit speaks from when we saw it.
        told_at=now if changed else told_at(entry.published, now),
        position=entry.position,
        backfill=not changed and _is_backfill(feed, entry, now),
        reason="changed" if changed else "new",
    )


def _is_backfill(feed: Feed, entry: Entry, now: datetime) -> bool:
    """Whether a never seen entry is history: met on the first fetch, or dated long before the last one."""
    if feed.told_as_news:
        return False
    if not feed.baseline_done:
        return True
    last_fetch = feed.fetched_at or now
    return entry.published is not None and entry.published <= last_fetch - LONG_BEFORE


def _summary(taken: Sequence[NewRevision], entries: int, left: int, note: str) -> str:
    changed = sum(revision.reason == "changed" for revision in taken)
    backfill = sum(revision.backfill for revision in taken)
    parts = [f"{len(taken) - changed} new and {changed} changed of {entries} entries"]
    if backfill:
        parts.append(f"{backfill} of them history that alerts nobody")
    if left:
        parts.append(f"{left} more wait for the next poll")
    if note:
        parts.append(note)
    return "; ".join(parts)


def plan_not_modified(
    feed: Feed, now: datetime, *, etag: str | None = None, last_modified: str | None = None
) -> PollPlan:
    """What to save of an answer that nothing changed. New validators replace the old, missing ones do not."""
    return PollPlan(
        revisions=(),
        next_poll_at=now + _interval(feed),
        etag=etag if etag is not None else feed.etag,
        last_modified=last_modified if last_modified is not None else feed.last_modified,
        baseline_done=feed.baseline_done,
        failures=0,
        outcome="not_modified",
        reason="nothing changed since the last poll",
        http_status=304,
    )


def plan_failure(
    feed: Feed,
    why: str,
    now: datetime,
    retry_after: float | None = None,
    http_status: int | None = None,
) -> PollPlan:
    """What to save of a poll that failed: validators stay, the wait grows, the feed is never given up.

    `retry_after` is the server's wish in seconds, obeyed between the feed's own interval and 24 hours.
    """
    failing = replace(feed, failures=feed.failures + 1)
    return PollPlan(
        revisions=(),
        next_poll_at=now + _wait(failing, retry_after, http_status),
        etag=feed.etag,
        last_modified=feed.last_modified,
        baseline_done=feed.baseline_done,
        failures=failing.failures,
        outcome="failed",
        reason=why,
        http_status=http_status,
    )


def _wait(feed: Feed, retry_after: float | None, http_status: int | None) -> timedelta:
    interval = _interval(feed)
    if retry_after is not None and retry_after >= 0:
        seconds = min(retry_after, RETRY_AFTER_CAP.total_seconds())
        return max(interval, timedelta(seconds=seconds))
    if http_status in _ASKED_TO_SLOW:
        return max(interval, _SLOW_STEPS[min(feed.failures, len(_SLOW_STEPS)) - 1])
    # 2 ** 20 intervals are past any cap: the exponent is bounded so that it cannot overflow.
    doubled = interval.total_seconds() * 2 ** min(feed.failures - 1, 20)
    return max(interval, min(BACKOFF_CAP, timedelta(seconds=doubled)))


def _interval(feed: Feed) -> timedelta:
    return timedelta(seconds=max(feed.interval_seconds, FLOOR_SECONDS))
