"""Decisions of another ledger, taken in a replay as soon as the stories that they name are there."""

from __future__ import annotations

from collections.abc import Sequence

from service.core.decisions import Act, Decision, in_force
from service.core.model import Item, Subscription
from service.errors import InputError
from service.store.ledger import Ledger
from workers.curating import carried_over, take
from workers.telling import Handled

# What moves statements waits for them; what judges a statement is known before it is told.
_WAITS_FOR_MARKS = (Act.MOVE, Act.SPLIT)


class Pending:
    """The decisions of a log that stand and are not taken yet, in their order."""

    def __init__(
        self, ledger: Ledger, subscriptions: Sequence[Subscription], decided: Sequence[Decision]
    ) -> None:
        self._ledger, self._subscriptions = ledger, subscriptions
        self._seen: set[str] = set()
        self._waiting = list(in_force(decided))
        if self._waiting:
            self._take_all(None)

    def after(self, item: Item) -> tuple[Handled, ...]:
        """Takes what can be taken now that `item` was handled; what was news of it."""
        if not self._waiting:
            return ()
        self._seen.add(item.id)
        return self._take_all(item)

    def _take_all(self, item: Item | None) -> tuple[Handled, ...]:
        handled: list[Handled] = []
        for decision in tuple(self._waiting):
            if self._awaited(decision) <= self._seen:
                told = self._take(decision, item)
                if told is not None:
                    self._waiting.remove(decision)
                    handled += told
        return tuple(handled)

    @staticmethod
    def _awaited(decision: Decision) -> set[str]:
        if decision.act is Act.WRONG:
            return set()
        awaited = {anchor.mark.item_id for anchor in decision.anchors}
        if decision.act in _WAITS_FOR_MARKS:
            awaited |= {mark.item_id for mark in decision.marks}
        return awaited

    def _take(self, decision: Decision, item: Item | None) -> tuple[Handled, ...] | None:
        now = item.told_at if item else decision.at
        try:
            with self._ledger.curating() as transaction:
                ours = carried_over(transaction, decision)
                if ours is None:
                    return None
                return take(transaction, self._subscriptions, ours, now).handled
        except InputError:  # what it names is not whole yet: the next item may complete it
            return None
