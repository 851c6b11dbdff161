"""What a channel carries: an alert about a story, a feed or another channel, or a digest of several.

An alert's subject is a story, a feed or a channel. Each is frozen when it was decided, a digest when it
was put together. All times are aware datetimes in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.core.breaking import ChannelEvent
from service.core.history import FeedEvent
from service.core.model import Alert
from service.core.words import Hold, Reason


@dataclass(frozen=True, slots=True)
class FeedAlert:
    """Something befell a feed, for one subscription. `why` is one sentence; `url` the address that is polled.

    `id` is stable: the same subscription, feed, event and moment give the same id.
    """

    id: str
    subscription: str
    event: FeedEvent
    reason: Reason
    feed_id: str
    outlet: str
    url: str
    at: datetime
    why: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Digest:
    """Alerts of one subscription that were held back and are told together, oldest first.

    `holds` says why they were held. `count` is how many they are: `alerts` and `feeds` hold the first of them
    whole, the others stand in the ledger under this digest's id.
    """

    id: str
    subscription: str
    at: datetime
    since: datetime
    holds: tuple[Hold, ...]
    count: int
    alerts: tuple[Alert, ...] = ()
    feeds: tuple[FeedAlert, ...] = ()
    language: str = "en"

    @property
    def event(self) -> str:
        """The webhook's type."""
        return "digest"

    @property
    def listed(self) -> list[Alert | FeedAlert]:
        """Those that are held whole, oldest first."""
        listed: list[Alert | FeedAlert] = [*self.alerts, *self.feeds]
        return sorted(listed, key=lambda one: (one.at, one.id))


@dataclass(frozen=True, slots=True)
class ChannelAlert:
    """A channel fails, or takes alerts again, told by other channels.

    `since` is when it began to fail, `given_up` counts the deliveries that were given up, `why` is what the
    last failed try said. `subscription` is no subscription's name: it concerns whoever cares for channels.
    """

    id: str
    subscription: str
    event: ChannelEvent
    channel: str
    at: datetime
    since: datetime
    given_up: int
    why: str
    language: str = "en"


Message = Alert | FeedAlert | Digest | ChannelAlert


@dataclass(frozen=True, slots=True)
class ChannelTest:
    """A message that says nothing happened: a person tries a channel. It is sent at once and never kept."""

    id: str
    channel: str
    at: datetime
    subscription: str = "test"
    language: str = "en"

    @property
    def event(self) -> str:
        """The webhook's type."""
        return "test"


Told = Message | ChannelTest


@dataclass(frozen=True, slots=True)
class FeedDecision:
    """Whether what befell a feed alerts a subscription, and why. `alert` is None exactly where not."""

    subscription: str
    reason: Reason
    alert: FeedAlert | None


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A unit of sending work under a lease. `id` is the webhook-id; `tries` counts earlier attempts.

    `uncounted`: how many of them do not count towards giving it up, since it was sent again after them.
    """

    id: str
    message: Message
    channel: str
    token: str
    tries: int
    uncounted: int = 0
