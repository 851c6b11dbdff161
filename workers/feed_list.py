"""The command `feeds`: every feed of the ledger, as a person understands its state."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service import wiring
from service.settings import Settings


def list_feeds(settings: Settings) -> None:
    """Prints the feeds as a table."""
    ledger = wiring.open_ledger(settings)
    try:
        rows = ledger.reports.feeds()
    finally:
        ledger.close()
    table = Table("outlet", "state", "items", "last poll", "next poll", "why", "address")
    for row in rows:
        times = [
            moment.strftime("%m-%d %H:%M") if moment else "-"
            for moment in (row.last_polled_at, row.next_poll_at)
        ]
        cells = (row.outlet, row.state, str(row.items), *times, row.reason, row.url)
        # Text, not markup: a feed's words must not format our table.
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)
