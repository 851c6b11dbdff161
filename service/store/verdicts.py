"""What was decided for one subscription, kept where it says more than the statement's own reason.

Of most statements there is one thing to say to everybody (a report, a repeat), and their row says it. A
verdict is a row of its own where a subscription was alerted, or was not for a reason that is its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from service.core.model import Reason
from service.store.schema import verdicts


@dataclass(frozen=True, slots=True)
class Cause:
    """What was decided on: a statement of an item, or a clock that ran out on a story."""

    story_id: str
    item_id: str | None = None
    revision: int | None = None
    ordinal: int | None = None
    rule: str | None = None
    party: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one subscription was told because of `cause`, or why not. `alert_id` None: nothing.

    `note` says more where the reason alone does not.
    """

    subscription: str
    reason: Reason
    alert_id: str | None
    note: str
    cause: Cause


def save_again(connection: Connection, alert_id: str, reason: Reason, note: str, now: datetime) -> None:
    """An alert that was decided and held is told to nobody, for another reason than it was decided for."""
    wanted = select(verdicts).where(verdicts.c.alert_id == alert_id).order_by(verdicts.c.number.desc())
    row = connection.execute(wanted.limit(1)).first()
    if row is not None:
        values = dict(row._mapping) | {"at": now, "reason": reason.value, "note": note or None}
        del values["number"]
        connection.execute(verdicts.insert(), values)


def save_verdict(connection: Connection, verdict: Verdict, now: datetime) -> None:
    """Write it down; of several on the same cause and subscription the last one holds."""
    row = {
        "at": now,
        "subscription": verdict.subscription,
        "reason": verdict.reason.value,
        "alert_id": verdict.alert_id,
        "note": verdict.note or None,
        "story_id": verdict.cause.story_id,
        "item_id": verdict.cause.item_id,
        "revision": verdict.cause.revision,
        "ordinal": verdict.cause.ordinal,
        "rule": verdict.cause.rule,
        "party": verdict.cause.party,
    }
    connection.execute(verdicts.insert(), row)
