"""The tables brought to this version when the ledger is opened, once, however many processes open it.

All scripts run in one transaction on both databases: a process killed in the middle leaves what was there.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from service.errors import StoreError
from service.store.engine import lock_names, place, writing
from service.store.schema import REVISION

SCRIPTS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Make or upgrade the tables. StoreError where a newer rumorwatch made them."""
    with writing(engine) as connection:
        # SQLite's write lock is held already; PostgreSQL lets only one process in here at a time.
        lock_names(connection, ["rumorwatch migration"])
        found = _version(connection)
        if found == REVISION:
            return
        _upgrade(engine, connection, found)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(engine: Engine, connection: Connection, found: str | None) -> None:
    # Imported here: a ledger that is up to date, the usual case, does not wait for Alembic to load.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(f"The ledger {place(engine)} was made by a newer rumorwatch (schema {found}).")
    command.upgrade(config, "head")
