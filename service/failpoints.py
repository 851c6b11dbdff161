"""Named places at which a process can be made to die, for those who test what that does.

Off unless a setting arms one: `RUMORWATCH_FAILPOINT=pre-commit:3` kills the process, as SIGKILL does, the
third time it comes by `pre-commit`; `pre-commit:3:raise` breaks the unit of work there, `pre-commit:3:sleep`
stands still for longer than any lease. Where none is armed, a place costs one look into an empty dict.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from service.errors import SettingsError

# In the order in which an item's way comes by them.
PLACES = (
    "body-read",  # a feed's document has come whole
    "parsed",  # and was parsed
    "in-tx",  # in a transaction, after its first write
    "pre-commit",  # all is written, nothing committed
    "post-commit",  # committed, and nobody was told
    "pre-enqueue",  # before the doorbell is rung
    "post-enqueue",  # after it was
    "dequeued",  # a ring was heard
    "claimed",  # work was taken under a lease
    "connected",  # a receiver is connected to
    "body-sent",  # it has the whole message, and has not answered
    "got-2xx",  # it took it
    "pre-mark",  # before that is written down
    "marked",  # after it was
    "backoff-set",  # after a failed attempt was written down
    "drain",  # the process was told to stop
)
SLEEP_SECONDS = 40.0


class FailpointReached(Exception):
    """What an armed place raises with the action `raise`."""


@dataclass
class _Armed:
    place: str
    left: int
    act: Callable[[str], None]
    lock: threading.Lock = field(default_factory=threading.Lock)


_ARMED: dict[str, _Armed] = {}


def hit(place: str) -> None:
    """The work has come by `place`."""
    armed = _ARMED.get(place)
    if armed is not None:
        _count(armed)


def is_armed(*places: str) -> bool:
    """Whether one of `places` is armed: for a place whose watch costs something by itself."""
    return bool(_ARMED) and any(place in _ARMED for place in places)


def arm(words: str | None) -> None:
    """Arm the place that `words` name as `place:ordinal[:kill|raise|sleep]`; None: none. SettingsError."""
    _ARMED.clear()
    if words is None:
        return
    place, _, rest = words.partition(":")
    ordinal, _, action = rest.partition(":")
    act = _ACTIONS.get(action or "kill")
    if place not in PLACES or not ordinal.isdecimal() or int(ordinal) < 1 or act is None:
        raise SettingsError(
            f"RUMORWATCH_FAILPOINT: {words!r} is not PLACE:ORDINAL[:kill|raise|sleep] with a place of "
            f"{', '.join(PLACES)}."
        )
    _ARMED[place] = _Armed(place, int(ordinal), act)


def _count(armed: _Armed) -> None:
    with armed.lock:
        armed.left -= 1
        reached = armed.left == 0
    if reached:
        armed.act(armed.place)


def _kill(place: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _raise(place: str) -> None:
    raise FailpointReached(f"failpoint {place}")


def _sleep(place: str) -> None:
    time.sleep(SLEEP_SECONDS)


_ACTIONS: Mapping[str, Callable[[str], None]] = {"kill": _kill, "raise": _raise, "sleep": _sleep}
