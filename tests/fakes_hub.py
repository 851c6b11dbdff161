"""A WebSub hub on loopback: it takes subscriptions, verifies them and pushes, or does so wrongly.

with Hub() as hub:
    ... hub.url ... hub.asked ... hub.verify(callback) ... hub.push(callback, body)
"""

from __future__ import annotations

import hashlib
import hmac
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from urllib.parse import parse_qs, urlencode

from tests.fakes_feeds import FeedServer


@dataclass
class Hub:
    """Answers each request with `status`; what was asked of it is in `asked`, the latest last."""

    status: int = 202
    headers: tuple[tuple[str, str], ...] = ()
    server: FeedServer = field(default_factory=FeedServer)

    def __enter__(self) -> Hub:
        self.server.__enter__()
        self.server.serve_raw("/hub", self._answer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        return self.server.url("/hub")

    @property
    def asked(self) -> list[dict[str, str]]:
        """The forms that were posted, as words by name."""
        posted = [one for one in self.server.requests if one.path == "/hub" and one.method == "POST"]
        return [{name: values[0] for name, values in parse_qs(one.body.decode()).items()} for one in posted]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(self.status)
        for name, value in self.headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()


def intent_query(asked: dict[str, str], challenge: str = "ch-1", lease: str | None = "864000") -> str:
    """The query by which a hub verifies what it was asked."""
    words = {"hub.mode": asked["hub.mode"], "hub.topic": asked["hub.topic"], "hub.challenge": challenge}
    return urlencode(words | ({} if lease is None else {"hub.lease_seconds": lease}))


def signed(body: bytes, secret: str, method: str = "sha256") -> dict[str, str]:
    """The header that signs `body`."""
    digits = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    return {"X-Hub-Signature": f"{method}={digits}", "Content-Type": "application/atom+xml"}


def send(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """One request as a hub sends it: the status and the words of its answer."""
    request = urllib.request.Request(url, body, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
