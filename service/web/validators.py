"""ETags for what the API answers: a program that asks again for what it has is told so in a few bytes.

How it decides: the tag is the hash of the answer's body, so it never says "unchanged" of anything that
changed. It saves the network, not the ledger. What it leaves out: streams and anything that is not JSON.
"""

from __future__ import annotations

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_API = "/api/v1/"


class Validators:
    """ASGI: tags JSON answers of reads below /api/v1/, and answers 304 to who has the same already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but JSON answers of 200 to a GET, which wait until they are whole."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_API):
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Tagging(scope, send))


class _Tagging:
    """What is sent to one request."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._asked = Headers(scope=scope).get("if-none-match", "")
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Hold what is to be tagged until its end, send anything else as it comes."""
        if message["type"] == "http.response.start" and _is_to_be_tagged(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start, bytes(self._body))

    async def _finish(self, start: Message, body: bytes) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = MutableHeaders(scope=start)
        headers["ETag"] = tag
        headers["Cache-Control"] = "private, no-cache"  # kept by who asked, and asked about each time
        if _has(self._asked, tag):
            start["status"], body = 304, b""
            del headers["content-length"], headers["content-type"]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_to_be_tagged(message: Message) -> bool:
    kind = Headers(raw=message.get("headers", [])).get("content-type", "")
    return message["status"] == 200 and kind.partition(";")[0] == "application/json"


def _has(asked: str, tag: str) -> bool:
    """Whether an If-None-Match names the tag, as RFC 9110 compares it: weak or strong alike."""
    given = [one.strip().removeprefix("W/") for one in asked.split(",")]
    return tag in given or given == ["*"]
