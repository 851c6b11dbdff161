"""Leases: whose clock they are told by, how far ahead one may lie, and who holds one.

On PostgreSQL a running service tells leases by the database's clock, so machines whose clocks differ agree on
who holds what. SQLite has no clock of its own: there the caller's is taken, all its processes stand on one
machine, and a lease that ends further ahead than any can be was made before that clock was set back: it
counts as run out, so a jump of the clock leaves nothing stuck.
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

LEASE_SECONDS = 15.0
LONGEST_SECONDS = 600.0  # what a setting may ask for
# A lease that a machine without power forgets harms nobody, so its commit does not wait for the disk.
_DATABASE_TIME = text("SELECT clock_timestamp() AS now, set_config('synchronous_commit', 'off', true)")


@dataclass(frozen=True, slots=True)
class LeaseClock:
    """Says what time it is for leases. `by_database`: PostgreSQL's own time, where it is PostgreSQL."""

    by_database: bool = False

    def now(self, connection: Connection, callers: datetime) -> datetime:
        """The moment that leases are compared with; `callers` is what the asking process takes for now."""
        if not self.by_database or connection.dialect.name != "postgresql":
            return callers
        found: datetime = connection.execute(_DATABASE_TIME).one().now
        return found


CALLERS_TIME = LeaseClock()


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """One look at leases: what ended by `now` has run out, and so has what ends after `beyond`."""

    now: datetime
    beyond: datetime
    until: datetime

    @classmethod
    def at(cls, now: datetime, lease_seconds: float = LEASE_SECONDS) -> LeaseTimes:
        """The times of a lease of `lease_seconds` that begins `now`."""
        longest = 2 * max(lease_seconds, LEASE_SECONDS)
        return cls(now, now + timedelta(seconds=longest), now + timedelta(seconds=lease_seconds))


def new_token() -> str:
    """A fencing token that nobody else has; it begins with the machine and process, for a person to read."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"
