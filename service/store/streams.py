"""Alerts in the order in which they left, for streams: what left since a moment, and what it says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, and_, bindparam, or_, select

from service.core.messages import Message
from service.store.alerts import DIGEST, message_of
from service.store.engine import reading
from service.store.schema import Moment, alerts

_a = alerts
_since = bindparam("since", type_=Moment)
_AFTER = (
    select(_a.c.id, _a.c.left_at)
    .where(
        _a.c.about != DIGEST,
        or_(_a.c.left_at > _since, and_(_a.c.left_at == _since, _a.c.id > bindparam("id"))),
    )
    .order_by(_a.c.left_at, _a.c.id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Left:
    """An alert that left, and when."""

    id: str
    at: datetime


class StreamRows:
    """What streams read of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def left(self, since: datetime, after_id: str = "", most: int = 1000) -> tuple[Left, ...]:
        """The alerts that left after that one, the first first. Digests are told by what is in them."""
        with reading(self._engine) as connection:
            rows = connection.execute(_AFTER, {"since": since, "id": after_id, "most": most})
            return tuple(Left(row.id, row.left_at) for row in rows)

    def messages(self, ids: Collection[str]) -> tuple[Message, ...]:
        """These alerts, in any order."""
        wanted = select(_a.c.about, _a.c.alert).where(_a.c.id.in_(sorted(ids)))
        with reading(self._engine) as connection:
            return tuple(message_of(row.about, row.alert) for row in connection.execute(wanted))
