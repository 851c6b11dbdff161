"""Where a feed says that it can be pushed: its hubs and its topic, as WebSub discovers them.

How it decides: the Link headers of the answer count first, then the `link` elements around the entries of
a document, then `hubs` and `feed_url` of a JSON feed. A feed that names no topic of its own is its own topic.
All searches are bounded, so a document costs no more than one pass. What it leaves out: HTML pages, which are
no feeds, and hubs of another kind than WebSub in a JSON feed.

The format: W3C WebSub, section 4 (Discovery); JSON Feed 1.1, "hubs".
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from service.feeds.strings import web_address

MOST_HUBS = 4
_LOOKED_AT = 64 * 1024
_HEADER_LINK = re.compile(r"<([^<>]{1,2000})>([^<]{0,500})")
_HEADER_REL = re.compile(r"""\brel\s{0,5}=\s{0,5}(?:"([^"]{0,200})"|([^\s;,"]{1,100}))""", re.IGNORECASE)
_LINK = re.compile(rb"<(?:[a-z0-9]{1,20}:)?link\s([^<>]{1,2000})>", re.IGNORECASE)
_REL = re.compile(rb"""\brel\s{0,5}=\s{0,5}["']([^"']{0,200})["']""", re.IGNORECASE)
_HREF = re.compile(rb"""\bhref\s{0,5}=\s{0,5}["']([^"'<>]{1,2000})["']""", re.IGNORECASE)
_JSON_STRING = rb'"((?:[^"\\]|\\.){1,2000})"'
# Inside a JSON string the quotes are escaped, so these are keys wherever they stand.
_JSON_HUBS = re.compile(rb'(?<!\\)"hubs"\s{0,20}:\s{0,20}\[')
_LONGEST_HUBS = 4000
_JSON_HUB = re.compile(rb"\{([^{}]{1,2000})\}")
_JSON_TYPE = re.compile(rb'"type"\s{0,20}:\s{0,20}"(?:websub|pubsubhubbub)"', re.IGNORECASE)
_JSON_URL = re.compile(rb'"url"\s{0,20}:\s{0,20}' + _JSON_STRING)
_JSON_TOPIC = re.compile(rb'(?<!\\)"feed_url"\s{0,20}:\s{0,20}' + _JSON_STRING)


@dataclass(frozen=True, slots=True)
class Offer:
    """The hubs that a feed names, in its order, and its topic; the topic is None where there is no hub."""

    hubs: tuple[str, ...] = ()
    topic: str | None = None


def offer_in(body: bytes, around: bytes, url: str, links: Sequence[str]) -> Offer:
    """What the document `body` from `url` offers; `around` is what stands around its entries.

    `links` are the Link headers that came with it.
    """
    for found in (_in_headers(links), _in_links(around), _in_json(body)):
        pairs = [(rel, _absolute(url, target)) for rel, target in found]
        hubs = tuple(dict.fromkeys(target for rel, target in pairs if rel == "hub" and target))[:MOST_HUBS]
        if hubs:
            topic = next((target for rel, target in pairs if rel == "self" and target), None)
            return Offer(hubs, topic or web_address(url))
    return Offer()


def _in_headers(links: Sequence[str]) -> Iterator[tuple[str, str]]:
    for link in _HEADER_LINK.finditer(",".join(links)[:_LOOKED_AT]):
        rel = _HEADER_REL.search(link[2])
        for word in (rel[1] or rel[2] or "").lower().split() if rel else ():
            yield word, link[1]


def _in_links(around: bytes) -> Iterator[tuple[str, str]]:
    for link in _LINK.finditer(around):
        rel, href = _REL.search(link[1]), _HREF.search(link[1])
        for word in rel[1].lower().split() if rel and href else ():
            yield word.decode("utf-8", "replace"), html.unescape(href[1].decode("utf-8", "replace"))  # type: ignore[index]


def _in_json(body: bytes) -> Iterator[tuple[str, str]]:
    if not body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return
    for part in (body[:_LOOKED_AT], body[_LOOKED_AT:][-_LOOKED_AT:]):
        if topic := _JSON_TOPIC.search(part):
            yield "self", _unquoted(topic[1])
        start = _JSON_HUBS.search(part)
        listed = part[start.end() : start.end() + _LONGEST_HUBS].partition(b"]")[0] if start else b""
        for hub in _JSON_HUB.finditer(listed):
            if (address := _JSON_URL.search(hub[1])) and _JSON_TYPE.search(hub[1]):
                yield "hub", _unquoted(address[1])


def _unquoted(raw: bytes) -> str:
    try:
        return str(json.loads(b'"' + raw + b'"'))
    except ValueError:
        return ""


def _absolute(url: str, target: str) -> str | None:
    try:
        return web_address(urljoin(url, target.strip()))
    except ValueError:
        return None
