"""Who hears that a channel fails, or is back: those that it should have told, by their other channels.

How it decides: every subscription that is told by the channel is told by the others that it names; where none
of them names another, all other channels that are set are told, since an alert that nobody hears of is worse
than one too many. The channel itself is never told of itself. What it leaves out: quiet hours and digests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.core.breaking import Breaker, ChannelEvent
from service.core.messages import ChannelAlert
from service.core.model import Subscription
from service.core.text import stable_id

# Alerts about channels belong to no subscription; this stands where a subscription's name does.
CARE = "channels"


@dataclass(frozen=True, slots=True)
class Heard:
    """An alert about a channel, and the channels that carry it: none where there is no other."""

    alert: ChannelAlert
    channels: tuple[str, ...]


def decide_channel(
    breaker: Breaker,
    event: ChannelEvent,
    subscriptions: Sequence[Subscription],
    channels: Sequence[str],
    now: datetime,
) -> Heard:
    """The alert that says `event` of a channel at `now`, and by which of `channels`, all that are set."""
    told = [one for one in subscriptions if breaker.channel in one.channels and not one.paused]
    named = dict.fromkeys(name for one in told for name in one.channels)
    others = tuple(name for name in named if name != breaker.channel and name in channels)
    alert = ChannelAlert(
        id=stable_id("a", CARE, breaker.channel, event, now.isoformat()),
        subscription=CARE,
        event=event,
        channel=breaker.channel,
        at=now,
        since=breaker.failing_since or now,
        given_up=breaker.given_up,
        why=breaker.why,
        language=told[0].language if told else "en",
    )
    return Heard(alert, others or tuple(name for name in channels if name != breaker.channel))
