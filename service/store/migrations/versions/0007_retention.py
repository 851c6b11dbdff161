"""When retention took a revision's words, and by which rules it was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns: of what is there no words were taken, and nobody knows by which rules it was read."""
    op.add_column("revisions", sa.Column("removed_at", sa.BigInteger))
    op.add_column("revisions", sa.Column("read_by", sa.Text))
