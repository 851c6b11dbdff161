"""The commands `watchlists`, `subscriptions` and `apply`: who hears of what, kept in the ledger."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from service import wiring
from service.audience import SubscriptionSettings, WatchlistSettings, sentence
from service.audience_changes import change, with_subscription
from service.audience_file import Change, read_file, write_file
from service.core.watching import WatchKind
from service.errors import InputError
from service.settings import Settings
from service.subscribers import Written, written

_LISTS = {
    name for name, field in SubscriptionSettings.model_fields.items() if "tuple" in str(field.annotation)
}


# --- what a person writes --------------------------------------------------------------------------


def watchlist_of(name: str, entries: Sequence[str]) -> WatchlistSettings:
    """A watchlist of `[KIND:]NAME[=ALIAS,ALIAS...]` each. InputError names what is wrong."""
    try:
        return WatchlistSettings.model_validate({"name": name, "entries": [_entry(one) for one in entries]})
    except ValidationError as error:
        raise InputError(f"the watchlist {name!r}: {sentence(error)}.") from None


def _entry(text: str) -> dict[str, Any]:
    kind, mark, rest = text.partition(":")
    if not mark or kind not in set(WatchKind):
        kind, rest = WatchKind.COMPANY, text
    name, _, aliases = rest.partition("=")
    listed_aliases = [alias.strip() for alias in aliases.split(",")] if aliases else []
    return {"kind": kind, "name": name.strip(), "aliases": listed_aliases}


def subscription_of(
    name: str, given: Sequence[str], before: SubscriptionSettings | None
) -> SubscriptionSettings:
    """`before`, or a new one, with each `FIELD=VALUE` changed; lists with commas."""
    fields: dict[str, Any] = before.model_dump(mode="json") if before else {"name": name}
    for one in given:
        field, mark, text = one.partition("=")
        if not mark or field not in SubscriptionSettings.model_fields or field == "name":
            known = ", ".join(sorted({*SubscriptionSettings.model_fields} - {"name"}))
            raise InputError(f"{one[:60]!r} is not FIELD=VALUE; the fields are {known}.")
        fields[field] = _value(field, text)
    try:
        return SubscriptionSettings.model_validate(fields)
    except ValidationError as error:
        raise InputError(f"the subscription {name!r}: {sentence(error)}.") from None


def _value(field: str, text: str) -> Any:
    if field in _LISTS:
        return [part.strip() for part in text.split(",")] if text else []
    return text if text else SubscriptionSettings.model_fields[field].default


# --- commands --------------------------------------------------------------------------------------


def apply_file(settings: Settings, file: Path, *, dry: bool) -> None:
    """Prints what a file changes, and changes it unless `dry`. InputError where the file is wrong."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}.") from None
    said = read_file(text, str(file))
    tell(_changed(settings, lambda _: said, dry=dry), dry=dry)


def edit(settings: Settings, draft: Callable[[Written], Written]) -> None:
    """Changes what the ledger keeps and prints what was changed."""
    tell(_changed(settings, draft, dry=False), dry=False)


def set_subscription(settings: Settings, name: str, given: Sequence[str]) -> None:
    """Changes the given fields of a subscription, or makes it."""

    def draft(said: Written) -> Written:
        before = next((one for one in said.subscriptions if one.name == name), None)
        return with_subscription(subscription_of(name, given, before))(said)

    edit(settings, draft)


def _changed(settings: Settings, draft: Callable[[Written], Written], *, dry: bool) -> tuple[Change, ...]:
    with closing(wiring.open_ledger(settings)) as ledger:
        return change(ledger.audience, wiring.told_of(settings), draft, wiring.utc_now(), dry=dry)


def tell(found: Sequence[Change], *, dry: bool) -> None:
    """Prints what was changed, or would be."""
    for one in found:
        fields = f": {', '.join(one.fields)}" if one.fields else ""
        _say(f"{one.how} {one.kind} {one.name}{fields}")
    if not found:
        _say("Nothing to change.")
    elif dry:
        _say("Nothing was changed: this was a dry run.")


def export(settings: Settings, file: Path | None) -> None:
    """Writes all that the ledger keeps as TOML, for `rumorwatch apply`."""
    text = write_file(_kept(settings))
    if file is None:
        sys.stdout.buffer.write(text.encode("utf-8"))
        sys.stdout.buffer.flush()
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.") from None


def show(settings: Settings, kind: str, name: str | None) -> None:
    """Prints the watchlists or the subscriptions as TOML, or the one of that name."""
    said = _kept(settings)
    rows: tuple[Any, ...] = said.watchlists if kind == "watchlist" else said.subscriptions
    found = tuple(one for one in rows if name in (None, one.name))
    if not found and name is not None:
        raise InputError(f"the ledger keeps no {kind} {name!r}.")
    shown = Written(found) if kind == "watchlist" else Written((), found, said.paused)
    _say(write_file(shown).rstrip() or f"No {kind} is kept.")


def list_subscriptions(settings: Settings) -> None:
    """Prints who hears of what: those of the settings and those of the ledger, a line each."""
    with closing(wiring.open_ledger(settings)) as ledger:
        kept = {one.name for one in written(ledger.audience.listed()).subscriptions}
        for one in wiring.audience(settings, ledger).current():
            where = "ledger" if one.name in kept else "settings"
            state = "paused" if one.paused else "on"
            watched = f"{len(one.watchlist)} names" if one.watchlist or one.words else "every story"
            _say(f"{one.name}  {where}  {state}  {watched}  to {', '.join(one.channels) or 'nobody'}")


def list_watchlists(settings: Settings) -> None:
    """Prints the watchlists, a line each."""
    lists = _kept(settings).watchlists
    for one in lists:
        shown = ", ".join(entry.name for entry in one.entries[:8])
        _say(f"{one.name}  {len(one.entries)} entries: {shown}{' ...' if len(one.entries) > 8 else ''}")
    if not lists:
        _say("No watchlist is kept.")


def _kept(settings: Settings) -> Written:
    with closing(wiring.open_ledger(settings)) as ledger:
        return written(ledger.audience.listed())


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
