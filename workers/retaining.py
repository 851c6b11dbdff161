"""The command `retention`: what the ledger may forget by the settings, shown or done at once."""

from __future__ import annotations

import sys
from contextlib import closing

from service import wiring
from service.core.retention import Forgotten, cutoffs
from service.forgetting import batches
from service.settings import Settings
from service.store.ledger import Ledger

_MEANING = {
    Forgotten.ITEMS: "items in no story: their words, and what was read in them",
    Forgotten.TEXTS: "texts of items whose stories are dormant; titles and quotations stay",
    Forgotten.ATTEMPTS: "attempts of finished deliveries; the last of each stays",
    Forgotten.NOTICES: "notices of what befell feeds; the last of each stays",
}


def retain(settings: Settings, *, dry_run: bool) -> None:
    """Forgets what is old enough, or says what would go."""
    with closing(wiring.open_ledger(settings)) as ledger:
        now = wiring.utc_now()
        due = cutoffs(wiring.keeping(settings), now)
        for cutoff in due:
            amount = ledger.retention.would_go(cutoff)
            size = f", {amount.characters:,} characters" if amount.characters else ""
            told = f"{amount.rows:,} {_MEANING[cutoff.what]} (before {cutoff.before:%Y-%m-%d}{size})"
            if not dry_run:
                told = f"{sum(batches(ledger, cutoff, now)):,} of {told}"
            _say(told)
        for what in Forgotten:
            if all(cutoff.what is not what for cutoff in due):
                _say(f"kept for ever: {_MEANING[what]}")
        _say("Nothing was removed." if dry_run else _freed(ledger))


def _freed(ledger: Ledger) -> str:
    if not ledger.retention.can_shrink():
        return (
            "The file does not get smaller: it was made by an earlier version. Its free pages are used again "
            "and a backup restored into a new place is small."
        )
    left = ledger.retention.free()
    while left and (now := ledger.retention.free()) < left:
        left = now
    return "Done."


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
