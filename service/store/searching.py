"""The words of stories, kept with each story in the same commit, and stories found by them.

How it decides: one small row a story, walked whole: either database goes through a hundred thousand of them
well within what a person waits for (benchmarks/searching.py), with no index to keep. What it leaves out: the
texts of items that no story quotes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select
from sqlalchemy.sql import Select

from service.core.matching import principal_key
from service.core.model import Kind, Status, Story, Strength
from service.core.searching import words_of
from service.store.engine import insert_into
from service.store.narrowing import ANY_STORY, StoriesWanted
from service.store.paging import page_of
from service.store.schema import postings, revisions, searched, statements


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for: `terms` as `terms_of` makes them, all of them, and what else must be so.

    `outlet` and `lang`: of an item of it. `kind` and `strength`: of one statement of it.
    """

    terms: tuple[str, ...] = ()
    status: Status | None = None
    kind: Kind | None = None
    strength: Strength | None = None
    outlet: str | None = None
    lang: str | None = None
    wanted: StoriesWanted = field(default=ANY_STORY)


def save_words(connection: Connection, story: Story) -> None:
    """Keep the words of a story as it is now; none of one that became another."""
    if story.became is not None:
        connection.execute(delete(searched).where(searched.c.story_id == story.id))
        return
    row = {"story_id": story.id, "last_at": story.last_at, "status": story.status.value}
    connection.execute(_keep(connection.dialect.name), row | {"words": words_of(story)})


@cache
def _keep(dialect: str) -> Any:
    made = insert_into(searched, dialect)
    over = {name: made.excluded[name] for name in ("last_at", "status", "words")}
    return made.on_conflict_do_update(index_elements=["story_id"], set_=over)


def asked_for(question: Question, limit: int, cursor: str | None, dialect: str) -> Select[Any]:
    """The ids and last moments of the stories that answer, as `page_of` gives them."""
    s = searched.c
    asked = select(s.story_id, s.last_at).where(*_holds(question, dialect), *_narrowed(question))
    return page_of(asked, s.last_at, s.story_id, limit, cursor)


def _holds(question: Question, dialect: str) -> list[ColumnElement[bool]]:
    place = func.instr if dialect == "sqlite" else func.strpos
    return [place(searched.c.words, term) > 0 for term in question.terms]


def _narrowed(question: Question) -> list[ColumnElement[bool]]:
    s, wanted = searched.c, question.wanted
    found: list[ColumnElement[bool]] = []
    if question.status is not None:
        found.append(s.status == question.status.value)
    if wanted.since is not None:
        found.append(s.last_at >= wanted.since)
    if wanted.until is not None:
        found.append(s.last_at <= wanted.until)
    if wanted.about is not None:
        key = principal_key(wanted.about)
        found.append(s.story_id.in_(select(postings.c.story_id).where(postings.c.key == key)))
    return [*found, *_said(question), *_told(question)]


def _said(question: Question) -> list[ColumnElement[bool]]:
    t = statements.c
    said = [t.kind == question.kind.value] if question.kind else []
    said += [t.strength == question.strength.value] if question.strength else []
    mine = t.story_id == searched.c.story_id
    return [select(t.item_id).where(mine, *said).correlate(searched).exists()] if said else []


def _told(question: Question) -> list[ColumnElement[bool]]:
    t, r = statements.c, revisions.c
    told = [r.outlet == question.outlet] if question.outlet else []
    told += [r.lang == question.lang] if question.lang else []
    of_item = and_(r.item_id == t.item_id, r.revision == t.revision)
    mine = select(t.item_id).join(revisions, of_item).where(t.story_id == searched.c.story_id, *told)
    return [mine.correlate(searched).exists()] if told else []
