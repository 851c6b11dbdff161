"""An index of sitemaps, read one level down: the news of the newest of its sitemaps, as one document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from service.errors import FeedError, OutgoingError, SitemapIndex
from service.feeds.parse import ParsedFeed

MAX_OF_INDEX = 3


async def read_index(index: SitemapIndex, load: Callable[[str], Awaitable[ParsedFeed]]) -> ParsedFeed:
    """The entries of at most MAX_OF_INDEX sitemaps of `index`, the newest first.

    `load` fetches and parses one. One that cannot be had is named in `why`; FeedError where none can.
    """
    found: list[ParsedFeed] = []
    troubles: list[str] = []
    for url in index.sitemaps[:MAX_OF_INDEX]:
        try:
            found.append(await load(url))
        except SitemapIndex as deeper:
            troubles.append(f"{deeper} It is not followed.")
        except (FeedError, OutgoingError) as error:
            troubles.append(str(error))
    if not found:
        raise FeedError(f"{index} None of them could be read: {' '.join(troubles)}")
    entries = [entry for parsed in found for entry in parsed.entries]
    why = "; ".join([*(parsed.why for parsed in found if parsed.why), *troubles])
    placed = tuple(replace(entry, position=place) for place, entry in enumerate(entries))
    return ParsedFeed(found[0].title, placed, why, several=True)
