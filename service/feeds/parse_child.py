"""The child in which a feed is parsed: it gives up its powers first, and says what it finds line by line.

It reads one JSON line (content type, address, mode) and the document from standard input, and writes JSON
lines: a head, one for each entry, and an end. A child that dies leaves what it had written by then. Mode
`whole` parses the document; mode `salvage` takes it apart and parses every entry alone, so that one that
breaks the parser does not take its neighbours along.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from types import FrameType

from service.core.feed import Entry
from service.errors import FeedError, SitemapIndex

CPU_SECONDS = 5
MEMORY_BYTES = 512 * 1024 * 1024
OUTPUT_BYTES = 96 * 1024 * 1024
FILES = 16
ENTRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Order:
    """What the parent wants parsed."""

    mode: str
    skip: int
    content_type: str | None
    url: str
    body: bytes


class _EntryTooSlow(Exception):
    """One entry took longer than an entry may."""


def main() -> None:
    """Parse what standard input holds. Exit status 0: the last line is an end or a refusal."""
    limit_powers()
    try:
        order = _read_order()
        lost = _salvage(order) if order.mode == "salvage" else _whole(order)
        _say({"end": True, "lost": lost})
    except SitemapIndex as error:
        _say({"refused": str(error), "sitemaps": list(error.sitemaps)})
    except FeedError as error:
        _say({"refused": str(error)})
    except Exception as error:  # noqa: BLE001 - the edge of this process: the parent decides what follows
        _say({"broke": f"{type(error).__name__}: {error}"[:300]})


def limit_powers() -> None:
    """Seconds, memory, files and children of this process, from here to its end."""
    for what, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _read_order() -> Order:
    head = json.loads(sys.stdin.buffer.readline())
    return Order(head["mode"], head["skip"], head["content_type"], head["url"], sys.stdin.buffer.read())


def _whole(order: Order) -> int:
    from service.feeds.documents import read_document  # after the limits: importing is work as well

    document = read_document(order.body, order.content_type, order.url, order.skip)
    _say({"title": document.title, "why": document.why, "more": document.more})
    for entry in document.entries:
        _say_entry(entry)
    return 0


def _salvage(order: Order) -> int:
    from service.feeds.documents import entries_of, parse_xml, prepare
    from service.feeds.encodings import read_text
    from service.feeds.lost import frame, pieces

    body = prepare(read_text(order.body, order.content_type).text).encode("utf-8")
    before, after = frame(body)
    lost = 0
    _say({"title": ""})
    signal.signal(signal.SIGALRM, _too_slow)
    for position, piece in islice(enumerate(pieces(body)), order.skip, None):  # earlier parts are read
        try:
            with _at_most(ENTRY_SECONDS):
                parsed = parse_xml(before + piece + after, order.url)
                found = list(entries_of(parsed, order.url, position))
        except Exception:  # noqa: BLE001 - whatever one entry breaks, the next ones are still to be read
            found = []
        if not found:
            lost += 1
            _say({"lost_at": position})
        for entry in found[:1]:
            _say_entry(entry)
    return lost


def _too_slow(signal_number: int, frame: FrameType | None) -> None:
    raise _EntryTooSlow


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _say_entry(entry: Entry) -> None:
    _say(
        {
            "position": entry.position,
            "guid": entry.guid,
            "title": entry.title,
            "text": entry.text,
            "url": entry.url,
            "published": entry.published.isoformat() if entry.published else None,
            "lang": entry.lang,
            "outlet": entry.outlet,
            "summary": entry.summary,
        }
    )


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    # Flushed at once: what a dying child had found by then is kept.
    sys.stdout.flush()
