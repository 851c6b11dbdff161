"""Loads everything once and forks a process of rumorwatch whenever it is asked to.

A start costs seconds of loading, and a harness that kills five hundred processes would measure little else.
What is forked is a whole process with a pid of its own: only loaded code and knowledge are shared.

It reads one JSON object a line ({"word": "run", "env": {...}, "log": path}) and answers each with the pid;
who died is told as {"died": pid, "status": n}.
"""

from __future__ import annotations

import gc
import json
import os
import select
import sys
from typing import Any


def main() -> None:
    """Serves until standard input ends."""
    import aiohttp  # noqa: F401 - loaded before the first fork, like all that a process needs
    import alembic.config  # noqa: F401
    import psycopg  # noqa: F401

    import workers.processes  # noqa: F401
    from service.lexicons import load_knowledge

    knowledge = load_knowledge(["en"])
    gc.freeze()
    _say({"ready": True})
    rest = b""
    while True:
        if select.select([0], [], [], 0.02)[0]:
            chunk = os.read(0, 65536)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                _start(json.loads(line), knowledge)
        _bury()


def _say(words: dict[str, object]) -> None:
    os.write(1, json.dumps(words).encode() + b"\n")


def _bury() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _say({"died": pid, "status": os.waitstatus_to_exitcode(status)})


def _start(asked: dict[str, Any], knowledge: Any) -> None:
    pid = os.fork()
    if pid:
        _say({"pid": pid, "name": asked["name"]})
        return
    status = 1
    try:
        _become(asked)
        status = _run(asked["word"], knowledge)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except Exception:  # noqa: BLE001 - the edge of the process: its log tells
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _become(asked: dict[str, Any]) -> None:
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(asked["env"])
    if "fsize" in asked:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["fsize"], resource.RLIM_INFINITY))


def _run(word: str, knowledge: Any) -> int:
    from service import logs
    from service.errors import RumorwatchError
    from service.settings import load_settings
    from workers.processes import run_service, run_worker

    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level)
    try:
        (run_service if word == "run" else run_worker)(settings, knowledge)
    except RumorwatchError as error:
        sys.stderr.write(f"rumorwatch: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    main()
