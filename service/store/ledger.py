"""The ledger: the only truth about work to do, and the door to every row."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine

from service.core.model import Alert, ClaimedRevision, Due, Item, Statement, Step, Story
from service.errors import Conflict, StoreError
from service.store import alerts, stories
from service.store.deliveries import DeliveryRows, deliveries_due
from service.store.engine import BUSY_SECONDS, connect, lock_names, reading, use_wal, writing
from service.store.feeds import FeedRows
from service.store.items import RevisionRows, check_held, mark_done, revisions_due
from service.store.migrate import migrate
from service.store.reports import Reports

_OPENING_PAUSE = 0.05


class Ledger:
    """One database, open. Safe to share between threads, but for an in-memory one: one thread at a time."""

    feeds: FeedRows
    items: RevisionRows
    deliveries: DeliveryRows
    reports: Reports

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.feeds = FeedRows(engine)
        self.items = RevisionRows(engine)
        self.deliveries = DeliveryRows(engine)
        self.reports = Reports(engine)

    @classmethod
    def open(cls, url: str) -> Ledger:
        """The ledger at `url`, made or brought to this version where needed.

        `sqlite:///path`, `sqlite://` (in memory) or `postgresql://...`. StoreError, in one sentence without a
        password, where it cannot be opened, is not a ledger, or is newer than this rumorwatch.
        """
        engine = connect(url)
        try:
            _make_ready(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def due(self, now: datetime) -> Due:
        """What waits for a worker right now. Revisions behind one that is leased or resting do not count."""
        with reading(self._engine) as connection:
            return Due(revisions=revisions_due(connection, now), deliveries=deliveries_due(connection, now))

    @contextmanager
    def handling(self, claimed: ClaimedRevision, keys: Sequence[str]) -> Iterator[Handling]:
        """The one transaction in which a claimed revision is handled.

        Nobody else handles a revision that shares one of `keys` meanwhile. At the end the revision is done
        and all is committed; on an exception nothing was saved. LeaseLost, at the start or at the end, where
        the lease is another's; Conflict where another changed the same story.
        """
        with writing(self._engine) as connection:
            lock_names(connection, keys)
            check_held(connection, claimed)
            yield Handling(connection)
            mark_done(connection, claimed)


class Handling:
    """What may be read and saved while one item is handled. Usable only inside `Ledger.handling`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def candidates(self, keys: Sequence[str], limit: int) -> list[Story]:
        """Stories found by any of `keys`: most shared keys first, then the latest, then by id."""
        return stories.candidates(self._connection, keys, limit)

    def story(self, story_id: str) -> Story | None:
        """The story as it stands in this transaction."""
        return stories.load_story(self._connection, story_id)

    def save_step(self, step: Step, ordinal: int, keys: Sequence[str]) -> None:
        """Save what the item's statement number `ordinal` did to its story, which `keys` find from now on.

        Conflict where the story is no longer at the version before `step.story.version`.
        """
        stories.save_story(self._connection, step.story)
        stories.save_postings(self._connection, step.story.id, keys, step.story.last_at)
        stories.save_statement(self._connection, step, ordinal)

    def note_unplaced(self, item: Item, statement: Statement, ordinal: int, why: str) -> None:
        """Keep a statement that joined no story, with the reason in words."""
        stories.save_unplaced(self._connection, item, statement, ordinal, why)

    def save_alert(self, alert: Alert, channels: Sequence[str], now: datetime) -> bool:
        """Save the alert and a delivery due `now` on each channel; False, nothing saved, where it exists."""
        return alerts.save_alert(self._connection, alert, channels, now)

    def alert_exists(self, alert_id: str) -> bool:
        """Whether the alert was saved already."""
        return alerts.alert_exists(self._connection, alert_id)


def _make_ready(engine: Engine) -> None:
    """Migrate. Two processes that make one SQLite file at once may refuse each other for a moment: wait."""
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            use_wal(engine)
            migrate(engine)
        except Conflict as error:
            if time.monotonic() > give_up:
                raise StoreError(str(error)) from error
            time.sleep(_OPENING_PAUSE)
        else:
            return
