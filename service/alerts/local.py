"""Channels on this machine: a file that grows by a line, and a command that is handed the message.

Only the settings file can name them: whoever can write there can run programs anyway, and nobody else can.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.alerts.payload import payload
from service.core.messages import Told

MOST_ARGUMENTS = 100


@dataclass(frozen=True, slots=True)
class FileChannel:
    """A line of JSON for each message at the end of the file `path`."""

    name: str
    path: Path
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class CommandChannel:
    """A program with its arguments, run once for each message, which it reads from standard input."""

    name: str
    command: tuple[str, ...]
    timeout_seconds: float = 15.0


def file_problems(channel: FileChannel) -> Iterator[str]:
    """What is wrong with a file, before anything is written."""
    if "\0" in str(channel.path):
        yield "path must not hold a zero byte"
    elif channel.path.is_dir():
        yield "path is a folder: name a file in it"
    elif not channel.path.parent.is_dir():
        yield "path must lie in a folder that is there"


def command_problems(channel: CommandChannel) -> Iterator[str]:
    """What is wrong with a command. Whether the program is there is seen when it is run."""
    if not channel.command or not channel.command[0]:
        yield 'command must be a list that begins with a program: ["/usr/local/bin/page", "--urgent"]'
    elif len(channel.command) > MOST_ARGUMENTS:
        yield f"command must have at most {MOST_ARGUMENTS} words"
    elif any("\0" in word for word in channel.command):
        yield "command must not hold a zero byte"


def line(delivery_id: str, message: Told, at: datetime, base_url: str) -> bytes:
    """What both are given: the webhook's JSON with the delivery's id and this try's time, on one line."""
    whole = {"id": delivery_id, "sent": at.astimezone(UTC).isoformat(), **payload(message, base_url)}
    return json.dumps(whole, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode() + b"\n"
