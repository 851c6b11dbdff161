"""Deliveries that can be sent again, the log of attempts, breakers, stage times of alerts, track records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the columns and tables. What an old attempt ended in is told from whether it went well."""
    op.add_column("deliveries", sa.Column("since_try", sa.Integer, nullable=False, server_default="0"))
    op.create_index("deliveries_by_age", "deliveries", ["created_at", "id"])
    op.add_column("attempts", sa.Column("outcome", sa.Text))
    op.create_index("attempts_by_time", "attempts", ["at", "delivery_id", "number"])
    op.create_table(
        "breakers",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("open_until", sa.BigInteger),
        sa.Column("probe_until", sa.BigInteger),
        sa.Column("given_up", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("well_at", sa.BigInteger),
        sa.Column("told", sa.Text),
        sa.Column("told_at", sa.BigInteger),
    )
    op.create_table(
        "passages",
        sa.Column("alert_id", sa.Text, sa.ForeignKey("alerts.id"), primary_key=True),
        sa.Column("published", sa.BigInteger),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("matched_at", sa.BigInteger, nullable=False),
        sa.Column("queued_at", sa.BigInteger, nullable=False),
    )
    op.create_index("passages_by_time", "passages", ["queued_at", "alert_id"])
    op.create_table(
        "track_records",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("track", sa.Text, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
    )
