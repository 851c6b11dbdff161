"""When a failed delivery is tried again, and when it is given up.

13 tries: even with every wait shortened by its jitter the last comes 76 hours after the first, so a receiver
that is down from Friday evening to Monday morning misses nothing.
"""

from __future__ import annotations

from service.errors import OutgoingError

_MINUTE, _HOUR = 60.0, 3600.0
WAITS = (
    5.0,
    30.0,
    2 * _MINUTE,
    10 * _MINUTE,
    30 * _MINUTE,
    1 * _HOUR,
    2 * _HOUR,
    5 * _HOUR,
    15 * _HOUR,
    24 * _HOUR,
    24 * _HOUR,
    24 * _HOUR,
)
TRIES = len(WAITS) + 1
JITTER = 0.2
LONGEST_WISH = _HOUR


def retry_after(error: OutgoingError, attempt: int, chance: float) -> float | None:
    """Seconds until the next try after `attempt` (1 for the first) failed with `error`; None: give up.

    `chance` in [0, 1) spreads the wait by 20 % either way. The receiver's wish may lengthen the wait, up to
    an hour, and never shortens it: else it could use up all tries in a minute.
    """
    if error.permanent or attempt >= TRIES:
        return None
    wait = WAITS[max(attempt, 1) - 1] * (1 - JITTER + 2 * JITTER * chance)
    wish = error.retry_after
    # Written so that NaN counts as no wish.
    return max(wait, min(wish, LONGEST_WISH)) if wish is not None and wish > 0 else wait
