"""The commands `channels ...`: how channels stand, a try of one, turning one on or off, a new secret."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

from service import wiring
from service.channel_care import Standing, Tried, named, rotate, standings, try_channel
from service.doorbell import Work
from service.durations import duration
from service.errors import InputError
from service.settings import Settings
from service.store.ledger import Ledger


def list_channels(settings: Settings) -> None:
    """Prints every channel and how it stands."""
    channels = wiring.checked_channels(settings)
    with closing(wiring.open_ledger(settings)) as ledger:
        for one in standings(channels, ledger.channels, wiring.utc_now()):
            _say("  ".join((one.name, one.kind, one.where, _state(one))))


def show_channel(settings: Settings, name: str) -> None:
    """Prints all that may be shown of one channel."""
    channels = wiring.checked_channels(settings)
    named(channels, name)
    with closing(wiring.open_ledger(settings)) as ledger:
        now = wiring.utc_now()
        one = next(one for one in standings(channels, ledger.channels, now) if one.name == name)
        hearing = [who.name for who in wiring.audience(settings, ledger).current() if name in who.channels]
    _say(f"{one.name}: {one.kind}, {one.where}")
    _say(f"State: {_state(one)}")
    _say(f"Subscriptions: {', '.join(hearing) or 'none'}")
    if one.secret_until is not None:
        _say(f"Two secrets sign until {one.secret_until:%Y-%m-%d %H:%M} UTC.")


def send_test(settings: Settings, name: str) -> bool:
    """Sends a test and prints what the receiver said; whether it was taken."""
    channels = wiring.checked_channels(settings)
    named(channels, name)
    with closing(wiring.open_ledger(settings)) as ledger:
        steady = wiring.steady_transports(channels, settings, ledger)

        async def whole() -> Tried:
            async with wiring.open_transports(settings, ledger, channels, steady) as transports:
                return await try_channel(transports, name, wiring.utc_now())

        tried = asyncio.run(whole())
    _say(verdict(tried))
    return tried.taken


def verdict(tried: Tried) -> str:
    """What came of a test, in one or two lines."""
    status = "" if tried.status is None else f", status {tried.status}"
    head = "took it" if tried.taken else "did not take it"
    said = f"\n  it said: {tried.answer}" if tried.answer else ""
    why = f"\n  {tried.why}" if tried.why else ""
    return f"{tried.name} {head} in {tried.seconds:.2f} s{status}{why}{said}"


def enable_channel(settings: Settings, name: str) -> None:
    """Sends to a channel again, what waited for it too."""
    with _known(settings, name) as ledger:
        revived = ledger.channels.turn_on(name, wiring.utc_now())
        waiting = {one.channel: one.waiting for one in ledger.channels.backlogs()}.get(name, 0)
    if revived is None:
        _say(f"{name} was on already")
        return
    wiring.choose_bell(settings).ring(Work.DELIVERIES)
    _say(f"{name} is on again; {waiting} messages that waited are sent now")


def disable_channel(settings: Settings, name: str, why: str) -> None:
    """Sends nothing to a channel until it is turned on; what comes meanwhile waits."""
    with _known(settings, name) as ledger:
        done = ledger.channels.turn_off(name, why or "a person turned it off", wiring.utc_now())
    _say(f"{name} is off; what comes for it waits" if done else f"{name} was off already")


def rotate_secret(settings: Settings, name: str, overlap: str) -> None:
    """Makes a new secret, shows it once, and says until when the old one signs too."""
    span = timedelta(0) if overlap.strip() in ("0", "") else duration(overlap)
    channel = named(wiring.checked_channels(settings), name)
    with closing(wiring.open_ledger(settings)) as ledger:
        made = rotate(ledger.channels, channel, span, wiring.utc_now())
    _say(f"The new secret of {name}, shown this once: {made.secret}")
    if span:
        _say(f"Old and new sign until {made.until:%Y-%m-%d %H:%M} UTC: give it to the receiver by then.")
    _say(f"Running workers use it from now on. Take it back: rumorwatch channels rotate {name} --back")


def rotate_back(settings: Settings, name: str) -> None:
    """Lets only the secrets of the settings sign again."""
    with _known(settings, name) as ledger:
        if not ledger.channels.forget_rotation(name):
            raise InputError(f"{name!r} has no secret but those of the settings.")
    _say(f"{name} is signed by the settings' secrets alone again")


@contextmanager
def _known(settings: Settings, name: str) -> Iterator[Ledger]:
    """The ledger, where the settings name the channel."""
    named(wiring.checked_channels(settings), name)
    with closing(wiring.open_ledger(settings)) as ledger:
        yield ledger


def _state(one: Standing) -> str:
    state = "on" if one.off_since is None else f"off since {one.off_since:%Y-%m-%d %H:%M}: {one.off_because}"
    left = [f"{one.waiting} waiting"] if one.waiting else []
    left += [f"{one.dead} given up"] if one.dead else []
    return "  ".join([state, *left])


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
