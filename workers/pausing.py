"""Pausing all workers of a ledger, and letting them go on: for a move, an upgrade, or to look into it."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from getpass import getuser

from service import wiring
from service.alerts.inert import one_line
from service.doorbell import Work
from service.durations import duration
from service.settings import Settings
from service.store.ledger import Ledger

LOOK_SECONDS = 0.5


def pause(settings: Settings, by: str, why: str) -> None:
    """Workers finish what they hold and take nothing new from now on."""
    with closing(wiring.open_ledger(settings)) as ledger:
        _pause(ledger, by, why)
        _show(ledger)


def drain(settings: Settings, by: str, why: str, within: str) -> bool:
    """Pauses, and waits until nothing is held; whether that was so in time. InputError for a bad time."""
    seconds = duration(within).total_seconds()
    with closing(wiring.open_ledger(settings)) as ledger:
        _pause(ledger, by, why)
        drained = _wait(ledger, seconds)
        _show(ledger)
    return drained


def resume(settings: Settings, by: str, why: str) -> None:
    """Workers take what is due again; they are woken where that can be done from here."""
    with closing(wiring.open_ledger(settings)) as ledger:
        changed = ledger.pauses.say(False, _who(by), why, wiring.utc_now())
        _say("Workers take what is due again." if changed else "Work was not paused.")
    bell = wiring.choose_bell(settings)
    for work in Work:
        bell.ring(work)


def show(settings: Settings) -> None:
    """Prints whether work is paused, what waits and what is held."""
    with closing(wiring.open_ledger(settings)) as ledger:
        _show(ledger)


def _pause(ledger: Ledger, by: str, why: str) -> None:
    if not ledger.pauses.say(True, _who(by), why, wiring.utc_now()):
        _say("Work was paused already.")


def _wait(ledger: Ledger, seconds: float) -> bool:
    """Whether nothing is held at two looks: a claim that was on its way when the pause came is seen then."""
    end = time.monotonic() + seconds
    empty = told = 0
    while empty < 2:
        held = ledger.pauses.held(wiring.utc_now())
        empty = empty + 1 if held.nothing else 0
        if time.monotonic() > end:
            return False
        if told != (told := held.revisions + held.deliveries):
            _say(f"Waiting for {held.revisions} items and {held.deliveries} deliveries.")
        time.sleep(LOOK_SECONDS)
    return True


def _show(ledger: Ledger) -> None:
    now = wiring.utc_now()
    paused, held, counts = ledger.pauses.current(), ledger.pauses.held(now), ledger.reports.counts(now)
    if paused is None:
        _say("Workers take what is due.")
    else:
        reason = f": {one_line(paused.why)}" if paused.why else ""
        _say(f"Work is paused since {paused.at:%Y-%m-%d %H:%M:%S} UTC by {one_line(paused.by)}{reason}")
    _say(
        f"{counts.revisions_waiting} items wait, {held.revisions} of them held by a worker; "
        f"{counts.deliveries_waiting} deliveries wait, {held.deliveries} of them held."
    )


def _who(by: str) -> str:
    try:
        return by or getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        return "somebody"


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
