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
    LargeBinary,
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

REVISION = "0012"  # the migration that makes these tables; a test compares it with the newest script

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
    Column("host", Text, nullable=False, server_default=""),
    Column("set_seconds", Integer),
    Column("full_text", Boolean, nullable=False, server_default=false()),
    Index("feeds_by_next_poll", "next_poll_at", "id"),
)

# Hosts, and with `wide` registrable domains, that refused us and have not answered well since. `until` NULL:
# it is counted and nobody waits yet.
hosts = Table(
    "hosts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("wide", Boolean, primary_key=True),
    Column("refusals", Integer, nullable=False),
    Column("until", Moment),
    Column("why", Text, nullable=False),
)

# What is agreed with a feed's hub: core/pushing.py says what the columns mean. `token` ends the address that
# the hub pushes to, below `public_url`; it and `secret` are there while something is agreed, and never shown.
feed_hubs = Table(
    "feed_hubs",
    metadata,
    Column("feed_id", Text, ForeignKey("feeds.id"), primary_key=True),
    Column("hub", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("offered", Boolean, nullable=False),
    Column("asked_mode", Text),
    Column("asked_at", Moment),
    Column("asked_until", Moment),
    Column("lease_until", Moment),
    Column("pushed_at", Moment),
    Column("tries", Integer, nullable=False),
    Column("pushes", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("token", Text),
    Column("secret", Text),
    Column("public_url", Text),
    UniqueConstraint("token", name="feed_hubs_token"),
    Index("feed_hubs_by_time", "next_at", "feed_id"),
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

# What could not be read or stored, as it came, packed; `size` is that before it was packed, and `cut` says
# that its end was left out. The same bytes of the same feed are one row.
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Text, primary_key=True),
    Column("feed_id", Text, ForeignKey("feeds.id"), nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("times", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("content_type", Text),
    Column("size", Integer, nullable=False),
    Column("cut", Boolean, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    Column("packed_size", Integer, nullable=False),
    Index("quarantine_by_feed", "feed_id", "last_at"),
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
    Column("removed_at", Moment),  # when retention took its words; NULL: they are there
    Column("read_by", Text),  # the version of rules and lexicons; NULL: not known
    UniqueConstraint("item_id", "revision", name="revisions_number"),
    UniqueConstraint("item_id", "fingerprint", name="revisions_words"),
    Index("revisions_newest_of_feed", "feed_id", "id"),
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

# An article to be fetched, because its feed carried only a stub of it (`stub` says why it is one). state
# pending | done; a pending row with a token is leased until lease_until. `outcome` is taken | left | failed,
# `why` says it to a person, `found_url` is where it was found, `mark` the fingerprint of its text alone.
articles = Table(
    "articles",
    metadata,
    Column("item_id", Text, ForeignKey("items.id"), primary_key=True),
    Column("feed_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("stub", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("token", Text),
    Column("lease_until", Moment),
    Column("tries", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("at", Moment),
    Column("outcome", Text),
    Column("why", Text),
    Column("found_url", Text),
    Column("mark", Text),
    Index("articles_by_time", "next_at", "item_id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("articles_by_host", "host", "next_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("articles_by_feed", "feed_id", "created_at"),
    Index("articles_by_mark", "host", "mark"),
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

# `about` says what kind of message the row holds: story, feed or digest. A story's has a story_id, a feed's a
# feed_id, a digest neither.
alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("story_id", Text, ForeignKey("stories.id")),
    Column("subscription", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("alert", Text, nullable=False),
    Column("about", Text, nullable=False, server_default="story"),
    Column("feed_id", Text, ForeignKey("feeds.id")),
    Column("left_at", Moment),  # NULL while it is held
    Index("alerts_by_time", "created_at", "id"),
    Index("alerts_by_leaving", "subscription", "left_at"),
    Index("alerts_left", "left_at", "id"),
    Index("alerts_by_feed", "feed_id", "created_at"),
    Index("alerts_by_story", "story_id", "created_at", "id"),
)

# An alert that does not leave at once. state is pending, leaving (inside the commit of its release),
# released, or dropped (quieted meanwhile); `digest_id` is the message that told it with others.
holds = Table(
    "holds",
    metadata,
    Column("alert_id", Text, ForeignKey("alerts.id"), primary_key=True),
    Column("subscription", Text, nullable=False),
    Column("story_id", Text),
    Column("hold", Text, nullable=False),
    Column("until", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("digest_id", Text, ForeignKey("alerts.id")),
    Index("holds_by_time", "until", "subscription", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("holds_of", "subscription", "state", "hold", "until"),
    Index("holds_by_digest", "digest_id"),
)

# What a person said so that a story alerts nobody for a while, a line each, never changed.
hushes = Table(
    "hushes",
    metadata,
    Column("number", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("story_id", Text, ForeignKey("stories.id"), nullable=False),
    Column("hush", Text, nullable=False),
    UniqueConstraint("id", name="hushes_once"),
    Index("hushes_by_story", "story_id", "number"),
)

# Whether workers may take new work: the last line says. Only added to.
pauses = Table(
    "pauses",
    metadata,
    Column("number", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
)

# What was decided for one subscription, where it says more than the statement's own reason: on a statement
# (item_id, revision, ordinal), or on a clock (rule, party). Of several on one cause the last holds.
verdicts = Table(
    "verdicts",
    metadata,
    Column("number", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("subscription", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("alert_id", Text),
    Column("note", Text),
    Column("story_id", Text, ForeignKey("stories.id"), nullable=False),
    Column("item_id", Text),
    Column("revision", Integer),
    Column("ordinal", Integer),
    Column("rule", Text),
    Column("party", Text),
    Index("verdicts_by_item", "item_id", "number"),
    Index("verdicts_by_story", "story_id", "number"),
    Index("verdicts_by_alert", "alert_id"),
)

# Watchlists and subscriptions that people keep in the ledger, as they were written (JSON), and the version
# that rises with every change of either: one row.
watchlists = Table(
    "watchlists",
    metadata,
    Column("name", Text, primary_key=True),
    Column("watchlist", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("subscription", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

audience = Table(
    "audience",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
)

# `since_try`: how many of its tries do not count towards giving it up, made before it was sent again.
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
    Column("since_try", Integer, nullable=False, server_default="0"),
    UniqueConstraint("alert_id", "channel", name="deliveries_once"),
    Index("deliveries_by_time", "next_at", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("deliveries_dead", "created_at", "id", sqlite_where=_DEAD, postgresql_where=_DEAD),
    Index("deliveries_by_age", "created_at", "id"),
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
    Column("outcome", Text),
    Index("attempts_by_time", "at", "delivery_id", "number"),
)

# How a channel stands whose deliveries fail, or failed: core/breaking.py says what the columns mean.
breakers = Table(
    "breakers",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Moment),
    Column("open_until", Moment),
    Column("probe_until", Moment),
    Column("given_up", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("well_at", Moment),
    Column("told", Text),
    Column("told_at", Moment),
)

# When an alert passed the stages before its deliveries: core/latency.py says what each means.
passages = Table(
    "passages",
    metadata,
    Column("alert_id", Text, ForeignKey("alerts.id"), primary_key=True),
    Column("published", Moment),
    Column("seen_at", Moment, nullable=False),
    Column("taken_at", Moment, nullable=False),
    Column("read_at", Moment, nullable=False),
    Column("matched_at", Moment, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Index("passages_by_time", "queued_at", "alert_id"),
)

# Track records of outlets and parties as they were counted last, for the alerts that name them.
track_records = Table(
    "track_records",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("track", Text, nullable=False),
    Column("as_of", Moment, nullable=False),
)

# A channel of which a row stands here is sent nothing until a person turns it on.
channels_off = Table(
    "channels_off",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("because", Text, nullable=False),
)

# A new secret of a webhook, with those that sign beside it for a while (JSON of core/rotation.py).
rotations = Table(
    "rotations",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("rotation", Text, nullable=False),
)

# Feeds that we tell others, each at an address that ends with a token of which only the digest is kept.
# A revoked one stays, so that its readers are told that it is gone.
outfeeds = Table(
    "outfeeds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    UniqueConstraint("digest", name="outfeeds_digest"),
)

# Keys that this service made for itself, as that which signs links in mails.
own_keys = Table(
    "own_keys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("key", Text, nullable=False),
)

# Who may ask. A token is kept as its SHA-256 in hexadecimal; one that was revoked stays, and counts no more.
tokens = Table(
    "tokens",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("may_edit", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("token_name", Text, ForeignKey("tokens.name"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
)

# The words by which a story is found (core/searching.py), one row for each that lives; status and last_at are
# the story's. It has no index: a search walks all of it.
searched = Table(
    "searched",
    metadata,
    Column("story_id", Text, ForeignKey("stories.id"), primary_key=True),
    Column("last_at", Moment, nullable=False),
    Column("status", Text, nullable=False),
    Column("words", Text, nullable=False),
)
