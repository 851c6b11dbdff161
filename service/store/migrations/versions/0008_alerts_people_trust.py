"""Alerts about feeds, digests, held alerts; what was decided for whom; watchlists and subscriptions.

SQLite cannot take a NOT NULL off a column, so there the table of alerts is made anew with its rows. What
refers to it is laid aside for that moment, whatever its columns are by then, and put back as it was.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Free the alerts from their story and add the tables. An alert that was there is about a story."""
    if op.get_bind().dialect.name == "sqlite":
        _make_anew("alerts", "story_id TEXT NOT NULL", "story_id TEXT")
    else:
        op.alter_column("alerts", "story_id", nullable=True)
    op.add_column("alerts", sa.Column("about", sa.Text, nullable=False, server_default="story"))
    # Alembic makes a key in a step of its own, which SQLite does not know.
    op.execute("ALTER TABLE alerts ADD COLUMN feed_id TEXT REFERENCES feeds (id)")
    op.add_column("alerts", sa.Column("left_at", sa.BigInteger))
    op.execute("UPDATE alerts SET left_at = created_at")
    op.create_index("alerts_by_feed", "alerts", ["feed_id", "created_at"])
    op.create_index("alerts_by_leaving", "alerts", ["subscription", "left_at"])
    _holds()
    _hushes()
    _verdicts()
    _audience()


def _numbered() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column("number", kind, primary_key=True, autoincrement=True)


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("alert_id", sa.Text, sa.ForeignKey("alerts.id"), primary_key=True),
        sa.Column("subscription", sa.Text, nullable=False),
        sa.Column("story_id", sa.Text),
        sa.Column("hold", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("digest_id", sa.Text, sa.ForeignKey("alerts.id")),
    )
    pending = sa.text("state = 'pending'")
    op.create_index(
        "holds_by_time", "holds", ["until", "subscription"], sqlite_where=pending, postgresql_where=pending
    )
    op.create_index("holds_of", "holds", ["subscription", "state", "hold", "until"])
    op.create_index("holds_by_digest", "holds", ["digest_id"])


def _hushes() -> None:
    op.create_table(
        "hushes",
        _numbered(),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("story_id", sa.Text, sa.ForeignKey("stories.id"), nullable=False),
        sa.Column("hush", sa.Text, nullable=False),
        sa.UniqueConstraint("id", name="hushes_once"),
    )
    op.create_index("hushes_by_story", "hushes", ["story_id", "number"])


def _audience() -> None:
    op.create_table(
        "watchlists",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("watchlist", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "subscriptions",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("subscription", sa.Text, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_table("audience", sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False))


def _verdicts() -> None:
    op.create_table(
        "verdicts",
        _numbered(),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("subscription", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("alert_id", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("story_id", sa.Text, sa.ForeignKey("stories.id"), nullable=False),
        sa.Column("item_id", sa.Text),
        sa.Column("revision", sa.Integer),
        sa.Column("ordinal", sa.Integer),
        sa.Column("rule", sa.Text),
        sa.Column("party", sa.Text),
    )
    op.create_index("verdicts_by_item", "verdicts", ["item_id", "number"])
    op.create_index("verdicts_by_story", "verdicts", ["story_id", "number"])
    op.create_index("verdicts_by_alert", "verdicts", ["alert_id"])


def _make_anew(table: str, before: str, after: str) -> None:
    """Make `table` anew with `after` in the place of `before`, its rows kept."""
    bind = op.get_bind()
    laid_aside = [(name, _made_by(bind, name)) for name in _referring(bind, table)]
    for name, made_by in laid_aside:
        assert name != table or before in made_by[0]
        bind.execute(sa.text(f"CREATE TEMP TABLE kept_{name} AS SELECT * FROM {name}"))
        op.drop_table(name)
    for name, made_by in reversed(laid_aside):
        for number, statement in enumerate(made_by):
            anew = name == table and number == 0
            bind.exec_driver_sql(statement.replace(before, after) if anew else statement)
        bind.execute(sa.text(f"INSERT INTO {name} SELECT * FROM kept_{name}"))
        bind.execute(sa.text(f"DROP TABLE kept_{name}"))


def _referring(bind: sa.Connection, table: str) -> list[str]:
    """The tables that refer to `table`, however far away, and last itself: in the order of taking down."""
    inspector = sa.inspect(bind)
    found: list[str] = []
    for name in inspector.get_table_names():
        refers = any(key["referred_table"] == table for key in inspector.get_foreign_keys(name))
        if refers and name != table:
            found += [one for one in _referring(bind, name) if one not in found]
    return [*found, table]


def _made_by(bind: sa.Connection, table: str) -> list[str]:
    """The statements that made a table and its indexes, the table's first."""
    wanted = sa.text(
        "SELECT sql FROM sqlite_master WHERE tbl_name = :name AND sql IS NOT NULL ORDER BY type DESC"
    )
    return list(bind.execute(wanted, {"name": table}).scalars())
