"""What runs when: a poll of the feeds that are due, and a sweep for work that nobody was told of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from service import logs
from service.clocks.fire import RanOut, fire_due
from service.core.clocks import ClockBook
from service.core.model import Due, Subscription
from service.doorbell import Doorbell, Work
from service.errors import StoreError
from service.feeds.poll import PollReport, poll_due
from service.net import GuardedClient
from service.store.ledger import Ledger

POLL_TICK_SECONDS = 1.0
MOST_FEEDS_A_TICK = 200
CLOCK_TICK_SECONDS = 15.0
BEAT_SECONDS = 2.0  # between two tries whether a ledger that stores nothing does again

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Timed:
    """What runs on stories, and who hears of it when it ran out."""

    clocks: ClockBook
    subscriptions: tuple[Subscription, ...]


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
    leading = _Leading(ledger)
    jobs: tuple[tuple[str, Callable[[], object], float], ...] = (
        ("poll", lambda: leading.do(lambda: poll_once(ledger, open_client, bell, clock)), POLL_TICK_SECONDS),
        ("sweep", lambda: leading.do(lambda: sweep_once(ledger, bell, clock)), sweep_seconds),
        ("clocks", lambda: leading.do(lambda: clocks_once(ledger, timed, bell, clock)), CLOCK_TICK_SECONDS),
    )
    for name, job, seconds in jobs:
        scheduler.add_job(job, "interval", seconds=seconds, id=name, next_run_time=now)
    return scheduler


class _Leading:
    """Lets a job run where this process leads, and says once when that changed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._leads: bool | None = None
        self._told: str | None = None
        self._next_beat = 0.0

    def do(self, job: Callable[[], object]) -> None:
        """Runs `job`, or nothing where another process leads or the ledger is away."""
        in_trouble = self._in_trouble()
        try:
            leads = self._ledger.leadership.held()
        except StoreError as error:
            logs.failure("scheduler.store_failed", error)
            return
        if leads is not self._leads:
            self._leads = leads
            logs.line("scheduler.leads" if leads else "scheduler.stands_by")
        if leads and not in_trouble:
            job()

    def _in_trouble(self) -> bool:
        """What could not be stored is not fetched: no publisher is asked every second for nothing."""
        before = self._ledger.pulse.trouble
        trouble = self._ledger.pulse.beat() if self._time_to_beat() else before
        if trouble != self._told:
            self._told = trouble
            if trouble is None:
                logs.line("ledger.well_again")
            else:
                logs.warning("ledger.stores_nothing", reason=trouble)
        return trouble is not None

    def _time_to_beat(self) -> bool:
        due = monotonic() >= self._next_beat
        if due:
            self._next_beat = monotonic() + BEAT_SECONDS
        return due


def poll_once(
    ledger: Ledger, open_client: Callable[[], GuardedClient], bell: Doorbell, clock: Clock
) -> list[PollReport]:
    """Polls every feed that is due and rings if anything new was stored."""
    try:
        reports = asyncio.run(_poll(ledger, open_client, clock))
        dark = ledger.feeds.note_dark(clock())
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
    for feed_id, notice in befell + [(one.feed_id, one.notice) for one in dark]:
        logs.line(str(notice.event), feed=feed_id, reason=notice.why)
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


def clocks_once(ledger: Ledger, timed: Timed, bell: Doorbell, clock: Clock) -> tuple[RanOut, ...]:
    """Deals with every clock that ran out and rings if anybody is to hear of one."""
    found: list[RanOut] = []
    more = True
    while more:
        now = clock()
        try:
            ran_out, more = fire_due(ledger, timed.clocks, timed.subscriptions, now, now)
        except StoreError as error:
            logs.failure("clocks.store_failed", error)
            break
        found += ran_out
    for one in found:
        told = sum(decision.alert is not None for decision in one.decisions)
        logs.line(
            "clock.ran_out", rule=one.clock.rule.id, story=one.story.id, party=one.clock.party, alerts=told
        )
    if any(decision.alert for one in found for decision in one.decisions):
        bell.ring(Work.DELIVERIES)
    return tuple(found)
