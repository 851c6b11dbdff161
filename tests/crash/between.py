"""A proxy between a process and its database or Valkey, which does to the line what lines suffer."""

from __future__ import annotations

import random
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes_receivers import reset

CHUNK = 65536
Cut = Callable[[bytes], int | None]


@dataclass
class Between:
    """Forwards a port of its own to `target`, an address or the path of a Unix socket.

    `cut`, asked with each piece of an answer, says after how many of its bytes the line is cut; None: not.
    `slow` seconds pass before each answer. While `down`, lines are cut and new ones refused.
    """

    target: tuple[str, int] | str
    cut: Cut = lambda piece: None
    slow: float = 0.0
    cuts: int = 0
    down: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Between:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _accept(self) -> None:
        while not self.over.is_set():
            if not select.select([self._listener], [], [], 0.1)[0]:
                continue
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.down.is_set():
                reset(near)
                continue
            thread = threading.Thread(target=self._carry, args=(near,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _carry(self, near: socket.socket) -> None:
        try:
            far = self._reach()
        except OSError:
            reset(near)
            return
        try:
            self._both_ways(near, far)
        except OSError:
            pass  # either end went away, which is what the proxy is for
        finally:
            reset(near)
            far.close()

    def _reach(self) -> socket.socket:
        if isinstance(self.target, str):
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.target)
            return far
        return socket.create_connection(self.target, 5)

    def _both_ways(self, near: socket.socket, far: socket.socket) -> None:
        while not (self.over.is_set() or self.down.is_set()):
            for ready in select.select([near, far], [], [], 0.1)[0]:
                piece = ready.recv(CHUNK)
                if not piece:
                    return
                if ready is near:
                    far.sendall(piece)
                    continue
                if self.slow:
                    self.over.wait(self.slow)
                at = self.cut(piece)
                if at is not None:
                    near.sendall(piece[:at])
                    self.cuts += 1
                    return
                near.sendall(piece)


def commits_cut(share: float, seed: int) -> Cut:
    """Cuts the line at any byte of PostgreSQL's answer to a COMMIT, in a `share` of them: it is committed."""
    chance = random.Random(seed)

    def cut(piece: bytes) -> int | None:
        found = piece.find(b"COMMIT\x00")
        if found < 0 or chance.random() >= share:
            return None
        start = max(0, found - 5)  # the message's kind and length stand before its words
        return chance.randint(start, found + len(b"COMMIT\x00"))

    return cut


def hostile(redis: Any, folder: Any) -> None:
    """Puts into the doorbell's queue what somebody else might: a pickle that runs a command, noise, names."""
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            import os

            return (os.system, (f"touch {folder}/was-executed",))

    for number, data in enumerate(
        (pickle.dumps(Evil()), b"\x00\xff noise", b'["os.system", null, ["x"], {}]')
    ):
        redis.hset(
            f"rq:job:evil-{number}", mapping={"data": data, "created_at": "never", "origin": "rumorwatch"}
        )
        redis.rpush("rq:queue:rumorwatch", f"evil-{number}")
    redis.rpush("rq:queue:rumorwatch", b"\xff\xfe", "no-such-job")
