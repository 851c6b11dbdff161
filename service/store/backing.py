"""What stands behind an alert when it is decided: who carries the rumor, and the tracks of outlet and party.

Counting the records reads thousands of stories, which no alert waits for: they are counted now and then and
kept, and an alert takes what was counted last.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, select

from service.core.backing import Backing, Track
from service.core.model import Alert
from service.core.origins import Origin
from service.core.records import tracks
from service.store.codec import decode, encode
from service.store.engine import reading, writing
from service.store.lines import lines_of
from service.store.schema import track_records
from service.store.sources import origins_of

PARTY = "party"
_t = track_records
_ONE = select(_t.c.track).where(_t.c.subject == bindparam("of"), _t.c.name == bindparam("called"))


class TrackRows:
    """The tracks of one ledger that alerts name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def refresh(self, now: datetime) -> int:
        """Count all tracks anew; how many there are."""
        with reading(self._engine) as connection:
            counted = tracks(lines_of(connection))
        rows: list[dict[str, Any]] = [
            {"subject": subject or PARTY, "name": track.name, "track": encode(track), "as_of": now}
            for subject, track in counted
        ]
        with writing(self._engine) as connection:
            connection.execute(delete(_t))
            if rows:
                connection.execute(_t.insert(), rows)
        return len(rows)


def backing_of(connection: Connection, alert: Alert) -> Backing:
    """What stands behind `alert` right now."""
    origin = origins_of(connection, [alert.story_id]).get(alert.story_id) or Origin(None, 0, 0, 0)
    return Backing(
        origin=origin.outlet,
        named_by=origin.named_by,
        reports=origin.reports,
        independent=origin.independent,
        outlet=_track(connection, "outlet", origin.outlet),
        party=_track(connection, PARTY, alert.party),
    )


def _track(connection: Connection, subject: str, name: str | None) -> Track | None:
    if name is None:
        return None
    found = connection.execute(_ONE, {"of": subject, "called": name}).scalar()
    return None if found is None else decode(Track, found)
