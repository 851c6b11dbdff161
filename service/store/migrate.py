"""The tables brought to this version when the ledger is opened, once, however many processes open it.

All scripts run in one transaction on both databases: a process killed in the middle leaves what was there. A
SQLite file is copied beside itself before it is changed, so that whoever goes back to the version before has
something to go back to; of a PostgreSQL that is for `rumorwatch backup` to do.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from service import logs
from service.errors import StoreError
from service.store.copies import copy_before
from service.store.engine import file_of, lock_names, place, writing
from service.store.schema import REVISION

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"
VERSIONS = "alembic_version"  # the table that says which script ran last
LOCK = "rumorwatch migration"


def migrate(engine: Engine) -> None:
    """Make or upgrade the tables. StoreError where a newer rumorwatch made them, or no copy can be kept."""
    with writing(engine) as connection:
        # SQLite's write lock is held already; PostgreSQL lets only one process in here at a time.
        lock_names(connection, [LOCK])
        found = found_version(connection)
        if found == REVISION:
            return
        if found is None:
            upgrade(connection, "head")
            return
        if not is_known(found):
            raise StoreError(
                f"The ledger {place(engine)} was made by a newer rumorwatch (schema {found}): "
                f"install that one, or restore a backup of schema {REVISION} or older into another place."
            )
        copy = copy_before(engine, REVISION)
        upgrade(connection, "head")
    logs.line("ledger.upgraded", of=found, to=REVISION, copy=copy)


def is_there(engine: Engine) -> bool:
    """Whether a database can be there: a SQLite file that is not would be made by asking it."""
    file = file_of(engine)
    return file is None or file.exists()


def found_version(connection: Connection) -> str | None:
    """The version of the tables, None where there are none."""
    if not inspect(connection).has_table(VERSIONS):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSIONS}")).scalar()


def is_known(schema: str) -> bool:
    """Whether this rumorwatch has a script that makes tables of that version."""
    return schema == REVISION or schema in _scripts()


def upgrade(connection: Connection, schema: str) -> None:
    """Run the scripts up to `schema` ("head": all of them), in the transaction that `connection` has open."""
    # Imported here: a ledger that is up to date, the usual case, does not wait for Alembic to load.
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, schema)


@cache
def _scripts() -> frozenset[str]:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return frozenset(script.revision for script in scripts)


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
