"""The log of hushes: read a story at a time, and only ever added to."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, or_, select

from service.core.hushes import Hush
from service.errors import Conflict
from service.store.codec import decode, encode
from service.store.engine import insert_into
from service.store.schema import hushes, stories

# What was said of a story holds for the one that it was merged into, as long as it is.
_OF_STORY = (
    select(hushes.c.hush)
    .join(stories, stories.c.id == hushes.c.story_id)
    .where(or_(stories.c.id == bindparam("story"), stories.c.became == bindparam("story")))
    .order_by(hushes.c.number)
)
_ALL = select(hushes.c.hush).order_by(hushes.c.number)
_ONE = select(hushes.c.hush).where(hushes.c.id == bindparam("hush"))
_COUNT = select(func.count()).select_from(hushes)


def hushes_of(connection: Connection, story_id: str) -> tuple[Hush, ...]:
    """What was said of a story's alerts, or of one that was merged into it, the first line first."""
    return _decoded(connection.execute(_OF_STORY, {"story": story_id}).scalars().all())


def all_hushes(connection: Connection) -> tuple[Hush, ...]:
    """The whole log, the first line first."""
    return _decoded(connection.execute(_ALL).scalars().all())


def hush_named(connection: Connection, hush_id: str) -> Hush | None:
    """The line of that id, or None."""
    found = connection.execute(_ONE, {"hush": hush_id}).scalar()
    return None if found is None else decode(Hush, found)


def count_hushes(connection: Connection) -> int:
    """How many lines the log has."""
    return int(connection.execute(_COUNT).scalar_one())


def add_hush(connection: Connection, hush: Hush) -> None:
    """Add a line. Conflict where another was added at the same moment."""
    row = {"id": hush.id, "at": hush.at, "story_id": hush.story_id, "hush": encode(hush)}
    make = insert_into(hushes, connection.dialect.name).on_conflict_do_nothing(index_elements=["id"])
    if connection.execute(make, row).rowcount != 1:
        raise Conflict("The story was quieted by another at the same moment: try again.")


def _decoded(texts: Sequence[str]) -> tuple[Hush, ...]:
    return tuple(decode(Hush, text) for text in texts)
