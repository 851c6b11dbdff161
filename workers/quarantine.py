"""The command `quarantine`: what was set aside, and letting it be tried anew."""

from __future__ import annotations

import sys
from contextlib import closing

from service import wiring
from service.alerts.inert import one_line
from service.doorbell import Work
from service.errors import InputError
from service.jsonl import dump
from service.settings import Settings


def list_set_aside(settings: Settings, *, jsonl: bool) -> None:
    """Prints what was set aside: item, revision, reason."""
    with closing(wiring.open_ledger(settings)) as ledger:
        rows = ledger.items.quarantined()
    for item, revision, why in rows:
        as_row = {"item": item, "revision": revision, "why": why}
        sys.stdout.write(f"{dump(as_row)}\n" if jsonl else f"{item}  revision {revision}  {one_line(why)}\n")
    if not rows and not jsonl:
        sys.stdout.write("Nothing is set aside.\n")


def retry(settings: Settings, item: str | None, *, every: bool) -> None:
    """Lets one item or all be tried anew. InputError where neither or both are named, or none is there."""
    if (item is None) is not every:
        raise InputError("Name one ITEM of `rumorwatch quarantine list`, or say --all.")
    with closing(wiring.open_ledger(settings)) as ledger:
        again = ledger.items.retry(item)
    if not again and item is not None:
        raise InputError(f"{item} is not set aside: `rumorwatch quarantine list` names what is.")
    if again:
        wiring.choose_bell(settings).ring(Work.ITEMS)
    for name, revision in again:
        sys.stdout.write(f"{name}  revision {revision}  will be tried again\n")
