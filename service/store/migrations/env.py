"""Run by Alembic: the scripts go to the connection that migrate.py holds, inside its transaction."""

from __future__ import annotations

from alembic import context

from service.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
