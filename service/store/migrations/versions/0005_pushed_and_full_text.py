"""What is agreed with the hubs of feeds; articles to be fetched where a feed carries only a stub."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables. Feeds that were there have their articles fetched once they are declared anew."""
    op.add_column("feeds", sa.Column("full_text", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "feed_hubs",
        sa.Column("feed_id", sa.Text, sa.ForeignKey("feeds.id"), primary_key=True),
        sa.Column("hub", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("offered", sa.Boolean, nullable=False),
        sa.Column("asked_mode", sa.Text),
        sa.Column("asked_at", sa.BigInteger),
        sa.Column("asked_until", sa.BigInteger),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("pushed_at", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("pushes", sa.Integer, nullable=False),
        sa.Column("refused", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("token", sa.Text),
        sa.Column("secret", sa.Text),
        sa.Column("public_url", sa.Text),
        sa.UniqueConstraint("token", name="feed_hubs_token"),
    )
    op.create_index("feed_hubs_by_time", "feed_hubs", ["next_at", "feed_id"])
    _articles()


def _articles() -> None:
    op.create_table(
        "articles",
        sa.Column("item_id", sa.Text, sa.ForeignKey("items.id"), primary_key=True),
        sa.Column("feed_id", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("stub", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("token", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger),
        sa.Column("outcome", sa.Text),
        sa.Column("why", sa.Text),
        sa.Column("found_url", sa.Text),
        sa.Column("mark", sa.Text),
    )
    waiting = sa.text("state = 'pending'")
    op.create_index(
        "articles_by_time",
        "articles",
        ["next_at", "item_id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index(
        "articles_by_host", "articles", ["host", "next_at"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_index("articles_by_feed", "articles", ["feed_id", "created_at"])
    op.create_index("articles_by_mark", "articles", ["host", "mark"])
