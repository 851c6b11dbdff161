"""Decisions, statements that wait for their story, what a story is folded from anew, and clocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_DOUBTFUL = "reason = 'doubtful_join'"

# What was saved before has not been moved by anybody, and was taken in the order in which it was read.
_FILL = """
UPDATE statements SET
    placed_id = story_id,
    place = ordinal,
    position = coalesce((
        SELECT position FROM revisions
        WHERE revisions.item_id = statements.item_id AND revisions.revision = statements.revision
    ), 0),
    role = {role},
    speaker = {speaker},
    strength = {strength}
"""
_PART = {
    "sqlite": "json_extract(statement, '$.{0}')",
    "postgresql": "CAST(statement AS json) ->> '{0}'",
}


def upgrade() -> None:
    """Add the columns, fill them from what is there, make the tables."""
    op.add_column("stories", sa.Column("curated", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("stories", sa.Column("became", sa.Text))
    for column in (
        sa.Column("placed_id", sa.Text),
        sa.Column("position", sa.Integer, nullable=False, server_default="0"),
        sa.Column("place", sa.Integer, nullable=False, server_default="0"),
        sa.Column("role", sa.Text),
        sa.Column("speaker", sa.Text),
        sa.Column("strength", sa.Text),
        sa.Column("sketch", sa.BigInteger),
        sa.Column("decided_because", sa.Text),
    ):
        op.add_column("statements", column)
    part = _PART[op.get_bind().dialect.name]
    parts = {name: part.format(name) for name in ("role", "speaker", "strength")}
    op.execute(sa.text(_FILL.format(**parts)))
    op.create_index(
        "statements_in_doubt",
        "statements",
        ["at", "item_id"],
        sqlite_where=sa.text(_DOUBTFUL),
        postgresql_where=sa.text(_DOUBTFUL),
    )
    _strays()
    _decisions()
    _clocks()


def _strays() -> None:
    op.create_table(
        "strays",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("strays_by_key", "strays", ["key", "at"])


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.UniqueConstraint("id", name="decisions_once"),
    )


def _clocks() -> None:
    op.create_table(
        "clocks",
        sa.Column("story_id", sa.Text, sa.ForeignKey("stories.id"), primary_key=True),
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("party", sa.Text, primary_key=True),
        sa.Column("started_at", sa.BigInteger, primary_key=True),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index(
        "clocks_by_due",
        "clocks",
        ["due_at", "story_id"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
