"""What to save of the entries that a hub pushed: as of a poll, but that a push is no whole document.

How it decides: which entries are new, changed or history is for polling.py to say. A push holds what the hub
thinks we have not seen, so that nothing in it is known leaves no gap, and what is not in it is not gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.core.feed import Entry, Feed, NewRevision, Unparsed
from service.core.history import PUSHED, PastPoll
from service.core.polling import MAX_REVISIONS, latencies, plan_poll


@dataclass(frozen=True, slots=True)
class PushPlan:
    """What one push means to save, in one commit. `answer` is remembered among those of the feed's polls.

    `latencies`: seconds from publication to now, of its news. `more`: not all was taken, plan again with what
    is known then. `unparsed`: what the parser could not read.
    """

    revisions: tuple[NewRevision, ...]
    answer: PastPoll
    latencies: tuple[int, ...]
    more: bool
    unparsed: tuple[Unparsed, ...] = ()


def plan_push(
    feed: Feed, entries: Sequence[Entry], known: Mapping[str, frozenset[str]], now: datetime, note: str = ""
) -> PushPlan:
    """What to save of `entries` that the hub of `feed` pushed. `known` as for plan_poll."""
    # Without a memory of entries no document leaves a gap.
    alone = replace(feed, history=replace(feed.history, entries=0))
    plan = plan_poll(alone, entries, known, now, etag=None, last_modified=None, http_status=None, note=note)
    news = [one for one in plan.revisions if one.reason == "new" and not one.backfill]
    answer = PastPoll(now, PUSHED, None, f"its hub pushed: {plan.reason}", len(news))
    more = len(plan.revisions) >= MAX_REVISIONS
    return PushPlan(plan.revisions, answer, tuple(latencies(news, now)), more)
