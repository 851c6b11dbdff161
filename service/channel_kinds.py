"""Every kind of channel in one place: from what is set to what is checked, and from there to what sends.

A new kind is a model in channel_settings.py, a frozen channel and a transport in alerts/, and a line in
each of the functions here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from service.alerts.channels import (
    Channel as BasicChannel,
    ConsoleChannel,
    MailChannel,
    WebhookChannel,
    channel_problems,
    url_problems,
)
from service.alerts.chat.apprise import AppriseChannel, AppriseTransport, apprise_problems
from service.alerts.chat.send import ChatChannel, ChatTransport
from service.alerts.chat.telegram import CHAT, TOKEN
from service.alerts.command import CommandTransport
from service.alerts.console import ConsoleTransport
from service.alerts.file import FileTransport
from service.alerts.local import CommandChannel, FileChannel, command_problems, file_problems
from service.alerts.mail import MailTransport
from service.alerts.mute_links import MuteLinks
from service.alerts.transport import Transport
from service.alerts.webhook import WebhookTransport
from service.channel_settings import (
    AppriseSettings,
    ChannelSettings,
    ChatSettings,
    CommandSettings,
    FileSettings,
    MailSettings,
    TelegramSettings,
    TerminalSettings,
    WebhookSettings,
)
from service.errors import SettingsError
from service.net import GuardedClient

Channel = BasicChannel | ChatChannel | AppriseChannel | FileChannel | CommandChannel
_KINDS: dict[type[Channel], str] = {
    WebhookChannel: "webhook",
    MailChannel: "mail",
    ConsoleChannel: "terminal",
    AppriseChannel: "apprise",
    FileChannel: "file",
    CommandChannel: "command",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What channels that are made once and kept need to know of the service.

    `write`: lines to the terminal. `mute`: the links that mute a story, None where nobody can reach them.
    """

    base_url: str
    allow_networks: tuple[str, ...]
    write: Callable[[str], None]
    mute: MuteLinks | None = None


def kind_of(channel: Channel) -> str:
    """The kind in one word, as the settings name it."""
    return channel.service if isinstance(channel, ChatChannel) else _KINDS[type(channel)]


def channel_of(given: ChannelSettings) -> Channel:
    """The channel that a table of the settings names. It is not checked yet."""
    match given:
        case WebhookSettings():
            return _webhook(given)
        case MailSettings():
            return _mail(given)
        case TerminalSettings():
            return ConsoleChannel(given.name)
        case ChatSettings():
            return ChatChannel(
                given.name, given.kind, given.url.get_secret_value(), "", given.timeout_seconds
            )
        case TelegramSettings():
            return _telegram(given)
        case AppriseSettings():
            return AppriseChannel(given.name, given.url.get_secret_value(), given.timeout_seconds)
        case FileSettings():
            return FileChannel(given.name, given.path, given.timeout_seconds)
        case CommandSettings():
            return CommandChannel(given.name, given.command, given.timeout_seconds)


def check(channel: Channel) -> None:
    """Raises SettingsError with one sentence for each thing wrong with `channel`."""
    found = problems(channel)
    if found:
        raise SettingsError(" ".join(f"Channel {channel.name[:64]!r}: {problem}." for problem in found))


def problems(channel: Channel) -> tuple[str, ...]:
    """All that is wrong with `channel`, each said without its values that may be secret. Empty: nothing."""
    return (*channel_problems(channel), *_of_kind(channel))


def _of_kind(channel: Channel) -> Iterator[str]:
    match channel:
        case ChatChannel():
            yield from url_problems(channel.url)
        case AppriseChannel():
            yield from apprise_problems(channel)
        case FileChannel():
            yield from file_problems(channel)
        case CommandChannel():
            yield from command_problems(channel)


def steady_transport(channel: Channel, around: Surroundings) -> Transport | None:
    """What sends to `channel`, made once and kept; None where it needs a client for each run."""
    match channel:
        case MailChannel():
            return MailTransport(channel, around.base_url, mute=around.mute)
        case ConsoleChannel():
            return ConsoleTransport(channel.name, around.write, around.base_url)
        case FileChannel():
            return FileTransport(channel, around.base_url)
        case CommandChannel():
            return CommandTransport(channel, around.base_url)
        case AppriseChannel():
            return AppriseTransport(channel, around.base_url, around.allow_networks)
        case _:
            return None


def client_transport(
    channel: Channel,
    client: GuardedClient,
    base_url: str,
    signing: Callable[[WebhookChannel, datetime], tuple[str, ...]],
) -> Transport | None:
    """What sends to `channel` over `client`; None where it needs none. `signing`: the secrets that sign."""
    match channel:
        case WebhookChannel():
            return WebhookTransport(channel, client, base_url, lambda now: signing(channel, now))
        case ChatChannel():
            return ChatTransport(channel, client, base_url)
        case _:
            return None


def _webhook(given: WebhookSettings) -> WebhookChannel:
    secrets = (*((given.secret,) if given.secret else ()), *given.secrets)
    return WebhookChannel(
        given.name,
        given.url,
        tuple(secret.get_secret_value() for secret in secrets),
        given.timeout_seconds,
        tuple((name, value.get_secret_value()) for name, value in given.headers.items()),
    )


def _mail(given: MailSettings) -> MailChannel:
    return MailChannel(
        name=given.name,
        host=given.host,
        port=given.port,
        security=given.security,
        username=given.username,
        password=given.password.get_secret_value() if given.password else None,
        sender=given.sender,
        recipients=given.recipients,
        timeout_seconds=given.timeout_seconds,
    )


def _telegram(given: TelegramSettings) -> ChatChannel:
    token = given.token.get_secret_value()
    if not TOKEN.fullmatch(token):
        raise SettingsError(f"Channel {given.name!r}: token must look as 123456:ABC-DEF, of your bot.")
    if not CHAT.fullmatch(given.chat):
        raise SettingsError(f"Channel {given.name!r}: chat must be a number, or @ and a name.")
    url = f"{given.api.rstrip('/')}/bot{token}/sendMessage"
    return ChatChannel(given.name, "telegram", url, given.chat, given.timeout_seconds)
