"""Who reported a story: what its origin and its independent sources are told from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, and_, func, select

from service.core.model import Kind, Reason, Role
from service.core.origins import Origin, Report, origin_of
from service.store.schema import revisions, statements

MOST_REPORTS = 300  # of each story, the first told: the origin is among them

_s, _r = statements, revisions
_NOT_COUNTED = (Reason.DOUBTFUL_JOIN.value, Reason.MARKED_WRONG.value)


def origins_of(connection: Connection, story_ids: Sequence[str]) -> dict[str, Origin]:
    """Story id -> its origin; stories that nobody reported are left out."""
    place = func.row_number().over(
        partition_by=_s.c.story_id, order_by=(_s.c.at, _s.c.position, _s.c.item_id, _s.c.place)
    )
    told = (
        select(
            *(_s.c[name] for name in ("story_id", "item_id", "revision", "at", "party", "role", "sketch")),
            place.label("nth"),
        )
        .where(
            _s.c.story_id.in_(list(story_ids)),
            _s.c.kind == Kind.RUMOR.value,
            _s.c.reason.not_in(_NOT_COUNTED),
        )
        .subquery()
    )
    of_item = and_(_r.c.item_id == told.c.item_id, _r.c.revision == told.c.revision)
    wanted = select(told, _r.c.outlet).join(_r, of_item).where(told.c.nth <= MOST_REPORTS)
    reports: defaultdict[str, dict[str, Report]] = defaultdict(dict)
    for row in connection.execute(wanted.order_by(told.c.story_id, told.c.nth)):
        credited = row.party if row.role == Role.OUTLET.value else None
        known = reports[row.story_id].get(row.item_id)
        if known is None or (credited and not known.credited):
            reports[row.story_id][row.item_id] = Report(row.item_id, row.at, row.outlet, credited, row.sketch)
    return {story_id: origin_of(told.values()) for story_id, told in reports.items()}
