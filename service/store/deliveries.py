"""Deliveries: handed out under leases, each attempt recorded in the commit that says what follows from it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, and_, bindparam, func, not_, or_, select, update

from service.core.breaking import Failure
from service.core.messages import ClaimedDelivery, Message
from service.core.model import Attempt, DeliveryState, Outcome
from service.errors import LeaseLost
from service.store.alerts import message_of
from service.store.breakers import LEFT_ALONE, note_failure, note_probe, note_success
from service.store.channels import is_off
from service.store.engine import reading, writing
from service.store.leases import CALLERS_TIME, LeaseClock, LeaseTimes, new_token
from service.store.pauses import is_paused
from service.store.schema import PENDING, Moment, alerts, attempts, deliveries

_now = bindparam("now", type_=Moment)
_lease_now = bindparam("lease_now", type_=Moment)
_beyond = bindparam("beyond", type_=Moment)
_d = deliveries
_FREE = and_(
    _d.c.state == PENDING,
    _d.c.next_at <= _now,
    _d.c.channel.not_in(LEFT_ALONE),
    or_(_d.c.token.is_(None), _d.c.lease_until <= _lease_now, _d.c.lease_until > _beyond),
    not_(is_off(_d.c.channel)),
)
NEXT_DELIVERY = (
    select(_d.c.id, _d.c.channel, _d.c.tries, _d.c.since_try, alerts.c.about, alerts.c.alert)
    .join(alerts, alerts.c.id == _d.c.alert_id)
    .where(_FREE, _d.c.channel.not_in(bindparam("busy", expanding=True)))
    .order_by(_d.c.next_at, _d.c.id)
    .limit(1)
    .with_for_update(of=_d, skip_locked=True)
)
_IS_HELD = _d.c.state == DeliveryState.HELD.value
_HELD = (
    select(_d.c.id, _d.c.channel, alerts.c.about, alerts.c.alert)
    .join(alerts, alerts.c.id == _d.c.alert_id)
    .where(_IS_HELD)
    .order_by(_d.c.created_at, _d.c.id)
)
_DUE = select(func.count()).select_from(_d).where(_FREE)
_TAKE = (
    update(_d)
    .where(_d.c.id == bindparam("delivery"))
    .values(token=bindparam("new_token"), lease_until=bindparam("until"))
)
_RENEW = (
    update(_d)
    .where(_d.c.id == bindparam("delivery"), _d.c.token == bindparam("held"))
    .values(lease_until=bindparam("until"))
)
_FINISH = (
    update(_d)
    .where(_d.c.id == bindparam("delivery"), _d.c.token == bindparam("held"))
    .values(
        state=bindparam("new_state"),
        next_at=func.coalesce(bindparam("again", type_=Moment), _d.c.next_at),
        tries=_d.c.tries + 1,
        token=None,
        lease_until=None,
    )
)
_ATTEMPTS = (
    select(attempts).where(attempts.c.delivery_id == bindparam("delivery")).order_by(attempts.c.number)
)


_STATES = {
    Outcome.DELIVERED: DeliveryState.DELIVERED,
    Outcome.RETRY: DeliveryState.PENDING,
    Outcome.DEAD: DeliveryState.DEAD,
}


class DeliveryRows:
    """The sending work of one ledger."""

    def __init__(self, engine: Engine, clock: LeaseClock = CALLERS_TIME) -> None:
        self._engine = engine
        self._clock = clock

    def claim(
        self, now: datetime, lease_seconds: float, busy: Collection[str] = ()
    ) -> ClaimedDelivery | None:
        """The delivery that is due longest on a channel that is not in `busy`, leased to the caller."""
        token = new_token()
        with writing(self._engine, light=True) as connection:
            if is_paused(connection):
                return None
            times = LeaseTimes.at(self._clock.now(connection, now), lease_seconds)
            asked = {"now": now, "busy": sorted(busy), "lease_now": times.now, "beyond": times.beyond}
            row = connection.execute(NEXT_DELIVERY, asked).first()
            if row is None:
                return None
            connection.execute(_TAKE, {"delivery": row.id, "new_token": token, "until": times.until})
            note_probe(connection, row.channel, now)
        message = message_of(row.about, row.alert)
        return ClaimedDelivery(row.id, message, row.channel, token, row.tries, row.since_try)

    def renew(self, claimed: ClaimedDelivery, now: datetime, lease_seconds: float) -> None:
        """Hold the lease until `lease_seconds` after `now`. LeaseLost where it is another's or finished."""
        with writing(self._engine, light=True) as connection:
            until = LeaseTimes.at(self._clock.now(connection, now), lease_seconds).until
            mine = {"delivery": claimed.id, "held": claimed.token, "until": until}
            if connection.execute(_RENEW, mine).rowcount != 1:
                raise LeaseLost(f"The lease on the delivery {claimed.id} was lost.")

    def finish(
        self,
        claimed: ClaimedDelivery,
        attempt: Attempt,
        next_at: datetime | None,
        failure: Failure | None = None,
    ) -> int:
        """Record the attempt and what follows: delivered, again at `next_at`, or (None) dead.

        `failure`: what it says of the channel. How many others are due at once because the channel is well
        again. LeaseLost, and nothing recorded, where the lease is another's by now.
        """
        outcome = _outcome(attempt, next_at)
        change: dict[str, Any] = {
            "delivery": claimed.id,
            "held": claimed.token,
            "new_state": _STATES[outcome].value,
            "again": None if attempt.ok else next_at,
        }
        with writing(self._engine) as connection:
            if connection.execute(_FINISH, change).rowcount != 1:
                raise LeaseLost(f"The lease on the delivery {claimed.id} was lost.")
            connection.execute(attempts.insert(), _attempt_row(claimed.id, attempt, outcome))
            if attempt.ok:
                return note_success(connection, claimed.channel, attempt.at)
            if failure is not None:
                note_failure(connection, claimed.channel, failure)
            return 0

    def release(self, now: datetime) -> int:
        """Send what a restore held, from `now` on; how many deliveries."""
        return self._end_hold({"state": DeliveryState.PENDING.value, "next_at": now})

    def drop_held(self) -> int:
        """Give up what a restore held; how many deliveries."""
        return self._end_hold({"state": DeliveryState.DEAD.value})

    def held(self) -> list[tuple[str, str, Message]]:
        """What a restore held: delivery id, channel and message, the oldest first."""
        with reading(self._engine) as connection:
            return [
                (row.id, row.channel, message_of(row.about, row.alert)) for row in connection.execute(_HELD)
            ]

    def _end_hold(self, values: dict[str, Any]) -> int:
        with writing(self._engine) as connection:
            return connection.execute(update(_d).where(_IS_HELD).values(values)).rowcount

    def attempts(self, delivery_id: str) -> list[Attempt]:
        """Every recorded attempt of a delivery, in order."""
        with reading(self._engine) as connection:
            rows = connection.execute(_ATTEMPTS, {"delivery": delivery_id})
            return [Attempt(row.number, row.at, row.ok, row.status, row.answer, row.seconds) for row in rows]


def deliveries_due(connection: Connection, now: datetime, times: LeaseTimes) -> int:
    """How many deliveries could be claimed now."""
    asked = {"now": now, "lease_now": times.now, "beyond": times.beyond}
    return int(connection.execute(_DUE, asked).scalar_one())


def _outcome(attempt: Attempt, next_at: datetime | None) -> Outcome:
    if attempt.ok:
        return Outcome.DELIVERED
    return Outcome.DEAD if next_at is None else Outcome.RETRY


def _attempt_row(delivery_id: str, attempt: Attempt, outcome: Outcome) -> dict[str, object]:
    return {
        "delivery_id": delivery_id,
        "number": attempt.number,
        "at": attempt.at,
        "ok": attempt.ok,
        "status": attempt.status,
        "answer": attempt.answer,
        "seconds": attempt.seconds,
        "outcome": outcome.value,
    }
