"""Bytes to entries, in a child process that is killed when it takes too long, too much or misbehaves.

How it decides: one child a parse, with limits on CPU, memory, files, children and output, and a wall clock
held here. When it dies or breaks, a second child takes the document apart and parses entry by entry. What it
says is checked here, type by type, before it is believed. Entries that it could not parse are handed on as
the bytes they were (lost.py).
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO

from service.core.feed import Entry, Unparsed
from service.core.text import clean
from service.errors import FeedError, SitemapIndex, Unparsable
from service.feeds.lost import lost_of
from service.feeds.nursery import NURSERY

WALL_SECONDS = 8.0
NO_FEED = ("it is a web page", "it is empty")  # what nobody will ever read as a feed
# documents.py has these too, and imports the parser: this process does without it.
MAX_ENTRIES = 10_000
PART = 2_000
_UNCLEAN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed's title and entries in document order. `why` says what was wrong, "" where nothing was.

    `several`: it was put together of several documents, so no validator of one answers for it. `lost`: what
    of it could not be parsed.
    """

    title: str
    entries: tuple[Entry, ...]
    why: str = ""
    several: bool = False
    lost: tuple[Unparsed, ...] = ()


@dataclass(frozen=True, slots=True)
class _Told:
    """What a child said before it ended. `finished`: it came to its end by itself."""

    title: str = ""
    entries: tuple[Entry, ...] = ()
    finished: bool = False
    refused: str | None = None
    lost: int = 0
    lost_at: tuple[int, ...] = ()
    trouble: str = ""
    why: str = ""
    more: int = 0
    sitemaps: tuple[str, ...] = ()


def parse_feed(
    body: bytes, content_type: str | None, url: str, wall_seconds: float = WALL_SECONDS
) -> ParsedFeed:
    """The entries of the feed in `body`: RSS, RDF, Atom, JSON Feed or a news sitemap.

    Of a document of very many entries at most MAX_ENTRIES are read, PART of them by each child. Blocks for at
    most twice `wall_seconds` a child. Raises FeedError, one sentence, where it is no feed, Unparsable where
    it may be one and not one entry could be had; SitemapIndex, with the sitemaps, where it is an index of
    some.
    """
    first = _parse_part(body, content_type, url, wall_seconds, 0)
    title, entries, whys, more = first.title, list(first.entries), [first.why], first.more
    lost = list(first.lost)
    for skip in range(PART, MAX_ENTRIES, PART):
        if not more:
            break
        part = _parse_part(body, content_type, url, wall_seconds, skip)
        entries += part.entries
        lost += part.lost
        whys.append(part.why)
        more = part.more
    if more:
        whys.append(f"{more} more entries lie behind the {MAX_ENTRIES} that are read of one document")
    why = "; ".join(dict.fromkeys(filter(None, whys)))
    return ParsedFeed(title, tuple(entries), why, lost=tuple(lost))


@dataclass(frozen=True, slots=True)
class _Part:
    """What one child, or the second one that saved what the first could not read, made of a document."""

    title: str
    entries: tuple[Entry, ...]
    why: str
    more: int
    lost: tuple[Unparsed, ...] = ()


def _parse_part(body: bytes, content_type: str | None, url: str, wall_seconds: float, skip: int) -> _Part:
    told = _run_child("whole", body, content_type, url, wall_seconds, skip)
    if told.sitemaps:
        raise SitemapIndex(f"{_name(url)} is an index of {len(told.sitemaps)} sitemaps.", told.sitemaps)
    if told.refused is not None:
        kind = FeedError if told.refused in NO_FEED else Unparsable
        raise kind(f"{_name(url)} is not a feed: {told.refused}.")
    if told.finished:
        return _Part(told.title, told.entries, told.why, told.more)
    saved = _run_child("salvage", body, content_type, url, wall_seconds, skip)
    if not saved.entries:
        raise Unparsable(f"{_name(url)} could not be parsed: {told.trouble}.")
    rest = f"{saved.lost} lost" if saved.finished else "the rest lost"
    why = f"the parser broke ({told.trouble}); {len(saved.entries)} entries were saved one by one, {rest}"
    # What earlier parts held is not missing in this one.
    known = frozenset(entry.position for entry in saved.entries).union(range(skip))
    lost = lost_of(body, known, saved.lost_at, saved.finished)
    kept = tuple(replace(one, url=url, content_type=content_type) for one in lost)
    return _Part(told.title or saved.title, saved.entries, why, saved.more, kept)


def _name(url: str) -> str:
    return url.partition("?")[0].removeprefix("file://")[:300] or "The document"


def _run_child(
    mode: str, body: bytes, content_type: str | None, url: str, wall_seconds: float, skip: int
) -> _Told:
    words = {"mode": mode, "content_type": content_type, "url": url, "skip": skip}
    head = json.dumps(words).encode() + b"\n"
    # The output goes to a file, whose size the child's limits bound, not into our memory.
    with tempfile.TemporaryFile() as output:
        trouble = NURSERY.run(head + body, output, wall_seconds)
        output.seek(0)
        return _listen(output, trouble)


def _listen(output: IO[bytes], trouble: str) -> _Told:
    told = _Told(trouble=trouble or "the parser said nothing")
    title, why, more, entries, lost_at, last = "", "", 0, [], [], told
    for line in _lines(output):
        if "position" in line:
            entries.append(_entry(line))
        elif isinstance(place := line.get("lost_at"), int):
            lost_at.append(place)
        elif "title" in line:
            title, why = _text(line["title"]) or "", _text(line.get("why")) or ""
            more = _count(line.get("more"))
        else:
            last = _last_words(line, told)
    found = tuple(entries)
    return replace(last, title=title, entries=found, why=why, more=more, lost_at=tuple(lost_at))


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _lines(output: IO[bytes]) -> Iterator[dict[str, object]]:
    """Every whole JSON object; a last line that broke off is left out."""
    for raw in output:
        try:
            line = json.loads(raw)
        except ValueError:
            return
        if isinstance(line, dict):
            yield line


def _last_words(line: dict[str, object], told: _Told) -> _Told:
    if line.get("end") is True:
        lost = line.get("lost")
        return _Told(finished=True, lost=lost if isinstance(lost, int) else 0)
    if "refused" in line:
        return _Told(refused=_text(line["refused"]) or "it cannot be read", sitemaps=_links(line))
    return _Told(trouble=_text(line.get("broke")) or told.trouble)


def _links(line: dict[str, object]) -> tuple[str, ...]:
    given = line.get("sitemaps")
    return tuple(filter(None, map(_text, given))) if isinstance(given, list) else ()


def _entry(line: dict[str, object]) -> Entry:
    position = line.get("position")
    return Entry(
        position=position if isinstance(position, int) else 0,
        guid=_text(line.get("guid")),
        title=_text(line.get("title")) or "",
        text=_text(line.get("text")) or "",
        url=_text(line.get("url")),
        published=_moment(line.get("published")),
        lang=_text(line.get("lang")),
        outlet=_text(line.get("outlet")),
        summary=line.get("summary") is True,
    )


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return clean(value) if _UNCLEAN.search(value) else value


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
