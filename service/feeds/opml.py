"""Lists of feeds as OPML 2.0, in and out, with what we set for a feed in a namespace of our own.

How it decides: expat reads the list as a stream and is stopped at the first thing that a list of feeds has
no use for: a DOCTYPE (and so any entity), too many outlines, too deep a nest. Every outline with an `xmlUrl`
is a feed, whatever its type; the others only group. One address that may not be polled refuses all of it.

The format: http://opml.org/spec2.opml, section "Subscription lists".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from service.core.addresses import Network, why_address_refused, why_url_refused
from service.core.text import clean
from service.errors import InputError
from service.feeds.search_feeds import filled, is_template
from service.feeds.strings import MAX_ADDRESS, line

MAX_BYTES = 2 * 1024 * 1024
MAX_OUTLINES = 5_000
MAX_DEPTH = 32
MAX_ATTRIBUTE = 8_000
NAMESPACE = "urn:rumorwatch:feeds"
_OURS = f"{NAMESPACE} "


@dataclass(frozen=True, slots=True)
class ListedFeed:
    """One feed of a list. What is None was not said.

    `title` is for people. `watchlist` are names that fill a search feed's address, `subscription` the one
    whose watchlist does. `source` is the document that names the address, `note` what is to be known of it.
    """

    url: str
    title: str = ""
    outlet: str | None = None
    interval_minutes: float | None = None
    lang: str | None = None
    told_as_news: bool | None = None
    full_text: str | None = None
    watchlist: tuple[str, ...] = ()
    subscription: str | None = None
    source: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class FeedList:
    """A list of feeds, in the order of its document, with doubles, as they stand there."""

    title: str
    feeds: tuple[ListedFeed, ...]


def read_opml(body: bytes, allowed: Sequence[Network] = ()) -> FeedList:
    """The list in `body`, whole or not at all: InputError, one sentence, names the first thing that is wrong.

    `allowed`: networks besides the public ones that feeds may reach.
    """
    if len(body) > MAX_BYTES:
        raise InputError(f"the list holds more than {MAX_BYTES} bytes")
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.opened
    parser.EndElementHandler = reader.closed
    parser.CharacterDataHandler = reader.said
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise InputError(f"the list is not well formed: {error}") from None
    except (ValueError, LookupError) as error:
        raise InputError(f"the list is in an encoding that cannot be read: {error}") from None
    if not reader.is_opml:
        raise InputError("it is no OPML list")
    for number, feed in enumerate(reader.feeds, start=1):
        if why := why_not_polled(feed.url, allowed):
            raise InputError(f"feed {number} ({feed.url[:200]}): its address is refused: {why}")
    return FeedList(line(reader.title), tuple(reader.feeds))


def why_not_polled(url: str, allowed: Sequence[Network] = ()) -> str | None:
    """Why a list from elsewhere may not name this address, or None: of the web only, and no private address.

    A host name is looked up, and its addresses are judged, whenever the feed is fetched.
    """
    if len(url) > MAX_ADDRESS:
        return f"it is longer than {MAX_ADDRESS} characters"
    url = filled(url, "query") if is_template(url) else url
    if why := why_url_refused(url):
        return why
    # Resolvers read digits of other scripts as digits; so do we.
    host = unicodedata.normalize("NFKC", urlsplit(url).hostname or "").replace("。", ".")
    try:
        ip_address(host)
    except ValueError:
        return why_url_refused(f"http://{host}/")
    refused = why_address_refused(host, allowed)
    return refused and f"{host} is {refused}"


def _refuse_doctype(name: str, system: str | None, public: str | None, internal: bool) -> None:
    raise InputError("the list declares a document type, which may hide entities")


class _Reader:
    """Collects the feeds. Raises InputError where the list goes beyond what a list may be."""

    def __init__(self) -> None:
        self.feeds: list[ListedFeed] = []
        self.title = ""
        self.is_opml = False
        self._path: list[str] = []
        self._outlines = 0

    def opened(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= MAX_DEPTH:
            raise InputError(f"the list is nested more than {MAX_DEPTH} deep")
        self.is_opml = self.is_opml or (tag == "opml" and not self._path)
        self._path.append(tag)
        if tag == "outline":
            self._outline(attributes)

    def closed(self, tag: str) -> None:
        self._path.pop()

    def said(self, words: str) -> None:
        if self._path == ["opml", "head", "title"] and len(self.title) < MAX_ATTRIBUTE:
            self.title += words

    def _outline(self, attributes: dict[str, str]) -> None:
        self._outlines += 1
        if self._outlines > MAX_OUTLINES:
            raise InputError(f"the list holds more than {MAX_OUTLINES} outlines")
        if "xmlUrl" in attributes:
            self.feeds.append(_feed(attributes, len(self.feeds) + 1))


def _feed(attributes: dict[str, str], number: int) -> ListedFeed:
    long = next((name for name, value in attributes.items() if len(value) > MAX_ATTRIBUTE), None)
    if long is not None:
        raise InputError(f"feed {number}: {long[:40]} is longer than {MAX_ATTRIBUTE} characters")
    given = {name: clean(value).strip() for name, value in attributes.items()}
    title = line(given.get("title") or given.get("text"))
    return ListedFeed(
        url=given["xmlUrl"],
        title="" if title == given["xmlUrl"] else title,  # OPML has no outline without a text
        outlet=line(given.get(f"{_OURS}outlet")) or None,
        interval_minutes=_minutes(given.get(f"{_OURS}interval_minutes"), number),
        lang=given.get(f"{_OURS}lang") or None,
        told_as_news=_yes(given.get(f"{_OURS}told_as_news"), number),
        full_text=given.get(f"{_OURS}full_text") or None,
        watchlist=tuple(filter(None, map(line, given.get(f"{_OURS}watchlist", "").split("\n")))),
        subscription=line(given.get(f"{_OURS}subscription")) or None,
        source=line(given.get(f"{_OURS}source")) or None,
        note=line(given.get(f"{_OURS}note")) or None,
    )


def _minutes(value: str | None, number: int) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        raise InputError(f"feed {number}: interval_minutes is no number") from None


def _yes(value: str | None, number: int) -> bool | None:
    if value not in ("true", "false", None):
        raise InputError(f"feed {number}: told_as_news is neither true nor false")
    return None if value is None else value == "true"


# --- out -------------------------------------------------------------------------------------------


def write_opml(listed: FeedList) -> bytes:
    """The list as a document that `read_opml` reads back to the same list."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:rumorwatch="{NAMESPACE}">',
        f"<head><title>{_words(listed.title)}</title></head>",
        "<body>",
        *(_outline(feed) for feed in listed.feeds),
        "</body>",
        "</opml>",
    ]
    return "\n".join([*lines, ""]).encode("utf-8")


def _outline(feed: ListedFeed) -> str:
    own = {
        "outlet": feed.outlet,
        "interval_minutes": None if feed.interval_minutes is None else f"{feed.interval_minutes:.12g}",
        "lang": feed.lang,
        "told_as_news": None if feed.told_as_news is None else str(feed.told_as_news).lower(),
        "full_text": feed.full_text,
        "watchlist": "\n".join(feed.watchlist) or None,
        "subscription": feed.subscription,
        "source": feed.source,
        "note": feed.note,
    }
    parts = [f"text={quoteattr(feed.title or feed.url)}", f"xmlUrl={quoteattr(feed.url)}"]
    parts += [f"rumorwatch:{name}={quoteattr(value)}" for name, value in own.items() if value is not None]
    return f'<outline type="rss" {" ".join(parts)}/>'


def _words(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
