"""Who may ask: tokens and sessions, kept as hashes. What was handed out is shown once and never stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, and_, delete, select, update

from service.errors import InputError
from service.store.engine import reading, writing
from service.store.schema import sessions, tokens


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token. `digest`: SHA-256 of it, which is enough for 32 random bytes. `revoked_at` None: it counts."""

    name: str
    digest: bytes
    may_edit: bool
    created_at: datetime
    revoked_at: datetime | None


class AccessRows:
    """The tokens and sessions of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, name: str, digest: bytes, *, may_edit: bool, now: datetime) -> None:
        """Keep a token. InputError where the name was ever used, so that the log stays plain."""
        row = {"name": name, "digest": digest.hex(), "may_edit": may_edit, "created_at": now}
        with writing(self._engine) as connection:
            if connection.execute(select(tokens.c.name).where(tokens.c.name == name)).first():
                raise InputError(f"there was a token named {name!r} already: take another name.")
            connection.execute(tokens.insert().values(**row))

    def listed(self) -> tuple[TokenRow, ...]:
        """Every token, by name, those that were revoked too."""
        with reading(self._engine) as connection:
            return tuple(_row(row) for row in connection.execute(select(tokens).order_by(tokens.c.name)))

    def revoke(self, name: str, now: datetime) -> None:
        """Let a token and its sessions count no more. InputError where there is none that does."""
        with writing(self._engine) as connection:
            counts = and_(tokens.c.name == name, tokens.c.revoked_at.is_(None))
            if connection.execute(update(tokens).where(counts).values(revoked_at=now)).rowcount == 0:
                raise InputError(f"there is no token {name!r}: `rumorwatch tokens list` shows them.")
            connection.execute(delete(sessions).where(sessions.c.token_name == name))

    def begin_session(self, name: str, digest: bytes, now: datetime, until: datetime) -> None:
        """Keep a session of a token until a time; those that are over are forgotten."""
        row = {"digest": digest.hex(), "token_name": name, "created_at": now, "until": until}
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.until <= now))
            connection.execute(sessions.insert().values(**row))

    def session(self, digest: bytes, now: datetime) -> TokenRow | None:
        """The token of a session that is not over, where it still counts."""
        asked = (
            select(tokens)
            .join(sessions, sessions.c.token_name == tokens.c.name)
            .where(sessions.c.digest == digest.hex(), sessions.c.until > now, tokens.c.revoked_at.is_(None))
        )
        with reading(self._engine) as connection:
            row = connection.execute(asked).first()
        return None if row is None else _row(row)

    def end_session(self, digest: bytes) -> None:
        """Forget a session."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.digest == digest.hex()))


def digest_of(secret: str) -> bytes:
    """What is kept of a token or a session."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _row(row: Row[Any]) -> TokenRow:
    return TokenRow(row.name, bytes.fromhex(row.digest), row.may_edit, row.created_at, row.revoked_at)
