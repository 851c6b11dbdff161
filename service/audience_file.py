"""Watchlists and subscriptions as a TOML file, and what applying one would change.

A file is the whole of what the ledger keeps: what it does not name is removed. Applying it twice changes
nothing the second time.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from service.audience import SubscriptionSettings, WatchedSettings, WatchlistSettings, sentence
from service.errors import InputError
from service.store.audience import Listed, ListedRow
from service.subscribers import Written


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of one of them. `how`: added, changed or removed; `fields`: what is changed in it."""

    how: str
    kind: str
    name: str
    fields: tuple[str, ...] = ()


class _Subscribed(SubscriptionSettings):
    paused: bool = False


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    watchlists: tuple[WatchlistSettings, ...] = ()
    subscriptions: tuple[_Subscribed, ...] = ()


def read_file(text: str, name: str) -> Written:
    """What a TOML text says. InputError names the line or the field that is wrong, and in which table."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name} is not valid TOML: {error}.") from None
    try:
        found = _File.model_validate(table)
    except ValidationError as error:
        raise InputError(f"{name}: {_named(error, table)}.") from None
    for kind, names in (
        ("watchlists", [one.name for one in found.watchlists]),
        ("subscriptions", [one.name for one in found.subscriptions]),
    ):
        twice = next((one for one in names if names.count(one) > 1), None)
        if twice is not None:
            raise InputError(f"{name}: {kind}: the name {twice!r} is taken twice.")
    plain = tuple(
        SubscriptionSettings.model_validate(one.model_dump(exclude={"paused"})) for one in found.subscriptions
    )
    return Written(found.watchlists, plain, frozenset(one.name for one in found.subscriptions if one.paused))


def _named(error: ValidationError, table: dict[str, Any]) -> str:
    """The sentence, with the name of the table that it is about where that has one."""
    location = error.errors(include_url=False, include_input=False)[0]["loc"]
    rows = table.get(str(location[0])) if location else None
    number = location[1] if len(location) > 1 else None
    if isinstance(rows, list) and isinstance(number, int) and isinstance(rows[number], dict):
        return f"{rows[number].get('name', 'without a name')!r} in {sentence(error)}"
    return sentence(error)


def changes(before: Written, after: Written) -> tuple[Change, ...]:
    """What turns `before` into `after`, watchlists first, each kind by name; nothing where they are alike."""
    lists = _changes("watchlist", _by_name(before.watchlists), _by_name(after.watchlists))
    return (*lists, *_changes("subscription", _subscribed(before), _subscribed(after)))


def _by_name(lists: Sequence[WatchlistSettings]) -> dict[str, dict[str, Any]]:
    return {one.name: one.model_dump(mode="json") for one in lists}


def _subscribed(said: Written) -> dict[str, dict[str, Any]]:
    return {
        one.name: one.model_dump(mode="json") | {"paused": one.name in said.paused}
        for one in said.subscriptions
    }


def _changes(
    kind: str, before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]
) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        if name not in before:
            yield Change("added", kind, name)
        elif name not in after:
            yield Change("removed", kind, name)
        elif before[name] != after[name]:
            fields = [field for field in after[name] if before[name].get(field) != after[name][field]]
            yield Change("changed", kind, name, tuple(fields))


def listed(said: Written, version: int) -> Listed:
    """The rows that hold what is said, over that version."""
    return Listed(
        version,
        tuple(ListedRow(one.name, _text(one)) for one in said.watchlists),
        tuple(ListedRow(one.name, _text(one), one.name in said.paused) for one in said.subscriptions),
    )


def _text(one: BaseModel) -> str:
    return json.dumps(one.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False, sort_keys=True)


# --- out -------------------------------------------------------------------------------------------


def write_file(said: Written) -> str:
    """The TOML that `read_file` reads back to the same."""
    blocks = [_watchlist_toml(one) for one in said.watchlists]
    blocks += [_subscription_toml(one, one.name in said.paused) for one in said.subscriptions]
    return "\n".join(blocks)


def _watchlist_toml(one: WatchlistSettings) -> str:
    lines = ["[[watchlists]]", f"name = {_value(one.name)}", "entries = ["]
    lines += [f"  {_entry(entry)}," for entry in one.entries]
    return "\n".join([*lines, "]", ""])


def _entry(entry: WatchedSettings) -> str:
    parts = [f"name = {_value(entry.name)}", f"kind = {_value(entry.kind.value)}"]
    if entry.aliases:
        parts.append(f"aliases = {_value(list(entry.aliases))}")
    return "{ " + ", ".join(parts) + " }"


def _subscription_toml(one: SubscriptionSettings, paused: bool) -> str:
    fields = one.model_dump(mode="json", exclude_defaults=True)
    lines = [f"{field} = {_value(value)}" for field, value in fields.items() if value is not None]
    return "\n".join(["[[subscriptions]]", *lines, *(["paused = true"] if paused else []), ""])


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    # JSON's strings, numbers and truths are TOML's, but for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
