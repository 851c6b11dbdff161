"""Channels as a person sees them: how each stands, a try of one, a new secret.

No secret is ever shown but a new one, once, to who asked for it.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from service.alerts.channels import ConsoleChannel, MailChannel, WebhookChannel
from service.alerts.chat.apprise import AppriseChannel
from service.alerts.chat.send import ChatChannel
from service.alerts.local import CommandChannel, FileChannel
from service.alerts.signing import PREFIX
from service.alerts.transport import Transport
from service.channel_kinds import Channel, kind_of
from service.core.messages import ChannelTest
from service.core.rotation import Rotation, mark_of, signing_secrets
from service.core.text import stable_id
from service.errors import InputError, OutgoingError
from service.net import where
from service.store.channels import Backlog, ChannelRows

SECRET_BYTES = 32
LONGEST_OVERLAP = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Standing:
    """A channel and how it stands. `off_because`: nothing is sent to it. `secret_until`: two secrets sign."""

    name: str
    kind: str
    where: str
    waiting: int = 0
    dead: int = 0
    off_since: datetime | None = None
    off_because: str = ""
    secret_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a receiver said to a test. `why` is our sentence where it was not taken."""

    name: str
    taken: bool
    status: int | None
    answer: str
    seconds: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that signs from now on, beside the old ones until `until`."""

    channel: str
    secret: str = field(repr=False)
    until: datetime


def standings(channels: Sequence[Channel], rows: ChannelRows, now: datetime) -> tuple[Standing, ...]:
    """Every channel that is set, in the order of the settings."""
    off = {one.name: one for one in rows.off()}
    backlogs = {one.channel: one for one in rows.backlogs()}
    found = []
    for channel in channels:
        left = backlogs.get(channel.name, Backlog(channel.name))
        since = off.get(channel.name)
        found.append(
            Standing(
                name=channel.name,
                kind=kind_of(channel),
                where=address_of(channel),
                waiting=left.waiting,
                dead=left.dead,
                off_since=since.at if since else None,
                off_because=since.because if since else "",
                secret_until=_changing_until(channel, rows, now),
            )
        )
    return tuple(found)


def _changing_until(channel: Channel, rows: ChannelRows, now: datetime) -> datetime | None:
    if not isinstance(channel, WebhookChannel):
        return None
    rotation = rows.rotation(channel.name)
    return rotation.until if rotation is not None and now < rotation.until else None


def named(channels: Sequence[Channel], name: str) -> Channel:
    """The channel of that name. InputError names those that there are."""
    found = next((channel for channel in channels if channel.name == name), None)
    if found is None:
        there = ", ".join(channel.name for channel in channels)
        raise InputError(f"there is no channel {name[:64]!r}: there are {there}.")
    return found


def address_of(channel: Channel) -> str:
    """Where a channel leads, as far as that is no secret."""
    match channel:
        case WebhookChannel() | ChatChannel():
            return where(channel.url)
        case MailChannel():
            return f"{', '.join(channel.recipients)} by {channel.host}:{channel.port}"
        case AppriseChannel():
            return channel.url.partition(":")[0]
        case FileChannel():
            return str(channel.path)
        case CommandChannel():
            return channel.command[0]
        case ConsoleChannel():
            return "where the service runs"


async def try_channel(transports: Mapping[str, Transport], name: str, now: datetime) -> Tried:
    """Send a test, marked as one, once and at once. Nothing of it is kept."""
    message = ChannelTest(stable_id("test", name, now.isoformat()), name, now)
    started = monotonic()
    try:
        sent = await transports[name].send(message.id, message, now)
    except OutgoingError as error:
        seconds = round(monotonic() - started, 3)
        return Tried(name, False, error.status, error.answer, seconds, str(error))
    return Tried(name, True, sent.status, sent.answer, round(monotonic() - started, 3))


def rotate(rows: ChannelRows, channel: Channel, overlap: timedelta, now: datetime) -> NewSecret:
    """Make a secret that signs `channel` from now on, beside those that signed it for as long as `overlap`.

    InputError where it is no webhook, or the overlap too long.
    """
    if not isinstance(channel, WebhookChannel):
        raise InputError(f"{channel.name!r} is of kind {kind_of(channel)}: only a webhook has a secret.")
    if overlap > LONGEST_OVERLAP:
        raise InputError(f"two secrets sign for at most {LONGEST_OVERLAP.days} days.")
    secret = PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")
    before = signing_secrets(channel.secrets, rows.rotation(channel.name), now)
    until = now + overlap
    rows.rotate(Rotation(channel.name, secret, before, until, mark_of(channel.secrets), now))
    return NewSecret(channel.name, secret, until)
