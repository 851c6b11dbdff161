"""The log of what a person decided: read whole, and only ever added to."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection, select

from service.core.decisions import Decision
from service.errors import Conflict
from service.store.codec import decode, encode
from service.store.engine import insert_into
from service.store.schema import decisions

_LOG = select(decisions.c.decision).order_by(decisions.c.number)


def decisions_of(connection: Connection) -> tuple[Decision, ...]:
    """The whole log, the first decision first."""
    return tuple(_decision(row.decision) for row in connection.execute(_LOG))


# Asked for by every item, and a line never changes.
@lru_cache(maxsize=65536)
def _decision(text: str) -> Decision:
    return decode(Decision, text)


def add_decision(connection: Connection, decision: Decision) -> None:
    """Add a line to the log. Conflict where another worker added one at the same moment."""
    row = {"id": decision.id, "at": decision.at, "decision": encode(decision)}
    make = insert_into(decisions, connection.dialect.name).on_conflict_do_nothing(index_elements=["id"])
    if connection.execute(make, row).rowcount != 1:
        raise Conflict("Another decision was taken at the same moment.")
