"""Workers that died over a revision, and fresh items before backfill within a feed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ORDER = ["feed_id", "backfill", "told_at", "position", "item_id", "revision"]


def upgrade() -> None:
    """Count deaths from now on. What waits and was tried already starts anew: nobody knows how it ended."""
    for name in ("deaths", "alone"):
        op.add_column("revisions", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.execute("UPDATE revisions SET tries = 0 WHERE state = 'pending'")
    op.drop_index("revisions_by_feed_order", "revisions")
    pending = sa.text("state = 'pending'")
    op.create_index(
        "revisions_by_feed_order", "revisions", _ORDER, sqlite_where=pending, postgresql_where=pending
    )
