"""The same pipeline on a clock that follows the items, in an empty ledger in memory.

Nothing here decides anything: items are put in time order, each is handled as the service would, and what
each statement did is told. So a past day, replayed, is what the service would have done on that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from service.clocks.fire import RanOut, fire_due
from service.clocks.release import release_due
from service.core.alerting import EVERYTHING
from service.core.clocks import NO_CLOCKS, ClockBook
from service.core.decisions import Decision
from service.core.model import EventType, Item, Reason, Story, Subscription
from service.core.reading.lexicon import Knowledge
from service.core.stories import DORMANT_AFTER
from service.core.text import fingerprint
from service.jsonl import evidence_row, value
from service.store.ledger import Ledger
from workers.items import Handled, Rules, handle_item
from workers.pending import Pending

_LEASE_SECONDS = 600.0
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """What happened at one moment: a statement was handled, a story fell dormant, or a clock ran out."""

    at: datetime
    item: Item | None
    handled: Handled | None
    expired: Story | None = None
    ran_out: RanOut | None = None


def replay(
    items: Sequence[Item],
    rules: Rules,
    *,
    as_of: datetime | None = None,
    clock_events: bool = False,
    decided: Sequence[Decision] = (),
) -> Iterator[Told]:
    """Handles `items` (in time order, up to `as_of`) and tells what each statement did.

    `rules.subscriptions` begins with the subscription that rows answer for. With `clock_events`, stories that
    fell dormant and clocks of `rules` that ran out are told too. `decided`: a log of decisions, each taken as
    soon as the stories that it names are there.
    """
    ledger = Ledger.open("sqlite://")
    try:
        dated = [item for item in items if as_of is None or item.told_at <= as_of]
        ledger.items.add([(item, fingerprint(item.title, item.text)) for item in dated])
        time = _Time(ledger, rules) if clock_events else None
        yield from _handle_all(ledger, rules, dated, time, Pending(ledger, rules.subscriptions, decided))
        if time is not None and as_of is not None:
            yield from time.until(as_of)
    finally:
        ledger.close()


def _handle_all(
    ledger: Ledger, rules: Rules, items: Sequence[Item], time: _Time | None, pending: Pending
) -> Iterator[Told]:
    now = items[-1].told_at if items else _BEFORE_ALL
    while (claimed := ledger.items.claim(now, _LEASE_SECONDS)) is not None:
        item = claimed.item
        release_due(ledger, rules.subscriptions, item.told_at)
        if time is not None:
            yield from time.until(item.told_at)
        for handled in (*handle_item(ledger, rules, claimed, item.told_at), *pending.after(item)):
            yield Told(item.told_at, handled.step.item, handled)
            if time is not None:
                time.heard(handled.step.story)


class _Time:
    """What happens because nothing does: stories fall dormant, clocks run out."""

    def __init__(self, ledger: Ledger, rules: Rules) -> None:
        self._ledger, self._rules = ledger, rules
        self._stories: dict[str, Story] = {}

    def heard(self, story: Story) -> None:
        """The story moved, or may have."""
        self._stories[story.id] = story

    def until(self, moment: datetime) -> Iterator[Told]:
        """All that happened up to `moment`, in the order in which it did."""
        told = [*self._fallen(moment), *self._ran_out(moment)]
        yield from sorted(told, key=lambda one: one.at)

    def _fallen(self, moment: datetime) -> Iterator[Told]:
        fallen = [story for story in self._stories.values() if story.last_at + DORMANT_AFTER <= moment]
        for story in sorted(fallen, key=lambda story: (story.last_at, story.id)):
            del self._stories[story.id]
            yield Told(story.last_at + DORMANT_AFTER, None, None, story)

    def _ran_out(self, moment: datetime) -> Iterator[Told]:
        more = True
        while more:
            found, more = fire_due(
                self._ledger, self._rules.clocks, self._rules.subscriptions, moment, moment
            )
            for one in found:
                yield Told(one.clock.due_at, None, None, ran_out=one)


def replay_row(told: Told) -> dict[str, Any]:
    """What `replay --jsonl` says of one moment."""
    if told.ran_out is not None:
        return _clock_row(told.at, told.ran_out)
    if told.handled is None:
        assert told.expired is not None
        return _row(told.at, told.expired, event=EventType.EXPIRED.value)
    step, decision = told.handled.step, told.handled.decisions[0]
    row = _row(
        told.at,
        step.story,
        item=step.item.id,
        event=value(step.event),
        kind=step.statement.kind.value,
        party=step.statement.party,
        role=value(step.statement.role),
        strength=value(step.statement.strength),
        alert=decision.alert is not None,
        reason=_public(decision.reason),
        evidence=evidence_row(step.statement.evidence),
    )
    # Only a subscription that asks for it is ever told later: the rows of the others are as they were.
    return row | {"held_until": decision.held.until.isoformat()} if decision.held else row


def _clock_row(at: datetime, ran_out: RanOut) -> dict[str, Any]:
    decision = ran_out.decisions[0]
    return _row(
        at,
        ran_out.story,
        event=ran_out.clock.rule.event.value,
        alert=decision.alert is not None,
        reason=decision.reason.value if decision.alert is not None else None,
    )


def _public(reason: Reason) -> str:
    return (Reason.BELOW_THRESHOLD if reason is Reason.NOT_WATCHED else reason).value


def _row(
    at: datetime,
    story: Story,
    *,
    item: str | None = None,
    event: str | None = None,
    kind: str | None = None,
    party: str | None = None,
    role: str | None = None,
    strength: str | None = None,
    alert: bool = False,
    reason: str | None = None,
    evidence: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "at": at.isoformat(),
        "item": item,
        "story": story.id,
        "event": event,
        "kind": kind,
        "party": party,
        "role": role,
        "strength": strength,
        "claim": story.claim.text,
        "status": story.status.value,
        "alert": alert,
        "reason": reason,
        "evidence": evidence,
    }


def default_rules(
    knowledge: Knowledge,
    watchlist: tuple[str, ...] = (),
    subscription: Subscription = EVERYTHING,
    clocks: ClockBook = NO_CLOCKS,
) -> Rules:
    """The rules that rows answer for, by default with the subscription to everything."""
    return Rules(knowledge, (subscription,), watchlist, clocks=clocks)
