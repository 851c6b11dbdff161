"""Whether workers may take new work: what a person said last, which outlives a restart as the ledger does.

Asked at the start of each claim's transaction, so it holds for every worker on every machine, woken or not.
What is held already is finished; feeds are polled on, and what they bring waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Table, and_, func, select

from service.store.engine import lock_names, reading, writing
from service.store.leases import CALLERS_TIME, LONGEST_SECONDS, LeaseClock, LeaseTimes
from service.store.schema import PENDING, deliveries, pauses, revisions

_LAST = select(pauses).order_by(pauses.c.number.desc()).limit(1)
_PAUSED = select(pauses.c.paused).order_by(pauses.c.number.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Pause:
    """Workers take nothing new since `at`; who said so, and why."""

    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Held:
    """What workers are busy with right now."""

    revisions: int
    deliveries: int

    @property
    def nothing(self) -> bool:
        """Whether nobody is busy."""
        return not (self.revisions or self.deliveries)


class PauseRows:
    """The pause of one ledger."""

    def __init__(self, engine: Engine, clock: LeaseClock = CALLERS_TIME) -> None:
        self._engine = engine
        self._clock = clock

    def say(self, paused: bool, by: str, why: str, now: datetime) -> bool:
        """Pause, or let work go on; False, nothing written, where it is so already."""
        with writing(self._engine) as connection:
            lock_names(connection, ["rumorwatch pauses"])
            if is_paused(connection) is paused:
                return False
            connection.execute(pauses.insert(), {"at": now, "paused": paused, "by": by, "why": why})
        return True

    def current(self) -> Pause | None:
        """The pause that holds now; None: workers take what is due."""
        with reading(self._engine) as connection:
            row = connection.execute(_LAST).first()
        return None if row is None or not row.paused else Pause(row.at, row.by, row.why)

    def held(self, now: datetime) -> Held:
        """What is under a lease that has not run out."""
        with reading(self._engine) as connection:
            times = LeaseTimes.at(self._clock.now(connection, now), LONGEST_SECONDS)
            return Held(*(_held(connection, table, times) for table in (revisions, deliveries)))


def is_paused(connection: Connection) -> bool:
    """Whether nobody may take new work."""
    return bool(connection.execute(_PAUSED).scalar())


def _held(connection: Connection, table: Table, times: LeaseTimes) -> int:
    columns = table.c
    leased = and_(columns.lease_until > times.now, columns.lease_until <= times.beyond)
    wanted = select(func.count()).where(columns.state == PENDING, columns.token.is_not(None), leased)
    return int(connection.execute(wanted).scalar_one())
