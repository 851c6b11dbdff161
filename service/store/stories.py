"""Stories, their postings and statements, as they are read and saved inside the handling of one item."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, union_all, update

from service.core.model import Claim, Item, Position, Quotation, Statement, Status, Step, Story
from service.errors import Conflict
from service.store.codec import decode, decode_all, encode, encode_all
from service.store.engine import insert_into
from service.store.schema import Moment, events, postings, statements, stories

# How many stories each key brings in, the latest first. A name that thousands of stories share would
# else make each question as long as its history; a story older than so many others under each of its
# keys is not found.
LATEST_PER_KEY = 300
_UNION = 200
_REMEMBERED = 2048

_STORY = select(stories).where(stories.c.id == bindparam("story"))
_TOUCH = (
    update(postings)
    .where(postings.c.story_id == bindparam("story"), postings.c.last_at != bindparam("latest", type_=Moment))
    .values(last_at=bindparam("latest", type_=Moment))
)
_COLUMNS = [column.name for column in stories.columns if column.name != "id"]
_MOVE = (
    update(stories)
    .where(stories.c.id == bindparam("story"), stories.c.version == bindparam("before"))
    .values({name: bindparam(f"new_{name}") for name in _COLUMNS})
)
_ADD_STATEMENT = statements.insert()
_ADD_EVENT = events.insert()


def candidates(connection: Connection, keys: Sequence[str], limit: int) -> list[Story]:
    """At most `limit` stories found by any of `keys`: most shared keys first, then the latest, then by id."""
    wanted = sorted(set(keys))
    if not wanted:
        return []
    given: dict[str, object] = {f"key_{place}": key for place, key in enumerate(wanted)}
    rows = connection.execute(_candidates(len(wanted)), given | {"keys": wanted, "most": limit})
    return [story_of(row) for row in rows]


def _latest(key: Any) -> Any:
    return (
        select(postings.c.story_id)
        .where(postings.c.key == key)
        .order_by(postings.c.last_at.desc(), postings.c.story_id.desc())
        .limit(LATEST_PER_KEY)
    )


def _found(keys: int) -> Any:
    """One SELECT a key, each planned for how busy it is; in batches, as a UNION takes at most 500."""
    parts = [_latest(bindparam(f"key_{place}")).subquery() for place in range(keys)]
    while len(parts) > 1:
        batches = [parts[start : start + _UNION] for start in range(0, len(parts), _UNION)]
        parts = [union_all(*(select(part.c.story_id) for part in batch)).subquery() for batch in batches]
    return select(parts[0].c.story_id)


@cache
def _candidates(keys: int) -> Any:
    # A posting's last_at is its story's, so the few that count are chosen before any story is read.
    shared = func.count()
    latest = func.max(postings.c.last_at)
    ranked = (
        select(postings.c.story_id, shared.label("shared"))
        .where(postings.c.story_id.in_(_found(keys)), postings.c.key.in_(bindparam("keys", expanding=True)))
        .group_by(postings.c.story_id)
        .order_by(shared.desc(), latest.desc(), postings.c.story_id)
        .limit(bindparam("most"))
        .subquery("ranked")
    )
    return (
        select(stories)
        .join(ranked, ranked.c.story_id == stories.c.id)
        .order_by(ranked.c.shared.desc(), stories.c.last_at.desc(), stories.c.id)
    )


def load_story(connection: Connection, story_id: str) -> Story | None:
    """The story as it stands now."""
    row = connection.execute(_STORY, {"story": story_id}).first()
    return None if row is None else story_of(row)


def story_of(row: Row[Any]) -> Story:
    """The story that a row of `stories` holds."""
    return Story(
        id=row.id,
        claim=_claim(row.claim),
        status=Status(row.status),
        positions=_positions(row.positions),
        opened_at=row.opened_at,
        last_at=row.last_at,
        rumor=None if row.rumor is None else _quotation(row.rumor),
        version=row.version,
        reports=row.reports,
        repeats=row.repeats,
    )


# Candidates are mostly stories that were candidates a moment ago, and their values never change: reading the
# same text again would be most of the cost of finding them.
@lru_cache(maxsize=_REMEMBERED)
def _claim(text: str) -> Claim:
    return decode(Claim, text)


@lru_cache(maxsize=_REMEMBERED)
def _positions(text: str) -> tuple[Position, ...]:
    return decode_all(Position, text)


@lru_cache(maxsize=_REMEMBERED)
def _quotation(text: str) -> Quotation:
    return decode(Quotation, text)


def save_story(connection: Connection, story: Story) -> None:
    """Save `story` over the version before it, or as a new one. Conflict where another version is there."""
    row = _story_row(story)
    if story.version > 1:
        change: dict[str, object] = {f"new_{name}": value for name, value in row.items() if name != "id"}
        moved = connection.execute(_MOVE, change | {"story": story.id, "before": story.version - 1})
        if moved.rowcount == 1:
            return
    if connection.execute(_open(connection.dialect.name), row).rowcount != 1:
        raise Conflict(f"The story {story.id} was changed by another worker before version {story.version}.")


@cache
def _open(dialect: str) -> Any:
    return insert_into(stories, dialect).on_conflict_do_nothing(index_elements=["id"])


def _story_row(story: Story) -> dict[str, object]:
    return {
        "id": story.id,
        "version": story.version,
        "status": story.status.value,
        "opened_at": story.opened_at,
        "last_at": story.last_at,
        "reports": story.reports,
        "repeats": story.repeats,
        "claim": encode(story.claim),
        "rumor": None if story.rumor is None else encode(story.rumor),
        "positions": encode_all(Position, story.positions),
    }


def save_postings(connection: Connection, story_id: str, keys: Sequence[str], last_at: datetime) -> None:
    """Let the story be found by `keys` too. Keys are added, never taken away."""
    connection.execute(_TOUCH, {"story": story_id, "latest": last_at})
    rows = [{"story_id": story_id, "key": key, "last_at": last_at} for key in sorted(set(keys))]
    if rows:
        connection.execute(_post(connection.dialect.name), rows)


@cache
def _post(dialect: str) -> Any:
    return insert_into(postings, dialect).on_conflict_do_nothing(index_elements=["story_id", "key"])


def save_statement(connection: Connection, step: Step, ordinal: int) -> None:
    """Save what was read and what it did to its story, and the event where the story moved."""
    row = _statement_row(step.item, step.statement, ordinal)
    joined: dict[str, object] = {
        "story_id": step.story.id,
        "story_version": step.story.version,
        "event": step.event.value if step.event else None,
        "reason": step.reason.value,
        "joined_score": step.joined.score,
        "joined_sure": step.joined.sure,
        "joined_because": encode_all(str, step.joined.reasons),
        "why": None,
    }
    connection.execute(_ADD_STATEMENT, row | joined)
    if step.event is not None:
        moved = {"story_id": step.story.id, "seq": step.story.version, "type": step.event.value}
        where = {name: row[name] for name in ("at", "item_id", "revision", "ordinal")}
        connection.execute(_ADD_EVENT, moved | where)


def save_unplaced(connection: Connection, item: Item, statement: Statement, ordinal: int, why: str) -> None:
    """Save a statement that joined no story, with the reason in words."""
    connection.execute(_ADD_STATEMENT, _statement_row(item, statement, ordinal) | {"why": why})


def _statement_row(item: Item, statement: Statement, ordinal: int) -> dict[str, object]:
    return {
        "item_id": item.id,
        "revision": item.revision,
        "ordinal": ordinal,
        "at": item.told_at,
        "kind": statement.kind.value,
        "party": statement.party,
        "statement": encode(statement),
    }
