"""The child that runs apprise: reads one message from standard input, sends it, answers and ends.

Every connection of this process passes a hook of the interpreter that nothing in it can take out again: it
refuses each address that our guarded client would refuse, and all programs. The address is the one that is
connected to, so a name that changes its address gains nothing.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any

from service.core.addresses import Network, networks, why_address_refused

_CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_PROGRAMS = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.forkpty",
)


def guard(allowed: Sequence[Network]) -> Callable[[str, tuple[Any, ...]], None]:
    """A hook that lets a process reach only what the guarded client would, and run nothing."""

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event in _PROGRAMS:
            raise PermissionError(f"{event} is refused here")
        if event in _CONNECTS and (why := _why_refused(given[1], allowed)):
            raise ConnectionRefusedError(f"the address is refused: {why}")

    return hook


def _why_refused(address: Any, allowed: Sequence[Network]) -> str | None:
    if address is None:  # what is sent over a connection that passed here when it was opened
        return None
    if not isinstance(address, tuple) or not address:
        return "it is no address of the internet"
    return why_address_refused(str(address[0]), allowed)


def notify(url: str, title: str, body: str) -> tuple[bool, str]:
    """Whether the service of `url` took the message, and what apprise said of it."""
    from apprise import Apprise, NotifyFormat, OverflowMode

    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setLevel(logging.WARNING)
    logging.getLogger("apprise").addHandler(handler)
    plugin = Apprise.instantiate(url, suppress_exceptions=True)
    if plugin is None:
        return False, "apprise knows no service of such an address"
    plugin.overflow_mode = OverflowMode.TRUNCATE
    taken = plugin.notify(title=title, body=body, body_format=NotifyFormat.TEXT)
    return bool(taken), heard.getvalue()


def main() -> None:
    """One message in, one answer out, both JSON."""
    asked = json.load(sys.stdin)
    sys.addaudithook(guard(networks(asked["allow"])))
    try:
        taken, said = notify(asked["url"], asked["title"], asked["body"])
    except Exception as error:  # noqa: BLE001 - the process's edge: its parent is told what it was
        taken, said = False, f"{type(error).__name__}: {error}"
    json.dump({"taken": taken, "said": said[:2000]}, sys.stdout)


if __name__ == "__main__":
    main()
