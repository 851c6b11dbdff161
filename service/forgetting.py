"""The nightly forgetting: batch after batch while nothing else is to be done, once a night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime

from service import logs
from service.core.retention import Cutoff, Keeping, cutoffs, is_quiet
from service.errors import StoreError
from service.store.ledger import Ledger

Clock = Callable[[], datetime]


def batches(ledger: Ledger, cutoff: Cutoff, now: datetime) -> Iterator[int]:
    """Forgets batch after batch; how many rows of each. It may be left at any of them."""
    after: int | None = 0
    while after is not None:
        batch = ledger.retention.remove(cutoff, now, after)
        after = batch.after
        yield batch.removed


class Forgetting:
    """What a scheduler asks every few minutes: it forgets in the small hours, and stops where work comes."""

    def __init__(self, ledger: Ledger, keeping: Keeping, clock: Clock) -> None:
        self._ledger, self._keeping, self._clock = ledger, keeping, clock
        self._done_on: date | None = None

    def tick(self) -> None:
        """Forgets what is left of tonight's, if this is a moment to do so."""
        tonight = self._local().date()
        if self._done_on == tonight:
            return
        try:
            if self._is_quiet() and self._forget_all() and self._free():
                self._done_on = tonight
        except StoreError as error:
            logs.failure("retention.store_failed", error)

    def _forget_all(self) -> bool:
        """Whether all that may go is gone."""
        now = self._clock()
        for cutoff in cutoffs(self._keeping, now):
            removed, done = 0, True
            for count in batches(self._ledger, cutoff, now):
                removed += count
                done = self._is_quiet()
                if not done:
                    break
            if removed:
                logs.line("retention.removed", what=cutoff.what.value, rows=removed)
            if not done:
                return False
        return True

    def _free(self) -> bool:
        """Whether no page is left to be given back."""
        left = self._ledger.retention.free()
        while left and self._is_quiet():
            before, left = left, self._ledger.retention.free()
            if left >= before:  # somebody writes: tomorrow is another night
                return True
        return not left

    def _is_quiet(self) -> bool:
        return is_quiet(self._local(), self._ledger.due(self._clock()))

    def _local(self) -> datetime:
        return self._clock().astimezone()
