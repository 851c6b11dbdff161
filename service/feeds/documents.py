"""A feed document, RSS, RDF, Atom, JSON Feed or a news sitemap, to entries. Runs in the contained child only.

How it decides: feedparser reads the XML kinds, with its sanitiser off (ours is that only plain text leaves
here); JSON Feed is read by itself. Beforehand the document loses what breaks or slows every parser: character
references that name no character, declared entities, long runs of space before the root element. What it
leaves out: media, comments, and people (an author is no outlet; an entry's `source` is).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import struct_time
from typing import Any
from urllib.parse import urljoin

import feedparser

from service.core.feed import Entry
from service.core.text import clean
from service.errors import FeedError
from service.feeds.encodings import read_text
from service.feeds.html_text import html_to_text, looks_like_html, unescape
from service.feeds.sitemap import is_sitemap, read_sitemap
from service.feeds.strings import MAX_TEXT, address, capped, language, line, name, string, web_address

MAX_ENTRIES = 10_000
PART = 2_000  # entries that one child parses: it has five seconds for them


_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_ROOT = re.compile(r"<[A-Za-z_]")
_ENTRY = re.compile(r"<(item|entry)(?=[\s>/])")
_SPACES = re.compile(r"[ \t\r\n]+")
_DOCTYPE = re.compile(r"<!DOCTYPE", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml\s[^>]{0,300}>", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACE = "\ufeff \t\r\n"


@dataclass(frozen=True, slots=True)
class Document:
    """A feed's title and its entries, as text that every store and page can hold. `why`: what was wrong.

    `more`: so many entries of the document lie behind these.
    """

    title: str
    entries: tuple[Entry, ...]
    why: str = ""
    more: int = 0


def read_document(body: bytes, content_type: str | None, url: str, skip: int = 0) -> Document:
    """The feed in `body`, or, where that holds very many entries, PART of them behind the first `skip`.

    Raises FeedError with the reason where it is no feed, and whatever a parser raises.
    """
    read = read_text(body, content_type)
    start = read.text[:2000].lstrip(_SPACE)
    if not start and not read.text.strip(_SPACE):
        raise FeedError("it is empty")
    if start.startswith("{"):
        found = _read_json(read.text)
    elif is_sitemap(read.text):
        found = _read_sitemap(read.text)
    else:
        found = _read_xml(read.text, url, skip)
    return replace(found, why="; ".join(filter(None, (read.why, found.why))))


def _read_sitemap(text: str) -> Document:
    found = read_sitemap(text, MAX_ENTRIES)
    if not found.entries and found.why:
        raise FeedError(f"its sitemap cannot be read ({found.why})")
    why = f"the sitemap is broken ({found.why}); {found.lost} of its addresses were lost" if found.why else ""
    return Document("", found.entries, why)


# --- XML -------------------------------------------------------------------------------------------


def prepare(text: str) -> str:
    """The document without what no parser should meet; the words in it stay."""
    text = _REFERENCE.sub(_usable_reference, _FORBIDDEN.sub("", text.lstrip(_SPACE)))
    root = _ROOT.search(text)
    if root is None:
        return text
    prolog = text[: root.start()]
    doctype = _DOCTYPE.search(prolog)
    # Without its DOCTYPE a document has no entities to expand; those of HTML are known to the loose parser.
    kept = prolog if doctype is None else prolog[: doctype.start()]
    # What it declares was true of its bytes; a parser gets UTF-8.
    return _SPACES.sub(" ", _DECLARATION.sub("", kept)).lstrip() + text[root.start() :]


def _usable_reference(found: re.Match[str]) -> str:
    digits, base = (found.group(1), 16) if found.group(1) else (found.group(2), 10)
    number = int(digits, base) if len(digits) <= 10 else -1
    usable = number in (9, 10, 13) or 32 <= number < 0xD800 or 0xE000 <= number <= 0x10FFFF
    return found.group() if usable and number not in (0xFFFE, 0xFFFF) else ""


def parse_xml(body: bytes, url: str) -> Any:
    """feedparser's result for a prepared document in UTF-8; it is wrapped so that nothing is ever opened."""
    headers = {"content-type": "application/xml; charset=utf-8"}
    if b"base=" in body:
        # Told where it is, feedparser joins every address it meets; without a base of its own one join does.
        headers["content-location"] = url
    return feedparser.parse(
        io.BytesIO(body), response_headers=headers, resolve_relative_uris=False, sanitize_html=False
    )


def _read_xml(text: str, url: str, skip: int) -> Document:
    part, more = _part(prepare(text), skip)
    parsed = parse_xml(part.encode("utf-8"), url)
    if not parsed.get("version") and not parsed.entries:
        raise FeedError(_what_it_is(text))
    return Document(line(parsed.feed.get("title")), tuple(entries_of(parsed, url, skip)), more=more)


def _part(text: str, skip: int) -> tuple[str, int]:
    """The document with at most PART of its entries, behind the first `skip`; how many lie behind these."""
    starts = [found.start() for found in _ENTRY.finditer(text)]
    if len(starts) <= PART:
        return text, 0
    end = max(text.rfind("</item>"), text.rfind("</entry>"))
    tail = text[text.find(">", end) + 1 :] if end > starts[-1] else ""
    until = starts[skip + PART] if skip + PART < len(starts) else len(text) - len(tail)
    wanted = text[starts[min(skip, len(starts) - 1)] : until]
    return text[: starts[0]] + wanted + tail, max(0, len(starts) - skip - PART)


def _what_it_is(text: str) -> str:
    start = text[:4000].lstrip(_SPACE).lower()
    if "<html" in start or start.startswith("<!doctype html"):
        return "it is a web page"
    return "it holds neither RSS, Atom nor JSON Feed"


def entries_of(parsed: Any, url: str, first_position: int = 0) -> Iterator[Entry]:
    """The entries of feedparser's result, counted from `first_position`; those without words are left out."""
    is_atom = str(parsed.get("version") or "").startswith("atom")
    lang = parsed.feed.get("language")
    for position, raw in enumerate(parsed.entries[: 2 * PART], first_position):
        entry = _entry(raw, url, position, is_atom, lang)
        if entry.title or entry.text:
            yield entry


def _entry(raw: Mapping[str, Any], url: str, position: int, is_atom: bool, lang: object) -> Entry:
    title = _plain(raw.get("title_detail") or {"value": raw.get("title")}, is_atom)
    source = raw.get("source")
    return Entry(
        position=position,
        guid=address(raw.get("id")),
        title=line(title),
        text=capped(clean(_longest_text(raw, is_atom)).strip(), MAX_TEXT),
        url=_joined(url, raw.get("link")),
        published=_moment(raw.get("published_parsed") or raw.get("updated_parsed")),
        lang=language(raw.get("language") or lang),
        outlet=name(source.get("title")) if isinstance(source, Mapping) else None,
        # Only Atom tells the two apart; RSS puts whole articles into its description.
        summary=is_atom and not raw.get("content"),
    )


def _joined(url: str, link: object) -> str | None:
    try:
        return web_address(urljoin(url, clean(string(link)).strip())) if link else None
    except ValueError:  # brackets that hold no address
        return None


def _longest_text(raw: Mapping[str, Any], is_atom: bool) -> str:
    """The fullest of what an entry carries: many put a teaser into one element and the article in another."""
    details = list(raw.get("content") or ())
    # feedparser copies content into a summary without saying of what kind: such a copy is no second text.
    if "summary_detail" in raw:
        details.append(raw["summary_detail"])
    elif not details:
        details.append({"value": raw.get("summary")})
    return max((_plain(detail, is_atom) for detail in details), key=len, default="")


def _plain(detail: Mapping[str, Any], is_atom: bool) -> str:
    value = str(detail.get("value") or "")
    if is_atom and detail.get("type") in ("text/plain", None):
        return value
    return html_to_text(value) if looks_like_html(value) else unescape(value)


def _moment(parsed: object) -> datetime | None:
    """A time in UTC; None for years that the calendar does not have. A leap second is the last second."""
    if not isinstance(parsed, struct_time):
        return None
    try:
        return datetime(*parsed[:5], second=min(parsed[5], 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


# --- JSON Feed -------------------------------------------------------------------------------------


def _read_json(text: str) -> Document:
    try:
        whole = json.loads(text.lstrip("\ufeff"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"its JSON cannot be read ({type(error).__name__})") from None
    items = whole.get("items") if isinstance(whole, dict) else None
    if not isinstance(items, list):
        raise FeedError("it is JSON without a list of items")
    lang = whole.get("language")
    found = (
        _json_entry(item, position, lang)
        for position, item in enumerate(items[:MAX_ENTRIES])
        if isinstance(item, dict)
    )
    left = max(0, len(items) - MAX_ENTRIES)
    return Document(line(whole.get("title")), tuple(e for e in found if e.title or e.text), more=left)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _json_entry(item: Mapping[str, object], position: int, lang: object) -> Entry:
    content = item.get("content_text") or html_to_text(string(item.get("content_html")))
    text = content or item.get("summary")
    return Entry(
        position=position,
        guid=address(item.get("id")),
        title=line(item.get("title")),
        text=capped(clean(string(text)).strip(), MAX_TEXT),
        url=web_address(item.get("url")),
        published=_rfc3339(item.get("date_published")) or _rfc3339(item.get("date_modified")),
        lang=language(item.get("language") or lang),
        summary=not content,
    )


def _rfc3339(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(string(value))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
