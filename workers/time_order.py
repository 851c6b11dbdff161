"""Given items as items in time order: what reading, explaining and replaying begin with.

It knows no ledger and no network, so that a command that only reads need not load them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from service.core.model import Item
from service.jsonl import GivenItem

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def on_the_clock(given: Iterable[GivenItem]) -> tuple[Item, ...]:
    """The items in time order. One without a time speaks when the one before it did; ties keep order."""
    items: list[Item] = []
    rows = list(given)
    clock = next((row.published for row in rows if row.published), _BEFORE_ALL)
    for row in rows:
        clock = row.published or clock
        items.append(
            Item(
                id=row.id,
                title=row.title,
                text=row.text,
                told_at=clock,
                url=row.url,
                outlet=row.outlet,
                published=row.published,
                lang=row.lang,
            )
        )
    return tuple(sorted(items, key=lambda item: item.told_at))
