"""Alerts that are held: what a decision about the next needs to know of them, and their release."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)

from service.core.hushes import Hush
from service.core.messages import FeedAlert
from service.core.model import Alert
from service.core.pacing import STORM, Held, Pace, Recent
from service.core.words import Hold
from service.store.alerts import DIGEST, message_of
from service.store.codec import decode
from service.store.schema import PENDING, Moment, alerts, holds, hushes, stories

_now = bindparam("now", type_=Moment)
_DUE = and_(holds.c.state == PENDING, holds.c.until <= _now)
_MINE = holds.c.subscription == bindparam("of")
_LEAVING: ColumnElement[str] = literal_column("'leaving'")
_OF = and_(_MINE, holds.c.state == _LEAVING)
_WAITING = select(holds.c.subscription).where(_DUE).distinct().order_by(holds.c.subscription)
_COUNT = select(func.count()).select_from(holds).where(_OF)
_KINDS = select(holds.c.hold).where(_OF).distinct()
_FIRST = (
    select(alerts.c.about, alerts.c.alert)
    .join(holds, holds.c.alert_id == alerts.c.id)
    .where(_OF)
    .order_by(alerts.c.at, alerts.c.id)
    .limit(bindparam("most"))
)
# The held alert's story and the hushed one are one: the same, or merged, whichever of the two survived.
_held, _quiet = stories.alias("held"), stories.alias("quiet")
_HUSHED = (
    select(_held.c.id, hushes.c.hush)
    .select_from(hushes.join(_quiet, _quiet.c.id == hushes.c.story_id))
    .join(
        _held,
        func.coalesce(func.nullif(_held.c.became, ""), _held.c.id)
        == func.coalesce(func.nullif(_quiet.c.became, ""), _quiet.c.id),
    )
    .where(_held.c.id.in_(select(holds.c.story_id).where(_OF).distinct()))
    .order_by(hushes.c.number)
)
_OF_STORIES = (
    select(alerts.c.alert)
    .join(holds, holds.c.alert_id == alerts.c.id)
    .where(_OF, holds.c.story_id.in_(bindparam("stories", expanding=True)))
    .order_by(alerts.c.at, alerts.c.id)
)
_LAST_MINUTE = (
    select(func.count())
    .select_from(alerts.outerjoin(holds, holds.c.alert_id == alerts.c.id))
    .where(
        alerts.c.subscription == bindparam("of"),
        alerts.c.left_at > bindparam("since", type_=Moment),
        or_(holds.c.digest_id.is_(None), alerts.c.about == DIGEST),
    )
)
_LAST_ON_STORY = select(func.max(alerts.c.left_at)).where(
    alerts.c.subscription == bindparam("of"), alerts.c.story_id == bindparam("story")
)
_STORM = (
    select(holds.c.until)
    .where(_MINE, holds.c.state == PENDING, holds.c.hold == Hold.STORM.value, holds.c.until > _now)
    .order_by(holds.c.until.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class DueHolds:
    """What of one subscription is to be released: the first alerts whole, how many in all, why held."""

    first: tuple[Alert | FeedAlert, ...]
    count: int
    holds: tuple[Hold, ...]


def recent(
    connection: Connection, subscription: str, pace: Pace, story_id: str | None, now: datetime
) -> Recent:
    """What the subscription has had, as far as its pace asks for it."""
    of = {"of": subscription}
    in_last_minute, storm, last = 0, None, None
    if pace.most_a_minute:
        storm = connection.execute(_STORM, of | {"now": now}).scalar()
    if pace.most_a_minute and storm is None:
        counted = connection.execute(_LAST_MINUTE, of | {"since": now - STORM})
        in_last_minute = int(counted.scalar_one())
    if pace.cooldown and story_id is not None:
        last = connection.execute(_LAST_ON_STORY, of | {"story": story_id}).scalar()
    return Recent(in_last_minute, last, storm)


def hold_alert(connection: Connection, message: Alert | FeedAlert, held: Held) -> None:
    """Keep a saved alert back until its time."""
    row = {
        "alert_id": message.id,
        "subscription": message.subscription,
        "story_id": message.story_id if isinstance(message, Alert) else None,
        "hold": held.hold.value,
        "until": held.until,
        "state": "pending",
    }
    connection.execute(holds.insert(), row)


def waiting(connection: Connection, now: datetime) -> list[str]:
    """The subscriptions of which something is to be released."""
    return list(connection.execute(_WAITING, {"now": now}).scalars())


def take(connection: Connection, subscription: str, now: datetime) -> None:
    """Set apart what is due of a subscription: what comes meanwhile is not of it."""
    due = update(holds).where(_DUE, _MINE).values(state="leaving")
    connection.execute(due, {"of": subscription, "now": now})


def taken(connection: Connection, subscription: str, most: int) -> DueHolds:
    """What of a subscription is set apart, at most `most` of it whole, the oldest first."""
    of = {"of": subscription}
    rows = connection.execute(_FIRST, of | {"most": most}).all()
    first = [message_of(row.about, row.alert) for row in rows]
    return DueHolds(
        tuple(one for one in first if isinstance(one, Alert | FeedAlert)),
        int(connection.execute(_COUNT, of).scalar_one()),
        tuple(Hold(hold) for hold in connection.execute(_KINDS, of).scalars()),
    )


def hushed_stories(connection: Connection, subscription: str) -> dict[str, list[Hush]]:
    """What was said of stories whose held alerts are set apart, or of one that is one with them by now."""
    found: dict[str, list[Hush]] = {}
    for story_id, text in connection.execute(_HUSHED, {"of": subscription}):
        found.setdefault(story_id, []).append(decode(Hush, text))
    return found


def held_of(connection: Connection, subscription: str, stories: Collection[str]) -> list[Alert]:
    """The alerts about these stories that are set apart, the oldest first."""
    given = {"of": subscription, "stories": sorted(stories)}
    return [decode(Alert, text) for text in connection.execute(_OF_STORIES, given).scalars()]


def drop(connection: Connection, alert_id: str) -> None:
    """The alert is told to nobody any more."""
    connection.execute(update(holds).where(holds.c.alert_id == alert_id).values(state="dropped"))


def drop_all(connection: Connection, subscription: str) -> list[str]:
    """Nothing of what is set apart is told any more; the ids of the alerts."""
    ids = list(connection.execute(select(holds.c.alert_id).where(_OF), {"of": subscription}).scalars())
    connection.execute(update(holds).where(_OF).values(state="dropped"), {"of": subscription})
    return ids


def release(connection: Connection, subscription: str, digest_id: str | None, now: datetime) -> None:
    """All that is set apart of the subscription has left now, in that digest or (None) by itself."""
    of = {"of": subscription}
    mine = select(holds.c.alert_id).where(_OF)
    connection.execute(update(alerts).where(alerts.c.id.in_(mine)).values(left_at=now), of)
    connection.execute(update(holds).where(_OF).values(state="released", digest_id=digest_id), of)
