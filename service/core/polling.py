"""Which entries of a feed are new or changed, when to ask again, and why.

How it decides: an entry is known by its guid, else its link, else its words; a guid that stands twice in one
document belongs to its first entry, the others are told apart by link, then by words. An entry with an id not
seen before is new; one whose fingerprint was not seen under its id is changed, and read again; a moved space
changes no fingerprint. A document that shares no entry with what is known of its feed leaves a gap, unless
all its dates are old: then only the ids are new. When to ask again is for intervals.py to say, what it all
means for the feed's health for health.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from service.core.feed import Entry, Feed, NewRevision, PollPlan
from service.core.health import (
    dark_after,
    failed,
    has_moved,
    notice,
    redirected,
    remembered,
    settled,
    succeeded,
    why_gone,
)
from service.core.history import NO_WISHES, FeedEvent, FeedHistory, FeedNotice, PastPoll, Wishes
from service.core.hosts import LONGEST, NOT_YOU, STEPS, TOO_OFTEN, Hold
from service.core.intervals import choose_interval, next_poll
from service.core.stubs import why_stub
from service.core.text import fingerprint, stable_id

BACKOFF_CAP = timedelta(hours=6)
LONG_BEFORE = timedelta(days=7)
FAR_AHEAD = timedelta(hours=24)  # a later date is no mistake of the zone
MAX_REVISIONS = 2000
# A server that says "too often" or "not you" without a time: publishers expect hours, not minutes.
_ASKED_TO_SLOW = (NOT_YOU, TOO_OFTEN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Identified:
    """An entry with the item id and the fingerprint under which it is kept."""

    item_id: str
    fingerprint: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an answer came: what it took, what it asks for, where it came from.

    `moved_to` is where redirects for good led, None where there were none. `archived` are entries of
    `archive_pages` older pages that were fetched because the document left a gap.
    """

    seconds: float = 0.0
    moved_to: str | None = None
    wishes: Wishes = NO_WISHES
    archived: tuple[Entry, ...] = ()
    archive_pages: int = 0


AT_ONCE = Arrival()


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


def _candidates(feed_id: str, entry: Entry) -> Iterator[str]:
    """The ids that an entry may have, worked out one by one: nearly always the first is free."""
    key = entry.guid or entry.url or ""
    yield item_id(feed_id, entry)
    yield stable_id("i", feed_id, key, entry.url)
    yield stable_id("i", feed_id, key, entry.url, _words_key(entry))


def _words_key(entry: Entry) -> str:
    words = " ".join(f"{entry.title}\n{entry.text}".split())
    return "sha256:" + hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


def told_at(published: datetime | None, now: datetime) -> datetime:
    """The moment an entry speaks from: its published time unless missing, before 1970 or after `now`."""
    if published is None or not _EPOCH <= published <= now:
        return now
    return published


def date_flag(published: datetime | None, now: datetime) -> str:
    """What is wrong with an entry's date: `missing`, `absurd` (before 1970), `future` (over a day); or ""."""
    if published is None:
        return "missing"
    if published < _EPOCH:
        return "absurd"
    return "future" if published - now > FAR_AHEAD else ""


def leaves_gap(feed: Feed, identified: Sequence[Identified], known: Mapping[str, frozenset[str]]) -> bool:
    """Whether entries may have come and gone between the last document of `feed` and this one."""
    if not (feed.baseline_done and feed.history.entries and identified):
        return False
    if any(one.item_id in known for one in identified):
        return False
    dates = [one.entry.published for one in identified if one.entry.published is not None]
    renamed = feed.fetched_at is not None and dates and max(dates) <= feed.fetched_at
    return not renamed


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
    arrival: Arrival = AT_ONCE,
    identified: Sequence[Identified] | None = None,
) -> PollPlan:
    """What to save of a fetched document.

    `known` maps item ids (those of `identify`) to the fingerprints already kept under them, archived entries
    included. `identified` is what `identify` says of `entries`, where the caller has it: it reads every word.
    At most MAX_REVISIONS of the document are taken at once: then the validators are withheld, so
    that the next poll sees the whole document again and takes the rest. `note` is added to the reason.
    """
    if identified is None:
        identified = identify(feed.id, entries)
    gap = leaves_gap(feed, identified, known)
    if arrival.archived:
        identified = identify(feed.id, (*entries, *arrival.archived))
    fresh = [one for one in identified if one.fingerprint not in known.get(one.item_id, frozenset())]
    most = MAX_REVISIONS + len(arrival.archived)
    taken = [_revision(feed, one, one.item_id in known, now) for one in fresh[:most]]
    taken.sort(key=lambda revision: (revision.told_at, revision.position))
    whole = len(fresh) <= most
    missed = _missed(any(one.item_id in known for one in identified), arrival.archive_pages) if gap else ""
    parts = (missed, _undated(taken), note)
    reason = _summary(taken, len(identified), len(fresh) - len(taken), "; ".join(filter(None, parts)))
    plan = PollPlan(
        revisions=tuple(taken),
        next_poll_at=now,
        etag=etag if whole else None,
        last_modified=last_modified if whole else None,
        baseline_done=feed.baseline_done or whole,
        failures=0,
        outcome="fetched",
        reason=reason,
        http_status=http_status,
        notices=notice(FeedEvent.GAP, missed) if gap else (),
    )
    past = replace(_told(feed, plan, arrival, gap, now), entries=len(entries))
    return _answered(plan, feed, past, arrival, now)


def _told(feed: Feed, plan: PollPlan, arrival: Arrival, gap: bool, now: datetime) -> FeedHistory:
    """The feed's history with the document of `plan`."""
    # What the first fetch finds says nothing about how often a feed has news, nor how late we see them.
    news = [one for one in plan.revisions if feed.baseline_done and one.reason == "new" and not one.backfill]
    poll = PastPoll(now, plan.outcome, plan.http_status, plan.reason, len(news), arrival.seconds, gap)
    return replace(
        remembered(succeeded(feed.history), poll, latencies(news, now)),
        wishes=arrival.wishes,
        gap_at=now if gap else feed.history.gap_at,
    )


def _answered(plan: PollPlan, feed: Feed, past: FeedHistory, arrival: Arrival, now: datetime) -> PollPlan:
    """`plan` of a poll that went well, with what follows from it for the feed."""
    past = redirected(past, arrival.moved_to, now)
    notices: tuple[FeedNotice, ...] = plan.notices
    move_to = past.moved_to if has_moved(past, now) else None
    if move_to is not None:
        past = settled(past, now)
        notices += notice(FeedEvent.MOVED, f"it is polled at {move_to} from now on, where it moved for good")
    if feed.dark_since is not None:
        since = f"{feed.dark_since:%Y-%m-%d %H:%M} UTC"
        notices += notice(FeedEvent.BACK, f"it answers again, after being dark since {since}")
    interval = choose_interval(feed, past, now)
    next_at = next_poll(feed, interval, past.wishes, now)
    waits = round((next_at - now).total_seconds())
    return replace(
        plan,
        next_poll_at=next_at,
        history=past,
        notices=notices,
        move_to=move_to,
        dark_at=now + dark_after(waits),
    )


def _missed(closed: bool, pages: int) -> str:
    if closed:
        return f"a gap, closed by {pages} older pages of its archive"
    more = f", of which {pages} older pages brought some" if pages else ""
    return f"no entry was known: some may have been missed since the last poll{more}"


def _undated(taken: Sequence[NewRevision]) -> str:
    flags = [revision.date_flag for revision in taken]
    counted = [(flags.count(flag), flag) for flag in ("missing", "absurd", "future")]
    return ", ".join(f"{number} with a date that is {flag}" for number, flag in counted if number)


def latencies(news: Sequence[NewRevision], now: datetime) -> list[int]:
    """Seconds from publication to `now` of those that say when they were published, and can have been."""
    dated = [one.published for one in news if one.published is not None and not one.date_flag]
    return [round((now - published).total_seconds()) for published in dated if published <= now]


def _revision(feed: Feed, one: Identified, changed: bool, now: datetime) -> NewRevision:
    entry = one.entry
    backfill = not changed and _is_backfill(feed, entry, now)
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
        backfill=backfill,
        reason="changed" if changed else "new",
        date_flag=date_flag(entry.published, now),
        # History alerts nobody: its articles are not worth a visit each.
        stub=why_stub(entry) if feed.full_text and not backfill else "",
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
    feed: Feed,
    now: datetime,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    arrival: Arrival = AT_ONCE,
) -> PollPlan:
    """What to save of an answer that nothing changed. New validators replace the old, missing ones do not."""
    reason = "nothing changed since the last poll"
    poll = PastPoll(now, "not_modified", 304, reason, seconds=arrival.seconds)
    past = remembered(succeeded(feed.history), poll)
    if arrival.wishes.fresh_seconds is not None:
        past = replace(past, wishes=replace(past.wishes, fresh_seconds=arrival.wishes.fresh_seconds))
    plan = PollPlan(
        revisions=(),
        next_poll_at=now,
        etag=etag if etag is not None else feed.etag,
        last_modified=last_modified if last_modified is not None else feed.last_modified,
        baseline_done=feed.baseline_done,
        failures=0,
        outcome="not_modified",
        reason=reason,
        http_status=304,
    )
    return _answered(plan, feed, past, arrival, now)


def plan_failure(
    feed: Feed,
    why: str,
    now: datetime,
    retry_after: float | None = None,
    http_status: int | None = None,
    seconds: float = 0.0,
    holds: tuple[Hold, ...] = (),
) -> PollPlan:
    """What to save of a poll that failed: validators stay, the wait grows, the feed is never given up.

    Only one that says twice, at least a day apart, that it is gone is paused. `retry_after` is the server's
    wish in seconds, obeyed between the feed's own interval and 24 hours; `holds` is what its refusal means
    for other feeds.
    """
    failing = replace(feed, failures=feed.failures + 1)
    gone = why_gone(feed.history, http_status, now)
    poll = PastPoll(now, "failed", http_status, why, seconds=seconds)
    past = remembered(failed(feed.history, http_status, now), poll)
    return PollPlan(
        revisions=(),
        next_poll_at=now + _wait(failing, past, now, retry_after, http_status),
        etag=feed.etag,
        last_modified=feed.last_modified,
        baseline_done=feed.baseline_done,
        failures=failing.failures,
        outcome="failed",
        reason=why,
        http_status=http_status,
        history=past,
        notices=notice(FeedEvent.GONE, f"{gone}: it is not polled any more") if gone else (),
        pause_because=gone,
        dark_at=_dark_later(feed, past, now),
        holds=holds,
    )


def plan_waiting(feed: Feed, why: str, until: datetime, now: datetime, seconds: float = 0.0) -> PollPlan:
    """What to save where `feed` redirects to a host that is left alone `until` then: it did not fail."""
    poll = PastPoll(now, "failed", None, why, seconds=seconds)
    return PollPlan(
        revisions=(),
        next_poll_at=max(until, now + timedelta(seconds=choose_interval(feed, feed.history, now).seconds)),
        etag=feed.etag,
        last_modified=feed.last_modified,
        baseline_done=feed.baseline_done,
        failures=feed.failures,
        outcome="failed",
        reason=why,
        history=remembered(feed.history, poll),
    )


def _dark_later(feed: Feed, past: FeedHistory, now: datetime) -> datetime | None:
    """When a feed that fails counts as dark, where it was not asked for long; None: as it was.

    A service that did not run, or a host that was left alone, says nothing of the feed.
    """
    seconds = choose_interval(feed, past, now).seconds
    late = feed.next_poll_at is not None and now - feed.next_poll_at > timedelta(seconds=seconds)
    return now + dark_after(seconds) if late and feed.failures == 0 else None


def _wait(
    feed: Feed, past: FeedHistory, now: datetime, retry_after: float | None, http_status: int | None
) -> timedelta:
    interval = timedelta(seconds=choose_interval(feed, past, now).seconds)
    if retry_after is not None and retry_after >= 0:
        seconds = min(retry_after, LONGEST.total_seconds())
        return max(interval, timedelta(seconds=seconds))
    if http_status in _ASKED_TO_SLOW:
        return max(interval, STEPS[min(feed.failures, len(STEPS)) - 1])
    # 2 ** 20 intervals are past any cap: the exponent is bounded so that it cannot overflow.
    doubled = interval.total_seconds() * 2 ** min(feed.failures - 1, 20)
    return max(interval, min(BACKOFF_CAP, timedelta(seconds=doubled)))
