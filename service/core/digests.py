"""Alerts that were held, put together: one is told by itself, several as a digest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from service.core.messages import Digest, FeedAlert
from service.core.model import Alert
from service.core.text import stable_id
from service.core.words import Hold

# A digest holds the first of its alerts whole and counts the rest: a storm of ten thousand must fit a mail.
MOST_WHOLE = 50


def digest_of(
    subscription: str, first: Sequence[Alert | FeedAlert], count: int, holds: Sequence[Hold], now: datetime
) -> Digest:
    """The digest of `count` alerts, of which `first`, not empty, are the oldest, told at `now`."""
    whole = list(first)[:MOST_WHOLE]
    return Digest(
        id=stable_id("g", subscription, now.isoformat(), whole[0].id, str(count)),
        subscription=subscription,
        at=now,
        since=min(one.at for one in whole),
        holds=tuple(hold for hold in Hold if hold in holds),
        count=count,
        alerts=tuple(one for one in whole if isinstance(one, Alert)),
        feeds=tuple(one for one in whole if isinstance(one, FeedAlert)),
        language=whole[0].language,
    )
