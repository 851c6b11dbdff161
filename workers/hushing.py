"""The commands `stories ack`, `mute`, `snooze`, `hushes` and their undo: quiet a story for a while."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from service import wiring
from service.core.hushes import Hush, HushAct, hush_id, said, standing
from service.core.model import Status
from service.durations import duration
from service.errors import InputError
from service.settings import Settings
from service.store.handling import Handling
from service.store.ledger import Ledger

# A snooze that nobody gave an end lasts until about the same time tomorrow.
USUAL_SNOOZE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person says of a story's alerts. `lasts` as `durations.duration` reads it, "" for no end."""

    act: HushAct
    story_id: str
    lasts: str = ""
    subscription: str | None = None
    why: str = ""


def quiet(ledger: Ledger, asked: Asked, who: str, now: datetime) -> Hush:
    """Adds to the log what is asked for. InputError where there is no such story."""
    until = now + duration(asked.lasts) if asked.lasts else None
    if asked.act is HushAct.SNOOZE and until is None:
        until = now + USUAL_SNOOZE

    def draft(transaction: Handling) -> Hush:
        story_id, status = _living(transaction, asked.story_id)
        id_ = hush_id(transaction.count_hushes() + 1, asked.act, story_id, now)
        kept = status if asked.act is HushAct.ACK else None
        return Hush(id_, asked.act, now, who, story_id, asked.subscription, until, kept, asked.why)

    return _added(ledger, draft)


def unquiet(ledger: Ledger, hush: str, who: str, now: datetime, why: str = "") -> Hush:
    """Takes a line of the log back. InputError where it does not stand."""

    def draft(transaction: Handling) -> Hush:
        target = transaction.hush_named(hush)
        if target is None or target.act is HushAct.UNDO:
            raise InputError(f"there is no hush {hush}: `rumorwatch stories hushes` lists them.")
        if target not in standing(transaction.hushes_of(target.story_id)):
            raise InputError(f"{hush} was undone already.")
        id_ = hush_id(transaction.count_hushes() + 1, HushAct.UNDO, target.story_id, now)
        return Hush(id_, HushAct.UNDO, now, who, target.story_id, why=why, undoes=hush)

    return _added(ledger, draft)


def _added(ledger: Ledger, draft: Callable[[Handling], Hush]) -> Hush:
    with ledger.curating() as transaction:
        hush = draft(transaction)
        transaction.add_hush(hush)
    return hush


def _living(transaction: Handling, story_id: str) -> tuple[str, Status]:
    story = transaction.story(story_id)
    if story is None:
        raise InputError(f"there is no story {story_id}.")
    if story.became is not None:
        where = f"was merged into {story.became}" if story.became else "holds nothing any more"
        raise InputError(f"{story_id} {where}.")
    return story.id, story.status


# --- commands --------------------------------------------------------------------------------------


def quiet_story(settings: Settings, asked: Asked, who: str) -> None:
    """Quiets a story in the service's ledger and says how to take it back."""
    with closing(wiring.open_ledger(settings)) as ledger:
        names = [one.name for one in wiring.audience(settings, ledger).current()]
        if asked.subscription is not None and asked.subscription not in names:
            raise InputError(
                f"there is no subscription {asked.subscription!r}: there are {', '.join(names)}."
            )
        hush = quiet(ledger, asked, who, wiring.utc_now())
    _say(f"{hush.story_id} {said(hush)}; what happens in it is kept and shown all the same")
    _say(f"Undo it: rumorwatch stories undo {hush.id}")


def unquiet_story(settings: Settings, hush: str, who: str, why: str) -> None:
    """Takes a hush back."""
    with closing(wiring.open_ledger(settings)) as ledger:
        undone = unquiet(ledger, hush, who, wiring.utc_now(), why)
    _say(f"{undone.story_id} alerts again as if {hush} had never been said")


def list_hushes(settings: Settings) -> None:
    """Prints the log, the first line first, and which lines hold now."""
    now = wiring.utc_now()
    with closing(wiring.open_ledger(settings)) as ledger, ledger.looking() as transaction:
        log = transaction.all_hushes()
    stand = standing(log)
    for one in log:
        _say("  ".join(part for part in _line(one, now, stands=one in stand) if part))
    if not log:
        _say("No story was quieted yet.")


def _line(hush: Hush, now: datetime, *, stands: bool) -> tuple[str, ...]:
    when = f"{hush.at:%Y-%m-%d %H:%M}"
    if hush.act is HushAct.UNDO:
        return (hush.id, when, f"undo by {hush.who}", hush.undoes or "", hush.why)
    ended = hush.until is not None and hush.until <= now
    state = "over" if ended else "holds" if stands else "undone"
    return (hush.id, when, hush.story_id, said(hush), state if stands else "undone", hush.why)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
