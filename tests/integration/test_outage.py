"""A receiver that is down, lies, or asks for time: nothing is lost, nothing told twice, all is in the log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from service.alerts.retries import JITTER, WAITS
from service.alerts.transport import Sent
from service.core.breaking import LONGEST_PAUSE
from service.core.model import DeliveryState, Outcome
from service.core.text import stable_id
from service.errors import OutgoingError
from service.store.delivery_log import AttemptRow, Wanted
from service.store.ledger import Ledger
from tests.fakes_outage import Clock, Receiver, deliver, told_at_once, until
from tests.fakes_store import NOON

THREE_HOURS = timedelta(hours=3)
MINUTE = timedelta(minutes=1)


def of(many: int) -> list[str]:
    return sorted(stable_id("msg", f"alert_{number:04}", "hook") for number in range(many))


def test_a_thousand_alerts_outlast_a_receiver_that_is_down_for_three_hours() -> None:
    ledger, clock = Ledger.open("sqlite://"), Clock()
    told_at_once(ledger, 1000)
    receiver = Receiver(clock, NOON + THREE_HOURS)
    until(ledger, clock, NOON + THREE_HOURS + 2 * MINUTE, receiver, step=timedelta(seconds=30))
    assert sorted(receiver.taken) == of(1000)  # all of them, none twice
    last = max(at for at, _ in receiver.tried)
    assert last - receiver.down_until <= LONGEST_PAUSE + timedelta(seconds=30)
    assert len(receiver.tried) < 1000 + 250  # the breaker asks for all: not 8,000 requests to a dead host
    delivered = ledger.delivery_log.list(500, None, Wanted(state=DeliveryState.DELIVERED))
    assert (len(delivered.items), delivered.next is not None) == (500, True)
    (hook,) = ledger.delivery_log.channels()
    assert (hook.delivered, hook.waiting, hook.dead) == (1000, 0, 0)
    logged = _log_of(ledger)
    assert len(logged) == len(receiver.tried)
    assert sum(row.outcome is Outcome.DELIVERED for row in logged) == 1000
    ledger.close()


def _log_of(ledger: Ledger) -> list[AttemptRow]:
    found: list[AttemptRow] = []
    cursor = None
    while True:
        page = ledger.delivery_log.attempts(400, cursor)
        found += page.items
        if (cursor := page.next) is None:
            return found


def test_on_both_databases_an_outage_ends_with_everything_delivered_once(ledger: Ledger) -> None:
    clock = Clock()
    told_at_once(ledger, 40)
    receiver = Receiver(clock, NOON + 20 * MINUTE)
    until(ledger, clock, NOON + 22 * MINUTE, receiver, step=timedelta(seconds=30))
    assert sorted(receiver.taken) == of(40)
    assert ledger.due(clock.now + timedelta(days=9)).deliveries == 0


def test_one_alert_alone_is_tried_on_its_schedule_within_a_fifth() -> None:
    ledger, clock = Ledger.open("sqlite://"), Clock()
    told_at_once(ledger, 1)
    receiver = Receiver(clock, NOON + THREE_HOURS)
    until(ledger, clock, NOON + timedelta(hours=7), receiver, step=timedelta(seconds=10))
    waits = [later - one for (one, _), (later, _) in zip(receiver.tried, receiver.tried[1:], strict=False)]
    # Behind the breaker a try may come up to its pause later; the step of the test is 10 s.
    slack = LONGEST_PAUSE + timedelta(seconds=10)
    for waited, planned in zip(waits, WAITS, strict=False):
        least, most = timedelta(seconds=planned * (1 - JITTER)), timedelta(seconds=planned * (1 + JITTER))
        assert least <= waited <= most + slack
    assert len(receiver.taken) == 1
    assert 6 <= len(receiver.tried) <= 9
    ledger.close()


def test_what_nobody_takes_is_given_up_after_twelve_tries_and_76_hours_and_not_before(ledger: Ledger) -> None:
    clock = Clock()
    told_at_once(ledger, 1)
    receiver = Receiver(clock, NOON + timedelta(days=90))
    until(ledger, clock, NOON + timedelta(days=6), receiver, step=timedelta(minutes=20))
    (page,) = ledger.delivery_log.of("alert_0000")
    assert page.delivery.state is DeliveryState.DEAD
    assert len(page.attempts) >= 12
    assert page.attempts[-1].at - page.attempts[0].at >= timedelta(hours=76)
    assert [one.outcome for one in page.attempts] == [Outcome.RETRY] * (len(page.attempts) - 1) + [
        Outcome.DEAD
    ]


def test_a_channel_that_comes_and_goes_uses_up_no_tries_of_what_it_refuses() -> None:
    ledger, clock = Ledger.open("sqlite://"), Clock()
    told_at_once(ledger, 7)
    *others, refused = of(7)
    receiver = Moody(clock, refused)
    for _ in range(16):
        receiver.down_until = clock.now + MINUTE
        for other in others:
            ledger.resending.one(other, clock.now)
        until(ledger, clock, clock.now + 3 * MINUTE, receiver, step=timedelta(seconds=20))
    (page,) = ledger.delivery_log.of(refused)
    assert page.delivery.state is DeliveryState.PENDING
    assert page.delivery.tries > len(WAITS) + 1
    assert sorted(receiver.taken) == sorted(others * 16)
    ledger.close()


class Moody(Receiver):
    """A receiver that refuses one delivery, also while it is well."""

    def __init__(self, clock: Clock, refused: str) -> None:
        super().__init__(clock)
        self.refused = refused

    async def send(self, delivery_id: str, message: Any, at: datetime) -> Sent:
        if delivery_id == self.refused:
            raise OutgoingError("busy", status=503)
        return await super().send(delivery_id, message, at)


def test_a_receiver_that_takes_and_says_nothing_gets_the_same_id_again(ledger: Ledger) -> None:
    clock = Clock()
    told_at_once(ledger, 12)
    receiver = Receiver(clock, loses=True)
    until(ledger, clock, NOON + 10 * MINUTE, receiver)
    assert set(receiver.tries.values()) == {2}  # repeats on the wire = cuts
    assert sorted(set(receiver.taken)) == of(12)  # distinct ids = alerts


def test_a_wish_for_ten_years_is_cut_to_an_hour_and_kept_by_the_whole_channel(ledger: Ledger) -> None:
    clock = Clock()
    told_at_once(ledger, 10)
    slow = OutgoingError("slow down", status=429, retry_after=3.15e8)
    receiver = Receiver(clock, NOON + 30 * MINUTE, error=slow)
    until(ledger, clock, NOON + 59 * MINUTE, receiver, step=MINUTE)
    assert len(receiver.tried) <= 2  # those on their way when the first answer came
    until(ledger, clock, NOON + 63 * MINUTE, receiver, step=MINUTE)
    assert sorted(receiver.taken) == of(10)


@pytest.mark.parametrize("status", [401, 404, 500])
def test_what_may_be_a_deployment_is_tried_for_days(status: int) -> None:
    ledger, clock = Ledger.open("sqlite://"), Clock()
    told_at_once(ledger, 1)
    receiver = Receiver(clock, NOON + timedelta(days=2), error=OutgoingError("no", status=status))
    until(ledger, clock, NOON + timedelta(days=3, hours=12), receiver, step=timedelta(minutes=30))
    assert receiver.taken == of(1)
    ledger.close()


def test_one_message_that_is_refused_for_good_holds_up_no_other(ledger: Ledger) -> None:
    clock = Clock()
    told_at_once(ledger, 12)
    receiver = Receiver(clock, NOON + MINUTE, error=OutgoingError("no such user", permanent=True, status=550))
    deliver(ledger, clock, receiver)
    (hook,) = ledger.delivery_log.channels()
    assert (hook.dead, hook.waiting) == (12, 0)
    assert hook.breaker is not None
    assert (hook.breaker.failures, hook.breaker.given_up) == (0, 12)
