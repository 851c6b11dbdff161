"""What runs when: a poll of the feeds that are due, and a sweep for work that nobody was told of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from service import logs
from service.core.model import Due
from service.doorbell import Doorbell, Work
from service.errors import StoreError
from service.feeds.poll import PollReport, poll_due
from service.net import GuardedClient
from service.store.ledger import Ledger

POLL_TICK_SECONDS = 1.0
MOST_FEEDS_A_TICK = 200

Clock = Callable[[], datetime]


def build_scheduler(
    ledger: Ledger,
    open_client: Callable[[], GuardedClient],
    bell: Doorbell,
    clock: Clock,
    sweep_seconds: float,
) -> BackgroundScheduler:
    """A scheduler, not yet started, whose jobs never overlap themselves."""
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(2)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    now = datetime.now(UTC)
    jobs: tuple[tuple[str, Callable[[], object], float], ...] = (
        ("poll", lambda: poll_once(ledger, open_client, bell, clock), POLL_TICK_SECONDS),
        ("sweep", lambda: sweep_once(ledger, bell, clock), sweep_seconds),
    )
    for name, job, seconds in jobs:
        scheduler.add_job(job, "interval", seconds=seconds, id=name, next_run_time=now)
    return scheduler


def poll_once(
    ledger: Ledger, open_client: Callable[[], GuardedClient], bell: Doorbell, clock: Clock
) -> list[PollReport]:
    """Polls every feed that is due and rings if anything new was stored."""
    try:
        reports = asyncio.run(_poll(ledger, open_client, clock))
    except StoreError as error:
        logs.failure("poll.store_failed", error)
        return []
    for report in reports:
        logs.line(
            "feed.polled",
            feed=report.feed_id,
            outcome=report.outcome,
            new=report.revisions,
            reason=report.reason,
        )
    if any(report.revisions for report in reports):
        bell.ring(Work.ITEMS)
    return reports


async def _poll(ledger: Ledger, open_client: Callable[[], GuardedClient], clock: Clock) -> list[PollReport]:
    client = open_client()
    try:
        return await poll_due(ledger, client, clock, MOST_FEEDS_A_TICK)
    finally:
        await client.close()


def sweep_once(ledger: Ledger, bell: Doorbell, clock: Clock) -> Due:
    """Rings for whatever is due or whose lease ran out."""
    try:
        due = ledger.due(clock())
    except StoreError as error:
        logs.failure("sweep.store_failed", error)
        return Due()
    if due.revisions:
        bell.ring(Work.ITEMS)
    if due.deliveries:
        bell.ring(Work.DELIVERIES)
    return due
