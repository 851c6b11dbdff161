"""How feeds are: their history, moves, pauses, darkness, what was told of it; and dates that are wrong."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, make the table. A feed that was there is polled as often as it was."""
    for column in (
        sa.Column("adaptive", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("added", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("moved_url", sa.Text),
        sa.Column("paused_because", sa.Text),
        sa.Column("dark_at", sa.BigInteger),
        sa.Column("dark_since", sa.BigInteger),
        sa.Column("history", sa.Text),
    ):
        op.add_column("feeds", column)
    op.add_column("revisions", sa.Column("date_flag", sa.Text))
    op.create_table(
        "feed_notices",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("feed_id", sa.Text, sa.ForeignKey("feeds.id"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_index("feed_notices_by_feed", "feed_notices", ["feed_id", "at"])
