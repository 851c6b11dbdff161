"""The commands `feeds import`, `feeds export` and `feeds packs`: lists of feeds in and out."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service import wiring
from service.core.addresses import networks
from service.errors import InputError, SettingsError
from service.feeds.listed import Merged, merged, same, write_list
from service.feeds.opml import MAX_BYTES, FeedList, ListedFeed, read_opml, why_not_polled, write_opml
from service.feeds.pushed import INTAKE
from service.packs import pack, packs
from service.settings import Settings

PACK = "pack:"


def import_feeds(settings: Settings, named: str) -> None:
    """Adds the feeds of a list to those that are polled, all of them or none, and says what became of each.

    `named` is a file, `-` for standard input, or `pack:NAME`. A running service polls them at once.
    """
    given = _given(settings, named)
    current = wiring.imported_feeds(settings)
    result = merged(current, given.feeds, [feed.url for feed in settings.feeds])
    for feed in given.feeds:
        wiring.feed_settings(feed)
    with closing(wiring.open_ledger(settings)) as ledger:
        write_list(wiring.list_path(settings), result.feeds)
        try:
            wiring.declare_feeds(ledger, settings, wiring.utc_now())
        except BaseException:
            write_list(wiring.list_path(settings), current)
            raise
    _tell(result)


def _given(settings: Settings, named: str) -> FeedList:
    if named.startswith(PACK):
        return pack(named.removeprefix(PACK))
    try:
        if named == "-":
            body = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(named).open("rb") as file:
                body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{named} cannot be read: {error.strerror}.") from None
    try:
        return read_opml(body, networks(settings.allow_networks))
    except InputError as error:
        raise InputError(f"{named}: {error}; nothing was imported.") from None


def _tell(result: Merged) -> None:
    for what, urls in (
        ("added", result.added),
        ("changed", result.changed),
        ("there already", result.known),
        ("twice in the list", result.twice),
    ):
        for url in urls:
            sys.stdout.write(f"{what}: {url}\n")
    sys.stdout.write(
        f"{len(result.added)} added, {len(result.changed)} changed, {len(result.known)} there already, "
        f"{len(result.twice)} twice in the list.\n"
    )


def export_feeds(settings: Settings, file: Path | None) -> None:
    """Writes the feeds of the settings, the imported and the added ones as OPML that `import` reads back.

    A feed that is a file of this machine is left out and named: no other machine could import it.
    """
    settled = tuple(wiring.listed_feed(feed) for feed in settings.feeds)
    taken = {same(feed.url) for feed in settled}
    imported = (feed for feed in wiring.imported_feeds(settings) if same(feed.url) not in taken)
    kept = []
    for feed in (*settled, *imported, *_added(settings)):
        if why := why_not_polled(feed.url, networks(settings.allow_networks)):
            sys.stderr.write(f"rumorwatch: left out: {feed.url}: {why}\n")
        else:
            kept.append(feed)
    _write(write_opml(FeedList("Feeds of rumorwatch", tuple(kept))), file)


def _added(settings: Settings) -> tuple[ListedFeed, ...]:
    """The feeds that the ledger polls although neither the settings nor the imported list name them."""
    with closing(wiring.open_ledger(settings)) as ledger:
        named = {INTAKE.id, *(feed.id for feed in wiring.feeds(settings))}
        others = [ledger.feeds.one(row.id) for row in ledger.reports.feeds() if row.id not in named]
    return tuple(
        ListedFeed(
            url=feed.moved_from or feed.url,
            title=feed.outlet,
            outlet=feed.outlet,
            interval_minutes=None if feed.adaptive else feed.interval_seconds / 60,
            lang=feed.lang,
            told_as_news=feed.told_as_news,
        )
        for feed in others
        if feed is not None
    )


def _write(body: bytes, file: Path | None) -> None:
    if file is None:
        sys.stdout.buffer.write(body)
        return
    try:
        file.write_bytes(body)
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.") from None


def list_packs() -> None:
    """Prints the packs that `import pack:NAME` takes."""
    table = Table("pack", "feeds", "unverified", "about")
    for one in packs():
        unverified = sum("unverified" in (feed.note or "") for feed in one.listed.feeds)
        cells = (one.name, str(len(one.listed.feeds)), str(unverified), one.listed.title)
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)
