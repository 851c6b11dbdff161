"""What a feed document asks of those who poll it: ttl, hours and days to leave alone, where its archive is,
which hubs would push it (hubs.py); and whether it is there to its end.

How it decides: only what stands before the first entry and behind the last is looked at, 64 kB of each, with
patterns that cost no more than one pass; so it is safe in this process, whatever the document holds. What it
leaves out: documents in UTF-16 or UTF-32, and JSON feeds, whose `next_url` names the next page of the same
document and no archive.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from urllib.parse import urljoin

from service.core.history import Wishes
from service.feeds.hubs import offer_in

_LOOKED_AT = 64 * 1024
_FIRST_ENTRY = re.compile(rb"<(?:[a-z]{1,20}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_LAST_ENTRY = re.compile(rb"</(?:[a-z]{1,20}:)?(?:item|entry)>", re.IGNORECASE)
_TTL = re.compile(rb"<ttl>\s{0,20}(\d{1,6})\s{0,20}</ttl>", re.IGNORECASE)
_HOUR = re.compile(rb"<hour>\s{0,20}(\d{1,2})\s{0,20}</hour>", re.IGNORECASE)
_DAY = re.compile(rb"<day>\s{0,20}([a-z]{6,9})\s{0,20}</day>", re.IGNORECASE)
_LINK = re.compile(rb"<(?:[a-z]{1,20}:)?link\s([^<>]{1,2000})>", re.IGNORECASE)
_REL = re.compile(rb"""\brel\s{0,5}=\s{0,5}["']prev-archive["']""", re.IGNORECASE)
_HREF = re.compile(rb"""\bhref\s{0,5}=\s{0,5}["']([^"'<>]{1,2000})["']""", re.IGNORECASE)
_ROOT = re.compile(rb"<(?:[a-z]{1,20}:)?(rss|feed|rdf|urlset|sitemapindex)[\s>]", re.IGNORECASE)
_PERIOD = re.compile(
    rb"<sy:updatePeriod>\s{0,20}(hourly|daily|weekly|monthly|yearly)\s{0,20}<", re.IGNORECASE
)
_FREQUENCY = re.compile(rb"<sy:updateFrequency>\s{0,20}(\d{1,4})\s{0,20}<", re.IGNORECASE)
_PERIODS = {b"hourly": 3600, b"daily": 86400, b"weekly": 604800, b"monthly": 2592000, b"yearly": 31536000}
_DAYS = (b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday")


def wishes_in(body: bytes, url: str, fresh_seconds: int | None = None, links: Sequence[str] = ()) -> Wishes:
    """What the document `body` from `url` asks for and offers.

    `fresh_seconds` is what its answer's headers said, `links` are the Link headers among them.
    """
    around = _around_the_entries(body)
    offer = offer_in(body, around, url, links)
    return Wishes(
        ttl_seconds=_ttl(around),
        fresh_seconds=fresh_seconds,
        skip_hours=_hours(around),
        skip_days=_days(around),
        archive=_archive(around, url),
        hubs=offer.hubs,
        topic=offer.topic,
        base=url if offer.hubs else None,
    )


def is_whole(body: bytes) -> bool:
    """Whether the document ends where its root element is closed. True where none is seen."""
    root = _ROOT.search(body[:_LOOKED_AT])
    if root is None:
        return True
    end = re.compile(rb"</(?:[a-z]{1,20}:)?" + re.escape(root[1]) + rb"\s{0,20}>", re.IGNORECASE)
    return end.search(body[-_LOOKED_AT:]) is not None


def _around_the_entries(body: bytes) -> bytes:
    head = body[:_LOOKED_AT]
    first = _FIRST_ENTRY.search(head)
    if first is None:
        return head if len(body) <= _LOOKED_AT else b""
    tail = body[max(first.start(), len(body) - _LOOKED_AT) :]
    ends = [found.end() for found in _LAST_ENTRY.finditer(tail)]
    return head[: first.start()] + (tail[ends[-1] :] if ends else b"")


def _ttl(around: bytes) -> int | None:
    if found := _TTL.search(around):
        return int(found[1]) * 60
    period = _PERIOD.search(around)
    if period is None:
        return None
    frequency = _FREQUENCY.search(around)
    return _PERIODS[period[1].lower()] // max(1, int(frequency[1]) if frequency else 1)


def _hours(around: bytes) -> tuple[int, ...]:
    if b"skiphours" not in around.lower():
        return ()
    return tuple(sorted({int(hour) % 24 for hour in _HOUR.findall(around) if int(hour) <= 24}))


def _days(around: bytes) -> tuple[int, ...]:
    if b"skipdays" not in around.lower():
        return ()
    named = {day.lower() for day in _DAY.findall(around)}
    return tuple(number for number, day in enumerate(_DAYS) if day in named)


def _archive(around: bytes, url: str) -> str | None:
    for link in _LINK.finditer(around):
        href = _HREF.search(link[1])
        if href and _REL.search(link[1]):
            try:
                target = urljoin(url, html.unescape(href[1].decode("utf-8")))
            except ValueError:
                return None
            return target if target.lower().startswith(("http://", "https://")) else None
    return None
