"""The channels a person can name in the settings, and what can be wrong with one.

A message names the channel and the field. It shows neither secrets nor passwords nor addresses of webhooks,
which often are secrets themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from service.alerts.headers import header_problems
from service.alerts.signing import secret_bytes
from service.errors import SettingsError

SECURITIES = ("none", "starttls", "tls")
LONGEST_TIMEOUT = 120.0

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# Dot-atoms on both sides: what every server takes, and nothing that could end a header or an SMTP command.
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{3,254}}\Z){_LOCAL}@{_LABEL}(?:\.{_LABEL})*")
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """A POST to `url`, signed once with each secret, with these `headers` besides ours."""

    name: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    timeout_seconds: float = 15.0
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class MailChannel:
    """A mail through one SMTP server. `security` is none, starttls or tls."""

    name: str
    host: str
    port: int
    security: str
    username: str | None
    password: str | None = field(repr=False)
    sender: str
    recipients: tuple[str, ...]
    timeout_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """Lines on the terminal that the service runs in."""

    name: str


Channel = WebhookChannel | MailChannel | ConsoleChannel


class Named(Protocol):
    """A channel of any kind."""

    @property
    def name(self) -> str: ...


def channel_problems(channel: Named) -> tuple[str, ...]:
    """What is wrong with the name of `channel`, and with what the kinds of this file hold."""
    found = [] if _NAME.fullmatch(channel.name) else ["name must be 1 to 64 letters, digits, dots, - or _"]
    match channel:
        case WebhookChannel():
            found += [*url_problems(channel.url), *_secret_problems(channel.secrets)]
            found += header_problems(channel.headers)
            found += _timeout_problems(channel.timeout_seconds)
        case MailChannel():
            found += [*_server_problems(channel), *_login_problems(channel), *_address_problems(channel)]
            found += _timeout_problems(channel.timeout_seconds)
    return tuple(found)


def url_problems(url: str) -> Iterator[str]:
    """What is wrong with an address to post to, said without it."""
    if not url.isprintable() or any(c.isspace() or c == "\\" for c in url):
        yield "url must not hold blanks, backslashes or control characters"
        return
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        yield "url cannot be read as an address"
        return
    if not named:
        yield "url must be http:// or https:// with a host"
    elif parts.username is not None or parts.password is not None:
        yield "url must not hold a user name or password"


def _secret_problems(secrets: tuple[str, ...]) -> Iterator[str]:
    if not secrets:
        yield "secrets must hold at least one: whsec_ and 24 to 64 random bytes in base64"
    for number, secret in enumerate(secrets, start=1):
        try:
            secret_bytes(secret)
        except SettingsError as error:
            yield f"secret {number} of {len(secrets)} cannot be used: {str(error).rstrip('.')}"


def _timeout_problems(seconds: float) -> Iterator[str]:
    if not 0 < seconds <= LONGEST_TIMEOUT:
        yield f"timeout_seconds must be more than 0 and at most {LONGEST_TIMEOUT:.0f}"


def _server_problems(channel: MailChannel) -> Iterator[str]:
    if not _HOST.fullmatch(channel.host):
        yield "host must be the name or address of an SMTP server"
    if not 0 < channel.port < 65536:
        yield "port must be 1 to 65535"
    if channel.security not in SECURITIES:
        yield f"security must be one of {', '.join(SECURITIES)}"


def _login_problems(channel: MailChannel) -> Iterator[str]:
    if (channel.username is None) != (channel.password is None):
        yield "username and password must be given together"
    if channel.security == "none" and (channel.username is not None or channel.password is not None):
        yield "a password is never sent unencrypted, so security must be starttls or tls"


def _address_problems(channel: MailChannel) -> Iterator[str]:
    if not _ADDRESS.fullmatch(channel.sender):
        yield f"sender {channel.sender[:80]!r} is not an e-mail address"
    if not channel.recipients:
        yield "recipients must hold at least one e-mail address"
    for address in channel.recipients:
        if not _ADDRESS.fullmatch(address):
            yield f"recipient {address[:80]!r} is not an e-mail address"
