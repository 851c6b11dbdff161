"""Alerts: saved once each, together with the deliveries that will carry them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, literal, select

from service.core.model import Alert, DeliveryState
from service.core.text import stable_id
from service.store.codec import encode
from service.store.engine import insert_into
from service.store.schema import alerts, deliveries

_EXISTS = select(literal(1)).where(alerts.c.id == bindparam("alert"))


def save_alert(connection: Connection, alert: Alert, channels: Sequence[str], now: datetime) -> bool:
    """Save `alert` and a delivery due `now` on each channel; False, and nothing saved, where it exists."""
    saved = connection.execute(_once(connection.dialect.name), _alert_row(alert, now))
    if saved.rowcount != 1:
        return False
    rows = [_delivery_row(alert.id, channel, now) for channel in dict.fromkeys(channels)]
    if rows:
        connection.execute(deliveries.insert(), rows)
    return True


def alert_exists(connection: Connection, alert_id: str) -> bool:
    """Whether the alert was saved already."""
    return connection.execute(_EXISTS, {"alert": alert_id}).first() is not None


@cache
def _once(dialect: str) -> Any:
    return insert_into(alerts, dialect).on_conflict_do_nothing(index_elements=["id"])


def _alert_row(alert: Alert, now: datetime) -> dict[str, object]:
    return {
        "id": alert.id,
        "story_id": alert.story_id,
        "subscription": alert.subscription,
        "event": alert.event.value,
        "at": alert.at,
        "created_at": now,
        "alert": encode(alert),
    }


def _delivery_row(alert_id: str, channel: str, now: datetime) -> dict[str, object]:
    return {
        "id": stable_id("msg", alert_id, channel),
        "alert_id": alert_id,
        "channel": channel,
        "state": DeliveryState.PENDING.value,
        "next_at": now,
        "tries": 0,
        "created_at": now,
    }
