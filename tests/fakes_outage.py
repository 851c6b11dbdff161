"""A receiver that is down for a while, on a clock that the test turns, and the loop that delivers to it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from service.alerts.transport import Sent
from service.core.model import Alert
from service.errors import OutgoingError
from service.store.ledger import Ledger
from tests.fakes_store import NOON, a_step, a_story, an_alert, an_item, claimed
from workers.deliveries import deliver_due

TICK = timedelta(seconds=5)


@dataclass
class Clock:
    """A clock that stands until it is turned."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Receiver:
    """Refuses everything until `down_until`, then takes it; `loses`: at first it takes it and says nothing.

    `tried` holds (when, id), `taken` the ids in the order of arrival, repeats included.
    """

    clock: Clock
    down_until: datetime = NOON
    error: OutgoingError = field(default_factory=lambda: OutgoingError("refused", status=503))
    loses: bool = False
    name: str = "hook"
    tried: list[tuple[datetime, str]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    async def send(self, delivery_id: str, message: Any, at: datetime) -> Sent:
        self.tried.append((self.clock.now, delivery_id))
        if self.clock.now < self.down_until:
            raise self.error
        self.taken.append(delivery_id)
        if self.loses and self.taken.count(delivery_id) == 1:
            raise OutgoingError("cut off before the answer")
        return Sent(200, "thanks")

    @property
    def tries(self) -> Counter[str]:
        """How often each delivery was tried."""
        return Counter(id_ for _, id_ in self.tried)


def told_at_once(ledger: Ledger, many: int, channels: tuple[str, ...] = ("hook",)) -> list[Alert]:
    """`many` alerts on one story, saved in one commit at noon."""
    work = claimed(ledger, an_item("a"))
    story = a_story("story_of_all", work.item)
    alerts = [an_alert(f"alert_{number:04}", story) for number in range(many)]
    with ledger.handling(work, ()) as handling:
        handling.save_step(a_step(story, work.item), 0, ("ford",))
        for alert in alerts:
            assert handling.save_alert(alert, channels, NOON)
    return alerts


def deliver(ledger: Ledger, clock: Clock, *receivers: Any) -> int:
    """The real loop, once, over whatever is due now; how many attempts it made."""
    return asyncio.run(deliver_due(ledger, {one.name: one for one in receivers}, clock))


def until(ledger: Ledger, clock: Clock, end: datetime, *receivers: Any, step: timedelta = TICK) -> None:
    """Turns the clock in steps up to `end`, delivering at each what is due."""
    while clock.now <= end:
        if ledger.due(clock.now).deliveries:
            deliver(ledger, clock, *receivers)
        clock.now += step
