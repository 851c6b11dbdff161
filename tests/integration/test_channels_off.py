"""A channel whose receiver is gone is turned off, what waits for it is kept, until a person turns it on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from service.alerts.transport import Sent
from service.core.model import DeliveryState
from service.core.rotation import Rotation, mark_of, signing_secrets
from service.errors import OutgoingError, ReceiverGone
from service.store.channels import Backlog
from service.store.ledger import Ledger
from tests.fakes_receivers import SECRET
from tests.fakes_store import NOON, an_item, told_with_alert
from workers.deliveries import deliver_due


class Receiver:
    """Takes messages, or fails as it is told; counts what reached it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.name = "hook"
        self.error = error
        self.got: list[str] = []

    async def send(self, delivery_id: str, message: Any, at: Any) -> Sent:
        self.got.append(delivery_id)
        if self.error is not None:
            raise self.error
        return Sent(200, "ok")


def deliver(ledger: Ledger, transports: Mapping[str, Any], seconds: float = 1) -> int:
    return asyncio.run(deliver_due(ledger, transports, lambda: NOON + timedelta(seconds=seconds)))


def told(ledger: Ledger, *alerts: str) -> None:
    for number, alert in enumerate(alerts):
        told_with_alert(ledger, alert, an_item(f"item of {alert}", number), ("hook", "mail"))


def states(ledger: Ledger) -> dict[tuple[str, str], str]:
    rows = ledger.reports.alerts().items
    return {(row.alert.id, channel): state for row in rows for channel, state in row.deliveries}


def test_a_receiver_that_is_gone_is_sent_nothing_more_and_the_others_all_of_it(ledger: Ledger) -> None:
    told(ledger, "a1", "a2", "a3", "a4")
    hook = Receiver(ReceiverGone("Webhook 'hook' answered 410: it is gone.", status=410, answer="bye"))
    mail = Receiver()
    deliver(ledger, {"hook": hook, "mail": mail})
    assert len(hook.got) <= 2  # those that were under way
    assert len(mail.got) == 4
    (off,) = ledger.channels.off()
    assert (off.name, off.because) == ("hook", "Webhook 'hook' answered 410: it is gone.")
    assert ledger.due(NOON + timedelta(days=30)).deliveries == 0
    gone = len(hook.got)
    assert ledger.channels.backlogs() == (Backlog("hook", waiting=4 - gone, dead=gone),)


def test_turned_on_again_all_that_waited_arrives_and_what_was_given_up_too(ledger: Ledger) -> None:
    told(ledger, "a1", "a2", "a3")
    gone = Receiver(ReceiverGone("gone", status=410))
    deliver(ledger, {"hook": gone, "mail": Receiver()})
    assert ledger.channels.turn_on("hook", NOON + timedelta(seconds=60)) == len(gone.got)
    hook = Receiver()
    deliver(ledger, {"hook": hook, "mail": Receiver()}, seconds=61)
    assert len(set(hook.got)) == len(hook.got) == 3
    assert set(states(ledger).values()) == {DeliveryState.DELIVERED.value}
    assert ledger.channels.turn_on("hook", NOON) is None


def test_what_was_given_up_before_for_other_reasons_stays_given_up(ledger: Ledger) -> None:
    told(ledger, "a1")
    deliver(ledger, {"hook": Receiver(OutgoingError("no", permanent=True)), "mail": Receiver()})
    assert ledger.channels.turn_off("hook", "a person said so", NOON + timedelta(seconds=9))
    assert not ledger.channels.turn_off("hook", "said again", NOON + timedelta(seconds=10))
    assert ledger.channels.off()[0].because == "a person said so"
    assert ledger.channels.turn_on("hook", NOON + timedelta(seconds=11)) == 0
    assert states(ledger)["a1", "hook"] == DeliveryState.DEAD.value


def test_a_rotation_is_kept_replaced_and_forgotten(ledger: Ledger) -> None:
    assert ledger.channels.rotation("hook") is None
    first = Rotation("hook", "whsec_new", (SECRET,), NOON + timedelta(days=1), mark_of((SECRET,)), NOON)
    ledger.channels.rotate(first)
    assert ledger.channels.rotation("hook") == first
    second = Rotation("hook", "whsec_newer", signing_secrets((SECRET,), first, NOON), NOON, "m", NOON)
    ledger.channels.rotate(second)
    assert ledger.channels.rotation("hook") == second
    assert ledger.channels.forget_rotation("hook")
    assert not ledger.channels.forget_rotation("hook")
    assert ledger.channels.rotation("hook") is None


def test_a_key_of_our_own_is_made_once(ledger: Ledger) -> None:
    key = ledger.own_keys.key("mute")
    assert len(key) == 32
    assert ledger.own_keys.key("mute") == key
    assert ledger.own_keys.key("other") != key
