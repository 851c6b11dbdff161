"""How long a host is left alone after it said "too often" or "not now", and whom that concerns.

How it decides: a 429, 503 or 403 of a public host holds back every feed of that host, for as long as it asks
for (Retry-After), at least 5 minutes and at most a day; where it names no time, 1, 4, then 24 hours, and for
a 503 5 minutes, doubled each time up to 6 hours. Three 429 in a row from hosts of one registrable domain hold
back the whole domain: many a service counts over all its names. One good answer ends the row. A host of the
operator's own network holds back nobody but the feed: one bad route must not stop the others. What it leaves
out: which part of a name is the registrable domain (feeds/domains.py looks that up).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

TOO_OFTEN = 429
NOT_NOW = 503
NOT_YOU = 403
REFUSALS = (TOO_OFTEN, NOT_NOW, NOT_YOU)
FLOOR = timedelta(minutes=5)
LONGEST = timedelta(hours=24)
STEPS = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
LONGEST_NOT_NOW = timedelta(hours=6)
DOMAIN_AFTER = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A host, or with `wide` a registrable domain and every host under it."""

    name: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """What is remembered of a place that refused: `refusals` in a row, and until when nobody asks it.

    `until` None: it is counted, and not held back yet. `why` is a clause for a person.
    """

    place: Place
    refusals: int
    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A public host said no. `retry_after` is its wish in seconds, None where it named no usable one."""

    host: str
    domain: str | None
    status: int
    retry_after: float | None


def host_of(url: str) -> str:
    """The host that a feed's address asks, in lower case; "" for a file and for what is no address."""
    if "://" not in url:
        return ""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def places_of(refusal: Refusal) -> tuple[Place, ...]:
    """Whom `refusal` may concern: what is remembered of them decides."""
    return places_over(refusal.host, refusal.domain if refusal.status == TOO_OFTEN else None)


def places_over(host: str, domain: str | None) -> tuple[Place, ...]:
    """The places whose holds concern `host`, whose registrable domain is `domain` (None: not to be asked)."""
    return (Place(host), *((Place(domain, wide=True),) if domain else ()))


def longest_hold(known: Mapping[Place, Hold], now: datetime) -> Hold | None:
    """Of what is remembered of a host and its domain, what holds them back longest from `now` on; or None."""
    lasting = [(hold.until, hold) for hold in known.values() if hold.until is not None]
    until, hold = max(lasting, key=lambda one: one[0], default=(now, None))
    return hold if until > now else None


def holds_after(refusal: Refusal, known: Mapping[Place, Hold], now: datetime) -> tuple[Hold, ...]:
    """What to remember after `refusal`, `known` being what was remembered of its places."""
    found = []
    for place in places_of(refusal):
        before = known.get(place)
        refusals = 1 if before is None else before.refusals + 1
        counted = refusals - DOMAIN_AFTER + 1 if place.wide else refusals
        ends = [before.until] if before is not None and before.until is not None else []
        if counted > 0:
            ends.append(now + _how_long(refusal, counted))
        found.append(Hold(place, refusals, max(ends, default=None), _why(refusal, place, refusals)))
    return tuple(found)


def _how_long(refusal: Refusal, refusals: int) -> timedelta:
    if refusal.retry_after is not None and refusal.retry_after >= 0:
        return max(FLOOR, timedelta(seconds=min(refusal.retry_after, LONGEST.total_seconds())))
    if refusal.status == NOT_NOW:
        return min(LONGEST_NOT_NOW, FLOOR * 2.0 ** min(refusals - 1, 10))
    return STEPS[min(refusals, len(STEPS)) - 1]


def _why(refusal: Refusal, place: Place, refusals: int) -> str:
    wish = f"Retry-After {refusal.retry_after:.0f} s" if refusal.retry_after is not None else "no time named"
    name = f"hosts of {place.name}" if place.wide else place.name
    times = "" if refusals == 1 else f", {refusals} times in a row"
    return f"{name} answered {refusal.status} ({wish}){times}"
