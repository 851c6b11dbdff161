"""The command `records`: what came of the rumors that somebody told, and of what a party denied."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service import wiring
from service.core.records import ENOUGH, PartyRecord, Record, Share
from service.jsonl import dump
from service.settings import Settings

MOST_SHOWN = 50
NOTE = (
    "What was said of what they told, not how true it was. A share is given from "
    f"{ENOUGH} cases on, with its 95 % interval.\n"
    "To compare: of 501 merger rumors in the US press, 2000 to 2011, 33 % came true (Ahern and Sosyura).\n"
)


def show_records(settings: Settings, *, jsonl: bool) -> None:
    """Prints the records of outlets, reporters and sources, then those of parties."""
    with closing(wiring.open_ledger(settings)) as ledger:
        told, denied = ledger.reports.records(), ledger.reports.party_records()
    if jsonl:
        rows = [*map(asdict, told), *({"subject": "party", **asdict(record)} for record in denied)]
        sys.stdout.writelines(f"{dump(row)}\n" for row in rows)
        return
    console = Console()
    console.print(_told_table(told[:MOST_SHOWN]), _denied_table(denied[:MOST_SHOWN]), sep="\n")
    sys.stdout.write(NOTE)


def _told_table(found: tuple[Record, ...]) -> Table:
    table = Table(
        "who", "name", "opened", "denied", "confirmed", "withdrawn", "turned", "open", "confirmed of ended"
    )
    for one in found:
        denied = f"{one.denied} ({one.denied_flat} flat)" if one.denied else "0"
        counts = (one.opened, denied, one.confirmed, one.retracted, one.reversed, one.unresolved)
        # Text, not markup: an outlet's name must not format our table.
        table.add_row(one.subject.value, Text(one.name), *map(str, counts), shown(one.confirmed_share))
    return table


def _denied_table(found: tuple[PartyRecord, ...]) -> Table:
    table = Table("party", "denied", "turned itself", "overturned", "reversed of denied")
    for one in found:
        counts = (one.denied, one.turned, one.overturned)
        table.add_row(Text(one.name), *map(str, counts), shown(one.reversed_share))
    return table


def shown(share: Share | None) -> str:
    """`7 of 20: 35 % (18 to 57)`, or that it is too few to say."""
    if share is None:
        return "too few"
    percent = round(100 * share.part / share.of)
    return f"{share.part} of {share.of}: {percent} % ({round(100 * share.low)} to {round(100 * share.high)})"
