"""The command `replay`: reads what is given, replays it, prints rows or a report."""

from __future__ import annotations

import sys
import tomllib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from service import wiring
from service.audience import SubscriptionSettings, WatchlistSettings
from service.core.alerting import EVERYTHING
from service.core.clocks import NO_CLOCKS
from service.core.decisions import Decision
from service.core.model import Subscription
from service.core.reading.lexicon import Knowledge
from service.errors import InputError, StoreError
from service.jsonl import dump, numbered, parse_time
from service.lexicons import knowledge_on_demand
from service.settings import Settings, load_settings
from service.store.codec import decode
from workers.replay import default_rules, replay, replay_row
from workers.replay_report import report
from workers.sources import Complaints, given_items
from workers.time_order import on_the_clock


@dataclass(frozen=True, slots=True)
class Asked:
    """What a replay is asked for, as the command line gives it."""

    jsonl: bool = False
    as_of: str | None = None
    watchlist: Path | None = None
    clock_events: bool = False
    decisions: Path | None = None
    subscription: str | None = None


def replay_paths(paths: list[Path], asked: Asked) -> int:
    """Replays `paths` (standard input where empty) to standard output; 1 where a line was bad, else 0."""
    stop = parse_time(asked.as_of) if asked.as_of else None
    decided = read_decisions(asked.decisions) if asked.decisions else ()
    knowledge = knowledge_on_demand()
    names = read_watchlist(asked.watchlist, knowledge) if asked.watchlist else ()
    wanted = find_subscription(asked.subscription, knowledge) if asked.subscription else EVERYTHING
    clocks = wiring.clock_book(knowledge, silence_hours()) if asked.clock_events else NO_CLOCKS
    rules = default_rules(knowledge, names, wanted, clocks)
    complaints = Complaints()
    items = on_the_clock(given_items(paths, complaints))
    told = replay(items, rules, as_of=stop, clock_events=asked.clock_events, decided=decided)
    out = sys.stdout.buffer
    if asked.jsonl:
        for one in told:
            out.write(f"{dump(replay_row(one))}\n".encode())
    else:
        out.write(report(told).encode("utf-8"))
    out.flush()
    return 1 if complaints.count else 0


def find_subscription(named: str, knowledge: Knowledge) -> Subscription:
    """The subscription of that name in the settings, or of the TOML file of that name.

    A file holds the keys of one `[[subscriptions]]` table, or one such table. InputError where there is none.
    """
    path = Path(named)
    if path.suffix.lower() != ".toml" and not path.is_file():
        known = _known(load_settings(), named, knowledge)
        found = next((one for one in known if one.name == named), None)
        if found is None:
            names = ", ".join(one.name for one in known)
            raise InputError(f"there is no subscription {named!r}; there are {names}.")
        return found
    given, lists = read_subscription(path)
    return wiring.subscription(given, None, knowledge, lists)


def _known(settings: Settings, named: str, knowledge: Knowledge) -> tuple[Subscription, ...]:
    """Those of the settings; those of the ledger too where the settings do not have the one that is named."""
    declared = wiring.subscriptions(settings, knowledge)
    empty = settings.database_url is None and not (settings.data_dir / "rumorwatch.db").exists()
    if empty or any(one.name == named for one in declared):
        return declared
    with closing(wiring.open_ledger(settings)) as ledger:
        return wiring.audience(settings, ledger, knowledge).current()


def read_subscription(path: Path) -> tuple[SubscriptionSettings, dict[str, WatchlistSettings]]:
    """What a TOML file says of one subscription, and the watchlists in it. InputError names what is wrong."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the subscription {path} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the subscription {path} is not valid TOML: {error}.") from None
    whole = "subscriptions" in table
    tables = table["subscriptions"] if whole else [{"name": path.stem, **table}]
    if not isinstance(tables, list) or len(tables) != 1:
        raise InputError(f"the subscription {path} must hold one subscription.")
    try:
        lists = [WatchlistSettings.model_validate(one) for one in table.get("watchlists", ()) if whole]
        return SubscriptionSettings.model_validate(tables[0]), {one.name: one for one in lists}
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "it"
        raise InputError(f"the subscription {path}: {where} is wrong: {problem['msg']}.") from None


def silence_hours() -> int:
    """How long the silence watch of these settings waits."""
    return load_settings().silence_hours


def read_watchlist(path: Path, knowledge: Knowledge) -> tuple[str, ...]:
    """The canonical names of a file: a name a line (`#` comments), or TOML with `watchlist = [...]`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the watchlist {path} cannot be read: {error}.") from None
    names = _toml_names(path, text) if path.suffix.lower() == ".toml" else _line_names(text)
    if not names:
        raise InputError(f"the watchlist {path} names nobody.")
    canonical = [knowledge.names.canonical(name) for name in names]
    for place, name in enumerate(canonical):
        if name in canonical[:place]:
            first, again = names[canonical.index(name)], names[place]
            raise InputError(f"the watchlist {path} names {name} twice: as {first!r} and as {again!r}.")
    return tuple(canonical)


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The log that `rumorwatch decisions export` wrote. InputError names the line that is none of it."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the decisions {path} cannot be read: {error}.") from None
    log = []
    for number, line in numbered(lines):
        try:
            log.append(decode(Decision, line))
        except StoreError:
            raise InputError(f"the decisions {path}, line {number}: not a decision.") from None
    return tuple(log)


def _line_names(text: str) -> list[str]:
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _toml_names(path: Path, text: str) -> list[str]:
    try:
        names = tomllib.loads(text).get("watchlist", [])
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the watchlist {path} is not valid TOML: {error}.") from None
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise InputError(f"the watchlist {path} must hold `watchlist` as a list of names, none empty.")
    return names
