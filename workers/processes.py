"""The processes that a person starts: the service, and a worker on another machine."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator, Sequence

import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler

from service import failpoints, logs, wiring
from service.audience_changes import change
from service.channel_care import Tried, named, standings, try_channel
from service.core.mute_tokens import read_token
from service.core.pushing import Intent, Verdict
from service.core.reading.lexicon import Knowledge
from service.doorbell import LocalBell, Work
from service.errors import SettingsError
from service.feeds.extract import is_available
from service.feeds.pushed import Taken, take
from service.feeds.websub import Content, PushReport, answer_intent, take_push
from service.jsonl import GivenItem
from service.outfeeds import Outfeeds
from service.scheduler import Reach, Timed, build_scheduler
from service.settings import Settings
from service.store.hubs import Held
from service.store.resending import Resent
from service.subscribers import written
from service.web.app import Push, Secret, create_app
from service.web.audience import Editing
from service.web.channels import ChannelDesk
from service.web.deliveries import WINDOW, DeliveryDesk
from service.web.intake import Intake, token_digest
from service.web.metrics import Measured
from service.web.mute import Muting
from service.web.parts import DeskParts
from service.web.serving import StreamingServer
from service.web.streams import Streams
from service.web.websub import Callback
from workers.answering import answer_rings
from workers.desk_parts import desk_parts
from workers.loop import Loop, delivery_loop, item_loop
from workers.mute_links import mute, mute_state, unmute

STOP_SECONDS = 10


def run_service(settings: Settings, knowledge: Knowledge | None = None) -> None:
    """Polls, serves the page and, without Redis, does the work too; returns when told to stop.

    `knowledge` is loaded where it is not given.
    """
    failpoints.arm(settings.failpoint)
    listener = _listen(settings)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    bell = wiring.choose_bell(settings)
    parts = wiring.open_parts(settings, bell, knowledge=knowledge)
    try:
        wiring.declare_feeds(parts.ledger, settings, parts.clock())
        loops = _loops(parts, bell) if isinstance(bell, LocalBell) else ()
        timed = Timed(parts.clocks, parts.audience.current, tuple(channel.name for channel in parts.channels))
        scheduler = build_scheduler(
            parts.ledger,
            parts.open_feed_client,
            bell,
            parts.clock,
            settings.sweep_seconds,
            timed,
            wiring.keeping(settings),
            Reach(settings.public_url, is_available()),
        )
        desk = desk_parts(parts)
        _greet(settings, parts)
        with _running(loops, scheduler):
            _serve(parts, listener, desk)
    finally:
        parts.ledger.close()


def run_worker(settings: Settings, knowledge: Knowledge | None = None) -> None:
    """Does the work of a service on this or another machine, woken through Redis."""
    failpoints.arm(settings.failpoint)
    if settings.redis_url is None:
        raise SettingsError(
            "RUMORWATCH_REDIS_URL is not set: a worker needs the Redis that the service rings."
        )
    bell = LocalBell()
    connection = wiring.open_redis(settings)
    parts = wiring.open_parts(settings, bell, knowledge=knowledge)
    try:
        with _running(_loops(parts, bell), None):
            logs.line("worker.started", channels=len(parts.channels))
            answer_rings(connection, bell)
            logs.line("worker.stopped")
    finally:
        parts.ledger.close()


def _loops(parts: wiring.Parts, bell: LocalBell) -> tuple[Loop, ...]:
    return (item_loop(parts, bell), delivery_loop(parts, bell))


@contextlib.contextmanager
def _running(loops: tuple[Loop, ...], scheduler: BackgroundScheduler | None) -> Iterator[None]:
    for loop in loops:
        loop.start()
    if scheduler is not None:
        scheduler.start()
    try:
        yield
    finally:
        if scheduler is not None:
            scheduler.shutdown(wait=True)
        for loop in loops:
            loop.stop(STOP_SECONDS)


def _serve(parts: wiring.Parts, listener: socket.socket, desk: DeskParts) -> None:
    streams = Streams(parts.ledger.streams, parts.base_url, parts.clock)
    app = create_app(
        parts.ledger.reports,
        allowed_hosts=parts.settings.answered_hosts,
        clock=parts.clock,
        demo=wiring.is_demo(parts.settings),
        intake=_intake(parts),
        push=_push(parts),
        traces=parts.ledger.traces,
        editing=_editing(parts),
        channels=_channels(parts),
        deliveries=_deliveries(parts),
        secret=_secret(parts),
        streams=streams,
        desk=desk,
    )
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
    )
    # uvicorn hands a caught signal on once it has shut down: that is the clean end, not an error, and what
    # still runs must be stopped after it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        StreamingServer(config, streams).run(sockets=[listener])


def _intake(parts: wiring.Parts) -> Intake | None:
    """Where programs may push items, or None where no token is set."""
    token = parts.settings.intake_token
    if token is None:
        return None

    def push(items: Sequence[GivenItem]) -> tuple[Taken, ...]:
        taken = take(parts.ledger.feeds, items, parts.clock())
        if any(one.state != "known" for one in taken):
            parts.bell.ring(Work.ITEMS)
        return taken

    return Intake(token_digest(token.get_secret_value()), push)


def _push(parts: wiring.Parts) -> Push | None:
    """Where hubs may push, or None where none can reach us."""
    host = wiring.public_host(parts.settings)
    if host is None:
        return None

    def take(held: Held, content: Content) -> PushReport:
        report = take_push(parts.ledger, held, content, parts.clock())
        if report.revisions:
            parts.bell.ring(Work.ITEMS)
        logs.line(
            "feed.pushed",
            feed=report.feed_id,
            outcome=report.outcome,
            new=report.revisions,
            reason=report.reason,
        )
        return report

    def verify(token: str, intent: Intent) -> Verdict | None:
        return answer_intent(parts.ledger.hubs, token, intent, parts.clock())

    return Push(host, Callback(parts.ledger.hubs.by_token, verify, take))


def _editing(parts: wiring.Parts) -> Editing:
    """Who hears of what, as programs read it and, with a token, change it."""
    token, rows = parts.settings.edit_token, parts.ledger.audience
    said = wiring.told_of(parts.settings)
    return Editing(
        None if token is None else token_digest(token.get_secret_value()),
        lambda: written(rows.listed()),
        lambda draft, dry: change(rows, said, draft, parts.clock(), dry=dry),
    )


def _deliveries(parts: wiring.Parts) -> DeliveryDesk:
    """What arrived and how long it took, as people and programs see it, and sending again."""
    ledger, token = parts.ledger, parts.settings.edit_token

    def measured() -> Measured:
        now = parts.clock()
        counts, channels = ledger.reports.counts(now), ledger.delivery_log.channels()
        return Measured(counts, channels, ledger.passages.latency(now - WINDOW))

    def sent(found: tuple[Resent, ...]) -> tuple[Resent, ...]:
        parts.bell.ring(Work.DELIVERIES)
        return found

    return DeliveryDesk(
        digest=None if token is None else token_digest(token.get_secret_value()),
        log=ledger.delivery_log,
        latency=ledger.passages.latency,
        resend=lambda asked: sent(ledger.resending.one(asked, parts.clock())),
        replay=lambda again, dry: sent(ledger.resending.since(again, parts.clock(), dry=dry)),
        measured=measured,
        clock=parts.clock,
    )


def _channels(parts: wiring.Parts) -> ChannelDesk:
    """The channels, as people and programs see, test and turn them."""
    rows, token = parts.ledger.channels, parts.settings.edit_token

    def attempt(name: str) -> Tried:
        async def whole() -> Tried:
            async with parts.open_transports() as transports:
                return await try_channel(transports, name, parts.clock())

        named(parts.channels, name)
        return asyncio.run(whole())

    def turn(name: str, on: bool, why: str) -> None:
        named(parts.channels, name)
        if on:
            rows.turn_on(name, parts.clock())
            parts.bell.ring(Work.DELIVERIES)
        else:
            rows.turn_off(name, why, parts.clock())

    return ChannelDesk(
        None if token is None else token_digest(token.get_secret_value()),
        lambda: standings(parts.channels, rows, parts.clock()),
        attempt,
        turn,
    )


def _secret(parts: wiring.Parts) -> Secret:
    """What stands behind addresses that nobody can guess."""
    return Secret(
        wiring.public_host(parts.settings),
        Outfeeds(parts.ledger, wiring.shared_root(parts.settings), parts.base_url, lambda: parts.knowledge),
        _muting(parts),
    )


def _muting(parts: wiring.Parts) -> Muting | None:
    """What links in mails do, or None where no reader could reach them."""
    links, ledger = wiring.mute_links(parts.settings, parts.ledger), parts.ledger
    if links is None:
        return None
    return Muting(
        lambda text: read_token(links.key, text, parts.clock()),
        lambda token: mute_state(ledger, token),
        lambda token: mute(ledger, token, parts.clock()),
        lambda token: unmute(ledger, token, parts.clock()),
    )


def _listen(settings: Settings) -> socket.socket:
    """The page's socket, taken before anything is written, so that a port in use leaves no trace."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host.strip("[]"), settings.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"RUMORWATCH_PORT: {settings.host}:{settings.port} cannot be listened on: {error.strerror}."
        ) from None
    return listener


def _greet(settings: Settings, parts: wiring.Parts) -> None:
    watched = wiring.feeds(settings)
    what = f"{len(watched)} feed{'s' if len(watched) != 1 else ''}"
    if wiring.is_demo(settings):
        what = "the demonstration feed (five articles in seeds/)"
    sys.stdout.write(f"rumorwatch watches {what}.\nLook at {parts.base_url}/   Stop with Ctrl-C.\n\n")
    sys.stdout.flush()
