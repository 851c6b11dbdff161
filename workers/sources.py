"""Where given items come from: JSON Lines, feed files, folders with a manifest, standard input.

A bad line or file is named on standard error with its number and reason, and counted; the others go on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from service.core.text import stable_id
from service.errors import FeedError, InputError
from service.feeds.seeds import MANIFEST, seed_items
from service.jsonl import GivenItem, numbered, parse_item

FEED_ENDINGS = {".xml", ".rss", ".atom", ".rdf", ".json"}


@dataclass
class Complaints:
    """What could not be read. `count` decides the exit status."""

    count: int = 0

    def add(self, where: str, error: Exception) -> None:
        """Names the trouble on standard error."""
        self.count += 1
        sys.stderr.write(f"rumorwatch: {where}: {error}\n")


def given_items(paths: Iterable[Path], complaints: Complaints) -> Iterator[GivenItem]:
    """The items of `paths` in order; of standard input where there are none."""
    named = list(paths)
    if not named:
        yield from _lines("standard input", sys.stdin.buffer, complaints)
    for path in named:
        try:
            yield from _of_path(path, complaints)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from None


def _of_path(path: Path, complaints: Complaints) -> Iterator[GivenItem]:
    if str(path) == "-":
        yield from _lines("standard input", sys.stdin.buffer, complaints)
    elif path.is_dir():
        yield from _folder(path)
    elif path.suffix.lower() in FEED_ENDINGS:
        yield from _feed_file(path, complaints)
    else:
        with path.open("rb") as lines:
            yield from _lines(str(path), lines, complaints)


def _lines(name: str, lines: Iterable[bytes], complaints: Complaints) -> Iterator[GivenItem]:
    decoded = (line.decode("utf-8", "surrogateescape") for line in lines)
    for number, line in numbered(decoded):
        try:
            yield parse_item(line.lstrip("\ufeff") if number == 1 else line)
        except InputError as error:
            complaints.add(f"{name}, line {number}", error)


def _folder(folder: Path) -> Iterator[GivenItem]:
    if not (folder / MANIFEST).is_file():
        raise InputError(f"{folder} is a folder without a {MANIFEST}.")
    for item in seed_items(folder):
        yield GivenItem(item.id, item.title, item.text, item.url, item.outlet, item.published, item.lang)


def _feed_file(path: Path, complaints: Complaints) -> Iterator[GivenItem]:
    from service.feeds.files import entries_from_file  # only here: JSON Lines need no feed parser

    try:
        entries = entries_from_file(path)
    except FeedError as error:
        complaints.add(str(path), error)
        return
    for entry in entries:
        identity = entry.guid or stable_id("i", entry.url, entry.title, entry.text)
        yield GivenItem(
            identity, entry.title, entry.text, entry.url, entry.outlet, entry.published, entry.lang
        )
