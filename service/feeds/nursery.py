"""Contained children, quick to start: each is forked from one process that has loaded the parser already.

How it decides: a new interpreter that imports the parser costs more than the parse of an ordinary feed. So
one process (nursery_process.py) is started when the first document comes, loads what a parse needs and reads
nothing itself; for each document it forks a child, which gives up its powers before it looks at a byte. The
wall clock is held here. The process ends when this one does, however that ends, and takes its children along;
one that was killed is started anew. What it leaves out: a child that is used twice.
"""

from __future__ import annotations

import atexit
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

import service

KILL_SECONDS = 5.0  # how long the end of a child that was told to end is waited for
# Isolated mode knows no PYTHONPATH and no current folder: the process is told where the package lies.
_START = "import sys; sys.path.insert(0, sys.argv[1]); from service.feeds.nursery_process import main; main()"
_TRIES = 2


class Nursery:
    """Runs children, several at once and from any thread. Holds nothing before the first is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The process that forks, None where none runs."""
        return None if self._process is None else self._process.pid

    def run(self, order: bytes, output: IO[bytes], wall_seconds: float) -> str:
        """One child that reads `order` and writes to `output`, a file; what befell it, "" for an orderly end.

        Blocks until it ended, or was killed because `wall_seconds` were over.
        """
        with tempfile.TemporaryFile() as given:
            given.write(order)
            given.flush()
            for _ in range(_TRIES):
                given.seek(0)
                ended = self._one(given.fileno(), output.fileno(), wall_seconds)
                if ended is not None:
                    return ended
                self.close()
        return "the process that starts parsers could not be kept alive"

    def _one(self, given: int, output: int, wall_seconds: float) -> str | None:
        """How one child ended; None where the process that was to fork it is gone."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, suppress(OSError):
                self._hand_over([given, output, theirs.fileno()])
            ours.settimeout(wall_seconds)
            try:
                return _told(ours.recv(16))
            except TimeoutError:
                _kill(ours)
                return f"it took longer than {wall_seconds:g} s"
            except OSError:
                return None

    def _hand_over(self, files: list[int]) -> None:
        with self._lock:
            if self._control is None:
                self._start()
            assert self._control is not None
            socket.send_fds(self._control, [b"\0"], files)

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        root = str(Path(service.__file__).resolve().parent.parent)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, root, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={},
            )
        atexit.register(self.close)

    def close(self) -> None:
        """End the process and whatever it forked. The next `run` starts another."""
        with self._lock:
            process, control = self._process, self._control
            self._process = self._control = None
        atexit.unregister(self.close)
        if control is not None:
            control.close()
        if process is not None:
            try:
                process.wait(KILL_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


NURSERY = Nursery()


def _told(answer: bytes) -> str | None:
    if not answer:
        return None
    status = int(answer)
    if status < 0:
        return f"the parser was stopped by signal {-status}"
    return f"the parser ended with status {status}" if status else ""


def _kill(line: socket.socket) -> None:
    """Hang up, which has the child killed, and wait until it is dead."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_WR)
        line.settimeout(KILL_SECONDS)
        line.recv(16)
