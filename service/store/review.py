"""The review list: claims that may belong to a story, as a person is asked about them."""

from __future__ import annotations

from sqlalchemy import Connection

from service.core.text import stable_id
from service.store.kept import Stored, in_doubt
from service.store.stories import load_story
from service.store.views import DoubtRow


def doubt_id(item_id: str, claim: str, story_id: str) -> str:
    """The same question has the same id, also when a new revision of the item asks it again."""
    return stable_id("r", item_id, claim, story_id)


def doubts(connection: Connection, limit: int) -> dict[str, list[Stored]]:
    """The statements in doubt by question, the latest question first."""
    asked: dict[str, list[Stored]] = {}
    for one in in_doubt(connection, limit):
        claim = one.kept.statement.claim.text
        asked.setdefault(doubt_id(one.kept.item.id, claim, one.story_id or ""), []).append(one)
    return asked


def doubt_rows(connection: Connection, limit: int) -> list[DoubtRow]:
    """The review list, at most `limit` statements long."""
    rows = (_row(connection, id_, stored) for id_, stored in doubts(connection, limit).items())
    return [row for row in rows if row is not None]


def _row(connection: Connection, id_: str, stored: list[Stored]) -> DoubtRow | None:
    first = stored[0].kept
    story = load_story(connection, stored[0].story_id or "")
    if story is None:
        return None
    said = [one.kept.statement for one in stored]
    return DoubtRow(
        id=id_,
        at=first.item.told_at,
        item_id=first.item.id,
        item_title=first.item.title,
        url=first.item.url,
        outlet=first.item.outlet,
        claim=first.statement.claim.text,
        statements=tuple((one.kind, one.party, one.evidence.text) for one in said),
        story_id=story.id,
        story_claim=story.claim.text,
        story_status=story.status,
        score=first.joined.score,
        reasons=first.joined.reasons,
    )
