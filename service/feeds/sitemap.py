"""A news sitemap to entries, an index of some to their addresses. Runs in the contained child only.

How it decides: expat reads the document as a stream, names count without their prefix, and only what stands
in a `news` element of a `url` is read. Where the document breaks off or is not well formed, each `url` is
read alone. What it leaves out: addresses without news, images, videos, keywords and tickers.

The format: https://www.sitemaps.org/protocol.html and Google's news extension, namespace
http://www.google.com/schemas/sitemap-news/0.9.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.entities import html5
from xml.parsers import expat

from service.core.feed import Entry
from service.errors import SitemapIndex
from service.feeds.html_text import unescape
from service.feeds.strings import address, language, line, name, web_address

MAX_SITEMAPS = 50
MAX_ALONE = 20_000
MAX_FIELD = 8000

_ROOT = re.compile(r"<([A-Za-z_][\w:.-]*)")
_ROOT_TAG = re.compile(r"<([A-Za-z_][\w:.-]*)[^>]*>")
_URL = re.compile(r"<((?:[\w.-]+:)?(?:url|sitemap))(?=[\s>])")
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STRAY = re.compile(r"&(?!#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{0,31};)")
_NAME = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{0,31});")
_START = 16 * 1024


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap says. `lost`: how many of its addresses could not be read. `why`: what was wrong."""

    entries: tuple[Entry, ...]
    lost: int = 0
    why: str = ""


def root_name(text: str) -> str:
    """The name of the root element without its prefix, "" where there is none near the start."""
    found = _ROOT.search(_without_comments(text[:_START]))
    return found[1].rpartition(":")[2] if found else ""


def _without_comments(text: str) -> str:
    """Each comment that ends taken out. A pattern for it would look for the end anew from each start."""
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])


def is_sitemap(text: str) -> bool:
    """Whether the document is a sitemap or an index of some."""
    return root_name(text) in ("urlset", "sitemapindex")


def read_sitemap(text: str, most: int) -> Sitemap:
    """The news of a sitemap, at most `most` entries. SitemapIndex where it is an index."""
    reader = _Reader()
    why = reader.read(text)
    lost = 0
    if why:
        reader, lost = _one_by_one(text)
    if root_name(text) == "sitemapindex":
        raise SitemapIndex("it is an index of sitemaps", _newest_first(reader.found))
    entries = (_entry(raw, place) for place, raw in enumerate(reader.found[:most]))
    return Sitemap(tuple(entry for entry in entries if entry is not None), lost, why)


def _one_by_one(text: str) -> tuple[_Reader, int]:
    root = _ROOT_TAG.search(text[:_START])
    before, after = (root.group(), f"</{root[1]}>") if root else ("<urlset>", "</urlset>")
    whole, lost = _Reader(), 0
    for number, piece in enumerate(_pieces(text)):
        if number >= MAX_ALONE:
            return whole, lost + sum(1 for _ in _URL.finditer(text)) - number
        alone = _Reader()
        broken = alone.read(before + piece + after)
        lost += bool(broken)
        whole.found += [] if broken else alone.found
    return whole, lost


def _pieces(text: str) -> Iterator[str]:
    """Each address of the sitemap, from its start tag to its end tag or to the next start; linear."""
    start = _URL.search(text)
    while start is not None:
        following = _URL.search(text, start.end())
        limit = following.start() if following else len(text)
        close = f"</{start[1]}>"
        end = text.find(close, start.end(), limit)
        yield text[start.start() : end + len(close)] if end >= 0 else text[start.start() : limit]
        start = following


@dataclass
class _Reader:
    """Collects the fields of each `url` or `sitemap`. `found` holds them in the order of the document."""

    found: list[dict[str, str]] = field(default_factory=list)
    _path: list[str] = field(default_factory=list)
    _now: dict[str, str] = field(default_factory=dict)
    _words: list[str] = field(default_factory=list)
    _room: int = MAX_FIELD

    def read(self, text: str) -> str:
        """Reads a whole document; what was wrong with it, "" where nothing was."""
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._opened
        parser.EndElementHandler = self._closed
        parser.CharacterDataHandler = self._said
        try:
            parser.Parse(_xml_text(text), True)
        except expat.ExpatError as error:
            return str(error)
        return ""

    def _opened(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag.rpartition(":")[2])
        self._words, self._room = [], MAX_FIELD
        if self._path[-1] in ("url", "sitemap"):
            self._now = {}

    def _said(self, words: str) -> None:
        if self._room > 0:
            self._words.append(words[: self._room])
            self._room -= len(words)

    def _closed(self, tag: str) -> None:
        own = self._path.pop()
        parent = self._path[-1] if self._path else ""
        if own in ("url", "sitemap"):
            self.found.append(self._now)
        elif parent in ("url", "sitemap", "news", "publication"):
            self._now.setdefault(f"{parent} {own}", "".join(self._words).strip())
        self._words = []


def _xml_text(text: str) -> bytes:
    """UTF-8 for expat without what would end the document: forbidden characters, names of HTML, stray &.

    Every name but the five of XML becomes its character or plain words, so no declared entity is ever used.
    """
    text = _STRAY.sub("&amp;", _FORBIDDEN.sub("", text))
    return _NAME.sub(lambda found: html5.get(f"{found[1]};", f"&amp;{found[1]};"), text).encode("utf-8")


def _entry(raw: dict[str, str], place: int) -> Entry | None:
    title, link = line(unescape(raw.get("news title", ""))), raw.get("url loc")
    if not title:
        return None
    return Entry(
        position=place,
        guid=address(link),
        title=title,
        text="",
        url=web_address(link),
        published=moment(raw.get("news publication_date", "")),
        lang=language(raw.get("publication language")),
        outlet=name(raw.get("publication name")),
    )


def _newest_first(found: list[dict[str, str]]) -> tuple[str, ...]:
    dated = [(raw.get("sitemap lastmod", ""), web_address(raw.get("sitemap loc"))) for raw in found]
    dated.sort(key=lambda one: moment(one[0]) or datetime.min.replace(tzinfo=UTC), reverse=True)
    return tuple(dict.fromkeys(link for _, link in dated if link))[:MAX_SITEMAPS]


def moment(text: str) -> datetime | None:
    """A W3C date or time in UTC; a day, month or year alone is its first moment. None for anything else."""
    text = text.strip()
    if re.fullmatch(r"\d{4}(-\d{2})?", text):
        text += "-01-01"[len(text) - 4 :]
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
