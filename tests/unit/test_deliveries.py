"""One slow or broken channel keeps nobody else waiting, and every attempt is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from service.alerts.transport import Sent
from service.core.messages import ClaimedDelivery
from service.core.model import Attempt
from service.errors import OutgoingError
from tests.alert_examples import denial
from workers.deliveries import MOST_PER_CHANNEL, deliver_due

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


@dataclass
class DueDeliveries:
    """Deliveries that wait in a list, as (channel, id); what is finished is kept with its next time."""

    waiting: list[tuple[str, str]]
    finished: dict[str, tuple[Attempt, datetime | None]] = field(default_factory=dict)

    def claim(
        self, now: datetime, lease_seconds: float, busy: Collection[str] = ()
    ) -> ClaimedDelivery | None:
        free = next((one for one in self.waiting if one[0] not in busy), None)
        if free is None:
            return None
        self.waiting.remove(free)
        return ClaimedDelivery(id=free[1], message=denial(), channel=free[0], token="t", tries=0)

    def finish(
        self, claimed: ClaimedDelivery, attempt: Attempt, next_at: datetime | None, failure: Any = None
    ) -> int:
        self.finished[claimed.id] = (attempt, next_at)
        return 0


class Quick:
    """Takes everything at once."""

    name = "quick"

    async def send(self, delivery_id: str, alert: Any, at: datetime) -> Sent:
        return Sent(200, "ok")


class Hanging:
    """Answers nobody until it is released; counts how many it holds at once."""

    name = "hanging"

    def __init__(self) -> None:
        self.held = self.most_held = 0
        self.released = asyncio.Event()

    async def send(self, delivery_id: str, alert: Any, at: datetime) -> Sent:
        self.held += 1
        self.most_held = max(self.most_held, self.held)
        await self.released.wait()
        self.held -= 1
        return Sent(200, "late")


class Failing:
    """Fails as it is told."""

    name = "failing"

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def send(self, delivery_id: str, alert: Any, at: datetime) -> Sent:
        raise self.error


def send(rows: DueDeliveries, transports: Mapping[str, Any]) -> int:
    ledger: Any = SimpleNamespace(deliveries=rows)
    return asyncio.run(deliver_due(ledger, transports, lambda: NOW))


def test_a_hanging_channel_keeps_the_others_going():
    rows = DueDeliveries([("hanging", f"h{n}") for n in range(6)] + [("quick", f"q{n}") for n in range(50)])

    async def scene() -> Hanging:
        hanging = Hanging()
        ledger: Any = SimpleNamespace(deliveries=rows)
        sending = asyncio.create_task(
            deliver_due(ledger, {"quick": Quick(), "hanging": hanging}, lambda: NOW)
        )
        while len(rows.finished) < 50:
            await asyncio.sleep(0.01)
        assert all(name.startswith("q") for name in rows.finished)
        hanging.released.set()
        assert await sending == 56
        return hanging

    hanging = asyncio.run(asyncio.wait_for(scene(), 20))
    assert hanging.most_held == MOST_PER_CHANNEL


def test_twenty_channels_that_hang_cost_another_no_more_than_a_second():
    hung = [f"hang{n}" for n in range(20)]
    rows = DueDeliveries([(name, f"{name}-{n}") for n in range(3) for name in hung])

    async def scene() -> float:
        hanging = {name: Hanging() for name in hung}
        ledger: Any = SimpleNamespace(deliveries=rows)
        sending = asyncio.create_task(deliver_due(ledger, {"quick": Quick(), **hanging}, lambda: NOW))
        while sum(one.held for one in hanging.values()) < 20 * MOST_PER_CHANNEL:
            await asyncio.sleep(0.01)
        # All that hang do so by now: what comes in behind them for another is still sent at once.
        came = asyncio.get_running_loop().time()
        rows.waiting += [("quick", f"q{n}") for n in range(20)]
        while len(rows.finished) < 20:
            await asyncio.sleep(0.01)
        took = asyncio.get_running_loop().time() - came
        for one in hanging.values():
            one.released.set()
        await sending
        return took

    assert asyncio.run(asyncio.wait_for(scene(), 20)) <= 1.0


def test_what_fails_for_now_is_tried_later():
    rows = DueDeliveries([("failing", "d1")])
    send(rows, {"failing": Failing(OutgoingError("busy", status=503, answer="come back"))})
    attempt, next_at = rows.finished["d1"]
    assert (attempt.ok, attempt.status, attempt.answer, attempt.number) == (False, 503, "come back", 1)
    assert next_at is not None
    assert next_at > NOW


def test_what_fails_for_good_is_given_up():
    rows = DueDeliveries([("failing", "d1")])
    send(rows, {"failing": Failing(OutgoingError("gone", permanent=True, status=410))})
    assert rows.finished["d1"][1] is None
    assert not rows.finished["d1"][0].ok


def test_a_bug_in_one_channel_is_an_attempt_that_failed():
    rows = DueDeliveries([("failing", "d1"), ("quick", "d2")])
    send(rows, {"failing": Failing(ZeroDivisionError("a bug")), "quick": Quick()})
    assert not rows.finished["d1"][0].ok
    assert rows.finished["d1"][1] is not None
    assert rows.finished["d2"][0].ok


def test_a_channel_that_is_no_longer_set_up_is_given_up_with_the_reason():
    rows = DueDeliveries([("gone", "d1")])
    send(rows, {})
    attempt, next_at = rows.finished["d1"]
    assert "gone" in attempt.answer
    assert next_at is None
