"""How long something lasts, as a person writes it: `90m`, `12h`, `2d`, `1w`, `1d12h`."""

from __future__ import annotations

import re
from datetime import timedelta

from service.errors import InputError

LONGEST = timedelta(days=3660)
_UNITS = {"w": 7 * 24 * 60, "d": 24 * 60, "h": 60, "m": 1}
_PART = re.compile(r"([0-9]{1,6})([wdhm])")


def duration(text: str) -> timedelta:
    """The duration that `text` says. InputError where it is none, is nothing, or is too long."""
    compact = "".join(text.split()).lower()
    parts = _PART.findall(compact)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != compact:
        raise InputError(f"{text[:40]!r} is no duration: write it like 90m, 12h, 2d or 1w.")
    span = timedelta(minutes=sum(int(number) * _UNITS[unit] for number, unit in parts))
    if not timedelta(0) < span <= LONGEST:
        raise InputError(f"{text[:40]!r} is no duration between a minute and ten years.")
    return span
