"""What runs when: polls of feeds that are due, a sweep for work that nobody was told of, clocks, hubs."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import TypeVar

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from service import logs
from service.clocks.fire import RanOut, fire_due
from service.clocks.release import Released, release_due
from service.core.channel_alerts import Heard
from service.core.clocks import ClockBook
from service.core.history import TOLD
from service.core.model import Due, Subscription
from service.core.retention import FOR_EVER, Keeping
from service.doorbell import Doorbell, Work
from service.errors import StoreError
from service.feeds.article import ArticleReport, Fetching, fetch_due
from service.feeds.lanes import keep_polling
from service.feeds.poll import PollReport
from service.feeds.robots import RobotsCache
from service.feeds.websub import AskReport, ask_due
from service.forgetting import Forgetting
from service.net import GuardedClient
from service.store.ledger import Ledger

POLL_TICK_SECONDS = 1.0
DARK_TICK_SECONDS = 15.0
CLOCK_TICK_SECONDS = 15.0
CHANNEL_TICK_SECONDS = 15.0
TRACK_TICK_SECONDS = 1800.0
FORGET_TICK_SECONDS = 600.0
_MOST_REPORTS = 10_000
HUB_TICK_SECONDS = 5.0
ARTICLE_TICK_SECONDS = 2.0
BEAT_SECONDS = 2.0  # between two tries whether a ledger that stores nothing does again

Clock = Callable[[], datetime]
Audience = Callable[[], Sequence[Subscription]]
Report = TypeVar("Report")


@dataclass(frozen=True, slots=True)
class Timed:
    """What runs on stories, and who hears of it when it ran out, or of what befell a feed or a channel.

    `channels` are all that are set.
    """

    clocks: ClockBook
    audience: Callable[[], tuple[Subscription, ...]]
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """What the service does besides polling.

    `public_url`: where hubs reach it, None where none can. `articles`: it can find the text of an article.
    """

    public_url: str | None = None
    articles: bool = False


def build_scheduler(
    ledger: Ledger,
    open_client: Callable[[], GuardedClient],
    bell: Doorbell,
    clock: Clock,
    sweep_seconds: float,
    timed: Timed,
    keeping: Keeping = FOR_EVER,
    reach: Reach = Reach(),
) -> BackgroundScheduler:
    """A scheduler, not yet started, whose jobs never overlap themselves.

    The job that polls goes on while anything is due; it ends within a second of the scheduler's shutdown.
    """
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(6)},  # polls hold one for good
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    now = datetime.now(UTC)
    leading = _Leading(ledger)

    def stopped() -> bool:
        return not scheduler.running or not leading.goes_on

    poll = _unless_it_goes_on(
        lambda: leading.do(lambda: poll_once(ledger, open_client, bell, clock, timed.audience, stopped))
    )
    jobs: list[tuple[str, Callable[[], object], float]] = [
        ("poll", poll, POLL_TICK_SECONDS),
        ("dark", lambda: dark_once(ledger, bell, clock, timed.audience), DARK_TICK_SECONDS),
        ("sweep", lambda: sweep_once(ledger, bell, clock), sweep_seconds),
        ("clocks", lambda: clocks_once(ledger, timed, bell, clock), CLOCK_TICK_SECONDS),
        ("channels", lambda: channels_once(ledger, timed, bell, clock), CHANNEL_TICK_SECONDS),
        ("tracks", lambda: tracks_once(ledger, clock), TRACK_TICK_SECONDS),
        ("retention", Forgetting(ledger, keeping, clock).tick, FORGET_TICK_SECONDS),
    ]
    if (public_url := reach.public_url) is not None:
        jobs.append(("hubs", lambda: hubs_once(ledger, open_client, public_url, clock), HUB_TICK_SECONDS))
    if reach.articles:
        do = partial(articles_once, ledger, open_client, bell, clock, RobotsCache())
        jobs.append(("articles", do, ARTICLE_TICK_SECONDS))
    jobs = [(name, job if job is poll else partial(leading.do, job), every) for name, job, every in jobs]
    for name, job, seconds in jobs:
        at_once = 2 if job is poll else 1
        scheduler.add_job(job, "interval", seconds=seconds, id=name, next_run_time=now, max_instances=at_once)
    return scheduler


def _unless_it_goes_on(act: Callable[[], object]) -> Callable[[], None]:
    """`act`, but nothing while another thread is at it: APScheduler warns of each tick that it refuses."""
    going_on = threading.Lock()

    def once() -> None:
        if going_on.acquire(blocking=False):
            try:
                act()
            finally:
                going_on.release()

    return once


class _Leading:
    """Lets a job run where this process leads, and says once when that changed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._leads: bool | None = None
        self._told: str | None = None
        self._next_beat = 0.0

    @property
    def goes_on(self) -> bool:
        """Whether a long job may go on: this process leads, as last asked, and what it saves is kept."""
        return self._leads is True and self._ledger.pulse.trouble is None

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
    ledger: Ledger,
    open_client: Callable[[], GuardedClient],
    bell: Doorbell,
    clock: Clock,
    audience: Audience = tuple,
    stopped: Callable[[], bool] = lambda: False,
) -> list[PollReport]:
    """Polls every feed that is due, ringing as soon as anything new is stored or befell a feed.

    The last reports; it may go on for as long as the service runs.
    """
    reports: deque[PollReport] = deque(maxlen=_MOST_REPORTS)

    def told(report: PollReport) -> None:
        reports.append(report)
        _log(report)
        if report.revisions:
            bell.ring(Work.ITEMS)
        if any(notice.event in TOLD for notice in report.notices):
            bell.ring(Work.DELIVERIES)

    try:
        asyncio.run(_poll(ledger, open_client, clock, told, audience, stopped))
    except StoreError as error:
        logs.failure("poll.store_failed", error)
        return []
    return list(reports)


def _log(report: PollReport) -> None:
    logs.line(
        "feed.polled",
        feed=report.feed_id,
        outcome=report.outcome,
        new=report.revisions,
        reason=report.reason,
    )
    for notice in report.notices:
        logs.line(str(notice.event), feed=report.feed_id, reason=notice.why)


async def _poll(
    ledger: Ledger,
    open_client: Callable[[], GuardedClient],
    clock: Clock,
    told: Callable[[PollReport], None],
    audience: Audience,
    stopped: Callable[[], bool],
) -> None:
    client = open_client()
    try:
        await keep_polling(ledger, client, clock, told, stopped=stopped, audience=audience)
    finally:
        await client.close()


def dark_once(ledger: Ledger, bell: Doorbell, clock: Clock, audience: Audience = tuple) -> None:
    """Notes the feeds that went dark: a job of its own, since some are always being polled where many are."""
    try:
        dark = ledger.feeds.note_dark(clock(), audience())
    except StoreError as error:
        logs.failure("dark.store_failed", error)
        return
    for one in dark:
        logs.line(str(one.notice.event), feed=one.feed_id, reason=one.notice.why)
    if dark:
        bell.ring(Work.DELIVERIES)


def channels_once(ledger: Ledger, timed: Timed, bell: Doorbell, clock: Clock) -> tuple[Heard, ...]:
    """Tells others of channels that fail, or are back."""
    try:
        told = ledger.breakers.tell(timed.audience(), timed.channels, clock())
    except StoreError as error:
        logs.failure("channels.store_failed", error)
        return ()
    for one in told:
        by = ",".join(one.channels) or None
        logs.warning(str(one.alert.event), channel=one.alert.channel, told_by=by, reason=one.alert.why)
    if any(one.channels for one in told):
        bell.ring(Work.DELIVERIES)
    return told


def tracks_once(ledger: Ledger, clock: Clock) -> None:
    """Counts the track records anew that alerts name."""
    try:
        ledger.tracks.refresh(clock())
    except StoreError as error:
        logs.failure("tracks.store_failed", error)


def hubs_once(
    ledger: Ledger, open_client: Callable[[], GuardedClient], public_url: str, clock: Clock
) -> list[AskReport]:
    """Asks the hubs of which something is due: to push, to go on, to end."""
    reports = _fetched(
        open_client,
        "hubs",
        is_due=lambda: bool(ledger.hubs.due(clock(), public_url, 1)),
        fetch=lambda client: ask_due(ledger.hubs, client, public_url, clock),
    )
    for report in reports:
        outcome = "failed" if report.trouble else "asked"
        logs.line(
            "feed.hub_asked",
            feed=report.feed_id,
            mode=report.mode,
            outcome=outcome,
            reason=report.trouble or None,
        )
    return reports


def articles_once(
    ledger: Ledger,
    open_client: Callable[[], GuardedClient],
    bell: Doorbell,
    clock: Clock,
    robots: RobotsCache,
) -> list[ArticleReport]:
    """Fetches the articles that are due and rings if the text of any was stored."""
    reports = _fetched(
        open_client,
        "articles",
        is_due=lambda: ledger.articles.are_due(clock()),
        fetch=lambda client: fetch_due(Fetching(ledger.articles, client, clock, robots)),
    )
    for report in reports:
        logs.line(
            "article.fetched",
            item=report.item_id,
            feed=report.feed_id,
            outcome=report.outcome,
            reason=report.reason,
        )
    if any(report.revisions for report in reports):
        bell.ring(Work.ITEMS)
    return reports


def _fetched(
    open_client: Callable[[], GuardedClient],
    what: str,
    is_due: Callable[[], bool],
    fetch: Callable[[GuardedClient], Awaitable[list[Report]]],
) -> list[Report]:
    """What `fetch` reports where anything is due; a ledger that fails is logged under `what`."""

    async def with_client() -> list[Report]:
        async with open_client() as client:
            return await fetch(client)

    try:
        return asyncio.run(with_client()) if is_due() else []
    except StoreError as error:
        logs.failure(f"{what}.store_failed", error)
        return []


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
