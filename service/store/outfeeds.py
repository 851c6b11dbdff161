"""Feeds that we tell others: their rows, and what they tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, bindparam, select, update

from service.core.messages import FeedAlert
from service.core.model import Alert, EventType, Statement, Story
from service.core.outfeeds import Moved, Outfeed, OutKind
from service.core.text import stable_id
from service.store.alerts import DIGEST, message_of
from service.store.codec import decode
from service.store.engine import reading, writing
from service.store.schema import alerts, outfeeds, revisions, statements, stories
from service.store.stories import story_of

LATEST_STORIES = 1000
_s, _r = statements, revisions
_MOVED = (
    select(_s, _r.c.title, _r.c.url, _r.c.outlet)
    .join(_r, and_(_r.c.item_id == _s.c.item_id, _r.c.revision == _s.c.revision))
    .where(_s.c.event.is_not(None), _s.c.story_id.in_(bindparam("stories", expanding=True)))
    .order_by(_s.c.at.desc(), _s.c.item_id.desc(), _s.c.revision.desc(), _s.c.ordinal.desc())
    .limit(bindparam("most"))
)
_LATEST = (
    select(stories)
    .where(stories.c.became.is_(None))
    .order_by(stories.c.last_at.desc(), stories.c.id.desc())
    .limit(LATEST_STORIES)
)
_LEFT = (
    select(alerts.c.about, alerts.c.alert)
    .where(alerts.c.subscription == bindparam("of"), alerts.c.left_at.is_not(None), alerts.c.about != DIGEST)
    .order_by(alerts.c.left_at.desc(), alerts.c.id.desc())
    .limit(bindparam("most"))
)


class OutfeedRows:
    """The feeds of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, outfeed: Outfeed, digest: str) -> None:
        """Let it be read by who knows the token of that digest."""
        row = {
            "id": outfeed.id,
            "kind": outfeed.kind.value,
            "subject": outfeed.subject,
            "digest": digest,
            "created_at": outfeed.created_at,
        }
        with writing(self._engine) as connection:
            connection.execute(outfeeds.insert(), row)

    def revoke(self, id_: str, now: datetime) -> bool:
        """Let nobody read it any more; False where there is none of that id that could be read."""
        mine = and_(outfeeds.c.id == id_, outfeeds.c.revoked_at.is_(None))
        with writing(self._engine) as connection:
            return connection.execute(update(outfeeds).where(mine).values(revoked_at=now)).rowcount == 1

    def listed(self) -> tuple[Outfeed, ...]:
        """All of them, the first first, revoked ones too."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(outfeeds).order_by(outfeeds.c.created_at, outfeeds.c.id))
            return tuple(map(_outfeed, rows))

    def by_digest(self, digest: str) -> Outfeed | None:
        """The one whose token has that digest."""
        with reading(self._engine) as connection:
            row = connection.execute(select(outfeeds).where(outfeeds.c.digest == digest)).first()
            return None if row is None else _outfeed(row)

    def latest_stories(self) -> tuple[Story, ...]:
        """The stories that moved last."""
        with reading(self._engine) as connection:
            return tuple(map(story_of, connection.execute(_LATEST)))

    def story(self, story_id: str) -> Story | None:
        """A story, or the one that it was merged into."""
        with reading(self._engine) as connection:
            return _living(connection, story_id)

    def moved(self, of: Sequence[Story], most: int) -> tuple[Moved, ...]:
        """What moved these stories, the latest first."""
        claims = {story.id: story.claim.text for story in of}
        if not claims:
            return ()
        with reading(self._engine) as connection:
            rows = connection.execute(_MOVED, {"stories": sorted(claims), "most": most})
            return tuple(_moved(row, claims[row.story_id]) for row in rows)

    def told(self, subscription: str, most: int) -> tuple[Alert | FeedAlert, ...]:
        """The alerts of a subscription that left, the latest first, each by itself."""
        with reading(self._engine) as connection:
            rows = connection.execute(_LEFT, {"of": subscription, "most": most})
            messages = [message_of(row.about, row.alert) for row in rows]
        return tuple(one for one in messages if isinstance(one, Alert | FeedAlert))


def _living(connection: Connection, story_id: str) -> Story | None:
    row = connection.execute(select(stories).where(stories.c.id == story_id)).first()
    while row is not None and row.became:
        row = connection.execute(select(stories).where(stories.c.id == row.became)).first()
    return None if row is None else story_of(row)


def _outfeed(row: Row[Any]) -> Outfeed:
    return Outfeed(row.id, OutKind(row.kind), row.subject, row.created_at, row.revoked_at)


def _moved(row: Row[Any], claim: str) -> Moved:
    said = decode(Statement, row.statement)
    return Moved(
        id=stable_id("e", row.story_id, row.item_id, str(row.revision), str(row.ordinal)),
        story_id=row.story_id,
        claim=claim,
        event=EventType(row.event),
        at=row.at,
        kind=said.kind,
        party=said.party,
        speaker=said.speaker,
        role=said.role,
        strength=said.strength,
        words=said.evidence.text,
        title=row.title,
        url=row.url,
        outlet=row.outlet,
    )
