"""A request and its answer, and what becomes of a request that is redirected. Nothing is sent here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from service.core.addresses import why_url_refused
from service.errors import AddressRefused, OutgoingError

_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "webhook-signature"})
_BODY_HEADERS = frozenset({"content-type", "content-length", "content-encoding"})


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `cut_long_body`: a body over `max_bytes` is cut instead of being an error.

    A body that took `slow_after_seconds` must have brought `least_rate` bytes for each second by then and
    from then on.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    deadline_seconds: float = 30.0
    max_bytes: int = 10 * 1024 * 1024
    follow_redirects: bool = True
    cut_long_body: bool = False
    slow_after_seconds: float = 10.0
    least_rate: float = 1000.0


@dataclass(frozen=True, slots=True)
class Response:
    """The final answer, whatever its status. `body` is inflated; `url` is where it came from.

    `truncated`: the body was cut at `max_bytes`. `permanent_redirects_only`: there were redirects, and all of
    them were 301 or 308. `inside`: only the allow-list let us reach it.
    """

    status: int
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool = False
    permanent_redirects_only: bool = False
    inside: bool = False

    def header(self, name: str) -> str | None:
        """The first value of the header `name`, upper or lower case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


def redirected(request: Request, status: int, location: str) -> Request:
    """The request that follows `request` after a redirect of `status` to `location`.

    Secrets stay with their origin: another origin does not get them, and a request that carries some is not
    moved from https to http. Raises OutgoingError for that, AddressRefused for a location that cannot be
    read; whether the target may be visited at all is judged at the next hop.
    """
    try:
        target = urljoin(request.url, location.strip().replace(" ", "%20"))
    except ValueError:
        raise AddressRefused(f"{where(request.url)} redirects to an address that cannot be read.") from None
    headers = request.headers
    secret = any(key.lower() in _SECRET_HEADERS for key, _ in headers)
    if secret and request.url.lower().startswith("https:") and not target.lower().startswith("https:"):
        raise OutgoingError(f"{where(request.url)} redirects a signed request to plain http.", permanent=True)
    if _origin(request.url) != _origin(target):
        headers = tuple(pair for pair in headers if pair[0].lower() not in _SECRET_HEADERS)
    to_get = status == 303 or (status in (301, 302) and request.method == "POST")
    if to_get and request.method != "HEAD":
        headers = tuple(pair for pair in headers if pair[0].lower() not in _BODY_HEADERS)
        return replace(request, url=target, headers=headers, method="GET", body=None)
    return replace(request, url=target, headers=headers)


def where(url: str) -> str:
    """The host and port of `url` for messages: its path and user name may be secrets."""
    rest = url.partition("://")[2] or url
    return re.split(r"[/?#\\\s]", rest, maxsplit=1)[0].rpartition("@")[2][:200] or "nowhere"


def _origin(url: str) -> tuple[str, str, int | None]:
    if why_url_refused(url) is not None:
        return ("refused", url, None)
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return (scheme, (parts.hostname or "").lower(), parts.port or (443 if scheme == "https" else 80))
