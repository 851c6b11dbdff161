"""The tables: what the ledger remembers, and the indexes that each question is served by.

Moments are whole microseconds since 1970 in a BIGINT, so that both databases sort and compare them alike.
Values that are only ever read back whole (a claim, a quotation, an alert) are JSON text (codec.py); what a
query sorts or filters by has a column of its own. Keys are the callers' stable ids, so a 9 kB guid never
meets an index.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

REVISION = "0006"  # the migration that makes these tables; a test compares it with the newest script

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 and given back in UTC. A naive one is refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment without a time zone cannot be stored.")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


# SQLite gives an automatic key only to a column of type INTEGER.
_ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")

# Written out in every query, never bound: only then can a planner see that a partial index serves it.
# No state column has an index of its own: SQLite would prefer it, and walk all that waits at every claim.
PENDING: ColumnElement[str] = literal_column("'pending'")
QUARANTINED: ColumnElement[str] = literal_column("'quarantined'")
DEAD: ColumnElement[str] = literal_column("'dead'")
_PENDING = text("state = 'pending'")
_QUARANTINED = text("state = 'quarantined'")
_DEAD = text("state = 'dead'")
DOUBTFUL: ColumnElement[str] = literal_column("'doubtful_join'")
_DOUBTFUL = text("reason = 'doubtful_join'")

metadata = MetaData()

# `url` is what was declared; `moved_url` is polled instead where the feed moved for good. `added`: by a
# command, not by the settings. `paused_because`: not polled until a person resumes it. It counts as dark from
# `dark_at` on while it fails, and was told so where `dark_since` is set. `history`: JSON of core/history.py.
feeds = Table(
    "feeds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("outlet", Text, nullable=False),
    Column("interval_seconds", Integer, nullable=False),
    Column("told_as_news", Boolean, nullable=False),
    Column("lang", Text),
    Column("enabled", Boolean, nullable=False),
    Column("baseline_done", Boolean, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("next_poll_at", Moment, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("declared_at", Moment, nullable=False),
    Column("fetched_at", Moment),
    Column("last_polled_at", Moment),
    Column("last_outcome", Text),
    Column("last_reason", Text),
    Column("last_status", Integer),
    Column("adaptive", Boolean, nullable=False, server_default=false()),
    Column("added", Boolean, nullable=False, server_default=false()),
    Column("moved_url", Text),
    Column("paused_because", Text),
    Column("dark_at", Moment),
    Column("dark_since", Moment),
    Column("history", Text),
    Index("feeds_by_next_poll", "next_poll_at", "id"),
)

# What befell feeds and was told once, a line each, never changed.
feed_notices = Table(
    "feed_notices",
    metadata,
    Column("number", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("feed_id", Text, ForeignKey("feeds.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("event", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("feed_notices_by_feed", "feed_id", "at"),
)

# `revisions` counts what the item has, so the next number is known while the row is locked.
items = Table(
    "items",
    metadata,
    Column("id", Text, primary_key=True),
    Column("feed_id", Text, nullable=False),  # "" for an item that came without a feed
    Column("guid", Text),
    Column("first_seen_at", Moment, nullable=False),
    Column("revisions", Integer, nullable=False),
    Index("items_by_feed", "feed_id"),
)

# An item's text as it was at one time, and in the same row the work of reading it:
# state pending | done | quarantined; a pending row with a token is leased until lease_until. `deaths` counts
# the leases that ran out, `alone` the processes that died of trying it alone.
revisions = Table(
    "revisions",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("item_id", Text, ForeignKey("items.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("feed_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("url", Text),
    Column("outlet", Text),
    Column("lang", Text),
    Column("published", Moment),
    Column("told_at", Moment, nullable=False),
    Column("position", Integer, nullable=False),
    Column("backfill", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("date_flag", Text),  # what is wrong with `published`; NULL: nothing
    Column("seen_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_at", Moment),  # NULL: at once
    Column("token", Text),
    Column("lease_until", Moment),
    Column("tries", Integer, nullable=False),
    Column("deaths", Integer, nullable=False, server_default="0"),
    Column("alone", Integer, nullable=False, server_default="0"),
    Column("why", Text),
    UniqueConstraint("item_id", "revision", name="revisions_number"),
    UniqueConstraint("item_id", "fingerprint", name="revisions_words"),
    Index(
        "revisions_by_feed_order",
        "feed_id",
        "backfill",
        "told_at",
        "position",
        "item_id",
        "revision",
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    ),
    Index(
        "revisions_set_aside",
        "item_id",
        "revision",
        sqlite_where=_QUARANTINED,
        postgresql_where=_QUARANTINED,
    ),
)

# A story with its positions is one value under compare-and-set, so it is one row. `became` is NULL for one
# that lives; one that was merged keeps its postings and leads to its survivor, an empty one has none.
stories = Table(
    "stories",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("reports", Integer, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("claim", Text, nullable=False),
    Column("rumor", Text),
    Column("positions", Text, nullable=False),
    Column("curated", Boolean, nullable=False, server_default=false()),
    Column("became", Text),
    Index("stories_by_last", "last_at", "id"),
    Index("stories_by_status", "status", "last_at", "id"),
)

# By which keys a story is found again; last_at is the story's, so the latest of a busy key come first.
postings = Table(
    "postings",
    metadata,
    Column("story_id", Text, ForeignKey("stories.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("last_at", Moment, nullable=False),
    Index("postings_by_key", "key", "last_at", "story_id"),
)

# story_id is NULL for a statement that joined no story; `why` then says the reason in words. placed_id is the
# story that the matcher gave, which a person's decision may overrule; decided_because then says who and why.
# at, position, item_id, revision and place are the order in which statements were told. A reason of NULL:
# nobody has decided yet who hears of it. `sketch` folds near-identical texts together (origins.py).
statements = Table(
    "statements",
    metadata,
    Column("item_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("story_id", Text, ForeignKey("stories.id")),
    Column("story_version", Integer),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("party", Text),
    Column("statement", Text, nullable=False),
    Column("event", Text),
    Column("reason", Text),
    Column("joined_score", Float),
    Column("joined_sure", Boolean),
    Column("joined_because", Text),
    Column("why", Text),
    Column("placed_id", Text),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("place", Integer, nullable=False, server_default="0"),
    Column("role", Text),
    Column("speaker", Text),
    Column("strength", Text),
    Column("sketch", BigInteger),
    Column("decided_because", Text),
    Index("statements_by_story", "story_id", "at", "story_version"),
    Index("statements_in_doubt", "at", "item_id", sqlite_where=_DOUBTFUL, postgresql_where=_DOUBTFUL),
)

# By which keys a statement that joined no story is found when one opens that it speaks of.
strays = Table(
    "strays",
    metadata,
    Column("key", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Index("strays_by_key", "key", "at"),
)

# What a person decided, a line each, never changed: an undo is a line of its own.
decisions = Table(
    "decisions",
    metadata,
    Column("number", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("decision", Text, nullable=False),
    UniqueConstraint("id", name="decisions_once"),
)

# seq is the version of the story that the event made: unique and rising, with gaps where nothing moved.
events = Table(
    "events",
    metadata,
    Column("story_id", Text, ForeignKey("stories.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Index("events_by_time", "at", "story_id"),
)

# What runs on a story until `due_at`. Whether it still runs is worked out from the story when that comes, so
# a row is only a reminder; its state is pending | fired | stopped. party is "" where it runs on the story.
clocks = Table(
    "clocks",
    metadata,
    Column("story_id", Text, ForeignKey("stories.id"), primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("started_at", Moment, primary_key=True),
    Column("due_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Index("clocks_by_due", "due_at", "story_id", sqlite_where=_PENDING, postgresql_where=_PENDING),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("story_id", Text, ForeignKey("stories.id"), nullable=False),
    Column("subscription", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("alert", Text, nullable=False),
    Index("alerts_by_time", "created_at", "id"),
    Index("alerts_by_story", "story_id", "created_at", "id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("alert_id", Text, ForeignKey("alerts.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("token", Text),
    Column("lease_until", Moment),
    Column("tries", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("alert_id", "channel", name="deliveries_once"),
    Index("deliveries_by_time", "next_at", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("deliveries_dead", "created_at", "id", sqlite_where=_DEAD, postgresql_where=_DEAD),
)

attempts = Table(
    "attempts",
    metadata,
    Column("delivery_id", Text, ForeignKey("deliveries.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("status", Integer),
    Column("answer", Text, nullable=False),
    Column("seconds", Float, nullable=False),
)
