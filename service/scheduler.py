"""What runs when: a poll of the feeds that are due, and a sweep for work that nobody was told of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from service import logs
from service.clocks.fire import RanOut, fire_due
from service.clocks.release import Released, release_due
from service.core.clocks import ClockBook
from service.core.history import TOLD
from service.core.model import Due, Subscription
from service.doorbell import Doorbell, Work
from service.errors import StoreError
from service.feeds.poll import PollReport, poll_due
from service.net import GuardedClient
from service.store.ledger import Ledger

POLL_TICK_SECONDS = 1.0
MOST_FEEDS_A_TICK = 200
CLOCK_TICK_SECONDS = 15.0

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Timed:
    """What runs on stories, and who hears of it when it ran out, or of what befell a feed."""

    clocks: ClockBook
    audience: Callable[[], tuple[Subscription, ...]]


def build_scheduler(
    ledger: Ledger,
    open_client: Callable[[], GuardedClient],
    bell: Doorbell,
    clock: Clock,
    sweep_seconds: float,
    timed: Timed,
) -> BackgroundScheduler:
    """A scheduler, not yet started, whose jobs never overlap themselves."""
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(2)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    now = datetime.now(UTC)
    jobs: tuple[tuple[str, Callable[[], object], float], ...] = (
        ("poll", lambda: poll_once(ledger, open_client, bell, clock, timed.audience), POLL_TICK_SECONDS),
        ("sweep", lambda: sweep_once(ledger, bell, clock), sweep_seconds),
        ("clocks", lambda: clocks_once(ledger, timed, bell, clock), CLOCK_TICK_SECONDS),
    )
    for name, job, seconds in jobs:
        scheduler.add_job(job, "interval", seconds=seconds, id=name, next_run_time=now)
    return scheduler


def poll_once(
    ledger: Ledger,
    open_client: Callable[[], GuardedClient],
    bell: Doorbell,
    clock: Clock,
    audience: Callable[[], Sequence[Subscription]] = tuple,
) -> list[PollReport]:
    """Polls every feed that is due and rings if anything new was stored, or befell a feed."""
    try:
        subscriptions = audience()
        reports = asyncio.run(_poll(ledger, open_client, clock, subscriptions))
        dark = ledger.feeds.note_dark(clock(), subscriptions)
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
    befell = [(report.feed_id, notice) for report in reports for notice in report.notices]
    befell += [(one.feed_id, one.notice) for one in dark]
    for feed_id, notice in befell:
        logs.line(str(notice.event), feed=feed_id, reason=notice.why)
    if subscriptions and any(notice.event in TOLD for _, notice in befell):
        bell.ring(Work.DELIVERIES)
    if any(report.revisions for report in reports):
        bell.ring(Work.ITEMS)
    return reports


async def _poll(
    ledger: Ledger,
    open_client: Callable[[], GuardedClient],
    clock: Clock,
    subscriptions: Sequence[Subscription],
) -> list[PollReport]:
    client = open_client()
    try:
        return await poll_due(ledger, client, clock, MOST_FEEDS_A_TICK, subscriptions=subscriptions)
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


def clocks_once(ledger: Ledger, timed: Timed, bell: Doorbell, clock: Clock) -> tuple[RanOut, ...]:
    """Deals with every clock that ran out and rings if anybody is to hear of one."""
    found: list[RanOut] = []
    more = True
    while more:
        now = clock()
        try:
            ran_out, more = fire_due(ledger, timed.clocks, timed.audience(), now, now)
        except StoreError as error:
            logs.failure("clocks.store_failed", error)
            break
        found += ran_out
    for one in found:
        told = sum(decision.alert is not None for decision in one.decisions)
        logs.line(
            "clock.ran_out", rule=one.clock.rule.id, story=one.story.id, party=one.clock.party, alerts=told
        )
    released = _release(ledger, timed, clock)
    if released or any(decision.alert for one in found for decision in one.decisions):
        bell.ring(Work.DELIVERIES)
    return tuple(found)


def _release(ledger: Ledger, timed: Timed, clock: Clock) -> tuple[Released, ...]:
    """Lets go what was held and is due."""
    try:
        released = release_due(ledger, timed.audience(), clock())
    except StoreError as error:
        logs.failure("holds.store_failed", error)
        return ()
    for one in released:
        told = one.message.id if one.message else None
        logs.line("hold.released", subscription=one.subscription, alerts=one.count, message=told)
    return released
