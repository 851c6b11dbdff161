"""The commands `outfeeds ...`: feeds that we tell others, made, listed and revoked."""

from __future__ import annotations

import sys
from contextlib import closing

from service import wiring
from service.core.outfeeds import OutKind
from service.outfeeds import make, revoke
from service.settings import Settings


def add_outfeed(settings: Settings, kind: str, subject: str) -> None:
    """Makes a feed and shows its two addresses, this once."""
    root = wiring.shared_root(settings)
    with closing(wiring.open_ledger(settings)) as ledger:
        names = [one.name for one in wiring.audience(settings, ledger).current()]
        made = make(ledger, OutKind(kind), subject, names, wiring.utc_now())
    _say(f"{made.outfeed.id}: {made.outfeed.kind} {made.outfeed.subject}")
    _say("Whoever knows an address can read it, and it is shown this once:")
    for form in ("atom", "json"):
        _say(f"  {made.address(root, form)}")
    _say(f"Take it back: rumorwatch outfeeds revoke {made.outfeed.id}")


def list_outfeeds(settings: Settings) -> None:
    """Prints the feeds; their addresses are not kept."""
    with closing(wiring.open_ledger(settings)) as ledger:
        listed = ledger.outfeeds.listed()
    for one in listed:
        state = "" if one.revoked_at is None else f"  revoked {one.revoked_at:%Y-%m-%d %H:%M}"
        _say(f"{one.id}  {one.kind} {one.subject}  since {one.created_at:%Y-%m-%d %H:%M}{state}")
    if not listed:
        _say("No feed is told to others.")


def revoke_outfeed(settings: Settings, id_: str) -> None:
    """Lets nobody read a feed any more."""
    with closing(wiring.open_ledger(settings)) as ledger:
        revoke(ledger, id_, wiring.utc_now())
    _say(f"{id_} is read by nobody any more")


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
