"""A feed goes dark while others are polled without end: the job that notes it waits for no poll."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from service.core.clocks import NO_CLOCKS
from service.doorbell import LocalBell
from service.net import GuardedClient
from service.scheduler import Timed, build_scheduler
from service.store.ledger import Ledger
from tests.acceptance.running import wait_until
from tests.fakes_feeds import FeedServer
from tests.fakes_store import NOON, a_feed, a_plan, later


def test_a_feed_is_noted_as_dark_while_a_poll_of_another_hangs(sqlite_url: str) -> None:
    over, asked = threading.Event(), threading.Event()

    def hang(_handler: object) -> None:
        asked.set()
        over.wait(30)

    with FeedServer() as server:
        server.serve_raw("/hang", hang)
        ledger = Ledger.open(sqlite_url)
        ledger.feeds.declare([a_feed("lost"), a_feed("slow", url=server.url("/hang"))], NOON)
        failed = a_plan(outcome="failed", failures=4, next_poll_at=later(99_999))
        ledger.feeds.commit_poll("lost", failed, NOON)
        late = NOON + timedelta(hours=7)

        def now() -> datetime:
            return late if asked.is_set() else NOON

        def open_client() -> GuardedClient:
            return GuardedClient(user_agent="test/1", allow_networks=("127.0.0.0/8",))

        scheduler = build_scheduler(ledger, open_client, LocalBell(), now, 60, Timed(NO_CLOCKS, tuple))
        scheduler.start()
        try:
            assert asked.wait(20)
            # The job runs every fifteen seconds; it is not waited for that long.
            scheduler.get_job("dark").modify(next_run_time=datetime.now(scheduler.timezone))
            wait_until(lambda: {row.id: row.state for row in ledger.reports.feeds()}["lost"] == "dark")
        finally:
            over.set()
            scheduler.shutdown(wait=True)
            ledger.close()
