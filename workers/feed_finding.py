"""The command `feeds find`: what feeds a page or its site has, told to a person or a program."""

from __future__ import annotations

import asyncio
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service import wiring
from service.feeds.discovery import Discovery, Found, find_feeds
from service.jsonl import dump
from service.settings import Settings
from workers.feed_list import stamp


def find(settings: Settings, url: str, *, jsonl: bool) -> int:
    """Prints the feeds of the page at `url`; exit status 1 where there is none, with what was tried."""
    discovery = asyncio.run(_find(settings, url))
    if jsonl:
        sys.stdout.writelines(f"{dump(_row(one))}\n" for one in discovery.found)
    elif discovery.found:
        _print(discovery)
    if discovery.found:
        return 0
    sys.stderr.write(f"rumorwatch: no feed was found for {url}.\n")
    for one in discovery.tried:
        sys.stderr.write(f"  {one.url}: {one.why}\n")
    return 1


async def _find(settings: Settings, url: str) -> Discovery:
    client = wiring.open_client(settings)
    try:
        return await find_feeds(client, url)
    finally:
        await client.close()


def _row(one: Found) -> dict[str, object]:
    newest = one.newest.isoformat() if one.newest else None
    return {
        "url": one.url,
        "title": one.title,
        "entries": one.entries,
        "newest": newest,
        "because": one.because,
    }


def _print(discovery: Discovery) -> None:
    table = Table("address", "title", "entries", "newest", "found because")
    for one in discovery.found:
        cells = (one.url, one.title, str(one.entries), stamp(one.newest), one.because)
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    Console().print(table)
