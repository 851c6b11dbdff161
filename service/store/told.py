"""Alerts as people look back on them: what was told, and how its deliveries stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from service.core.messages import FeedAlert
from service.core.model import Alert
from service.store.alerts import FEED
from service.store.codec import decode
from service.store.schema import deliveries
from service.store.views import AlertRow, FeedAlertRow


def told_rows(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[AlertRow | FeedAlertRow, ...]:
    """Rows of alerts about stories and feeds, in their order."""
    states = _delivery_states(connection, [row.id for row in rows])
    return tuple(_told(row, tuple(states.get(row.id, ()))) for row in rows)


def told_of_story(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[AlertRow, ...]:
    """Rows of alerts about stories, in their order."""
    return tuple(row for row in told_rows(connection, rows) if isinstance(row, AlertRow))


def _told(row: Row[Any], states: tuple[tuple[str, str], ...]) -> AlertRow | FeedAlertRow:
    if row.about == FEED:
        return FeedAlertRow(decode(FeedAlert, row.alert), row.created_at, states)
    return AlertRow(decode(Alert, row.alert), row.created_at, states)


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
