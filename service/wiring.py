"""The one place where real parts are chosen and joined."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from redis import Redis

from service.alerts.channels import ConsoleChannel, MailChannel, WebhookChannel, check_channel
from service.alerts.console import ConsoleTransport, writer
from service.alerts.mail import MailTransport
from service.alerts.transport import Transport
from service.alerts.webhook import WebhookTransport
from service.core.model import Feed, Subscription
from service.core.reading.lexicon import Knowledge
from service.core.text import stable_id
from service.doorbell import Doorbell, LocalBell, RqBell
from service.errors import SettingsError
from service.lexicons import load_knowledge
from service.net import GuardedClient
from service.settings import FeedSettings, MailSettings, Settings, TerminalSettings, WebhookSettings
from service.store.ledger import Ledger

SEEDS = Path(__file__).parent.parent / "seeds"
DEMO_FEED = SEEDS / "feed.atom"
REDIS_SECONDS = 5.0

Clock = Callable[[], datetime]
Channel = WebhookChannel | MailChannel | ConsoleChannel


@dataclass(frozen=True, slots=True)
class Parts:
    """All that a scheduler, a page or a worker needs, joined. `watchlist` holds canonical names.

    `steady` holds the channels that need no client and remember what they did: recipients who took a mail are
    not sent it again when it is tried again for the others.
    """

    settings: Settings
    ledger: Ledger
    knowledge: Knowledge
    bell: Doorbell
    clock: Clock
    channels: tuple[Channel, ...]
    subscriptions: tuple[Subscription, ...]
    watchlist: tuple[str, ...]
    steady: Mapping[str, Transport]

    def open_client(self) -> GuardedClient:
        """A guarded client, to be closed by whoever opened it."""
        agent = f"rumorwatch/{version('rumorwatch')}"
        return GuardedClient(allow_networks=self.settings.allow_networks, user_agent=agent)

    @asynccontextmanager
    async def open_transports(self) -> AsyncIterator[Mapping[str, Transport]]:
        """The channels by name, over one client, for the length of the block."""
        client = self.open_client()
        try:
            hooks = [channel for channel in self.channels if isinstance(channel, WebhookChannel)]
            over_client = {hook.name: WebhookTransport(hook, client, self.base_url) for hook in hooks}
            yield {**self.steady, **over_client}
        finally:
            await client.close()

    @property
    def base_url(self) -> str:
        """The address that links in alerts begin with."""
        return base_url(self.settings)


def utc_now() -> datetime:
    """The clock of a running service."""
    return datetime.now(UTC)


def open_parts(settings: Settings, bell: Doorbell, clock: Clock = utc_now) -> Parts:
    """Checks what is set, opens the ledger, loads the language knowledge. Nothing runs yet."""
    channels = tuple(_channel(channel) for channel in settings.channels) or (ConsoleChannel("terminal"),)
    for channel in channels:
        check_channel(channel)
    knowledge = load_knowledge()
    watchlist = tuple(knowledge.names.canonical(name) for name in settings.watchlist)
    everything = Subscription(
        name="everything",
        minimum_strength=settings.strength,
        channels=tuple(channel.name for channel in channels),
    )
    return Parts(
        settings=settings,
        ledger=open_ledger(settings),
        knowledge=knowledge,
        bell=bell,
        clock=clock,
        channels=channels,
        subscriptions=(everything,),
        watchlist=watchlist,
        steady=_steady(channels, base_url(settings)),
    )


def open_ledger(settings: Settings) -> Ledger:
    """The ledger that the settings name, its folder made and its schema up to date."""
    if settings.database_url is None:
        try:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"RUMORWATCH_DATA_DIR: the folder {settings.data_dir} cannot be made: {error.strerror}."
            ) from None
    return Ledger.open(settings.ledger_url)


def open_redis(settings: Settings) -> Redis:
    """The connection of the doorbell; it connects at first use."""
    assert settings.redis_url is not None
    try:
        # No timeout on reads: a worker waits for its next ring in one blocking read.
        return Redis.from_url(settings.redis_url, socket_connect_timeout=REDIS_SECONDS)
    except ValueError as error:
        raise SettingsError(f"RUMORWATCH_REDIS_URL is wrong: {error}.") from None


def choose_bell(settings: Settings) -> Doorbell:
    """The bell of whoever stores work: in this process, or through Redis."""
    return RqBell(open_redis(settings)) if settings.redis_url else LocalBell()


def base_url(settings: Settings) -> str:
    """The page's address, without a slash at the end."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return (settings.base_url or f"http://{host}:{settings.port}").rstrip("/")


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """The feeds to poll: those of the settings, or the demonstration feed, which is told as news."""
    if settings.feeds:
        return tuple(_feed(feed) for feed in settings.feeds)
    address = str(DEMO_FEED)
    # The id does not hold the folder, so a clone that moved keeps its ledger.
    return (Feed(id=stable_id("f", "seeds"), url=address, outlet="seeds", told_as_news=True),)


def _feed(feed: FeedSettings) -> Feed:
    return Feed(
        id=stable_id("f", feed.url),
        url=feed.url,
        outlet=feed.outlet or urlsplit(feed.url).hostname or Path(feed.url).stem,
        interval_seconds=max(1, round(feed.interval_minutes * 60)),
        lang=feed.lang,
        told_as_news=feed.told_as_news,
    )


def _channel(channel: WebhookSettings | MailSettings | TerminalSettings) -> Channel:
    match channel:
        case WebhookSettings():
            given = (*((channel.secret,) if channel.secret else ()), *channel.secrets)
            secrets = tuple(secret.get_secret_value() for secret in given)
            return WebhookChannel(channel.name, channel.url, secrets, channel.timeout_seconds)
        case MailSettings():
            return MailChannel(
                name=channel.name,
                host=channel.host,
                port=channel.port,
                security=channel.security,
                username=channel.username,
                password=channel.password.get_secret_value() if channel.password else None,
                sender=channel.sender,
                recipients=channel.recipients,
                timeout_seconds=channel.timeout_seconds,
            )
        case TerminalSettings():
            return ConsoleChannel(channel.name)


def _steady(channels: tuple[Channel, ...], address: str) -> dict[str, Transport]:
    steady: dict[str, Transport] = {}
    for channel in channels:
        if isinstance(channel, MailChannel):
            steady[channel.name] = MailTransport(channel, address)
        elif isinstance(channel, ConsoleChannel):
            steady[channel.name] = ConsoleTransport(channel.name, writer(sys.stdout), address)
    return steady
