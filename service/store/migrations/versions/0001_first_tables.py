"""The first tables. Written out, so that later changes of schema.py do not change what was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make everything, parents first."""
    _feeds()
    _items()
    _revisions()
    _stories()
    _postings()
    _statements()
    _events()
    _alerts()
    _deliveries()
    _attempts()


def _feeds() -> None:
    op.create_table(
        "feeds",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("outlet", sa.Text, nullable=False),
        sa.Column("interval_seconds", sa.Integer, nullable=False),
        sa.Column("told_as_news", sa.Boolean, nullable=False),
        sa.Column("lang", sa.Text),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("baseline_done", sa.Boolean, nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("next_poll_at", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("declared_at", sa.BigInteger, nullable=False),
        sa.Column("fetched_at", sa.BigInteger),
        sa.Column("last_polled_at", sa.BigInteger),
        sa.Column("last_outcome", sa.Text),
        sa.Column("last_reason", sa.Text),
        sa.Column("last_status", sa.Integer),
    )
    op.create_index("feeds_by_next_poll", "feeds", ["next_poll_at", "id"])


def _items() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("feed_id", sa.Text, nullable=False),
        sa.Column("guid", sa.Text),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.Column("revisions", sa.Integer, nullable=False),
    )
    op.create_index("items_by_feed", "items", ["feed_id"])


def _revisions() -> None:
    op.create_table(
        "revisions",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("item_id", sa.Text, sa.ForeignKey("items.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("feed_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("outlet", sa.Text),
        sa.Column("lang", sa.Text),
        sa.Column("published", sa.BigInteger),
        sa.Column("told_at", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("backfill", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("token", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("why", sa.Text),
        sa.UniqueConstraint("item_id", "revision", name="revisions_number"),
        sa.UniqueConstraint("item_id", "fingerprint", name="revisions_words"),
    )
    op.create_index(
        "revisions_by_feed_order",
        "revisions",
        ["feed_id", "told_at", "position", "item_id", "revision"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "revisions_set_aside",
        "revisions",
        ["item_id", "revision"],
        sqlite_where=sa.text("state = 'quarantined'"),
        postgresql_where=sa.text("state = 'quarantined'"),
    )


def _stories() -> None:
    op.create_table(
        "stories",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("reports", sa.Integer, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("claim", sa.Text, nullable=False),
        sa.Column("rumor", sa.Text),
        sa.Column("positions", sa.Text, nullable=False),
    )
    op.create_index("stories_by_last", "stories", ["last_at", "id"])
    op.create_index("stories_by_status", "stories", ["status", "last_at", "id"])


def _postings() -> None:
    op.create_table(
        "postings",
        sa.Column("story_id", sa.Text, sa.ForeignKey("stories.id"), primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("last_at", sa.BigInteger, nullable=False),
    )
    op.create_index("postings_by_key", "postings", ["key", "last_at", "story_id"])


def _statements() -> None:
    op.create_table(
        "statements",
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True),
        sa.Column("story_id", sa.Text, sa.ForeignKey("stories.id")),
        sa.Column("story_version", sa.Integer),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("party", sa.Text),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("event", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("joined_score", sa.Float),
        sa.Column("joined_sure", sa.Boolean),
        sa.Column("joined_because", sa.Text),
        sa.Column("why", sa.Text),
    )
    op.create_index("statements_by_story", "statements", ["story_id", "at", "story_version"])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("story_id", sa.Text, sa.ForeignKey("stories.id"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
    )
    op.create_index("events_by_time", "events", ["at", "story_id"])


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("story_id", sa.Text, sa.ForeignKey("stories.id"), nullable=False),
        sa.Column("subscription", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("alert", sa.Text, nullable=False),
    )
    op.create_index("alerts_by_time", "alerts", ["created_at", "id"])
    op.create_index("alerts_by_story", "alerts", ["story_id", "created_at", "id"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("alert_id", sa.Text, sa.ForeignKey("alerts.id"), nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("token", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("alert_id", "channel", name="deliveries_once"),
    )
    op.create_index(
        "deliveries_by_time",
        "deliveries",
        ["next_at", "id"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "deliveries_dead",
        "deliveries",
        ["created_at", "id"],
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("delivery_id", sa.Text, sa.ForeignKey("deliveries.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
