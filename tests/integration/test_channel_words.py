"""A channel that fails is told of by another one, once, and once when it is back. Losses can be resent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.core.breaking import ChannelEvent
from service.core.messages import ChannelAlert
from service.core.model import DeliveryState, Subscription
from service.core.text import stable_id
from service.errors import InputError, OutgoingError
from service.store.delivery_log import Wanted
from service.store.ledger import Ledger
from service.store.resending import Again
from tests.fakes_outage import Clock, Receiver, deliver, told_at_once, until
from tests.fakes_store import NOON

MINUTE = timedelta(minutes=1)
BOTH = (Subscription("all", channels=("hook", "mail")),)
CHANNELS = ("hook", "mail")
DEAD = Wanted(state=DeliveryState.DEAD)


def words(ledger: Ledger, mail: Receiver) -> list[tuple[ChannelEvent, str]]:
    """What the mail carried about channels, in order."""
    found = {
        page.delivery.id: page.delivery.message for id_ in mail.taken for page in ledger.delivery_log.of(id_)
    }
    said = [found[id_] for id_ in mail.taken if isinstance(found[id_], ChannelAlert)]
    return [(one.event, one.channel) for one in said if isinstance(one, ChannelAlert)]


def test_what_was_given_up_is_told_by_another_channel_once_and_so_is_the_return(ledger: Ledger) -> None:
    clock = Clock()
    told_at_once(ledger, 3)
    gone = Receiver(clock, NOON + MINUTE, error=OutgoingError("gone", permanent=True, status=410))
    mail = Receiver(clock, name="mail")
    deliver(ledger, clock, gone, mail)
    for _ in range(3):
        ledger.breakers.tell(BOTH, CHANNELS, clock.now)
        deliver(ledger, clock, gone, mail)
    assert words(ledger, mail) == [(ChannelEvent.FAILING, "hook")]
    clock.now += 2 * MINUTE
    again = ledger.resending.since(Again(NOON, "hook", dead=True), clock.now)
    assert len(again) == 3
    deliver(ledger, clock, gone, mail)
    for _ in range(3):
        ledger.breakers.tell(BOTH, CHANNELS, clock.now)
        deliver(ledger, clock, gone, mail)
    assert words(ledger, mail) == [(ChannelEvent.FAILING, "hook"), (ChannelEvent.BACK, "hook")]
    assert sorted(gone.taken) == sorted(stable_id("msg", f"alert_000{number}", "hook") for number in range(3))
    assert ledger.reports.alerts().next is None
    assert len(ledger.reports.alerts().items) == 3  # words about channels are no alerts about stories


def test_a_channel_that_is_down_is_told_of_after_a_quarter_of_an_hour(ledger: Ledger) -> None:
    clock = Clock()
    told_at_once(ledger, 8)
    hook, mail = Receiver(clock, NOON + timedelta(hours=9)), Receiver(clock, name="mail")
    until(ledger, clock, NOON + 14 * MINUTE, hook, mail, step=MINUTE)
    assert ledger.breakers.tell(BOTH, CHANNELS, clock.now - MINUTE) == ()
    (heard,) = ledger.breakers.tell(BOTH, CHANNELS, NOON + 16 * MINUTE)
    assert (heard.alert.given_up, heard.alert.since, heard.channels) == (0, NOON, ("mail",))


@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.DEAD])
def test_one_is_sent_again_under_the_id_it_had_and_tried_as_long_as_a_new_one(
    ledger: Ledger, state: DeliveryState
) -> None:
    clock = Clock()
    told_at_once(ledger, 2)
    error = OutgoingError("no", permanent=True)
    hook = Receiver(clock, NOON if state is DeliveryState.DELIVERED else NOON + MINUTE, error=error)
    deliver(ledger, clock, hook)
    (sent,) = ledger.resending.one("alert_0001", clock.now)
    assert (sent.id, sent.state) == (stable_id("msg", "alert_0001", "hook"), state)
    clock.now += 2 * MINUTE
    hook.error = OutgoingError("busy", status=503)
    hook.down_until = clock.now + MINUTE
    deliver(ledger, clock, hook)
    (page,) = ledger.delivery_log.of(sent.id)
    assert [one.number for one in page.attempts] == [1, 2]
    assert page.delivery.next_at - clock.now < timedelta(seconds=7)  # the first wait of the schedule again
    until(ledger, clock, clock.now + 5 * MINUTE, hook, step=MINUTE)
    assert hook.taken[-1] == sent.id


def test_a_replay_sends_what_is_done_since_then_on_one_channel_and_says_so_before(ledger: Ledger) -> None:
    clock = Clock()
    told_at_once(ledger, 3, ("hook", "mail"))
    hook, mail = Receiver(clock), Receiver(clock, name="mail")
    deliver(ledger, clock, hook, mail)
    again = Again(NOON, "hook")
    assert len(ledger.resending.since(again, clock.now, dry=True)) == 3
    assert ledger.due(clock.now).deliveries == 0
    assert len(ledger.resending.since(again, clock.now)) == 3
    assert ledger.resending.since(Again(NOON + MINUTE), clock.now) == ()
    deliver(ledger, clock, hook, mail)
    assert set(hook.tries.values()) == {2}
    assert set(mail.tries.values()) == {1}


def test_what_is_not_there_or_on_its_way_is_not_sent_again(ledger: Ledger) -> None:
    told_at_once(ledger, 1)
    with pytest.raises(InputError, match="there is no delivery 'msg_x'"):
        ledger.resending.one("msg_x", NOON)
    work = ledger.deliveries.claim(NOON, 15)
    assert work is not None
    with pytest.raises(InputError, match="on its way"):
        ledger.resending.one(work.id, NOON)


def test_a_list_is_told_in_pages_by_channel_state_and_time(ledger: Ledger) -> None:
    clock = Clock()
    told_at_once(ledger, 5, ("hook", "mail"))
    deliver(ledger, clock, Receiver(clock), Receiver(clock, NOON + MINUTE, name="mail"))
    first = ledger.delivery_log.list(4)
    rest = ledger.delivery_log.list(50, first.next)
    assert (len(first.items), len(rest.items), rest.next) == (4, 6, None)
    assert len({row.id for row in (*first.items, *rest.items)}) == 10
    waiting = ledger.delivery_log.list(50, None, Wanted("mail", DeliveryState.PENDING, NOON)).items
    assert [row.last.answer for row in waiting if row.last] == ["refused"] * 5
    assert ledger.delivery_log.list(50, None, Wanted(since=NOON + MINUTE)).items == ()
    assert ledger.delivery_log.list(50, None, DEAD).items == ()
    assert len(ledger.delivery_log.attempts(50, None, "mail").items) == 5
