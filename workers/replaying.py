"""The command `replay`: reads what is given, replays it, prints rows or a report."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from service.core.reading.lexicon import Knowledge
from service.errors import InputError
from service.jsonl import dump, parse_time
from service.lexicons import load_knowledge
from workers.replay import default_rules, on_the_clock, replay, replay_row
from workers.replay_report import report
from workers.sources import Complaints, given_items


def replay_paths(
    paths: list[Path], *, jsonl: bool, as_of: str | None, watchlist: Path | None, clock_events: bool
) -> int:
    """Replays `paths` (standard input where empty) to standard output; 1 where a line was bad, else 0."""
    stop = parse_time(as_of) if as_of else None
    knowledge = load_knowledge()
    names = read_watchlist(watchlist, knowledge) if watchlist else ()
    complaints = Complaints()
    items = on_the_clock(given_items(paths, complaints))
    told = replay(items, default_rules(knowledge, names), as_of=stop, clock_events=clock_events)
    out = sys.stdout.buffer
    if jsonl:
        for one in told:
            out.write(f"{dump(replay_row(one))}\n".encode())
    else:
        out.write(report(told).encode("utf-8"))
    out.flush()
    return 1 if complaints.count else 0


def read_watchlist(path: Path, knowledge: Knowledge) -> tuple[str, ...]:
    """The canonical names of a file: a name a line (`#` comments), or TOML with `watchlist = [...]`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the watchlist {path} cannot be read: {error}.") from None
    names = _toml_names(path, text) if path.suffix.lower() == ".toml" else _line_names(text)
    if not names:
        raise InputError(f"the watchlist {path} names nobody.")
    return tuple(dict.fromkeys(knowledge.names.canonical(name) for name in names))


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
