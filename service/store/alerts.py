"""Alerts and digests: saved once each, together with the deliveries that will carry them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, literal, select

from service.core.messages import ChannelAlert, Digest, FeedAlert, Message
from service.core.model import Alert, DeliveryState
from service.core.text import stable_id
from service.store.codec import decode, encode
from service.store.engine import insert_into
from service.store.schema import alerts, deliveries

STORY, FEED, DIGEST, CHANNEL = "story", "feed", "digest", "channel"
_KINDS: dict[str, type[Message]] = {STORY: Alert, FEED: FeedAlert, DIGEST: Digest, CHANNEL: ChannelAlert}
# What people look back on as alerts: no digest, since it tells alerts again, and no word about a channel.
LISTED = (STORY, FEED)

_EXISTS = select(literal(1)).where(alerts.c.id == bindparam("alert"))


def save_message(
    connection: Connection, message: Message, channels: Sequence[str], now: datetime, *, left: bool = True
) -> bool:
    """Save `message` and a delivery due `now` on each channel; False, nothing saved, where it exists.

    `left`: whether it leaves now, or is held.
    """
    saved = connection.execute(_once(connection.dialect.name), _row(message, now, left=left))
    if saved.rowcount == 1:
        add_deliveries(connection, message.id, channels, now)
    return saved.rowcount == 1


def add_deliveries(connection: Connection, alert_id: str, channels: Sequence[str], now: datetime) -> None:
    """A delivery due `now` of a saved message on each channel."""
    rows = [_delivery_row(alert_id, channel, now) for channel in dict.fromkeys(channels)]
    if rows:
        connection.execute(deliveries.insert(), rows)


def alert_exists(connection: Connection, alert_id: str) -> bool:
    """Whether the alert was saved already."""
    return connection.execute(_EXISTS, {"alert": alert_id}).first() is not None


def message_of(about: str, text: str) -> Message:
    """The message that a row holds. StoreError where it cannot be read."""
    return decode(_KINDS[about], text)


@cache
def _once(dialect: str) -> Any:
    return insert_into(alerts, dialect).on_conflict_do_nothing(index_elements=["id"])


def _row(message: Message, now: datetime, *, left: bool) -> dict[str, object]:
    about, story_id, feed_id = _subject(message)
    return {
        "id": message.id,
        "story_id": story_id,
        "feed_id": feed_id,
        "about": about,
        "subscription": message.subscription,
        "event": str(message.event),
        "at": message.at,
        "created_at": now,
        "alert": encode(message),
        "left_at": now if left else None,
    }


def _subject(message: Message) -> tuple[str, str | None, str | None]:
    match message:
        case Alert():
            return STORY, message.story_id, None
        case FeedAlert():
            return FEED, None, message.feed_id
        case Digest():
            return DIGEST, None, None
        case ChannelAlert():
            return CHANNEL, None, None


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
