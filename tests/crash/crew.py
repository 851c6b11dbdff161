"""The processes of a service, forked from one that has everything loaded, started again whenever they die."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.running import ROOT, environment

START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Role:
    """One process that is to be there: `word` is run or worker."""

    name: str
    word: str


@dataclass
class Running:
    """A role's process right now."""

    role: Role
    pid: int
    since: float
    failpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Death:
    """A process that ended: by which status, and whether somebody here wanted it."""

    role: Role
    pid: int
    status: int
    at: float
    wanted: bool
    failpoint: str | None


@dataclass
class Crew:
    """Starts and restarts the roles; `failpoint_for` may arm the next start of a role."""

    folder: Path
    roles: tuple[Role, ...]
    settings: dict[str, str]
    failpoint_for: Callable[[Role], str | None] = lambda role: None
    tree: Path = ROOT  # the code that is tested
    more: dict[str, object] = field(default_factory=dict)
    deaths: list[Death] = field(default_factory=list)

    def __enter__(self) -> Crew:
        self.running: dict[str, Running] = {}
        self._wanted: set[int] = set()
        self._asked: set[int] = set()
        self._answers: queue.Queue[dict[str, object]] = queue.Queue()
        self._lock = threading.RLock()
        self._over = False
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"],
            cwd=self.folder,
            env=environment(self.folder, **self.settings) | {"PYTHONPATH": str(self.tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "zygote.log").open("wb"),
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._take("ready")
        for role in self.roles:
            self._start(role)
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        with self._lock:
            for running in self.running.values():
                _signal(running.pid, signal.SIGKILL)
        assert self._zygote.stdin is not None
        self._zygote.stdin.close()
        try:
            self._zygote.wait(10)
        except subprocess.TimeoutExpired:
            self._zygote.kill()
            self._zygote.wait(10)
        with suppress(ProcessLookupError):  # what outlived its parent, as an item that is tried alone may
            os.killpg(self._zygote.pid, signal.SIGKILL)
        self._listener.join(10)
        assert self._zygote.stdout is not None
        self._zygote.stdout.close()

    def log(self, role: str) -> str:
        """All that the role's processes said."""
        path = self.folder / f"{role}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def kill(self, name: str) -> int:
        """Kills the role's process as it is now, without warning; its pid. It is started again."""
        with self._lock:
            pid = self.running[name].pid
            self._wanted.add(pid)
        _signal(pid, signal.SIGKILL)
        return pid

    def ask_to_stop(self, name: str) -> None:
        """Asks the role's process to stop in order, once however often it is called."""
        with self._lock:
            pid = self.running[name].pid
            if pid in self._asked:
                return
            self._asked.add(pid)
        _signal(pid, signal.SIGTERM)

    def kill_child(self, name: str) -> bool:
        """Kills a child of the role's process, a parser mostly; whether there was one.

        Not one that tries an item alone: what kills two of those is set aside, as it must be.
        """
        children = [one for one in _children(self.running[name].pid) if not _tries_alone(one)]
        for child in children[:1]:
            _signal(child, signal.SIGKILL)
        return bool(children)

    def rest(self) -> None:
        """Starts nothing again from now on."""
        self._over = True

    def _start(self, role: Role) -> None:
        failpoint = self.failpoint_for(role)
        env = {"RUMORWATCH_FAILPOINT": failpoint} if failpoint else {}
        asked = {
            "word": role.word,
            "name": role.name,
            "env": env,
            "log": str(self.folder / f"{role.name}.log"),
        }
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(asked | self.more).encode() + b"\n")
        self._zygote.stdin.flush()
        with self._lock:
            self.running[role.name] = Running(role, 0, time.monotonic(), failpoint)

    def _take(self, key: str) -> dict[str, object]:
        answer = self._answers.get(timeout=START_SECONDS)
        assert key in answer, answer
        return answer

    def _listen(self) -> None:
        assert self._zygote.stdout is not None
        for line in self._zygote.stdout:
            said = json.loads(line)
            if "ready" in said:
                self._answers.put(said)
            elif "pid" in said:
                with self._lock:
                    self.running[said["name"]].pid = int(said["pid"])
            else:
                self._buried(int(said["died"]), int(said["status"]))

    def _buried(self, pid: int, status: int) -> None:
        with self._lock:
            found = next((one for one in self.running.values() if one.pid == pid), None)
            if found is None:
                return
            # One that was asked before it had begun to listen dies of the signal, which harms nothing.
            wanted = pid in self._wanted or (pid in self._asked and status in (0, -signal.SIGTERM))
            self.deaths.append(Death(found.role, pid, status, time.monotonic(), wanted, found.failpoint))
            if not self._over:
                self._start(found.role)


def holder(pid: int) -> str:
    """How a token begins that this process of this machine holds."""
    return f"{socket.gethostname()}/{pid}/"


def _signal(pid: int, how: signal.Signals) -> None:
    if pid:
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            return


def _tries_alone(pid: int) -> bool:
    try:
        return b"workers.alone" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    except OSError:
        return found
    return found
