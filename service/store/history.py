"""What is remembered of a feed's polls, as its row holds it."""

from __future__ import annotations

from service.core.history import NO_HISTORY, FeedHistory
from service.store.codec import decode


def history_of(text: str | None) -> FeedHistory:
    """The history that a row's text holds, or that of a feed of which nothing is remembered."""
    return decode(FeedHistory, text) if text else NO_HISTORY
