"""The commands `feeds remove` and `feeds set`: a feed leaves, or is polled as often as a person wants."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import closing

from service import wiring
from service.core.feed import Feed
from service.core.intervals import SHORTEST, choose_interval
from service.core.text import clean
from service.errors import InputError
from service.feeds.listed import write_list
from service.feeds.search_feeds import is_template
from service.settings import Settings
from service.store.ledger import Ledger

AUTO = "auto"
LONGEST_SECONDS = 7 * 24 * 3600
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(s|m|min|h|d)")


def remove_feed(settings: Settings, feed_id: str, agreed: Callable[[str], bool]) -> bool:
    """Polls a feed no more and takes it off the list, if `agreed` to what that means; whether it did.

    InputError where there is none, or where it is the settings that name it.
    """
    with closing(wiring.open_ledger(settings)) as ledger:
        row = next((row for row in ledger.reports.feeds() if row.id == feed_id), None)
        if row is None:
            raise _no_such(feed_id)
        imported = _imported_address(settings, feed_id)
        what = f"{feed_id}, {row.outlet}, {row.moved_from or row.url}"
        if not agreed(clean(f"Remove {what}? Its {row.items} items and their stories stay.")):
            return False
        if imported is not None:
            _take_off_the_list(ledger, settings, imported)
        ledger.feeds.remove(feed_id, "removed by hand", wiring.utc_now())
    back = row.moved_from or row.url
    _say(f"{feed_id} is removed; its {row.items} items and their stories stay")
    _say(f"`rumorwatch feeds add {back}` brings it back with its history")
    return True


def _imported_address(settings: Settings, feed_id: str) -> str | None:
    """The address of an imported feed, None for an added one. InputError for one of the settings."""
    for feed in wiring.imported_feeds(settings):
        if not is_template(feed.url) and wiring.one_feed(feed.url).id == feed_id:
            return feed.url
    if feed_id in {feed.id for feed in wiring.feeds(settings)}:
        raise InputError(
            f"{feed_id} is declared in the settings: take it out of [[feeds]] there, or pause it instead."
        )
    return None


def _take_off_the_list(ledger: Ledger, settings: Settings, url: str) -> None:
    rest = [feed for feed in wiring.imported_feeds(settings) if feed.url != url]
    write_list(wiring.list_path(settings), rest)
    wiring.declare_feeds(ledger, settings, wiring.utc_now())


def set_feed(settings: Settings, feed_id: str, every: str) -> None:
    """Polls a feed every `every` ("10m", "2h"), whatever the settings say, or with "auto" as they say again.

    Warns where the publisher asks for more. InputError where there is no such feed or no such span.
    """
    seconds = None if every == AUTO else seconds_of(every)
    with closing(wiring.open_ledger(settings)) as ledger:
        ledger.feeds.set_interval(feed_id, seconds, wiring.utc_now())
        feed = ledger.feeds.one(feed_id)
    if feed is None:
        raise _no_such(feed_id)
    interval = choose_interval(feed, feed.history, wiring.utc_now())
    _say(f"{feed_id} is polled every {interval.seconds} s: {interval.why}")
    for warning in _warnings(feed, interval.warning):
        _say(f"warning: {warning}")
    if seconds is not None:
        _say(f"undo: `rumorwatch feeds set {feed_id} --every {AUTO}`")


def _warnings(feed: Feed, asked: str) -> list[str]:
    short = not feed.adaptive and feed.interval_seconds < SHORTEST
    floor = f"less than {SHORTEST // 60} minutes is for servers of your own; others may shut you out"
    return [*([asked] if asked else []), *([floor] if short else [])]


def seconds_of(span: str) -> int:
    """A span as a person writes it, in whole seconds from 1 to a week. InputError for anything else."""
    found = _SPAN.fullmatch(span.strip().lower())
    seconds = round(float(found[1]) * _UNITS[found[2]]) if found else 0
    if not 1 <= seconds <= LONGEST_SECONDS:
        raise InputError(f"{span!r} is no span from 1 s to 7 d: write 90s, 10m, 2h, 1d, or {AUTO}.")
    return seconds


def _no_such(feed_id: str) -> InputError:
    return InputError(f"There is no feed {feed_id!r}: `rumorwatch feeds list` names them.")


def _say(line: str) -> None:
    sys.stdout.write(f"{clean(line)}\n")
