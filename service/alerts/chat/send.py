"""Chats: a message in each one's own form, posted through the guarded client like any webhook.

One table says what a chat is: how a message looks there, and what it answers when nobody listens any more. A
chat that refuses the words themselves (400, 413) would refuse them again, so that is for good.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.alerts.chat import discord, slack, teams, telegram
from service.alerts.lines import tongue_of
from service.alerts.render import View, view
from service.alerts.tongue import Tongue
from service.alerts.transport import Sent, first_words
from service.core.messages import Told
from service.core.wishes import seconds_asked
from service.errors import OutgoingError, ReceiverGone
from service.net import GuardedClient, Request, Response

ANSWER_BYTES = 64 * 1024
_REFUSED_WORDS = (400, 413)


@dataclass(frozen=True, slots=True)
class Service:
    """What is particular to one chat."""

    body: Callable[[View, Tongue, str], dict[str, Any]]
    is_gone: Callable[[int, str], bool]


SERVICES = {
    "slack": Service(slack.body, slack.is_gone),
    "discord": Service(discord.body, discord.is_gone),
    "teams": Service(teams.body, teams.is_gone),
    "telegram": Service(telegram.body, telegram.is_gone),
}


@dataclass(frozen=True, slots=True)
class ChatChannel:
    """A chat. `url` holds a secret: whoever knows it can write there. `to`: the chat, where Telegram asks."""

    name: str
    service: str
    url: str = field(repr=False)
    to: str = ""
    timeout_seconds: float = 15.0


class ChatTransport:
    """Sends messages to one chat."""

    def __init__(self, channel: ChatChannel, client: GuardedClient, base_url: str) -> None:
        self.name = channel.name
        self._channel = channel
        self._service = SERVICES[channel.service]
        self._client = client
        self._base_url = base_url

    async def send(self, delivery_id: str, message: Told, at: datetime) -> Sent:
        """POST the message; chats know no ids, so one that cuts before its answer may show it twice.

        Raises OutgoingError, permanent where the words are refused; ReceiverGone where nobody listens.
        """
        request = self._service.body(view(message, self._base_url), tongue_of(message), self._channel.to)
        response = await self._client.send(
            Request(
                method="POST",
                url=self._channel.url,
                headers=(("content-type", "application/json"),),
                body=json.dumps(request, ensure_ascii=True, allow_nan=False).encode("ascii"),
                deadline_seconds=self._channel.timeout_seconds,
                max_bytes=ANSWER_BYTES,
                cut_long_body=True,
                follow_redirects=False,
            )
        )
        return self._judged(response, at)

    def _judged(self, response: Response, at: datetime) -> Sent:
        status, answer = response.status, first_words(response.body)
        if 200 <= status < 300:
            return Sent(status=status, answer=answer)
        said = f"{self._channel.service.capitalize()} {self.name!r} answered {status}"
        if self._service.is_gone(status, answer):
            raise ReceiverGone(f"{said}: nobody listens there any more.", status=status, answer=answer)
        raise OutgoingError(
            f"{said}.",
            permanent=status in _REFUSED_WORDS,
            status=status,
            retry_after=_wish(response, at),
            answer=answer,
        )


def _wish(response: Response, at: datetime) -> float | None:
    """When it wants to be asked again: of the header, or of Telegram's own words."""
    if (said := seconds_asked(response.header("retry-after"), at)) is not None:
        return said
    try:
        seconds = json.loads(response.body)["parameters"]["retry_after"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return float(seconds) if isinstance(seconds, int | float) and seconds > 0 else None
