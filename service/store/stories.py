"""Stories, their postings and statements, as they are read and saved inside the handling of one item."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from service.core.model import Claim, Item, Kind, Match, Position, Quotation, Statement, Status, Step, Story
from service.core.origins import sketch
from service.errors import Conflict
from service.store.codec import decode, decode_all, encode, encode_all
from service.store.engine import insert_into
from service.store.finding import found_ids
from service.store.schema import Moment, events, postings, statements, stories
from service.store.searching import save_words

_REMEMBERED = 2048

_STORIES = select(stories).where(stories.c.id.in_(bindparam("ids", expanding=True)))
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
    """At most `limit` stories found by any of `keys`: the most telling keys first, then the latest, by id."""
    ids = found_ids(connection, keys, limit)
    if not ids:
        return []
    rows = {row.id: row for row in connection.execute(_STORIES, {"ids": ids})}
    return [story_of(rows[one]) for one in ids if one in rows]


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
        curated=row.curated,
        became=row.became,
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


def save_story(connection: Connection, story: Story, before: int | None = None) -> None:
    """Save `story` over version `before`, by default the one below its own, or as a new one where that is 0.

    Conflict where another version is there.
    """
    row = row_of(story)
    before = story.version - 1 if before is None else before
    if before > 0:
        change: dict[str, object] = {f"new_{name}": value for name, value in row.items() if name != "id"}
        moved = connection.execute(_MOVE, change | {"story": story.id, "before": before})
        if moved.rowcount == 1:
            save_words(connection, story)
            return
    if connection.execute(_open(connection.dialect.name), row).rowcount != 1:
        raise Conflict(f"The story {story.id} was changed by another worker before version {story.version}.")
    save_words(connection, story)


@cache
def _open(dialect: str) -> Any:
    return insert_into(stories, dialect).on_conflict_do_nothing(index_elements=["id"])


def row_of(story: Story) -> dict[str, object]:
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
        "curated": story.curated,
        "became": story.became,
    }


def save_postings(
    connection: Connection, story_id: str, keys: Sequence[str], last_at: datetime, *, is_new: bool = False
) -> None:
    """Let the story be found by `keys` too. Keys are added, never taken away. `is_new`: it had none."""
    if not is_new:
        connection.execute(_TOUCH, {"story": story_id, "latest": last_at})
    rows = [{"story_id": story_id, "key": key, "last_at": last_at} for key in sorted(set(keys))]
    if rows:
        connection.execute(_post(connection.dialect.name), rows)


@cache
def _post(dialect: str) -> Any:
    return insert_into(postings, dialect).on_conflict_do_nothing(index_elements=["story_id", "key"])


def save_statement(connection: Connection, step: Step, ordinal: int, place: int, placed: str | None) -> None:
    """Save what was read and what it did to its story, and the event where the story moved."""
    row = statement_row(step.item, step.statement, ordinal, place)
    joined: dict[str, object] = {
        "story_id": step.story.id,
        "story_version": step.story.version,
        "event": step.event.value if step.event else None,
        "reason": step.reason.value,
        **joined_row(step.joined, placed),
        "why": None,
    }
    connection.execute(_ADD_STATEMENT, row | joined)
    if step.event is not None:
        moved = {"story_id": step.story.id, "seq": step.story.version, "type": step.event.value}
        where = {name: row[name] for name in ("at", "item_id", "revision", "ordinal")}
        connection.execute(_ADD_EVENT, moved | where)


def statement_row(item: Item, statement: Statement, ordinal: int, place: int) -> dict[str, object]:
    """The columns that an item and what was read in it fill."""
    return {
        "item_id": item.id,
        "revision": item.revision,
        "ordinal": ordinal,
        "place": place,
        "position": item.position,
        "at": item.told_at,
        "kind": statement.kind.value,
        "party": statement.party,
        "role": statement.role.value if statement.role else None,
        "speaker": statement.speaker,
        "strength": statement.strength.value if statement.strength else None,
        "sketch": sketch(item.text or item.title) if statement.kind is Kind.RUMOR else None,
        "statement": encode(statement),
    }


def joined_row(joined: Match, placed: str | None) -> dict[str, object]:
    """The columns that say what the matcher found."""
    return {
        "placed_id": placed,
        "joined_score": joined.score,
        "joined_sure": joined.sure,
        "joined_because": encode_all(str, joined.reasons),
    }
