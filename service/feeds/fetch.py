"""Asking for a feed: conditional over HTTP, or read from a disk of ours; the answer is not parsed here.

Validators are the server's words and go back as they came. Only an operator's own settings can name a file:
a feed whose address is `file:///...` or a path without a scheme is read from disk, and the SHA-256 of its
bytes is its etag.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from service.core.feed import Feed
from service.core.hosts import host_of
from service.core.wishes import seconds_asked
from service.errors import FeedError, OutgoingError
from service.net import GuardedClient, Request, Response, where

MAX_FEED_BYTES = 10 * 1024 * 1024
DEADLINE_SECONDS = 30.0
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole document with the validators that name this version of it.

    `moved_to` is where redirects for good led, None where there were none. `fresh_seconds` is how long the
    answer says it stays fresh, None where it says nothing. `links` are its Link headers.
    """

    body: bytes
    content_type: str | None
    url: str
    etag: str | None
    last_modified: str | None
    moved_to: str | None = None
    fresh_seconds: int | None = None
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotModified:
    """The document is the one we have. A validator is None where the answer brought no new one."""

    etag: str | None
    last_modified: str | None
    moved_to: str | None = None
    fresh_seconds: int | None = None


async def fetch(
    client: GuardedClient, feed: Feed, now: datetime, at_hop: Callable[[str], None] | None = None
) -> Fetched | NotModified:
    """The document of `feed`, unless it is the one that its validators name. `at_hop`: as the client's.

    Raises OutgoingError (with the status and the server's Retry-After in seconds, counted from `now`) or
    AddressRefused for the web, FeedError for a file that cannot be read.
    """
    path = local_path(feed.url)
    if path is not None:
        return await asyncio.to_thread(_read_file, path, feed.etag)
    response = await client.send(_request(feed), at_hop)
    if response.status == 304:
        return NotModified(
            etag=_validator(response, "etag"),
            last_modified=_validator(response, "last-modified"),
            moved_to=_moved_to(response),
            fresh_seconds=fresh_seconds(response, now),
        )
    if response.status != 200:
        raise _refusal(feed.url, response, now)
    return Fetched(
        body=response.body,
        content_type=response.header("content-type"),
        url=response.url,
        etag=_validator(response, "etag"),
        last_modified=_validator(response, "last-modified"),
        moved_to=_moved_to(response),
        fresh_seconds=fresh_seconds(response, now),
        links=tuple(value for name, value in response.headers if name.lower() == "link"),
    )


async def fetch_page(client: GuardedClient, url: str, now: datetime) -> Fetched:
    """A page of a feed's archive, asked for once and without condition. Raises as `fetch` does."""
    response = await client.send(_request(Feed(id="", url=url, outlet="")))
    if response.status != 200:
        raise _refusal(url, response, now)
    return Fetched(response.body, response.header("content-type"), response.url, None, None)


def local_path(url: str) -> Path | None:
    """The file that a feed's address means, or None where it is one of the web."""
    if url.lower().startswith("file:///"):
        return Path(unquote(url[len("file://") :]))
    return None if "://" in url else Path(url)


def _read_file(path: Path, etag: str | None) -> Fetched | NotModified:
    try:
        with path.open("rb") as file:
            body = file.read(MAX_FEED_BYTES + 1)
    except OSError as error:
        raise FeedError(f"The feed file {path} cannot be read: {error.strerror}.") from error
    if len(body) > MAX_FEED_BYTES:
        raise FeedError(f"The feed file {path} holds more than {MAX_FEED_BYTES} bytes.")
    digest = "sha256:" + hashlib.sha256(body).hexdigest()
    if digest == etag:
        return NotModified(digest, None)
    return Fetched(body, None, path.resolve().as_uri(), digest, None)


def _request(feed: Feed) -> Request:
    headers = [("Accept", _ACCEPT)]
    if feed.etag is not None:
        headers.append(("If-None-Match", feed.etag))
    if feed.last_modified is not None:
        headers.append(("If-Modified-Since", feed.last_modified))
    return Request(
        "GET", feed.url, tuple(headers), deadline_seconds=DEADLINE_SECONDS, max_bytes=MAX_FEED_BYTES
    )


def _moved_to(response: Response) -> str | None:
    return response.url if response.permanent_redirects_only else None


def fresh_seconds(response: Response, now: datetime) -> int | None:
    """How long an answer says that it stays fresh: Cache-Control's max-age, else Expires; None: neither.

    Junk counts as nothing said, and an answer that must not be kept is fresh for no time.
    """
    directives = [part.strip().lower() for part in (response.header("cache-control") or "").split(",")]
    if "no-cache" in directives or "no-store" in directives:
        return 0
    age = _digits(response.header("age") or "") or 0
    for directive in directives:
        name, _, value = directive.partition("=")
        if name.strip() == "max-age" and (seconds := _digits(value.strip().strip('"'))) is not None:
            return max(0, seconds - age)
    expires = response.header("expires")
    until = seconds_asked(expires, now) if expires and not expires.strip().isdigit() else None
    return None if until is None else int(until)


def _digits(text: str) -> int | None:
    text = text.strip()
    return int(text[:12]) if text.isascii() and text.isdigit() else None


def _validator(response: Response, name: str) -> str | None:
    value = response.header(name)
    if not value:
        return None
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        # Bytes that are no UTF-8 cannot be sent back as they came; a changed validator is worse than none.
        return None
    return value


def _refusal(url: str, response: Response, now: datetime) -> OutgoingError:
    return OutgoingError(
        f"{where(url)} answered {response.status} instead of the feed.",
        permanent=response.status in (404, 410),
        status=response.status,
        retry_after=seconds_asked(response.header("retry-after"), now),
        answer=response.body[:500].decode("utf-8", "replace"),
        host=None if response.inside else host_of(response.url),
    )
