"""Channels that are off or change their secret, feeds that we tell others, keys of our own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the tables, and the index by which streams of alerts are read."""
    op.create_table(
        "channels_off",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("because", sa.Text, nullable=False),
    )
    op.create_table(
        "rotations",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("rotation", sa.Text, nullable=False),
    )
    op.create_table(
        "outfeeds",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.UniqueConstraint("digest", name="outfeeds_digest"),
    )
    op.create_table(
        "own_keys",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
    )
    op.create_index("alerts_left", "alerts", ["left_at", "id"])
