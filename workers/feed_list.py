"""The command `feeds`: every feed of the ledger, as a person understands its state."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from service import wiring
from service.settings import Settings
from service.store.views import FeedRow


def list_feeds(settings: Settings) -> None:
    """Prints the feeds as a table."""
    with closing(wiring.open_ledger(settings)) as ledger:
        rows = ledger.reports.feeds()
    table = Table(Column("id", no_wrap=True), "state", "last success, next poll", "latency", "feed")
    for row in rows:
        times = f"{stamp(row.fetched_at)}\n{stamp(row.next_poll_at)}"
        about = "\n".join(filter(None, (f"{row.outlet}, {row.items} items", row.url, row.reason, row.waits)))
        cells = (row.id, _state(row), times, latency(row), about)
        # Text, not markup: a feed's words must not format our table.
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    Console().print(table)


def _state(row: FeedRow) -> str:
    since = f"\nsince {stamp(row.since)}" if row.since else ""
    pushed = f"\npushed, lease until {stamp(row.pushed_until)}" if row.pushed_until else ""
    return f"{row.state}{since}{pushed}"


def stamp(moment: datetime | None) -> str:
    """A moment for a person, in UTC; a dash for none."""
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "-"


def latency(row: FeedRow) -> str:
    """How late a feed's news were seen: half of them within the first time, 95 of 100 within the second."""
    if row.latency_p50 is None or row.latency_p95 is None:
        return "-"
    return f"{_spoken(row.latency_p50)}, {_spoken(row.latency_p95)}"


def _spoken(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
