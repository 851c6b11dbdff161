"""The one place where real parts are chosen and joined."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError
from redis import Redis

from service.alerts.channels import ConsoleChannel, WebhookChannel
from service.alerts.console import writer
from service.alerts.mute_links import MuteLinks
from service.alerts.transport import Transport
from service.channel_kinds import (
    Channel,
    Surroundings,
    channel_of,
    check,
    client_transport,
    steady_transport,
)
from service.clocks import load_clocks
from service.core.addresses import networks
from service.core.clocks import ClockBook
from service.core.feed import Feed
from service.core.intervals import USUAL
from service.core.model import Subscription
from service.core.reading.lexicon import Knowledge
from service.core.retention import Keeping
from service.core.rotation import signing_secrets
from service.core.text import stable_id
from service.doorbell import Doorbell, LocalBell, RqBell
from service.errors import InputError, SettingsError
from service.feeds import extract
from service.feeds.fetch import local_path
from service.feeds.listed import FILE, read_list, same
from service.feeds.opml import ListedFeed
from service.feeds.pushed import INTAKE, keep_unpolled
from service.feeds.search_feeds import QUERY, expanded, is_template
from service.lexicons import load_knowledge
from service.net import GuardedClient
from service.pace import HostPace
from service.settings import FeedSettings, Settings
from service.store.leases import LeaseClock
from service.store.ledger import Ledger
from service.subscribers import Audience, Declared, declared, subscription as subscription

SEEDS = Path(__file__).parent.parent / "seeds"
DEMO_FEED = SEEDS / "feed.atom"
REDIS_SECONDS = 5.0
TERMINAL = "terminal"  # the channel where none is set

Clock = Callable[[], datetime]


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
    audience: Audience
    watchlist: tuple[str, ...]
    clocks: ClockBook
    steady: Mapping[str, Transport]
    pace: HostPace

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """Who hears of what right now."""
        return self.audience.current()

    def open_client(self) -> GuardedClient:
        """A guarded client, to be closed by whoever opened it."""
        return open_client(self.settings)

    def open_feed_client(self) -> GuardedClient:
        """A guarded client that takes turns at hosts with all others of its kind, for feeds and articles."""
        return open_client(self.settings, self.pace)

    def open_transports(self) -> AbstractAsyncContextManager[Mapping[str, Transport]]:
        """The channels by name, over one client, for the length of the block."""
        return open_transports(self.settings, self.ledger, self.channels, self.steady)

    @property
    def base_url(self) -> str:
        """The address that links in alerts begin with."""
        return base_url(self.settings)


def open_client(settings: Settings, pace: HostPace | None = None) -> GuardedClient:
    """A guarded client within the settings, to be closed by whoever opened it. With `pace` it takes turns."""
    return GuardedClient(
        allow_networks=settings.allow_networks,
        polite_networks=settings.polite_networks,
        user_agent=f"rumorwatch/{version('rumorwatch')}",
        pace=pace,
    )


def utc_now() -> datetime:
    """The clock of a running service."""
    return datetime.now(UTC)


def open_parts(
    settings: Settings, bell: Doorbell, clock: Clock = utc_now, knowledge: Knowledge | None = None
) -> Parts:
    """Checks what is set, opens the ledger, loads the language knowledge if none is given. Nothing runs."""
    channels = checked_channels(settings)
    knowledge = knowledge or load_knowledge()
    watchlist = tuple(knowledge.names.canonical(name) for name in settings.watchlist)
    ledger = open_ledger(settings)
    heard = audience(settings, ledger, knowledge)
    try:
        heard.current()
        steady = steady_transports(channels, settings, ledger)
    except BaseException:
        ledger.close()
        raise
    return Parts(
        settings=settings,
        ledger=ledger,
        knowledge=knowledge,
        bell=bell,
        clock=clock,
        channels=channels,
        audience=heard,
        clocks=clock_book(knowledge, settings.silence_hours),
        watchlist=watchlist,
        steady=steady,
        pace=HostPace(settings.host_gap_seconds),
    )


def subscriptions(settings: Settings, knowledge: Knowledge | None = None) -> tuple[Subscription, ...]:
    """Who hears of what by the settings alone: those that are set, or one to everything."""
    return declared(told_of(settings), knowledge)


def audience(settings: Settings, ledger: Ledger, knowledge: Knowledge | None = None) -> Audience:
    """Who hears of what by the settings and the ledger, as it is at each moment."""
    return Audience(told_of(settings), ledger.audience, knowledge)


def told_of(settings: Settings) -> Declared:
    """What the settings say of who hears of what."""
    named = tuple(channel.name for channel in settings.channels) or (TERMINAL,)
    return Declared(settings.subscriptions, named, settings.strength, settings.feed_alerts)


def clock_book(knowledge: Knowledge, silence_hours: int) -> ClockBook:
    """The clocks that run on stories, over the companies that the name table knows."""
    companies = [row for row in knowledge.names.rows.values() if row.kind in ("company", "bank")]
    return load_clocks({row.name: row.country for row in companies}, silence_hours)


def keeping(settings: Settings) -> Keeping:
    """For how long what nothing needs any more is kept."""
    return Keeping(
        items_days=settings.retention_items_days,
        texts_days=settings.retention_texts_days,
        attempts_days=settings.retention_attempts_days,
        notices_days=settings.retention_notices_days,
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
    return Ledger.open(settings.ledger_url, LeaseClock(by_database=True))


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


def shared_root(settings: Settings) -> str:
    """What secret addresses that others are told begin with."""
    return settings.public_url or base_url(settings)


def public_host(settings: Settings) -> str | None:
    """The host name by which hubs know us, None where none can reach us."""
    return urlsplit(settings.public_url).hostname if settings.public_url else None


def is_demo(settings: Settings) -> bool:
    """Whether no feed is named and none was imported, so that the seeds are watched."""
    return not _named(settings)


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """The feeds to poll: those of the settings and the imported ones, or the demonstration feed.

    The demonstration feed is told as news. SettingsError for a search feed that no watchlist fills.
    """
    named = _named(settings)
    if named:
        return tuple({feed.id: feed for one in named for feed in _expanded(one, settings)}.values())
    address = str(DEMO_FEED)
    # The id does not hold the folder, so a clone that moved keeps its ledger.
    return (Feed(id=stable_id("f", "seeds"), url=address, outlet="seeds", told_as_news=True),)


def declare_feeds(ledger: Ledger, settings: Settings, now: datetime) -> None:
    """Make the feeds of `settings` those that are polled, from now on, by a running service too."""
    pushed = (INTAKE,) if settings.intake_token is not None else ()
    ledger.feeds.declare((*feeds(settings), *pushed), now)
    if pushed:
        keep_unpolled(ledger.feeds, now)


def imported_feeds(settings: Settings) -> tuple[ListedFeed, ...]:
    """The feeds that were imported. SettingsError where their list cannot be used."""
    return read_list(list_path(settings), networks(settings.allow_networks))


def list_path(settings: Settings) -> Path:
    """Where the list of imported feeds lies."""
    return settings.data_dir / FILE


def feed_settings(feed: ListedFeed) -> FeedSettings:
    """What an imported feed says, checked as the settings check it. InputError where it is wrong."""
    said = {
        "outlet": feed.outlet if feed.outlet is not None else feed.title,
        "interval_minutes": feed.interval_minutes,
        "lang": feed.lang,
        "told_as_news": feed.told_as_news,
        "full_text": feed.full_text,
        "watchlist": feed.watchlist or feed.subscription,
    }
    try:
        known = {name: value for name, value in said.items() if value not in (None, "")}
        return FeedSettings.model_validate({"url": feed.url, **known})
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise InputError(f"{feed.url}: {problem['loc'][0]} is wrong: {problem['msg']}") from None


def listed_feed(feed: FeedSettings) -> ListedFeed:
    """A feed of the settings as a list names it."""
    names = isinstance(feed.watchlist, tuple)
    return ListedFeed(
        url=feed.url,
        title=feed.outlet,
        outlet=feed.outlet or None,
        interval_minutes=feed.interval_minutes,
        lang=feed.lang,
        told_as_news=feed.told_as_news,
        full_text=feed.full_text,
        watchlist=feed.watchlist if isinstance(feed.watchlist, tuple) else (),
        subscription=None if names else str(feed.watchlist),
    )


def _named(settings: Settings) -> tuple[FeedSettings, ...]:
    """The feeds of the settings, then the imported ones that these do not name."""
    taken = {same(feed.url) for feed in settings.feeds}
    imported = [feed for feed in imported_feeds(settings) if same(feed.url) not in taken]
    try:
        return (*settings.feeds, *(feed_settings(feed) for feed in imported))
    except InputError as error:
        raise SettingsError(f"the list of feeds {list_path(settings)} cannot be used: {error}.") from None


def _expanded(feed: FeedSettings, settings: Settings) -> tuple[Feed, ...]:
    """The feed, or one for each name that its address is filled with."""
    if not is_template(feed.url):
        if feed.watchlist:
            raise SettingsError(f"feeds: {feed.url} has a watchlist and no {QUERY} to be filled from it.")
        return (_feed(feed),)
    urls = expanded(feed.url, _names(feed, settings))
    if not urls:
        raise SettingsError(f"feeds: {feed.url} is to be filled from a watchlist, and it holds no names.")
    return tuple(_feed(feed.model_copy(update={"url": url})) for url in urls)


def _names(feed: FeedSettings, settings: Settings) -> tuple[str, ...]:
    if isinstance(feed.watchlist, tuple):
        return feed.watchlist or settings.watchlist
    named = next((one for one in settings.subscriptions if one.name == feed.watchlist), None)
    if named is None:
        raise SettingsError(f"feeds: {feed.url} names the subscription {feed.watchlist!r}, which is not set.")
    return named.watchlist


def _feed(feed: FeedSettings) -> Feed:
    return Feed(
        id=stable_id("f", feed.url),
        url=feed.url,
        outlet=feed.outlet or _host(feed.url) or Path(feed.url).stem,
        interval_seconds=USUAL
        if feed.interval_minutes is None
        else max(1, round(feed.interval_minutes * 60)),
        adaptive=feed.interval_minutes is None and local_path(feed.url) is None,
        lang=feed.lang,
        told_as_news=feed.told_as_news,
        # A file of ours names what it likes; nothing is asked for because of it.
        full_text=feed.full_text == "auto" and local_path(feed.url) is None and extract.is_available(),
    )


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError as error:
        raise SettingsError(f"feeds: the address {url[:200]!r} cannot be read: {error}.") from None


def one_feed(url: str, outlet: str = "", minutes: float | None = None, lang: str | None = None) -> Feed:
    """A feed that a person names. InputError where what is said of it is wrong."""
    return _feed(feed_settings(ListedFeed(url, outlet=outlet or None, interval_minutes=minutes, lang=lang)))


@asynccontextmanager
async def open_transports(
    settings: Settings, ledger: Ledger, channels: tuple[Channel, ...], steady: Mapping[str, Transport]
) -> AsyncIterator[Mapping[str, Transport]]:
    """The channels by name, over one client, for the length of the block; `steady`: those kept."""

    def signing(channel: WebhookChannel, now: datetime) -> tuple[str, ...]:
        return signing_secrets(channel.secrets, ledger.channels.rotation(channel.name), now)

    client = open_client(settings)
    try:
        made = [client_transport(one, client, base_url(settings), signing) for one in channels]
        yield {**steady, **{one.name: one for one in made if one is not None}}
    finally:
        await client.close()


def steady_transports(
    channels: tuple[Channel, ...], settings: Settings, ledger: Ledger
) -> Mapping[str, Transport]:
    """Those that need no client, made once and kept."""
    around = Surroundings(
        base_url(settings), settings.allow_networks, writer(sys.stdout), mute_links(settings, ledger)
    )
    made = [steady_transport(channel, around) for channel in channels]
    return {one.name: one for one in made if one is not None}


def mute_links(settings: Settings, ledger: Ledger) -> MuteLinks | None:
    """The links in mails that mute a story; None where no reader could reach them."""
    if settings.public_url is None:
        return None
    return MuteLinks(settings.public_url, ledger.own_keys.key("mute"))


def checked_channels(settings: Settings) -> tuple[Channel, ...]:
    """The channels of the settings, or the terminal. SettingsError says what is wrong with one."""
    channels = tuple(channel_of(channel) for channel in settings.channels) or (ConsoleChannel(TERMINAL),)
    for channel in channels:
        check(channel)
    return channels
