"""The many services that apprise knows, each message sent by a contained child process.

Why a child: apprise and its plugins open connections of their own, by several libraries, so our guarded
client cannot carry them. In the child a hook of the interpreter looks at every connection as it is opened,
whichever library does, and refuses where the guarded client would (apprise_child.py); it may run no
program, sees none of our environment, and is ended when its time is over. The address, which is a secret,
goes to it by a pipe.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from service.alerts.chat.inert import unlinked
from service.alerts.chat.parts import closing_lines, grid_lines
from service.alerts.inert import shorten
from service.alerts.lines import tongue_of
from service.alerts.render import View, view
from service.alerts.tongue import Tongue
from service.alerts.transport import Sent, first_words
from service.core.messages import Told
from service.errors import OutgoingError

BODY_LIMIT = 3000
ANSWER_BYTES = 64 * 1024
_SCHEME = re.compile(r"[a-z][a-z0-9]{1,30}://\S{1,4000}", re.IGNORECASE)
_CHILD = "service.alerts.chat.apprise_child"
_HANDED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """A service in apprise's own form of an address, which is a secret."""

    name: str
    url: str = field(repr=False)
    timeout_seconds: float = 20.0


def apprise_problems(channel: AppriseChannel) -> Iterator[str]:
    """What is wrong with it, said without its address."""
    if not _SCHEME.fullmatch(channel.url):
        yield "url must be an address in apprise's form, as ntfy://topic or mmost://host/token"
    if importlib.util.find_spec("apprise") is None:
        yield "its kind needs an extra: pip install 'rumorwatch[chat]'"


class AppriseTransport:
    """Sends messages to one service that apprise knows."""

    def __init__(self, channel: AppriseChannel, base_url: str, allow_networks: Sequence[str]) -> None:
        self.name = channel.name
        self._channel = channel
        self._base_url = base_url
        self._allow = tuple(allow_networks)

    async def send(self, delivery_id: str, message: Told, at: datetime) -> Sent:
        """Hand the message to apprise, which says only whether it was taken. OutgoingError where not."""
        shown = view(message, self._base_url)
        asked = {
            "url": self._channel.url,
            "title": unlinked(shown.headline),
            "body": _body(shown, tongue_of(message)),
            "allow": self._allow,
        }
        process = await self._started()
        try:
            async with asyncio.timeout(self._channel.timeout_seconds):
                said, _ = await process.communicate(json.dumps(asked).encode("ascii"))
        except TimeoutError:
            seconds = self._channel.timeout_seconds
            raise OutgoingError(f"Apprise {self.name!r} took longer than {seconds:g} s.") from None
        finally:
            await _end(process)
        return self._judged(said[:ANSWER_BYTES])

    async def _started(self) -> Process:
        environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", _CHILD, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment
            )
        except OSError as error:
            raise OutgoingError(f"Apprise {self.name!r} cannot be started: {error.strerror}.") from None

    def _judged(self, said: bytes) -> Sent:
        try:
            answer = json.loads(said)
            taken, why = bool(answer["taken"]), str(answer["said"])
        except (ValueError, KeyError, TypeError):
            raise OutgoingError(f"Apprise {self.name!r} died before it answered.") from None
        why = first_words(_without_secrets(why, self._channel.url))
        if not taken:
            raise OutgoingError(f"Apprise {self.name!r} did not take it.", answer=why)
        return Sent(status=None, answer=why or "taken")


def _body(shown: View, tongue: Tongue) -> str:
    lines = [shown.timing]
    for side in shown.sides:
        lines += ["", f"{side.heading} ({side.source})", f"“{side.text}”"]
    for entry in shown.entries[:20]:
        lines += ["", entry.headline, f"{entry.source} {entry.text}".rstrip()]
    left = shown.unlisted + max(0, len(shown.entries) - 20)
    lines += ["", *grid_lines(shown, tongue), *closing_lines(shown, tongue, left)]
    told = shorten("\n".join(unlinked(line) for line in lines).strip(), BODY_LIMIT)
    return f"{told}\n{shown.label}: {shown.page}"


def _without_secrets(said: str, url: str) -> str:
    """What apprise said, without the parts of the address: its log may quote any of them."""
    parts = {part for part in re.split(r"[^A-Za-z0-9_.~-]+", url.partition("://")[2]) if len(part) > 3}
    for part in sorted(parts, key=len, reverse=True):
        said = said.replace(part, "***")
    return said


async def _end(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
