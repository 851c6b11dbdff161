"""Feeds that we tell others, as Atom (RFC 4287) and JSON Feed 1.1. Pure: same input, same bytes.

All text is plain text (`type="text"`, `content_text`): a reader shows a feed's markup as the letters that
it is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

from service.alerts.inert import one_line, quotation, web_link
from service.alerts.lines import first_line
from service.alerts.payload import feeds_link, story_link
from service.alerts.render import plain_text
from service.alerts.words import NAME_LIMIT, moment, stance, subject
from service.core.messages import FeedAlert
from service.core.model import Alert, Kind
from service.core.outfeeds import Moved

ATOM_TYPE = "application/atom+xml; charset=utf-8"
JSON_TYPE = "application/feed+json; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class OutEntry:
    """One entry in inert strings. `url` is our page, `source` where it was told."""

    id: str
    title: str
    text: str
    url: str
    at: datetime
    source: str | None = None


@dataclass(frozen=True, slots=True)
class OutDocument:
    """A feed with its entries, the latest first. `address` is its own, `since` when it was made."""

    id: str
    title: str
    page: str
    address: str
    since: datetime
    entries: tuple[OutEntry, ...]


def of_alert(alert: Alert | FeedAlert, base_url: str) -> OutEntry:
    """An alert as an entry."""
    page, source = feeds_link(base_url), None
    if isinstance(alert, Alert):
        page, source = story_link(alert.story_id, base_url), web_link(alert.evidence.url)
    return OutEntry(alert.id, first_line(alert), plain_text(alert, base_url), page, alert.at, source)


def of_move(moved: Moved, base_url: str) -> OutEntry:
    """What moved a story as an entry."""
    outlet = one_line(moved.outlet, NAME_LIMIT) if moved.outlet else "unknown outlet"
    lines = [f"{outlet}, {moment(moved.at)}", f"“{quotation(moved.words)}”", one_line(moved.title)]
    return OutEntry(
        id=moved.id,
        title=_headline(moved),
        text="\n".join(line for line in lines if line),
        url=story_link(moved.story_id, base_url),
        at=moved.at,
        source=web_link(moved.url),
    )


def _headline(moved: Moved) -> str:
    claim = one_line(moved.claim)
    if moved.kind is Kind.RUMOR:
        return one_line(f"Reported: {claim}")
    who = subject(moved.party, moved.speaker, moved.role)
    return one_line(f"{who} {stance(moved.kind, moved.strength)}: {claim}")


def atom(document: OutDocument) -> bytes:
    """The feed as Atom."""
    Xml.register_namespace("", _ATOM)
    feed = Xml.Element(f"{{{_ATOM}}}feed")
    newest = max((entry.at for entry in document.entries), default=document.since)
    _add(feed, "id", f"urn:rumorwatch:{document.id}")
    _add(feed, "title", document.title, type="text")
    _add(feed, "updated", _iso(newest))
    _add(feed, "link", None, rel="self", type="application/atom+xml", href=document.address)
    _add(feed, "link", None, rel="alternate", type="text/html", href=document.page)
    _add(_add(feed, "author", None), "name", "rumorwatch")
    for entry in document.entries:
        _atom_entry(feed, entry)
    whole: bytes = Xml.tostring(feed, encoding="utf-8", xml_declaration=True)
    return whole


def _atom_entry(feed: Xml.Element, entry: OutEntry) -> None:
    one = _add(feed, "entry", None)
    _add(one, "id", f"urn:rumorwatch:{entry.id}")
    _add(one, "title", entry.title, type="text")
    _add(one, "published", _iso(entry.at))
    _add(one, "updated", _iso(entry.at))
    _add(one, "link", None, rel="alternate", type="text/html", href=entry.url)
    if entry.source:
        _add(one, "link", None, rel="related", href=entry.source)
    _add(one, "content", entry.text, type="text")


def _add(parent: Xml.Element, name: str, text: str | None, **attributes: str) -> Xml.Element:
    clean = {key: _NO_XML.sub("", value) for key, value in attributes.items()}
    child = Xml.SubElement(parent, f"{{{_ATOM}}}{name}", clean)
    child.text = None if text is None else _NO_XML.sub("", text)
    return child


def json_feed(document: OutDocument) -> bytes:
    """The feed as JSON Feed."""
    whole = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": document.title,
        "home_page_url": document.page,
        "feed_url": document.address,
        "authors": [{"name": "rumorwatch"}],
        "items": [_json_item(entry) for entry in document.entries],
    }
    return json.dumps(whole, ensure_ascii=True, allow_nan=False).encode("ascii")


def _json_item(entry: OutEntry) -> dict[str, str]:
    item = {
        "id": f"urn:rumorwatch:{entry.id}",
        "url": entry.url,
        "title": entry.title,
        "content_text": entry.text,
        "date_published": _iso(entry.at),
        "date_modified": _iso(entry.at),
    }
    return item | ({"external_url": entry.source} if entry.source else {})


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
