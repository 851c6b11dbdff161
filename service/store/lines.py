"""The statements that moved their stories, as track records are told from them."""

from __future__ import annotations

from sqlalchemy import Connection, and_, select

from service.core.model import Kind, Reason, Role, Status, Strength
from service.core.records import Line
from service.store.schema import revisions, statements, stories

MOST_STORIES = 20_000  # the latest moved

_TOLD = (
    Reason.RUMOR,
    Reason.FIRST_DENIAL_BY_PARTY,
    Reason.STRONGER_DENIAL,
    Reason.FIRST_CONFIRMATION_BY_PARTY,
    Reason.REVERSAL,
    Reason.RETRACTION,
)
_s, _r = statements, revisions
_latest = (
    select(stories.c.id, stories.c.status)
    .where(stories.c.became.is_(None))
    .order_by(stories.c.last_at.desc(), stories.c.id.desc())
    .limit(MOST_STORIES)
    .subquery("latest")
)
_NAMES = ("story_id", "kind", "reason", "party", "role", "speaker", "strength")
_LINES = (
    select(*(_s.c[name] for name in _NAMES), _latest.c.status, _r.c.outlet)
    .join(_latest, _latest.c.id == _s.c.story_id)
    .join(_r, and_(_r.c.item_id == _s.c.item_id, _r.c.revision == _s.c.revision))
    .where(_s.c.reason.in_([reason.value for reason in _TOLD]))
    .order_by(_s.c.story_id, _s.c.at, _s.c.position, _s.c.item_id, _s.c.revision, _s.c.place)
)


def lines_of(connection: Connection) -> list[Line]:
    """The lines of the latest stories, story by story in the order told."""
    return [
        Line(
            story_id=row.story_id,
            status=Status(row.status),
            kind=Kind(row.kind),
            reason=Reason(row.reason),
            party=row.party,
            role=Role(row.role) if row.role else None,
            speaker=row.speaker,
            strength=Strength(row.strength) if row.strength else None,
            outlet=row.outlet,
        )
        for row in connection.execute(_LINES)
    ]
