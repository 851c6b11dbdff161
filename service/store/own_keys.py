"""Keys that this service made for itself, once for all its processes."""

from __future__ import annotations

import base64
import secrets

from sqlalchemy import Engine, select

from service.store.engine import insert_into, reading, writing
from service.store.schema import own_keys

BYTES = 32


class OwnKeys:
    """The keys of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def key(self, name: str) -> bytes:
        """The key of that name; made at random where there was none, the same for whoever asks first."""
        wanted = select(own_keys.c.key).where(own_keys.c.name == name)
        with reading(self._engine) as connection:
            found = connection.execute(wanted).scalar()
        if found is None:
            made = base64.b64encode(secrets.token_bytes(BYTES)).decode("ascii")
            with writing(self._engine) as connection:
                once = insert_into(own_keys, connection.dialect.name).on_conflict_do_nothing()
                connection.execute(once, {"name": name, "key": made})
                found = connection.execute(wanted).scalar_one()
        return base64.b64decode(found)
