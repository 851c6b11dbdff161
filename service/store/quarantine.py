"""The quarantine: what could not be read or stored, kept as it came, bounded for each feed, and tried again.

How it decides: a batch of revisions is saved whole; where the database refuses a value, each is saved in a
savepoint of its own, so that one poisoned value takes none of its neighbours along. What is refused because
of the database (a full disk, a lost connection) is no poison and fails the whole commit. Of each feed the
latest MOST_PIECES are kept, up to MOST_BYTES of packed bytes; a piece that is longer than MOST_RAW is cut.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, select
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    StatementError,
)

from service.core.feed import NewRevision, Unparsed
from service.core.text import stable_id
from service.errors import Conflict, InputError, StoreError
from service.store.arrivals import add_revisions
from service.store.codec import decode, encode
from service.store.engine import insert_into, reading, writing
from service.store.schema import quarantine

MOST_PIECES = 200
MOST_BYTES = 8 * 1024 * 1024
MOST_RAW = 4 * 1024 * 1024
_MOST_WHY = 500
_q = quarantine
# Of PostgreSQL: bad data, broken constraints, and limits such as that of a key in an index.
_REFUSED_STATES = ("22", "23", "54")
_REFUSED = (DataError, IntegrityError, InterfaceError, ProgrammingError)


@dataclass(frozen=True, slots=True)
class PutAside:
    """One piece in quarantine, without its bytes. `size` is in bytes; `cut`: its end was left out."""

    id: str
    feed_id: str
    first_at: datetime
    last_at: datetime
    times: int
    kind: str
    why: str
    size: int
    cut: bool


class Quarantine:
    """The quarantine of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def pieces(self, feed_id: str | None = None) -> list[PutAside]:
        """What was put aside, of one feed or of all, the latest first."""
        columns = [_q.c[name] for name in PutAside.__slots__]
        wanted = select(*columns).order_by(_q.c.last_at.desc(), _q.c.id)
        if feed_id is not None:
            wanted = wanted.where(_q.c.feed_id == feed_id)
        with reading(self._engine) as connection:
            return [PutAside(**row._mapping) for row in connection.execute(wanted)]

    def piece(self, piece_id: str) -> tuple[str, Unparsed]:
        """The feed of a piece, and the piece itself. InputError where there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(select(_q).where(_q.c.id == piece_id)).one_or_none()
        if row is None:
            raise InputError(f"There is no {piece_id!r}: `rumorwatch feeds quarantine` lists what is there.")
        return row.feed_id, _unparsed(row)

    def take_out(
        self, piece_id: str, found: Sequence[NewRevision], left: Sequence[Unparsed], now: datetime
    ) -> int:
        """Save what was `found` in a piece as work, put aside what is `left` of it; how many were new.

        The piece is gone afterwards. InputError where there is none: another took it out.
        """
        with writing(self._engine) as connection:
            gone = delete(_q).where(_q.c.id == piece_id).returning(_q.c.feed_id)
            feed_id = connection.execute(gone).scalar_one_or_none()
            if feed_id is None:
                raise InputError(f"{piece_id!r} is not in quarantine any more.")
            saved, refused = add_what_can_be(connection, feed_id, found, now)
            put_aside(connection, feed_id, (*left, *refused), now)
        return saved


def revision_in(piece: Unparsed) -> NewRevision:
    """The revision that a piece of kind `item` holds. StoreError where it cannot be read."""
    return decode(NewRevision, piece.raw.decode("utf-8", "surrogatepass"))


def add_what_can_be(
    connection: Connection, feed_id: str, wanted: Sequence[NewRevision], now: datetime
) -> tuple[int, tuple[Unparsed, ...]]:
    """Save revisions as work, but those that the database refuses; how many were new, and the refused."""
    if not wanted:
        return 0, ()
    try:
        with connection.begin_nested():
            return add_revisions(connection, feed_id, wanted, now), ()
    except (StatementError, StoreError) as error:
        if not _is_refusal(error):
            raise
    saved, refused = 0, []
    for new in sorted(wanted, key=lambda one: one.item_id):  # as a batch takes its locks
        try:
            with connection.begin_nested():
                saved += add_revisions(connection, feed_id, [new], now)
        except (StatementError, StoreError) as error:
            if not _is_refusal(error):
                raise
            refused.append(_refused(new, error))
    return saved, tuple(refused)


def _is_refusal(error: StatementError | StoreError) -> bool:
    """Whether a value is at fault, and not the database."""
    if not isinstance(error, DBAPIError):
        return not isinstance(error, Conflict)  # it could not even be handed over
    if state := getattr(error.orig, "sqlstate", None):
        return str(state).startswith(_REFUSED_STATES)
    return isinstance(error, _REFUSED) and not error.connection_invalidated


def _refused(new: NewRevision, error: StatementError | StoreError) -> Unparsed:
    cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    why = f"the ledger refused it: {' '.join(str(cause).split()) or type(cause).__name__}"
    try:
        raw = encode(new)
    except ValueError:
        raw = repr(new)
    return Unparsed("item", raw.encode("utf-8", "surrogatepass"), why, new.url or "")


def put_aside(connection: Connection, feed_id: str, pieces: Sequence[Unparsed], now: datetime) -> None:
    """Keep `pieces`; one that is there already is counted. The oldest of the feed make room."""
    if not pieces:
        return
    made = insert_into(_q, connection.dialect.name)
    again = {"last_at": made.excluded.last_at, "times": _q.c.times + 1, "why": made.excluded.why}
    kept = made.on_conflict_do_update(index_elements=["id"], set_=again)
    connection.execute(kept, [_row(feed_id, piece, now) for piece in pieces])
    order = (_q.c.last_at.desc(), _q.c.id)
    place = func.row_number().over(order_by=order).label("place")
    total = func.sum(_q.c.packed_size).over(order_by=order).label("total")
    mine = select(_q.c.id, place, total).where(_q.c.feed_id == feed_id).subquery("mine")
    over = select(mine.c.id).where((mine.c.place > MOST_PIECES) | (mine.c.total > MOST_BYTES))
    connection.execute(delete(_q).where(_q.c.id.in_(over)))


def _row(feed_id: str, piece: Unparsed, now: datetime) -> dict[str, object]:
    raw = piece.raw[:MOST_RAW]
    packed = zlib.compress(raw)
    return {
        "id": stable_id("q", feed_id, hashlib.sha256(piece.raw).hexdigest()),
        "feed_id": feed_id,
        "first_at": now,
        "last_at": now,
        "times": 1,
        "kind": piece.kind,
        "why": _storable(piece.why)[:_MOST_WHY],
        "url": _storable(piece.url),
        "content_type": None if piece.content_type is None else _storable(piece.content_type),
        "size": len(piece.raw),
        "cut": len(raw) < len(piece.raw),
        "packed": packed,
        "packed_size": len(packed),
    }


def _storable(text: str) -> str:
    """Words about a poison must not be one."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _unparsed(row: Row[Any]) -> Unparsed:
    piece = Unparsed(row.kind, zlib.decompress(row.packed), row.why, row.url, row.content_type)
    return replace(piece, why=f"{piece.why} (its end was cut)") if row.cut else piece
