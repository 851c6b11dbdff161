"""What the ledger knows of channels besides deliveries: which are off, and which change their secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, delete, exists, func, select, update

from service.core.model import DeliveryState
from service.core.rotation import Rotation
from service.store.codec import decode, encode
from service.store.engine import insert_into, reading, writing
from service.store.schema import PENDING, Moment, attempts, channels_off, deliveries, rotations

_d, _off = deliveries, channels_off
_STATES = (
    select(_d.c.channel, _d.c.state, func.count().label("rows"))
    .where(_d.c.state.in_([DeliveryState.PENDING.value, DeliveryState.DEAD.value]))
    .group_by(_d.c.channel, _d.c.state)
)
# Given up at or after the moment in which the channel was turned off: by what turned it off.
_GIVEN_UP = (
    _d.c.channel == bindparam("of"),
    _d.c.state == DeliveryState.DEAD.value,
    exists().where(
        attempts.c.delivery_id == _d.c.id,
        attempts.c.number == _d.c.tries,
        attempts.c.at >= bindparam("since", type_=Moment),
        attempts.c.ok.is_(False),
    ),
)


@dataclass(frozen=True, slots=True)
class Off:
    """A channel that nothing is sent to until a person turns it on. `because` is one sentence."""

    name: str
    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many deliveries of a channel wait, and how many were given up."""

    channel: str
    waiting: int = 0
    dead: int = 0


def is_off(channel: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the channel of a row is off, as part of a query."""
    return exists().where(_off.c.name == channel)


class ChannelRows:
    """The channels of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def turn_off(self, name: str, because: str, now: datetime) -> bool:
        """Send nothing to the channel from now on; False where it was off already, and stays as it was."""
        row = {"name": name, "at": now, "because": because}
        with writing(self._engine) as connection:
            once = insert_into(channels_off, connection.dialect.name).on_conflict_do_nothing()
            return connection.execute(once, row).rowcount == 1

    def turn_on(self, name: str, now: datetime) -> int | None:
        """Send to the channel again; how many that were given up when it was turned off are tried anew.

        None: it was on. What waited is due as it was.
        """
        with writing(self._engine) as connection:
            since = connection.execute(select(_off.c.at).where(_off.c.name == name)).scalar()
            if since is None:
                return None
            connection.execute(delete(channels_off).where(_off.c.name == name))
            anew = update(_d).where(*_GIVEN_UP).values(state=PENDING, next_at=now)
            return connection.execute(anew, {"of": name, "since": since}).rowcount

    def off(self) -> tuple[Off, ...]:
        """The channels that are off, by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(channels_off).order_by(_off.c.name))
            return tuple(Off(row.name, row.at, row.because) for row in rows)

    def is_off(self, name: str) -> bool:
        """Whether the channel is off."""
        with reading(self._engine) as connection:
            return bool(connection.execute(select(exists().where(_off.c.name == name))).scalar())

    def backlogs(self) -> tuple[Backlog, ...]:
        """The channels of which something waits or was given up."""
        with reading(self._engine) as connection:
            rows = [(row.channel, row.state, row.rows) for row in connection.execute(_STATES)]
        names = sorted({channel for channel, _, _ in rows})
        counted = {(channel, state): count for channel, state, count in rows}
        return tuple(
            Backlog(
                name,
                counted.get((name, DeliveryState.PENDING.value), 0),
                counted.get((name, DeliveryState.DEAD.value), 0),
            )
            for name in names
        )

    def rotation(self, name: str) -> Rotation | None:
        """How the channel changes its secret, or changed it; None: it has those of the settings."""
        with reading(self._engine) as connection:
            return _rotation(connection, name)

    def rotate(self, rotation: Rotation) -> None:
        """Let this rotation hold, in the place of one before it."""
        row = {"channel": rotation.channel, "rotation": encode(rotation)}
        with writing(self._engine) as connection:
            connection.execute(delete(rotations).where(rotations.c.channel == rotation.channel))
            connection.execute(rotations.insert(), row)

    def forget_rotation(self, name: str) -> bool:
        """Let the settings alone say which secrets sign; False where they did."""
        with writing(self._engine) as connection:
            gone = connection.execute(delete(rotations).where(rotations.c.channel == name))
            return gone.rowcount == 1


def _rotation(connection: Connection, name: str) -> Rotation | None:
    found = connection.execute(select(rotations.c.rotation).where(rotations.c.channel == name)).scalar()
    return None if found is None else decode(Rotation, found)
