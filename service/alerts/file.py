"""A file on this machine: a line of JSON for each message, on the disk before the message counts as told.

It is opened anew for each line, so a file that was moved away (log rotation) is made again; several processes
take turns by a lock on it. A line that a crash or a full disk cut short is ended before the next, so one torn
line costs no other.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

from service.alerts.local import FileChannel, line
from service.alerts.transport import Sent
from service.core.messages import Told
from service.errors import OutgoingError

_PAUSE = 0.01
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK


class FileTransport:
    """Appends messages to one file."""

    def __init__(self, channel: FileChannel, base_url: str) -> None:
        self.name = channel.name
        self._channel = channel
        self._base_url = base_url

    async def send(self, delivery_id: str, message: Told, at: datetime) -> Sent:
        """Append the message and wait for the disk. OutgoingError where the file cannot be written now."""
        body = line(delivery_id, message, at, self._base_url)
        try:
            await asyncio.to_thread(append, self._channel.path, body, self._channel.timeout_seconds)
        except OSError as error:
            raise OutgoingError(f"File {self.name!r} cannot be written: {error.strerror or error}.") from None
        return Sent(status=None, answer=f"{len(body)} bytes written")


def append(path: Path, body: bytes, seconds: float = 10.0) -> None:
    """Add `body`, whole or not at all, at the end of `path`, and wait until it is on the disk.

    OSError where that fails, or others hold the file for longer than `seconds`.
    """
    give_up = monotonic() + seconds
    while True:
        is_new = not path.exists()
        handle = os.open(path, _FLAGS, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(None, "it is no plain file")
            _lock(handle, give_up)
            if _is_still(handle, path):
                _write(handle, body)
                break
        finally:
            os.close(handle)
    if is_new:
        _sync_folder(path.parent)


def _lock(handle: int, give_up: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if monotonic() > give_up:
                raise OSError(None, "another process holds it") from None
            sleep(_PAUSE)


def _is_still(handle: int, path: Path) -> bool:
    """Whether the file that was opened is the one of that name: it may have been moved away meanwhile."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _write(handle: int, body: bytes) -> None:
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        body = b"\n" + body
    try:
        left = memoryview(body)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, size)
        raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
