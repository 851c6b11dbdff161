"""How long a server asks us to wait: the header `Retry-After`, and dates that are written like one."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MOST_DIGITS = 12  # past every clamp; more would only cost time


def seconds_asked(value: str | None, now: datetime) -> float | None:
    """Seconds from `now`, given as seconds or as a date; None for junk and what is past."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:_MOST_DIGITS])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = (aware - now).total_seconds()
    return seconds if seconds >= 0 else None
