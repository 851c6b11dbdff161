"""The short words that only a page needs: pills, chips, verdicts. One table an enum, every member in it.

What a mail says as well (`denies it flatly`, the roles, the reasons) comes from alerts/words.py.
"""

from __future__ import annotations

from service.core.history import FeedEvent
from service.core.model import DeliveryState, EventType, Kind, Status, Strength

STATUS = {
    Status.OPEN: "Open",
    Status.DENIED: "Denied",
    Status.CONFIRMED: "Confirmed",
    Status.DISPUTED: "Disputed",
    Status.RETRACTED: "Retracted",
}

# A stance on a chip. A denial is said by its strength instead.
STANCE = {
    Kind.RUMOR: "reports it",
    Kind.DENIAL: "denial",
    Kind.CONFIRMATION: "confirms",
    Kind.NO_COMMENT: "no comment",
    Kind.RETRACTION: "withdrew report",
    Kind.STANDS_BY: "stands by report",
}

DENIAL = {
    Strength.FLAT: "flat denial",
    Strength.LIMITED: "partial denial",
    Strength.NOT_AWARE: "not aware",
    Strength.NON_DENIAL: "non-denial",
}

# The verb of a verdict, for one party and for several, in the order in which a verdict is told.
VERDICT: dict[Kind | Strength, tuple[str, str]] = {
    Strength.FLAT: ("denies it", "deny it"),
    Strength.LIMITED: ("denies part of it", "deny part of it"),
    Strength.NOT_AWARE: ("says it knows nothing of it", "say they know nothing of it"),
    Strength.NON_DENIAL: ("plays it down without denying it", "play it down without denying it"),
    Kind.CONFIRMATION: ("confirms it", "confirm it"),
    Kind.RETRACTION: ("withdrew the report", "withdrew the report"),
    Kind.STANDS_BY: ("stands by the report", "stand by the report"),
    Kind.NO_COMMENT: ("does not comment", "do not comment"),
}

EVENT = {
    EventType.OPENED: "story opened",
    EventType.SPREAD: "story spread",
    EventType.DENIED: "story denied",
    EventType.CONFIRMED: "story confirmed",
    EventType.NO_COMMENT: "no comment",
    EventType.DISPUTED: "story disputed",
    EventType.REVERSED: "story reversed",
    EventType.RETRACTED: "story retracted",
    EventType.EXPIRED: "story went quiet",
    EventType.REVIVED: "story revived",
    EventType.SILENT: "no reply",
    EventType.RULE_CLOCK: "time ran out",
}

FEED_EVENT = {
    FeedEvent.DARK: "Feed dark",
    FeedEvent.BACK: "Feed back",
    FeedEvent.GAP: "Gap in a feed",
    FeedEvent.MOVED: "Feed moved",
    FeedEvent.GONE: "Feed gone",
    FeedEvent.PAUSED: "Feed paused",
    FeedEvent.RESUMED: "Feed resumed",
}

DELIVERY = {
    DeliveryState.PENDING: "on its way",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.DEAD: "given up",
    DeliveryState.HELD: "held since a restore",
}

FEED_STATE = {
    "ok": "ok",
    "waiting": "not polled yet",
    "slow": "slow",
    "failing": "failing",
    "dark": "dark",
    "gap": "gap",
    "moved": "moved",
    "gone": "gone",
    "paused": "paused",
}
FEED_IN_TROUBLE = ("failing", "dark", "gone")
