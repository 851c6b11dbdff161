"""What the desk lists: deliveries by time, and the items of a feed by their coming."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0012"


def upgrade() -> None:
    """Add the indexes that serve the lists."""
    op.create_index("deliveries_newest", "deliveries", ["created_at", "id"])
    op.create_index("revisions_newest_of_feed", "revisions", ["feed_id", "id"])
