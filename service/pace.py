"""One connection to a host at a time, and a pause between two: the manners of everything that asks for feeds.

What it promises: whoever takes a turn at a host has it alone, and the next turn begins no sooner than the gap
after the last one ended. Hosts of the operator's own network have turns too, and no gap. Safe between threads
and event loops, so one pace serves all that a process asks. What it leaves out: other processes, and how long
a host asked to be left alone (core/hosts.py): that is kept in the ledger.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

LOOK_AGAIN_SECONDS = 0.05
_MANY = 5000  # hosts that are remembered before the rested ones are forgotten


@dataclass(slots=True)
class _Lane:
    """How one host stands, on the pace's clock."""

    busy: bool = False
    free_at: float = 0.0


class HostPace:
    """The turns at hosts. `gap_seconds` lies between two turns at one host; `clock` counts seconds."""

    def __init__(self, gap_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.gap_seconds = gap_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}
        self._ours: set[str] = set()

    def rest(self, host: str) -> float:
        """Seconds until a turn at `host` may begin; 0.0 where it may at once."""
        with self._lock:
            lane = self._lanes.get(host)
            if lane is None:
                return 0.0
            return max(LOOK_AGAIN_SECONDS if lane.busy else 0.0, lane.free_at - self._clock())

    def is_ours(self, host: str) -> None:
        """`host` was found to be one of the operator's own network: no gap lies between turns at it."""
        with self._lock:
            self._ours.add(host)

    def take(self, host: str) -> float:
        """Take a turn at `host`, to be given back: 0.0; or the seconds to wait before asking again."""
        with self._lock:
            now = self._clock()
            if len(self._lanes) > _MANY:
                self._lanes = {
                    name: one for name, one in self._lanes.items() if one.busy or one.free_at > now
                }
            lane = self._lanes.setdefault(host, _Lane())
            if lane.busy:
                return LOOK_AGAIN_SECONDS
            if lane.free_at > now:
                return lane.free_at - now
            lane.busy = True
            return 0.0

    def give_back(self, host: str) -> None:
        """The turn at `host` is over."""
        with self._lock:
            gap = 0.0 if host in self._ours else self.gap_seconds
            self._lanes[host] = _Lane(free_at=self._clock() + gap)
