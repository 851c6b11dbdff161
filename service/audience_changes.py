"""Changes of who hears of what in the ledger: one watchlist or subscription, or all of them at once.

Every change is checked against the settings first: what would stop a worker is never written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from service.audience import SubscriptionSettings, WatchlistSettings
from service.audience_file import Change, changes, listed
from service.errors import InputError, SettingsError
from service.store.audience import AudienceRows
from service.subscribers import Declared, Written, resolved, written

Draft = Callable[[Written], Written]


def change(
    rows: AudienceRows,
    said: Declared,
    draft: Draft,
    now: datetime,
    *,
    dry: bool = False,
) -> tuple[Change, ...]:
    """Turns what is written into what `draft` makes of it, at once; what that changed, or would.

    InputError, and nothing changed, where the settings and it do not go together.
    """
    row = rows.listed()
    before = written(row)
    after = draft(before)
    try:
        resolved(said, after, None)
    except SettingsError as error:
        raise InputError(str(error)) from None
    found = changes(before, after)
    if found and not dry:
        rows.replace(listed(after, row.version), now)
    return found


# --- drafts ----------------------------------------------------------------------------------------


def with_watchlist(given: WatchlistSettings) -> Draft:
    """The watchlist is as given, whether it was there or not."""
    return lambda said: replace(said, watchlists=_placed(said.watchlists, given))


def without_watchlist(name: str) -> Draft:
    """The watchlist is not there. InputError where it was not, or a subscription still names it."""

    def draft(said: Written) -> Written:
        user = next((one.name for one in said.subscriptions if name in one.watchlists), None)
        if user is not None:
            raise InputError(f"the subscription {user!r} names the watchlist {name!r}: change that first.")
        kept = tuple(one for one in said.watchlists if one.name != name)
        if kept == said.watchlists:
            raise InputError(f"there is no watchlist {name!r}.")
        return replace(said, watchlists=kept)

    return draft


def with_subscription(given: SubscriptionSettings) -> Draft:
    """The subscription is as given, whether it was there or not; paused where it was."""
    return lambda said: replace(said, subscriptions=_placed(said.subscriptions, given))


def without_subscription(name: str) -> Draft:
    """The subscription is not there. InputError where it was not."""

    def draft(said: Written) -> Written:
        kept = tuple(one for one in said.subscriptions if one.name != name)
        if kept == said.subscriptions:
            raise _no_subscription(name)
        return replace(said, subscriptions=kept, paused=said.paused - {name})

    return draft


def paused(name: str, *, off: bool = False) -> Draft:
    """The subscription is told nothing, or (`off`) is told again. InputError where it is not there."""

    def draft(said: Written) -> Written:
        if name not in [one.name for one in said.subscriptions]:
            raise _no_subscription(name)
        return replace(said, paused=said.paused - {name} if off else said.paused | {name})

    return draft


def _placed(rows: tuple[Any, ...], given: Any) -> tuple[Any, ...]:
    kept = [one for one in rows if one.name != given.name]
    return tuple(sorted((*kept, given), key=lambda one: str(one.name)))


def _no_subscription(name: str) -> InputError:
    return InputError(
        f"the ledger keeps no subscription {name!r}; those of the settings are changed in the settings file."
    )
