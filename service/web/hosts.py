"""Which names this service answers to: a page elsewhere that points its own name at us learns nothing.

How it decides: exactly one Host header, read by `parse_host`, must name this machine's loopback or a name
from the settings; the port does not matter. Below some paths, those of hubs and of secret addresses, a
public name may be asked for too, and nothing else under that name. What it leaves out: X-Forwarded-Host and
its kin, never read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address

from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import SettingsError
from service.web.problems import problem

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_NAME = re.compile(r"([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}))(?::([0-9]{1,5}))?", re.ASCII)
_LITERAL = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::([0-9]{1,5}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered: an HTTP status and a sentence for the person who asks."""

    status: int
    detail: str


_MISSING = Refusal(400, "The request names no single host, so it cannot be answered.")
_MALFORMED = Refusal(400, "The Host header of this request is not a host name or address.")
_FOREIGN = Refusal(421, "This service does not answer to that host name; add it to the allowed hosts.")


def parse_host(value: str) -> str | None:
    """The host in a Host header without its port: lower case, an IPv6 address short and without brackets.

    One dot at the end of a name is dropped. None for anything that is no host.
    """
    literal = _LITERAL.fullmatch(value)
    found = literal or _NAME.fullmatch(value)
    if found is None or (found[2] is not None and int(found[2]) > 65535):
        return None
    return _short_address(found[1]) if literal else _plain_name(found[1])


def _short_address(text: str) -> str | None:
    try:
        return IPv6Address(text).compressed
    except AddressValueError:
        return None


def _plain_name(text: str) -> str | None:
    name = text.lower().removesuffix(".")
    return None if ".." in name or name.endswith(".") else name


def allowed_names(configured: Iterable[str]) -> frozenset[str]:
    """Loopback and the configured names, as `parse_host` gives them. SettingsError for one that is none."""
    return LOOPBACK | {_configured_name(text) for text in configured}


def _configured_name(text: str) -> str:
    bracketed = f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text
    name = parse_host(bracketed)
    if name is None:
        raise SettingsError(f"The allowed host {text!r} is not a host name or address.")
    return name


def refusal(values: list[bytes], allowed: frozenset[str]) -> Refusal | None:
    """Why a request with these Host headers is refused, None where it is welcome."""
    if len(values) != 1 or not values[0]:
        return _MISSING
    name = parse_host(values[0].decode("latin-1"))
    if name is None:
        return _MALFORMED
    return None if name in allowed else _FOREIGN


@dataclass(frozen=True, slots=True)
class Opened:
    """The addresses that begin with one of `paths` answer to these `names` too."""

    paths: tuple[str, ...]
    names: frozenset[str]


class HostGate:
    """ASGI: lets through what is addressed to us, on every route alike, but for what is `opened`."""

    def __init__(self, app: ASGIApp, allowed: frozenset[str], opened: Opened | None = None) -> None:
        self._app = app
        self._allowed = allowed
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 400 or 421 as problem+json; a socket is closed before it opens."""
        refused = None
        if scope["type"] != "lifespan":
            values = [value for name, value in scope["headers"] if name == b"host"]
            refused = refusal(values, self._allowed | self._more(scope))
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        else:
            await problem(refused.status, refused.detail)(scope, receive, send)

    def _more(self, scope: Scope) -> frozenset[str]:
        opened = self._opened
        if opened is None or not scope["path"].startswith(opened.paths):
            return frozenset()
        return opened.names
