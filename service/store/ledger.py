"""The ledger: the only truth about work to do, and the door to every row."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine

from service import failpoints
from service.core.model import ClaimedRevision, Due
from service.errors import Conflict, StoreError
from service.store.access import AccessRows
from service.store.articles import ArticleRows
from service.store.audience import AudienceRows
from service.store.backing import TrackRows
from service.store.breakers import BreakerRows
from service.store.channels import ChannelRows
from service.store.deliveries import DeliveryRows, deliveries_due
from service.store.delivery_log import DeliveryLog
from service.store.engine import BUSY_SECONDS, connect, end_if_silent, lock_names, reading, use_wal, writing
from service.store.exporting import Exports
from service.store.feeds import FeedRows
from service.store.handling import Handling
from service.store.hubs import HubRows
from service.store.items import Done, RevisionRows, mark_done, revisions_due
from service.store.leading import Leadership
from service.store.leases import CALLERS_TIME, LONGEST_SECONDS, LeaseClock, LeaseTimes
from service.store.lists import Lists
from service.store.migrate import migrate
from service.store.outfeeds import OutfeedRows
from service.store.own_keys import OwnKeys
from service.store.passages import PassageRows
from service.store.pauses import PauseRows
from service.store.pulse import Pulse
from service.store.quarantine import Quarantine
from service.store.reports import Reports
from service.store.rereading import PastReadings
from service.store.resending import Resending
from service.store.retention import RetentionRows
from service.store.streams import StreamRows
from service.store.traces import Traces

_OPENING_PAUSE = 0.05


class Ledger:
    """One database, open. Safe to share between threads, but for an in-memory one: one thread at a time."""

    feeds: FeedRows
    hubs: HubRows
    articles: ArticleRows
    items: RevisionRows
    deliveries: DeliveryRows
    breakers: BreakerRows
    passages: PassageRows
    tracks: TrackRows
    delivery_log: DeliveryLog
    resending: Resending
    reports: Reports
    access: AccessRows
    lists: Lists
    retention: RetentionRows
    exports: Exports
    quarantine: Quarantine
    readings: PastReadings
    traces: Traces
    audience: AudienceRows
    channels: ChannelRows
    own_keys: OwnKeys
    outfeeds: OutfeedRows
    streams: StreamRows
    pauses: PauseRows
    leadership: Leadership
    pulse: Pulse

    def __init__(self, engine: Engine, clock: LeaseClock = CALLERS_TIME) -> None:
        self._engine = engine
        self._clock = clock
        self.feeds = FeedRows(engine)
        self.hubs = HubRows(engine)
        self.articles = ArticleRows(engine)
        self.items = RevisionRows(engine, clock)
        self.deliveries = DeliveryRows(engine, clock)
        self.breakers = BreakerRows(engine)
        self.passages = PassageRows(engine)
        self.tracks = TrackRows(engine)
        self.delivery_log = DeliveryLog(engine)
        self.resending = Resending(engine)
        self.pauses = PauseRows(engine, clock)
        self.pulse = Pulse(engine)
        self.reports = Reports(engine, self.pulse)
        self.access = AccessRows(engine)
        self.lists = Lists(engine)
        self.leadership = Leadership(engine)
        self.retention = RetentionRows(engine)
        self.exports = Exports(engine)
        self.quarantine = Quarantine(engine)
        self.readings = PastReadings(engine)
        self.traces = Traces(engine)
        self.audience = AudienceRows(engine)
        self.channels = ChannelRows(engine)
        self.own_keys = OwnKeys(engine)
        self.outfeeds = OutfeedRows(engine)
        self.streams = StreamRows(engine)

    @classmethod
    def open(cls, url: str, clock: LeaseClock = CALLERS_TIME) -> Ledger:
        """The ledger at `url`, made or brought to this version where needed; `clock` tells its leases.

        `sqlite:///path`, `sqlite://` (in memory) or `postgresql://...`. StoreError, in one sentence without a
        password, where it cannot be opened, is not a ledger, or is newer than this rumorwatch.
        """
        engine = connect(url)
        try:
            _make_ready(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, clock)

    def close(self) -> None:
        """Close every connection, and let another lead."""
        self.leadership.release()
        self._engine.dispose()

    def due(self, now: datetime) -> Due:
        """What waits for a worker right now. Revisions behind one that is leased or resting do not count."""
        with reading(self._engine) as connection:
            times = LeaseTimes.at(self._clock.now(connection, now), LONGEST_SECONDS)
            return Due(revisions_due(connection, now, times), deliveries_due(connection, now, times))

    @contextmanager
    def handling(self, claimed: ClaimedRevision, keys: Sequence[str]) -> Iterator[Handling]:
        """`handling_together` of one revision."""
        with self.handling_together([Done(claimed)], keys) as handling:
            yield handling

    @contextmanager
    def handling_together(self, done: Sequence[Done], keys: Sequence[str]) -> Iterator[Handling]:
        """The one transaction in which claimed revisions are handled, one after the other.

        Nobody else handles a revision that shares one of `keys`, or takes one of these, meanwhile. At the end
        they are done and all is committed; on an exception nothing was saved. LeaseLost where the lease on
        any of them is another's; Conflict where another changed the same story.
        """
        with writing(self._engine) as connection:
            end_if_silent(connection)
            lock_names(connection, keys)
            mark_done(connection, done)
            yield Handling(connection)
            failpoints.hit("in-tx")

    @contextmanager
    def curating(self) -> Iterator[Handling]:
        """The one transaction in which a person's decision is taken and all that follows from it is saved.

        Only one is taken at a time. Conflict where a worker changed one of the stories meanwhile.
        """
        with writing(self._engine) as connection:
            lock_names(connection, ["rumorwatch decisions"])
            yield Handling(connection)

    @contextmanager
    def timing(self) -> Iterator[Handling]:
        """The one transaction in which clocks that ran out are dealt with. Conflict as `handling`."""
        with writing(self._engine) as connection:
            yield Handling(connection)

    @contextmanager
    def releasing(self) -> Iterator[Handling]:
        """The one transaction in which what is held for one subscription is released; one at a time."""
        with writing(self._engine) as connection:
            lock_names(connection, ["rumorwatch holds"])
            yield Handling(connection)

    @contextmanager
    def looking(self) -> Iterator[Handling]:
        """One transaction in which everything can be read as a handling reads it, and nothing is saved."""
        with reading(self._engine) as connection:
            yield Handling(connection)


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
