"""Who hears of what befell a feed: that it is dark, back, gone or moved.

How it decides: a subscription that says nothing of feeds hears of them where it watches every story, since
whoever watches everything must know what is not seen. What it leaves out: gaps, pauses and resumptions, which
pass by themselves or are a person's own doing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.core.history import TOLD, FeedNotice
from service.core.messages import FeedAlert, FeedDecision
from service.core.model import Subscription
from service.core.text import stable_id
from service.core.words import Reason


@dataclass(frozen=True, slots=True)
class Subject:
    """The feed that an alert is about. `url` is the address that is polled."""

    feed_id: str
    outlet: str
    url: str


def decide_feed(
    notice: FeedNotice, feed: Subject, subscription: Subscription, at: datetime
) -> FeedDecision | None:
    """Whether what befell `feed` alerts `subscription`; None where such a thing alerts nobody."""
    if notice.event not in TOLD:
        return None
    if not hears_of_feeds(subscription):
        return FeedDecision(subscription.name, Reason.NOT_WATCHED, None)
    alert = FeedAlert(
        id=stable_id("a", subscription.name, "feed", feed.feed_id, notice.event, at.isoformat()),
        subscription=subscription.name,
        event=notice.event,
        reason=Reason.FEED_NOTICE,
        feed_id=feed.feed_id,
        outlet=feed.outlet,
        url=feed.url,
        at=at,
        why=notice.why,
        language=subscription.language,
    )
    return FeedDecision(subscription.name, Reason.FEED_NOTICE, alert)


def hears_of_feeds(subscription: Subscription) -> bool:
    """Whether a subscription takes alerts about feeds: as it says, else where it watches every story."""
    if subscription.paused:
        return False
    if subscription.feeds is not None:
        return subscription.feeds
    return not (subscription.watchlist or subscription.words)
