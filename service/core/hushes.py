"""What a person said so that a story alerts nobody for a while: acknowledged, muted, snoozed, and taken back.

How it decides: a hush holds for its story, for one subscription or for all, from its moment until its end. A
mute without an end holds until it is taken back; a snooze always ends by itself; an acknowledgement holds as
long as the story's status is what it was. Of several the one that holds longest speaks. What it leaves out:
the record. What happens in a hushed story is kept, shown and counted like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from service.core.model import AlertDecision, Status
from service.core.text import stable_id
from service.core.words import Reason


class HushAct(StrEnum):
    """What a person may say of a story's alerts."""

    ACK = "ack"
    MUTE = "mute"
    SNOOZE = "snooze"
    UNDO = "undo"


REASON = {
    HushAct.ACK: Reason.ACKNOWLEDGED,
    HushAct.MUTE: Reason.MUTED,
    HushAct.SNOOZE: Reason.SNOOZED,
}
_DONE = {HushAct.ACK: "acknowledged", HushAct.MUTE: "muted", HushAct.SNOOZE: "snoozed"}


@dataclass(frozen=True, slots=True)
class Hush:
    """One line of the log, never changed. `subscription` None: all of them. `until` None: no end.

    `status`: the story's when it was acknowledged. `undoes`: the id of the line that this one takes back.
    """

    id: str
    act: HushAct
    at: datetime
    who: str
    story_id: str
    subscription: str | None = None
    until: datetime | None = None
    status: Status | None = None
    why: str = ""
    undoes: str | None = None


def hush_id(number: int, act: HushAct, story_id: str, at: datetime) -> str:
    """The id of the line of that number."""
    return stable_id("h", str(number), act, story_id, at.isoformat())


def standing(log: Sequence[Hush]) -> tuple[Hush, ...]:
    """The hushes that were not taken back, the first first; an undo cannot be undone: say it again."""
    undone = {one.undoes for one in log}
    return tuple(one for one in log if one.act is not HushAct.UNDO and one.id not in undone)


def holds(hush: Hush, subscription: str, status: Status, now: datetime) -> bool:
    """Whether a standing hush keeps alerts on its story, which is of `status`, from `subscription`."""
    if hush.subscription not in (None, subscription):
        return False
    if hush.until is not None and hush.until <= now:
        return False
    return hush.act is not HushAct.ACK or hush.status is status


def hushed(decision: AlertDecision, log: Sequence[Hush], now: datetime) -> AlertDecision:
    """`decision` where nobody quieted its story; else the same without its alert, and who quieted it.

    `log` holds the hushes of the alert's story.
    """
    alert = decision.alert
    if alert is None or not log:
        return decision
    held = [one for one in standing(log) if holds(one, decision.subscription, alert.status, now)]
    if not held:
        return decision
    # The one that holds longest; one without an end holds longer than any.
    longest = max(held, key=lambda one: (one.until is None, one.until or one.at, one.at))
    return replace(decision, reason=REASON[longest.act], alert=None, note=said(longest))


def said(hush: Hush) -> str:
    """A hush in a few words: `muted by Ada until 2026-02-03 12:00 UTC (h_...)`."""
    until = f" until {hush.until:%Y-%m-%d %H:%M} UTC" if hush.until else ""
    whom = f" for {hush.subscription}" if hush.subscription else ""
    return f"{_DONE[hush.act]} by {hush.who}{whom}{until} ({hush.id})"
