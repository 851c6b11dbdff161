"""Hosts that asked to be left alone, the host of each feed, an interval that a person set; the quarantine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.core.hosts import host_of

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns, make the table, fill in the hosts."""
    op.add_column("feeds", sa.Column("host", sa.Text, nullable=False, server_default=""))
    op.add_column("feeds", sa.Column("set_seconds", sa.Integer))
    op.create_table(
        "hosts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("wide", sa.Boolean, primary_key=True),
        sa.Column("refusals", sa.Integer, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("feed_id", sa.Text, sa.ForeignKey("feeds.id"), nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("content_type", sa.Text),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("cut", sa.Boolean, nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        sa.Column("packed_size", sa.Integer, nullable=False),
    )
    op.create_index("quarantine_by_feed", "quarantine", ["feed_id", "last_at"])
    _fill_in_hosts()


def _fill_in_hosts() -> None:
    feeds = sa.table("feeds", *(sa.column(name) for name in ("id", "url", "moved_url", "host")))
    connection = op.get_bind()
    rows = connection.execute(sa.select(feeds.c.id, feeds.c.url, feeds.c.moved_url)).all()
    hosts = [{"feed": row.id, "named": host_of(row.moved_url or row.url)} for row in rows]
    if hosts:
        change = sa.update(feeds).where(feeds.c.id == sa.bindparam("feed")).values(host=sa.bindparam("named"))
        connection.execute(change, hosts)
