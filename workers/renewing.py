"""Holding leases while work goes on: a thread renews what this process is busy with, three times a lease.

Work that never ends must not be held for ever: after MOST_HELD_SECONDS a lease is let go, so somebody else
takes the work over, and whoever is still at it is fenced off.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import TracebackType
from typing import Generic, TypeVar

from service import logs
from service.errors import LeaseLost, StoreError

RENEWALS_A_LEASE = 3
MOST_HELD_SECONDS = 300.0

Claimed = TypeVar("Claimed")


class Keeper(Generic[Claimed]):
    """Renews, by `renew`, whatever is held, until it is let go; a `with` block ends its thread."""

    def __init__(self, renew: Callable[[Claimed], None], lease_seconds: float) -> None:
        self._renew = renew
        self._pause = lease_seconds / RENEWALS_A_LEASE
        self._held: dict[int, tuple[Claimed, float]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def __enter__(self) -> Keeper[Claimed]:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @contextmanager
    def holding(self, *claimed: Claimed) -> Iterator[None]:
        """Keeps the leases for the length of the block; they are not given back at the end."""
        with self._lock:
            self._held.update((id(one), (one, monotonic())) for one in claimed)
        try:
            yield
        finally:
            with self._lock:
                for one in claimed:
                    self._held.pop(id(one), None)

    def _run(self) -> None:
        while not self._over.wait(self._pause):
            with self._lock:
                held = list(self._held.values())
            for claimed, since in held:
                self._renew_one(claimed, since)

    def _renew_one(self, claimed: Claimed, since: float) -> None:
        # What was taken within this pause has most of its lease before it.
        age = monotonic() - since
        if age < self._pause / 2 or age > MOST_HELD_SECONDS:
            return
        try:
            self._renew(claimed)
        except LeaseLost:  # finished at this very moment, or another's: whoever saves finds out
            with self._lock:
                self._held.pop(id(claimed), None)
        except (
            StoreError
        ) as error:  # the ledger is away: there is no lease to be had, and no work to be saved
            logs.warning("lease.not_renewed", error=error)
