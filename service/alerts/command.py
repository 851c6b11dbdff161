"""A command on this machine: run without a shell, handed the message, its exit code the answer.

0: taken. 65 (EX_DATAERR): refused for good. Anything else, a signal or the end of its time: tried again. It
is given none of our environment but a few harmless names, since settings, and with them secrets, may stand
there; and it is ended with all its children when its time is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Mapping
from datetime import datetime

from service.alerts.local import CommandChannel, line
from service.alerts.transport import Sent, first_words
from service.core.messages import Told
from service.errors import OutgoingError

REFUSED_FOR_GOOD = 65
ANSWER_BYTES = 64 * 1024
_HANDED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER")


class CommandTransport:
    """Hands messages to one program. `environment` is where the few names that it may see come from."""

    def __init__(
        self, channel: CommandChannel, base_url: str, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.name = channel.name
        self._channel = channel
        self._base_url = base_url
        self._environment = {name: environment[name] for name in _HANDED_ON if name in environment}

    async def send(self, delivery_id: str, message: Told, at: datetime) -> Sent:
        """Run the program once. OutgoingError says how it ended, permanent for the exit code 65 alone."""
        body = line(delivery_id, message, at, self._base_url)
        process = await self._started()
        try:
            async with asyncio.timeout(self._channel.timeout_seconds):
                said = await _converse(process, body)
                code = await process.wait()
        except TimeoutError:
            await _end(process)
            seconds = self._channel.timeout_seconds
            raise OutgoingError(f"Command {self.name!r} took longer than {seconds:g} s.") from None
        except BaseException:
            await _end(process)
            raise
        return self._judged(code, first_words(said))

    async def _started(self) -> Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._channel.command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise OutgoingError(f"Command {self.name!r} cannot be started: {why}.") from None

    def _judged(self, code: int, said: str) -> Sent:
        if code == 0:
            return Sent(status=0, answer=said)
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise OutgoingError(
            f"Command {self.name!r} {how}.", permanent=code == REFUSED_FOR_GOOD, status=code, answer=said
        )


async def _converse(process: Process, body: bytes) -> bytes:
    _, said = await asyncio.gather(_tell(process, body), _hear(process))
    return said


async def _tell(process: Process, body: bytes) -> None:
    assert process.stdin is not None
    # One that does not care to read its input may still have done its work.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(body)
        await process.stdin.drain()
    process.stdin.close()


async def _hear(process: Process) -> bytes:
    """The beginning of what it says; the rest is read and dropped, so that it never waits for us."""
    assert process.stdout is not None
    said = bytearray()
    while chunk := await process.stdout.read(ANSWER_BYTES):
        said += chunk[: ANSWER_BYTES - len(said)]
    return bytes(said)


async def _end(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
