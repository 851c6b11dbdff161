"""A feed, what it said, and what one poll of it means to save: the nouns of intake.

All times are aware datetimes in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.core.history import NO_HISTORY, FeedHistory, FeedNotice
from service.core.hosts import Hold


@dataclass(frozen=True, slots=True)
class Feed:
    """A source that is polled, with what the last poll left behind.

    `told_as_news`: the first fetch alerts like any other (only the demonstration feed).
    `etag` and `last_modified` are the server's bytes, kept exactly. `fetched_at` is when the last whole
    document came (outcome `fetched` or `not_modified`), None where that is not known. `adaptive`: how often
    it is polled follows what it does, not `interval_seconds`. `moved_from` is the address that was declared,
    where another is polled by now. `dark_since`: since when it counts as dark. `push_lease_until`: how long a
    hub has agreed to push it; `pushed_at`: when that last did. `full_text`: where it carries stubs, their
    articles are fetched.
    """

    id: str
    url: str
    outlet: str
    interval_seconds: int = 900
    told_as_news: bool = False
    lang: str | None = None
    baseline_done: bool = False
    etag: str | None = None
    last_modified: str | None = None
    next_poll_at: datetime | None = None
    failures: int = 0
    fetched_at: datetime | None = None
    adaptive: bool = False
    moved_from: str | None = None
    dark_since: datetime | None = None
    history: FeedHistory = NO_HISTORY
    push_lease_until: datetime | None = None
    pushed_at: datetime | None = None
    full_text: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feed said, as text. `position` counts from 0 in the order of the document.

    `summary`: the feed itself says that it carries no more than a summary.
    """

    position: int
    guid: str | None
    title: str
    text: str
    url: str | None = None
    published: datetime | None = None
    lang: str | None = None
    outlet: str | None = None
    summary: bool = False


@dataclass(frozen=True, slots=True)
class Unparsed:
    """What could not be read or stored, kept as it came so that it can be tried again.

    `kind`: `document`; `entry`, with the root element around it; or `item`, JSON of a NewRevision that the
    ledger refused. `url` is where it came from.
    """

    kind: str
    raw: bytes
    why: str
    url: str = ""
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class NewRevision:
    """An item, or a changed one, that a poll means to save. `reason` is `new`, `changed` or `full text`.

    `fingerprint` is that of title and text (text.fingerprint). `position` orders items of equal `told_at`.
    `date_flag` says what is wrong with `published`: `missing`, `future`, `absurd`; "" where nothing is.
    `stub`: why its article is to be fetched, "" where it is not.
    """

    item_id: str
    fingerprint: str
    guid: str | None
    title: str
    text: str
    url: str | None
    outlet: str | None
    lang: str | None
    published: datetime | None
    told_at: datetime
    position: int
    backfill: bool
    reason: str
    date_flag: str = ""
    stub: str = ""


@dataclass(frozen=True, slots=True)
class PollPlan:
    """What one poll of a feed means to save, in one commit. `reason` says why for a person.

    `history` None: it stays as it is. `move_to`: the address to poll from now on. `pause_because`: it is not
    polled any more, until a person resumes it. `dark_at`: when it counts as dark if nothing comes until then;
    None: as it was.
    """

    revisions: tuple[NewRevision, ...]
    next_poll_at: datetime
    etag: str | None
    last_modified: str | None
    baseline_done: bool
    failures: int
    outcome: str  # "fetched", "not_modified", "failed"
    reason: str
    http_status: int | None = None
    history: FeedHistory | None = None
    notices: tuple[FeedNotice, ...] = ()
    move_to: str | None = None
    pause_because: str | None = None
    dark_at: datetime | None = None
    holds: tuple[Hold, ...] = ()
    unparsed: tuple[Unparsed, ...] = ()


@dataclass(frozen=True, slots=True)
class EndedPoll:
    """A poll of `feed_id` that ended: what it means to save, and when it was."""

    feed_id: str
    plan: PollPlan
    at: datetime
