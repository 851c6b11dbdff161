"""What a story is folded from: its statements in full, those that wait for a story, and the fold saved.

A statement's row is written once with what the matcher said; what a fold or a decision makes of it (its
story, event and reason) is written over as often as the story is folded anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, literal, or_, select, tuple_, update

from service.core.folding import Folded, Kept, order_of
from service.core.model import Alert, EventType, Item, Kind, Match, Reason, Statement, Step, Story
from service.store.codec import decode, decode_all, encode_all
from service.store.schema import (
    DOUBTFUL,
    Moment,
    alerts,
    events,
    postings,
    revisions,
    statements,
    strays,
)
from service.store.stories import joined_row, save_postings, save_story, statement_row

MOST_STRAYS = 200

_s, _r = statements, revisions
_NOBODY = Match(None, 0.0, True, ())
_OF_ITEM = (_r.c.title, _r.c.url, _r.c.outlet, _r.c.published, _r.c.lang, _r.c.backfill)
_KEPT = select(_s, *_OF_ITEM).join(_r, and_(_r.c.item_id == _s.c.item_id, _r.c.revision == _s.c.revision))
_STRAYS = (
    select(strays.c.item_id, strays.c.revision, strays.c.ordinal)
    .where(
        strays.c.key.in_(bindparam("keys", expanding=True)),
        strays.c.at >= bindparam("since", type_=Moment),
    )
    .group_by(strays.c.item_id, strays.c.revision, strays.c.ordinal, strays.c.at)
    .order_by(strays.c.at, strays.c.item_id, strays.c.revision, strays.c.ordinal)
    .limit(bindparam("most"))
)
_REPORTED = (
    select(_s.c.ordinal)
    .where(
        _s.c.item_id == bindparam("item"), _s.c.story_id == bindparam("story"), _s.c.kind == Kind.RUMOR.value
    )
    .limit(1)
)
_THIS = and_(
    _s.c.item_id == bindparam("item"),
    _s.c.revision == bindparam("number"),
    _s.c.ordinal == bindparam("nth"),
)
_CHANGE = (
    update(_s)
    .where(_THIS)
    .values(
        {name: bindparam(f"new_{name}") for name in ("story_id", "story_version", "event", "reason", "why")}
        | {"decided_because": bindparam("new_decided_because")}
    )
)
_ADOPT = (
    update(_s)
    .where(_THIS)
    .values({name: bindparam(f"new_{name}") for name in ("story_id", *joined_row(_NOBODY, None))})
)
_FORGET = delete(strays).where(
    strays.c.item_id == bindparam("item"),
    strays.c.revision == bindparam("number"),
    strays.c.ordinal == bindparam("nth"),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A statement as its row has it: `kept` by the matcher's word alone, and what was made of it last."""

    kept: Kept
    story_id: str | None
    event: EventType | None
    reason: Reason | None
    because: tuple[str, ...]


def kept_of(
    connection: Connection, story_ids: Collection[str], item_ids: Collection[str] = ()
) -> list[Stored]:
    """Every statement of the stories, and every other of the items."""
    wanted = or_(_s.c.story_id.in_(sorted(story_ids)), _s.c.item_id.in_(sorted(item_ids)))
    return [_stored(row) for row in connection.execute(_KEPT.where(wanted))]


def is_behind(connection: Connection, story_id: str, item: Item, place: int) -> bool:
    """Whether the story holds a statement that was told after this one."""
    told = {
        "story": story_id,
        "since": item.told_at,
        "position": item.position,
        "item": item.id,
        "number": item.revision,
        "place": place,
    }
    return connection.execute(_later(connection.dialect.name), told).first() is not None


@cache
def _later(dialect: str) -> Any:
    """Of a story, a statement that stands behind a place in the order of `order_of`."""
    # Python compares code points, which is what SQLite does by itself and PostgreSQL where it is told to.
    item_id = _s.c.item_id.collate("C") if dialect == "postgresql" else _s.c.item_id
    ours = tuple_(*(bindparam(name) for name in ("position", "item", "number", "place")))
    since = bindparam("since", type_=Moment)
    at_once = and_(_s.c.at == since, tuple_(_s.c.position, item_id, _s.c.revision, _s.c.place) > ours)
    of_story = _s.c.story_id == bindparam("story")
    return select(literal(1)).where(of_story, _s.c.at >= since, or_(_s.c.at > since, at_once)).limit(1)


def has_reported(connection: Connection, story_id: str, item_id: str) -> bool:
    """Whether the item, in whatever revision, reported the story's claim before."""
    return connection.execute(_REPORTED, {"story": story_id, "item": item_id}).first() is not None


def save_kept(connection: Connection, kept: Kept, story_id: str | None) -> None:
    """Save a statement that `story_id` (None: one that is not there yet) is about to be folded with."""
    row = statement_row(kept.item, kept.statement, kept.ordinal, kept.place)
    connection.execute(_s.insert(), row | joined_row(kept.joined, kept.placed) | {"story_id": story_id})


def save_stray(connection: Connection, kept: Kept, why: str, keys: Iterable[str]) -> None:
    """Save a statement that joined no story, with the reason in words; `keys` find it when one opens."""
    row = statement_row(kept.item, kept.statement, kept.ordinal, kept.place)
    connection.execute(_s.insert(), row | {"why": why})
    let_find(connection, kept, keys)


def let_find(connection: Connection, kept: Kept, keys: Iterable[str]) -> None:
    """Let `keys` find a saved statement that stands surely in no story, when its own opens late."""
    rows = [
        {
            "key": key,
            "item_id": kept.item.id,
            "revision": kept.item.revision,
            "ordinal": kept.ordinal,
            "at": kept.item.told_at,
        }
        for key in sorted(set(keys))
    ]
    if rows:
        connection.execute(strays.insert(), rows)


def strays_of(connection: Connection, keys: Collection[str], since: datetime) -> list[Kept]:
    """Statements on what any of `keys` names, told at `since` or later, that stand surely in no story."""
    given = {"keys": sorted(keys), "since": since, "most": MOST_STRAYS}
    found = [tuple(row) for row in connection.execute(_STRAYS, given)] if keys else []
    if not found:  # nearly always, and then nothing is joined for it
        return []
    wanted = tuple_(_s.c.item_id, _s.c.revision, _s.c.ordinal).in_(found)
    strayed = (_stored(row).kept for row in connection.execute(_KEPT.where(wanted)))
    return sorted(strayed, key=lambda one: order_of(one.item, one.place))


def adopt(connection: Connection, stray: Kept, joined: Match) -> None:
    """Let a stray be one of the story that `joined` names; that story is about to be folded anew."""
    row = joined_row(joined, joined.story_id) | {"story_id": joined.story_id}
    connection.execute(_ADOPT, _key(stray) | {f"new_{name}": value for name, value in row.items()})
    connection.execute(_FORGET, _key(stray))


def save_fold(connection: Connection, folded: Folded, before: int, keys: Iterable[str]) -> Story:
    """Save a story folded anew over version `before` (0: there was none), found by `keys` and no others.

    What the fold made of each statement is saved with it. Conflict where another version is there.
    """
    story = replace(folded.story, version=max(before + 1, folded.story.version))
    save_story(connection, story, before)
    connection.execute(delete(postings).where(postings.c.story_id == story.id))
    save_postings(connection, story.id, sorted(set(keys)), story.last_at)
    _save_events(connection, folded)
    return story


def save_outcomes(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Write over what became of statements, and the events of the stories that were folded."""
    if outcomes:
        connection.execute(_CHANGE, [_outcome_row(one) for one in outcomes])
        settled = [_key(one.kept) for one in outcomes if not one.kept.held]
        if settled:
            connection.execute(_FORGET, settled)


def _save_events(connection: Connection, folded: Folded) -> None:
    """The events of a story that was folded anew are those of its steps, and no others."""
    connection.execute(delete(events).where(events.c.story_id == folded.story.id))
    rows = [
        {
            "story_id": folded.story.id,
            "seq": step.story.version,
            "type": step.event.value,
            "at": kept.item.told_at,
            "item_id": kept.item.id,
            "revision": kept.item.revision,
            "ordinal": kept.ordinal,
        }
        for kept, step in zip(folded.kept, folded.steps, strict=True)
        if step.event is not None
    ]
    if rows:
        connection.execute(events.insert(), rows)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a statement: its story and step (neither where it stands in none), and by whose word."""

    kept: Kept
    story_id: str | None
    step: Step | None
    because: tuple[str, ...] = ()


def _outcome_row(one: Outcome) -> dict[str, object]:
    step = one.step
    return _key(one.kept) | {
        "new_story_id": one.story_id,
        "new_story_version": step.story.version if step else None,
        "new_event": step.event.value if step and step.event else None,
        "new_reason": step.reason.value if step else None,
        "new_why": None if step else "a person took it out of its story",
        "new_decided_because": encode_all(str, one.because) if one.because else None,
    }


def _key(kept: Kept) -> dict[str, object]:
    return {"item": kept.item.id, "number": kept.item.revision, "nth": kept.ordinal}


def alerts_of(connection: Connection, story_ids: Collection[str]) -> list[Alert]:
    """The alerts told of any of the stories, oldest first."""
    wanted = select(alerts.c.alert).where(alerts.c.story_id.in_(sorted(story_ids)))
    rows = connection.execute(wanted.order_by(alerts.c.created_at, alerts.c.id))
    return [decode(Alert, row.alert) for row in rows]


def in_doubt(connection: Connection, limit: int) -> list[Stored]:
    """Statements that may not belong to their story and wait for a person, the latest first."""
    wanted = _KEPT.where(_s.c.reason == DOUBTFUL).order_by(_s.c.at.desc(), _s.c.item_id, _s.c.ordinal)
    return [_stored(row) for row in connection.execute(wanted.limit(limit))]


def _stored(row: Row[Any]) -> Stored:
    reason = Reason(row.reason) if row.reason else None
    kept = Kept(
        statement=decode(Statement, row.statement),
        item=Item(
            id=row.item_id,
            title=row.title,
            text="",
            told_at=row.at,
            url=row.url,
            outlet=row.outlet,
            published=row.published,
            lang=row.lang,
            revision=row.revision,
            backfill=row.backfill,
            position=row.position,
        ),
        ordinal=row.ordinal,
        place=row.place,
        joined=Match(
            row.placed_id,
            row.joined_score or 0.0,
            row.joined_sure is not False,
            decode_all(str, row.joined_because or "[]"),
        ),
        placed=row.placed_id,
        news=reason in (None, Reason.DOUBTFUL_JOIN, Reason.EARLY),
    )
    because = decode_all(str, row.decided_because or "[]")
    return Stored(kept, row.story_id, EventType(row.event) if row.event else None, reason, because)
