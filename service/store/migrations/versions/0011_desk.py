"""What the desk lists: the items of a feed by their coming; who may ask; and the words of stories."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from service.core.searching import joined

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the index that serves the list, and the tables of tokens, sessions and words, these filled."""
    op.create_index("revisions_newest_of_feed", "revisions", ["feed_id", "id"])
    op.create_table(
        "tokens",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("may_edit", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("token_name", sa.Text, sa.ForeignKey("tokens.name"), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "searched",
        sa.Column("story_id", sa.Text, sa.ForeignKey("stories.id"), primary_key=True),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
    )
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """The words of the stories that are there, from what their rows say."""
    asked = sa.text(
        "SELECT id, last_at, status, claim, rumor, positions FROM stories "
        "WHERE became IS NULL AND id > :last ORDER BY id LIMIT 500"
    )
    keep = sa.text(
        "INSERT INTO searched (story_id, last_at, status, words) VALUES (:id, :at, :status, :words)"
    )
    last = ""
    while rows := connection.execute(asked, {"last": last}).all():
        last = rows[-1].id
        made = [{"id": r.id, "at": r.last_at, "status": r.status, "words": _words(r)} for r in rows]
        connection.execute(keep, made)


def _words(row: Any) -> str:
    claim, positions = json.loads(row.claim), json.loads(row.positions)
    said = [
        claim["text"],
        *claim.get("principals", ()),
        *_quoted(json.loads(row.rumor) if row.rumor else None),
    ]
    for position in positions:
        said += [position["party"], position.get("speaker") or "", *_quoted(position["quotation"])]
    return joined(said)


def _quoted(quotation: dict[str, Any] | None) -> list[str]:
    names = ("text", "title", "outlet", "speaker")
    return [quotation.get(name) or "" for name in names] if quotation else []
