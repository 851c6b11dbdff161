"""A feed kept as a file, for replay: its entries, as polling would have read them."""

from __future__ import annotations

from pathlib import Path

from service.core.feed import Entry
from service.errors import FeedError
from service.feeds.fetch import MAX_FEED_BYTES
from service.feeds.parse import parse_feed


def entries_from_file(path: Path) -> tuple[Entry, ...]:
    """The entries of an RSS, Atom or JSON Feed file, in document order. Raises FeedError, one sentence."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_FEED_BYTES + 1)
    except OSError as error:
        raise FeedError(f"The feed file {path} cannot be read: {error.strerror}.") from error
    if len(body) > MAX_FEED_BYTES:
        raise FeedError(f"The feed file {path} holds more than {MAX_FEED_BYTES} bytes.")
    return parse_feed(body, None, str(path)).entries
