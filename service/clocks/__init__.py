"""The clocks of a service: the silence watch and the rules of markets, read from data and checked.

Importing it does nothing; `load_clocks` reads rules.toml and raises SettingsError that names file and entry.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from service.core.clocks import SILENCE, ClockBook, ClockRule, Starts
from service.errors import SettingsError

_LENGTHS = ("hours", "business_days", "months")
_TEXTS = ("id", "title", "source", "starts")
_LISTS = ("countries", "relations")
_KNOWN = {*_TEXTS, *_LISTS, *_LENGTHS, "utc_offset_minutes", "stopped_by_reply"}


def load_clocks(countries: Mapping[str, str], silence_hours: int) -> ClockBook:
    """The clocks over companies of these countries; `silence_hours` 0: no silence watch."""
    rules = parse_rules(files(__package__).joinpath("rules.toml").read_text(encoding="utf-8"))
    watch = (silence_watch(silence_hours),) if silence_hours else ()
    return ClockBook((*watch, *rules), countries)


def silence_watch(hours: int) -> ClockRule:
    """The clock that runs out when nobody has replied to a report for `hours`."""
    return ClockRule(SILENCE, f"silence watch, {hours} h", "a setting", Starts.REPORT, hours=hours)


def parse_rules(text: str) -> tuple[ClockRule, ...]:
    """The rules of a file's text. SettingsError names the entry that is wrong."""
    try:
        tables = tomllib.loads(text).get("clock", [])
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"clocks/rules.toml is not valid TOML: {error}.") from None
    rules = tuple(_rule(table) for table in tables)
    ids = [rule.id for rule in rules]
    twice = next((id_ for id_ in ids if ids.count(id_) > 1 or id_ == SILENCE), None)
    if twice is not None:
        raise SettingsError(f"clocks/rules.toml: the id {twice!r} is taken.")
    return rules


def _rule(table: dict[str, Any]) -> ClockRule:
    where = f"clocks/rules.toml, {table.get('id', 'a clock without an id')}"
    unknown = sorted(set(table) - _KNOWN)
    if unknown:
        raise SettingsError(f"{where}: the key {unknown[0]!r} is unknown.")
    if any(not isinstance(table.get(name), str) or not table[name].strip() for name in _TEXTS):
        raise SettingsError(f"{where}: {', '.join(_TEXTS)} must all be texts.")
    if table["starts"] not in set(Starts):
        raise SettingsError(f"{where}: starts is report or denial.")
    lengths = [table[name] for name in _LENGTHS if name in table]
    if len(lengths) != 1 or type(lengths[0]) is not int or lengths[0] < 1:
        raise SettingsError(f"{where}: one of {', '.join(_LENGTHS)} must be a number above 0.")
    if not table.get("countries"):
        raise SettingsError(f"{where}: a rule runs on companies of some country.")
    return ClockRule(
        id=table["id"],
        title=table["title"],
        source=table["source"],
        starts=Starts(table["starts"]),
        countries=frozenset(table["countries"]),
        relations=frozenset(table.get("relations", ())),
        hours=table.get("hours", 0),
        business_days=table.get("business_days", 0),
        months=table.get("months", 0),
        utc_offset_minutes=table.get("utc_offset_minutes", 0),
        stopped_by_reply=table.get("stopped_by_reply", True),
    )
