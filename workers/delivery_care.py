"""The commands `deliveries list`, `dead`, `show`, `log`, `channels`, `resend` and `replay`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from service import wiring
from service.alerts.lines import first_line
from service.alerts.words import elapsed
from service.core.model import DeliveryState, Outcome
from service.durations import duration
from service.errors import InputError
from service.jsonl import dump, parse_time
from service.settings import Settings
from service.store.delivery_log import AttemptRow, ChannelRow, DeliveryRow, Wanted
from service.store.resending import Again
from service.store.views import Page

Row = TypeVar("Row")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines a person wants to see. `since` as `moment_of` reads it."""

    channel: str | None = None
    state: DeliveryState | None = None
    since: str | None = None
    most: int = 50
    jsonl: bool = False


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a person wants to be sent again."""

    since: str
    channel: str | None = None
    dead: bool = False
    dry: bool = False


def moment_of(text: str, now: datetime) -> datetime:
    """The moment that a person names: in ISO 8601, or as how long before `now`. InputError for neither."""
    try:
        return now - duration(text)
    except InputError:
        return parse_time(text)


def show_list(settings: Settings, asked: Asked) -> None:
    """Prints deliveries, the newest first."""
    since = moment_of(asked.since, wiring.utc_now()) if asked.since else None
    wanted = Wanted(asked.channel, asked.state, since)
    with closing(wiring.open_ledger(settings)) as ledger:
        rows = list(
            islice(_all(lambda limit, cursor: ledger.delivery_log.list(limit, cursor, wanted)), asked.most)
        )
    _print([_delivery_json(row) for row in rows], [_delivery_line(row) for row in rows], asked)


def show_log(settings: Settings, asked: Asked) -> None:
    """Prints attempts, the latest first."""
    with closing(wiring.open_ledger(settings)) as ledger:
        pages = _all(lambda limit, cursor: ledger.delivery_log.attempts(limit, cursor, asked.channel))
        rows = list(islice(pages, asked.most))
    _print(
        [_attempt_json(row) for row in rows],
        [f"{_attempt_line(row)}  {row.delivery_id}" for row in rows],
        asked,
    )


def show_one(settings: Settings, asked: str) -> None:
    """Prints a delivery, or those of an alert, with every attempt."""
    with closing(wiring.open_ledger(settings)) as ledger:
        found = ledger.delivery_log.of(asked)
    if not found:
        raise InputError(f"there is no delivery {asked[:80]!r}: `rumorwatch deliveries list` shows them.")
    for page in found:
        row = page.delivery
        _say(f"{row.id}  {row.alert_id}  {row.channel}  {row.state}")
        _say(f"  {first_line(row.message)}")
        for attempt in page.attempts:
            _say(f"  {_attempt_line(attempt)}")
        if row.state is DeliveryState.PENDING:
            _say(f"  next try {_at(row.next_at)}")


def show_channels(settings: Settings) -> None:
    """Prints what each channel carried and how it stands."""
    now = wiring.utc_now()
    with closing(wiring.open_ledger(settings)) as ledger:
        rows = ledger.delivery_log.channels()
    for row in rows:
        counts = f"{row.delivered} delivered, {row.waiting} waiting, {row.dead} given up"
        _say(f"{row.name}  {counts}{f', {row.held} held' if row.held else ''}  {standing(row, now)}".rstrip())
    if not rows:
        _say("Nothing was to be sent yet.")


def standing(row: ChannelRow, now: datetime) -> str:
    """How a channel stands, in words."""
    breaker = row.breaker
    if breaker is None or not breaker.failures:
        return "well"
    since = breaker.failing_since
    last = f"{breaker.failures} failures in a row{f' for {elapsed(now - since)}' if since else ''}"
    alone = breaker.open_until
    left = f", left alone until {_at(alone)}" if alone is not None and alone > now else ""
    return f"fails: {last}{left}: {breaker.why}"


def resend_one(settings: Settings, asked: str) -> None:
    """Sends a delivery, or those of an alert, again."""
    with closing(wiring.open_ledger(settings)) as ledger:
        again = ledger.resending.one(asked, wiring.utc_now())
    for one in again:
        _say(f"{one.id} goes out again by {one.channel} (it was {one.state})")


def replay_since(settings: Settings, asked: Replayed) -> None:
    """Sends again all that was sent since a time, or says what it would be."""
    now = wiring.utc_now()
    again = Again(moment_of(asked.since, now), asked.channel, asked.dead)
    with closing(wiring.open_ledger(settings)) as ledger:
        sent = ledger.resending.since(again, now, dry=asked.dry)
    for one in sent if asked.dry else ():
        _say(f"{one.id}  {one.channel}  {one.state}")
    would = "would go" if asked.dry else "go"
    _say(f"{len(sent)} deliveries {would} out again, each under the id it had" if sent else "There is none.")


def _all(page: Callable[[int, str | None], Page[Row]]) -> Iterator[Row]:
    cursor: str | None = None
    while True:
        found = page(_AT_ONCE, cursor)
        yield from found.items
        if (cursor := found.next) is None:
            return


def _print(rows: list[dict[str, Any]], lines: list[str], asked: Asked) -> None:
    if asked.jsonl:
        sys.stdout.writelines(f"{dump(row)}\n" for row in rows)
        return
    for line in lines or ["There is none."]:
        _say(line)


def _delivery_line(row: DeliveryRow) -> str:
    last = f"{row.last.number}. {_answer(row.last)}" if row.last else "not tried yet"
    due = f", next {_at(row.next_at)}" if row.state is DeliveryState.PENDING else ""
    return (
        f"{_at(row.created_at)}  {row.channel}  {row.state}  {last}{due}  {row.id}  {first_line(row.message)}"
    )


def _attempt_line(row: AttemptRow) -> str:
    taken = f"{row.seconds:.3f} s"
    return f"{_at(row.at)}  {row.channel}  try {row.number}  {row.outcome}  {_answer(row)}  {taken}"


def _answer(row: AttemptRow) -> str:
    words = f"{row.status if row.status is not None else '-'} {row.answer}".strip()
    return words if row.outcome is not Outcome.DEAD else f"{words} (given up)"


def _delivery_json(row: DeliveryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "alert": row.alert_id,
        "channel": row.channel,
        "state": row.state,
        "created_at": _iso(row.created_at),
        "next_at": _iso(row.next_at) if row.state is DeliveryState.PENDING else None,
        "tries": row.tries,
        "headline": first_line(row.message),
        "last": _attempt_json(row.last) if row.last else None,
    }


def _attempt_json(row: AttemptRow) -> dict[str, Any]:
    return {
        "delivery": row.delivery_id,
        "alert": row.alert_id,
        "channel": row.channel,
        "try": row.number,
        "at": _iso(row.at),
        "outcome": row.outcome,
        "status": row.status,
        "answer": row.answer,
        "seconds": row.seconds,
    }


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
