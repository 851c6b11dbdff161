"""The list of feeds that were imported: an OPML file beside the ledger, which a person may read and edit.

It stands beside the feeds of the settings and never overrides one. It is written whole to a file beside it,
which then takes its place: a stop in the middle leaves the list that was there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from service.core.addresses import Network
from service.errors import InputError, SettingsError
from service.feeds.opml import MAX_BYTES, MAX_OUTLINES, FeedList, ListedFeed, read_opml, write_opml

FILE = "feeds.opml"
_TITLE = "Feeds imported into rumorwatch"


@dataclass(frozen=True, slots=True)
class Merged:
    """A list after an import, and what became of each feed that was given, by address."""

    feeds: tuple[ListedFeed, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    known: tuple[str, ...]
    twice: tuple[str, ...]


def read_list(path: Path, allowed: Sequence[Network] = ()) -> tuple[ListedFeed, ...]:
    """The feeds of the list, none where there is no list. SettingsError where it cannot be used."""
    try:
        with path.open("rb") as file:
            return read_opml(file.read(MAX_BYTES + 1), allowed).feeds
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SettingsError(f"the list of feeds {path} cannot be read: {error.strerror}.") from None
    except InputError as error:
        raise SettingsError(f"the list of feeds {path} cannot be used: {error}.") from None


def write_list(path: Path, feeds: Sequence[ListedFeed]) -> None:
    """Make `feeds` the list, all at once. InputError where that would be more than a list may hold."""
    body = write_opml(FeedList(_TITLE, tuple(feeds)))
    if len(feeds) > MAX_OUTLINES or len(body) > MAX_BYTES:
        raise InputError(
            f"a list of {len(feeds)} feeds is too long: at most {MAX_OUTLINES} in {MAX_BYTES} bytes"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
    except OSError as error:
        raise SettingsError(f"the list of feeds {path} cannot be written: {error.strerror}.") from None


def merged(current: Sequence[ListedFeed], given: Sequence[ListedFeed], settled: Collection[str]) -> Merged:
    """`current` with `given` added: one that is there is changed in place, one of `settled` is left to it.

    `settled` are the addresses of the settings. Of an address that is given twice the first counts.
    """
    taken = {same(url) for url in settled}
    feeds = {same(feed.url): feed for feed in current}
    seen: set[str] = set()
    told: dict[str, list[str]] = {"added": [], "changed": [], "known": [], "twice": []}
    for feed in given:
        key = same(feed.url)
        what = _what(feed, key, taken, seen, feeds.get(key))
        told[what].append(feed.url)
        seen.add(key)
        if what in ("added", "changed"):
            feeds[key] = feed
    added, changed, known, twice = (tuple(told[name]) for name in ("added", "changed", "known", "twice"))
    return Merged(tuple(feeds.values()), added, changed, known, twice)


def _what(
    feed: ListedFeed, key: str, taken: Collection[str], seen: Collection[str], there: ListedFeed | None
) -> str:
    if key in seen:
        return "twice"
    if key in taken or there == feed:
        return "known"
    return "added" if there is None else "changed"


def same(url: str) -> str:
    """Two addresses that differ in upper case of the host, a default port or a fragment name one feed."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    default = port is None or (scheme, port) in (("http", 80), ("https", 443))
    return f"{scheme}://{host}{'' if default else f':{port}'}{parts.path or '/'}?{parts.query}"
