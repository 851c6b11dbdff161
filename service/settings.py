"""Every setting, with its default and its reason: the only reader of the environment and of the TOML file.

Order: environment (`RUMORWATCH_` and the name in capitals), then the TOML file, then the default. The file is
the one named by `RUMORWATCH_CONFIG`, else `rumorwatch.toml` in the working folder where there is one.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from service.audience import SubscriptionSettings as SubscriptionSettings
from service.channel_settings import ChannelSettings as ChannelSettings
from service.core.addresses import why_url_refused
from service.core.model import Strength
from service.core.stories import DORMANT_AFTER
from service.errors import SettingsError

PREFIX = "RUMORWATCH_"
DEFAULT_FILE = "rumorwatch.toml"


class FeedSettings(BaseModel):
    """One `[[feeds]]` table: a source to poll."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(min_length=1, description="Address of the feed, or the path of a file on this machine.")
    outlet: str = Field("", description="Name shown for its items; empty: the host of the address.")
    interval_minutes: float | None = Field(
        None,
        ge=1 / 60,
        description="Minutes between two polls, whatever the publisher asks for; below 5 only on your own "
        "servers. Empty: 5 to 60, as often as it has news and its publisher allows.",
    )
    lang: str | None = Field(None, description="Language of its items; empty: recognised item by item.")
    told_as_news: bool = Field(
        False, description="Alert on what the first fetch finds, however old: for demonstrations and tests."
    )
    full_text: Literal["auto", "never"] = Field(
        "auto",
        description="`auto`: where it carries only a stub of an article, the article is fetched, as far as "
        "its site lets us; needs the extra `fulltext`.",
    )
    watchlist: str | tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (),
        description="Names that fill `{query}` in the address, one feed a name, or a subscription whose "
        "watchlist does; empty: the watchlist of these settings.",
    )


class Settings(BaseSettings):
    """The settings of one start. A wrong one is a SettingsError that names it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Field(Path("data"), description="Folder for the database file; made if it is not there.")
    host: str = Field(
        "127.0.0.1", description="Address to listen on. Any but loopback needs a token first: `tokens add`."
    )
    port: int = Field(8731, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Names besides localhost that the Host header may hold, behind a proxy of yours."
    )
    base_url: str | None = Field(
        None, description="Address of the page as your readers reach it, for the links in alerts."
    )
    database_url: str | None = Field(
        None,
        repr=False,
        description="`postgresql://user:password@host/name`, or empty for SQLite in `data_dir`.",
    )
    redis_url: str | None = Field(
        None,
        description="`redis://host:6379/0` to let `rumorwatch worker` do the work; empty: in one process.",
    )
    lease_seconds: float = Field(
        15, ge=1, le=600, description="How long a worker may hold work in silence before others take it."
    )
    sweep_seconds: float = Field(
        5, ge=0.05, le=300, description="How often the ledger is searched for work that nobody was told of."
    )
    allow_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Networks besides the public ones that feeds and webhooks may reach: `127.0.0.0/8`."
    )
    host_gap_seconds: float = Field(
        1, ge=0, le=60, description="Seconds between two requests to one host; less than 1 is impolite."
    )
    polite_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Networks of `allow_networks` whose hosts are paced and left alone as public ones are.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="From which level on lines are logged."
    )
    log_format: Literal["text", "json"] = Field("text", description="For a person, or for a machine.")
    feeds: Annotated[tuple[FeedSettings, ...], NoDecode] = Field(
        (), description="`[[feeds]]` tables; none: the demonstration feed."
    )
    channels: Annotated[tuple[ChannelSettings, ...], NoDecode] = Field(
        (), description="`[[channels]]` tables; none: the terminal."
    )
    watchlist: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Companies, people and bodies to track, by any of their names; none: everything."
    )
    minimum_strength: Literal["flat", "limited", "not_aware"] = Field(
        "not_aware", description="The weakest denial that alerts."
    )

    subscriptions: Annotated[tuple[SubscriptionSettings, ...], NoDecode] = Field(
        (), description="`[[subscriptions]]` tables; none: one to everything, on every channel."
    )
    intake_token: SecretStr | None = Field(
        None, description="Bearer token of programs that push items to /api/v1/items; empty: nobody may."
    )
    public_url: str | None = Field(
        None,
        description="Where hubs, readers of feeds and of mails reach this service from outside: your proxy "
        "hands on what comes below its `/push/`, `/out/` and `/mute/`, and nothing else. Empty: feeds are "
        "only polled.",
    )
    edit_token: SecretStr | None = Field(
        None,
        description="Bearer token of programs that edit watchlists and subscriptions; empty: none may.",
    )
    feed_alerts: bool = Field(
        True, description="Whether subscriptions without a watchlist hear that a feed is dark, and back."
    )
    failpoint: str | None = Field(
        None,
        description="For tests of crashes: `PLACE:ORDINAL` where the process dies; empty: nowhere.",
    )
    silence_hours: int = Field(
        24, ge=0, le=8760, description="Hours without any reply after which a rumor is silent; 0: no watch."
    )
    retention_items_days: int = Field(
        365, ge=0, description="Days after which the words of items in no story are removed; 0: never."
    )
    retention_texts_days: int = Field(
        730,
        ge=0,
        description="Days without news of its stories after which an item's text is removed, its title and "
        "quotations not; at least 180, when a story is dormant; 0: never.",
    )
    retention_attempts_days: int = Field(
        365, ge=0, description="Days after which attempts of finished deliveries are removed; 0: never."
    )
    retention_notices_days: int = Field(
        365, ge=0, description="Days after which notices of what befell feeds are removed; 0: never."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, which `load_settings` hands over as arguments."""
        return (env_settings, init_settings)

    @field_validator("allowed_hosts", "allow_networks", "polite_networks", "watchlist", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """In the environment a list is written with commas."""
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("host")
    @classmethod
    def _an_address(cls, host: str) -> str:
        if host != "localhost" and not _is_address(host):
            raise ValueError("must be an address of this machine, as 127.0.0.1, ::1 or 0.0.0.0, or localhost")
        return host

    @field_validator("intake_token", "edit_token")
    @classmethod
    def _hard_to_guess(cls, token: SecretStr | None) -> SecretStr | None:
        given = None if token is None else token.get_secret_value()
        if given is not None and not re.fullmatch(r"[!-~]{24,500}", given):
            raise ValueError("must be 24 to 500 characters of ASCII without spaces: make one at random")
        return token

    @field_validator("public_url")
    @classmethod
    def _reachable(cls, url: str | None) -> str | None:
        if url is not None and (why := why_url_refused(url) or _why_not_plain(url)):
            raise ValueError(f"must be the address of a folder, as https://rumors.example.org: {why}")
        return url and url.rstrip("/")

    @field_validator("allow_networks", "polite_networks")
    @classmethod
    def _networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks

    @field_validator("watchlist")
    @classmethod
    def _names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if any(not name.strip() for name in names):
            raise ValueError("holds an empty name")
        return names

    @field_validator("retention_texts_days")
    @classmethod
    def _dormant_only(cls, days: int) -> int:
        if 0 < days < DORMANT_AFTER.days:
            raise ValueError(f"must be 0 or at least {DORMANT_AFTER.days}: a younger story is not dormant")
        return days

    @field_validator("channels")
    @classmethod
    def _distinct(cls, channels: tuple[ChannelSettings, ...]) -> tuple[ChannelSettings, ...]:
        names = [channel.name for channel in channels]
        double = next((name for name in names if names.count(name) > 1), None)
        if double:
            raise ValueError(f"two channels are named {double!r}")
        return channels

    @property
    def strength(self) -> Strength:
        """`minimum_strength` as the core's word."""
        return Strength(self.minimum_strength)

    @property
    def is_alone(self) -> bool:
        """Whether only this machine reaches the page."""
        return self.host == "localhost" or ip_address(self.host.strip("[]")).is_loopback

    @property
    def answered_hosts(self) -> tuple[str, ...]:
        """The names that the page answers to besides localhost: the allowed ones, and its own address."""
        named = self.host != "localhost" and not ip_address(self.host.strip("[]")).is_unspecified
        return (*self.allowed_hosts, self.host) if named else self.allowed_hosts

    @property
    def ledger_url(self) -> str:
        """Where the ledger is."""
        return self.database_url or f"sqlite:///{self.data_dir / 'rumorwatch.db'}"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this start, from environment and TOML file; SettingsError where one is wrong."""
    environment = os.environ if environment is None else environment
    path, values = _read_file(environment.get(f"{PREFIX}CONFIG"))
    _refuse_unknown(environment)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(_sentence(error, path)) from None


def _read_file(named: str | None) -> tuple[Path | None, dict[str, Any]]:
    path = Path(named or DEFAULT_FILE)
    if not named and not path.exists():
        return None, {}
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the settings file {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file {path} is not valid TOML: {error}.") from None


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}CONFIG"}
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            raise SettingsError(
                f"{name} is no setting; the known ones are listed in deploy/rumorwatch.example.toml."
            )


def _sentence(error: ValidationError, path: Path | None) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    name = str(problem["loc"][0]) if problem["loc"] else "a setting"
    variable = f"{PREFIX}{name.upper()}"
    where = (
        variable if variable in os.environ else f"{_dotted(problem['loc'])} in {path}" if path else variable
    )
    return f"{where} is wrong: {problem['msg'].removeprefix('Value error, ')}."


def _dotted(location: tuple[int | str, ...]) -> str:
    words = [str(part + 1) if isinstance(part, int) else part for part in location]
    return ".".join(words)


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _why_not_plain(url: str) -> str | None:
    return "it has a query or a fragment" if "?" in url or "#" in url else None
