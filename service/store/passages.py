"""When alerts passed their stages: kept beside each alert that a worker decided, read back as percentiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, or_, select

from service.core.latency import Latency, Passage, latency
from service.store.engine import insert_into, reading
from service.store.schema import alerts, attempts, deliveries, passages, revisions
from service.store.verdicts import Cause

MOST = 5000  # alerts that percentiles are told of, the latest
_p, _a, _d, _r = passages, attempts, deliveries, revisions
_SEEN = select(_r.c.published, _r.c.seen_at).where(
    _r.c.item_id == bindparam("item"), _r.c.revision == bindparam("number")
)


@dataclass(frozen=True, slots=True)
class Watch:
    """What a worker notes of an item on its way: when it took it, when it had read it, and its clock."""

    taken_at: datetime
    read_at: datetime
    clock: Callable[[], datetime]


class PassageRows:
    """The stage times of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def latency(self, since: datetime) -> Latency:
        """How long the alerts took that were saved since then and left at once."""
        at_once = (_p.c.queued_at >= since, alerts.c.left_at == alerts.c.created_at)
        which = select(_p).join(alerts, alerts.c.id == _p.c.alert_id).where(*at_once)
        latest = which.order_by(_p.c.queued_at.desc(), _p.c.alert_id).limit(MOST)
        with reading(self._engine) as connection:
            rows = connection.execute(latest).all()
            tried = _tried(connection, [row.alert_id for row in rows])
        return latency([_passage(row, tried) for row in rows], since)


def save_passage(
    connection: Connection, alert_id: str, cause: Cause, watch: Watch, matched_at: datetime
) -> None:
    """Keep when an alert passed its stages; one that was saved before keeps what it has."""
    if cause.item_id is None:
        return
    seen = connection.execute(_SEEN, {"item": cause.item_id, "number": cause.revision}).one()
    row = {
        "alert_id": alert_id,
        "published": seen.published,
        "seen_at": seen.seen_at,
        "taken_at": watch.taken_at,
        "read_at": watch.read_at,
        "matched_at": matched_at,
        "queued_at": watch.clock(),
    }
    connection.execute(_once(connection.dialect.name), row)


@cache
def _once(dialect: str) -> Any:
    return insert_into(_p, dialect).on_conflict_do_nothing(index_elements=["alert_id"])


def _tried(
    connection: Connection, alert_ids: list[str]
) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Alert id -> when its first try began, and when it was first taken."""
    found: dict[str, tuple[datetime | None, datetime | None]] = {}
    for start in range(0, len(alert_ids), 500):
        of = _d.c.alert_id.in_(alert_ids[start : start + 500])
        wanted = select(_d.c.alert_id, _a.c.at, _a.c.seconds, _a.c.number, _a.c.ok).join(
            _d, _d.c.id == _a.c.delivery_id
        )
        for row in connection.execute(wanted.where(of, or_(_a.c.number == 1, _a.c.ok))):
            began, took = found.get(row.alert_id, (None, None))
            start_at = row.at - timedelta(seconds=row.seconds)
            began = start_at if began is None else min(began, start_at)
            if row.ok:
                took = row.at if took is None else min(took, row.at)
            found[row.alert_id] = (began, took)
    return found


def _passage(row: Any, tried: dict[str, tuple[datetime | None, datetime | None]]) -> Passage:
    began, took = tried.get(row.alert_id, (None, None))
    return Passage(
        row.published, row.seen_at, row.taken_at, row.read_at, row.matched_at, row.queued_at, began, took
    )
