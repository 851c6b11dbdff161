"""Alerts as people look back on them: what was told, and how its deliveries stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from service.core.messages import FeedAlert
from service.core.model import Alert
from service.store.alerts import FEED
from service.store.codec import decode
from service.store.schema import deliveries, holds
from service.store.views import AlertRow, FeedAlertRow


def told_rows(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[AlertRow | FeedAlertRow, ...]:
    """Rows of alerts about stories and feeds, in their order."""
    kept = _holds(connection, [row.id for row in rows])
    through = {row.id: kept[row.id].digest_id or row.id if row.id in kept else row.id for row in rows}
    states = _delivery_states(connection, set(through.values()))
    return tuple(
        _told(row, tuple(states.get(through[row.id], ())), kept.get(row.id, _NOT_HELD)) for row in rows
    )


def told_of_story(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[AlertRow, ...]:
    """Rows of alerts about stories, in their order."""
    return tuple(row for row in told_rows(connection, rows) if isinstance(row, AlertRow))


@dataclass(frozen=True, slots=True)
class _Hold:
    until: datetime | None = None
    digest_id: str | None = None


_NOT_HELD = _Hold()


def _holds(connection: Connection, ids: list[str]) -> dict[str, _Hold]:
    rows = connection.execute(select(holds).where(holds.c.alert_id.in_(ids)))
    return {row.alert_id: _Hold(row.until if row.state == "pending" else None, row.digest_id) for row in rows}


def _told(row: Row[Any], states: tuple[tuple[str, str], ...], hold: _Hold) -> AlertRow | FeedAlertRow:
    more = (row.created_at, states, hold.until, hold.digest_id)
    if row.about == FEED:
        return FeedAlertRow(decode(FeedAlert, row.alert), *more)
    return AlertRow(decode(Alert, row.alert), *more)


def _delivery_states(connection: Connection, alert_ids: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    wanted = (
        select(deliveries.c.alert_id, deliveries.c.channel, deliveries.c.state)
        .where(deliveries.c.alert_id.in_(list(alert_ids)))
        .order_by(deliveries.c.alert_id, deliveries.c.channel)
    )
    states: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(wanted):
        states.setdefault(row.alert_id, []).append((row.channel, row.state))
    return states
