"""The robots.txt of each site, fetched once a day.

How it decides: what cannot be had for good (4xx) forbids nothing, what cannot be had right now (5xx, 429, no
answer) forbids everything, as RFC 9309 says; the latter is asked for again after a quarter of an hour.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from service.core.robots import MAX_BYTES, Robots, not_had, read_robots
from service.errors import AddressRefused, OutgoingError
from service.net import GuardedClient, Request, where

AGENT = "rumorwatch"
MOST_SITES = 2000
_KEPT_FOR = timedelta(hours=24)
_MISSED_FOR = timedelta(minutes=15)
_SECONDS = 15.0


class RobotsCache:
    """What sites let us fetch, as far as they were asked."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Robots, datetime]] = OrderedDict()

    async def rules(self, client: GuardedClient, url: str, now: datetime) -> Robots:
        """What the site of `url` lets us fetch. AddressRefused for one where we never go."""
        parts = urlsplit(url)
        site = f"{parts.scheme.lower()}://{parts.netloc.lower()}"
        known = self._kept.get(site)
        if known is not None and now < known[1]:
            return known[0]
        rules = await _fetch(client, f"{site}/robots.txt")
        self._kept[site] = (rules, now + (_MISSED_FOR if rules.passing else _KEPT_FOR))
        self._kept.move_to_end(site)
        if len(self._kept) > MOST_SITES:
            self._kept.popitem(last=False)
        return rules


async def _fetch(client: GuardedClient, url: str) -> Robots:
    request = Request("GET", url, deadline_seconds=_SECONDS, max_bytes=MAX_BYTES, cut_long_body=True)
    try:
        answer = await client.send(request)
    except AddressRefused:
        raise
    except OutgoingError as error:
        return not_had(f"its robots.txt cannot be had: {error}")
    if answer.status >= 500 or answer.status == 429:
        return not_had(f"its robots.txt cannot be had: {where(url)} answered {answer.status}")
    return read_robots(answer.body, AGENT) if answer.status == 200 else Robots()
