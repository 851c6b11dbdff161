"""/out/TOKEN.atom and .json: feeds for whoever was told the address, and for nobody else.

How it decides: what nobody was told is not found, what was revoked is gone (410). The answer has a strong
ETag, and as its Last-Modified the moment at which this process first saw it so: a late arrival, whose own
date is old, still counts as a change. A feed is put together at most once in five seconds, however often it
is asked.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import TypeVar

from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from service import logs
from service.alerts.syndication import ATOM_TYPE, JSON_TYPE, OutDocument, atom, json_feed
from service.core.outfeeds import Outfeed
from service.errors import StoreError
from service.outfeeds import PATH, Outfeeds, address

KEPT = timedelta(seconds=5)
MOST_KEPT = 200
_FORMS: dict[str, tuple[str, Callable[[OutDocument], bytes]]] = {
    "atom": (ATOM_TYPE, atom),
    "json": (JSON_TYPE, json_feed),
}
_NOTHING = "There is nothing at this address."
_Answer = TypeVar("_Answer")
Key = tuple[str, str]  # a feed, and its form


@dataclass(frozen=True, slots=True)
class Kept:
    """A feed as it was put together: `since` when it was first seen so, `at` when it was looked at last."""

    body: bytes
    etag: str
    since: datetime
    at: datetime


@dataclass(slots=True)
class _Shelf:
    """The feeds that were asked for last."""

    rows: OrderedDict[Key, Kept] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Key) -> Kept | None:
        with self.lock:
            return self.rows.get(key)

    def put(self, key: Key, kept: Kept) -> None:
        with self.lock:
            self.rows[key] = kept
            self.rows.move_to_end(key)
            while len(self.rows) > MOST_KEPT:
                self.rows.popitem(last=False)


def outfeed_router(outfeeds: Outfeeds, clock: Callable[[], datetime]) -> APIRouter:
    """The addresses that were told, and no others."""
    router = APIRouter(include_in_schema=False)
    shelf = _Shelf()

    @router.head(PATH + "{name}")
    @router.get(PATH + "{name}")
    async def read(name: str, request: Request) -> Response:
        token, _, form = name.rpartition(".")
        if form not in _FORMS:
            raise HTTPException(404, _NOTHING)
        outfeed = await _asked(lambda: outfeeds.find(token))
        if outfeed is None:
            raise HTTPException(404, _NOTHING)
        if outfeed.revoked_at is not None:
            raise HTTPException(410, "This feed was revoked.")
        own = address(outfeeds.root, token, form)
        kept = await _asked(lambda: _kept(outfeeds, shelf, outfeed, own, form, clock()))
        return _answer(kept, _FORMS[form][0], request)

    return router


def _kept(outfeeds: Outfeeds, shelf: _Shelf, outfeed: Outfeed, own: str, form: str, now: datetime) -> Kept:
    key = (outfeed.id, form)
    before = shelf.get(key)
    if before is not None and timedelta(0) <= now - before.at < KEPT:
        return before
    body = _FORMS[form][1](outfeeds.document(outfeed, own))
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    same = before is not None and before.etag == etag
    kept = replace(before, at=now) if before is not None and same else Kept(body, etag, now, now)
    shelf.put(key, kept)
    return kept


def _answer(kept: Kept, media_type: str, request: Request) -> Response:
    headers = {
        "ETag": kept.etag,
        "Last-Modified": format_datetime(kept.since.astimezone(UTC), usegmt=True),
        "Cache-Control": "private, max-age=60",
    }
    if is_known(kept, request.headers.get("if-none-match"), request.headers.get("if-modified-since")):
        return Response(status_code=304, headers=headers)
    return Response(kept.body, 200, headers, media_type=media_type)


def is_known(kept: Kept, etags: str | None, since: str | None) -> bool:
    """Whether who asks has it already: by the ETag where one is said (RFC 9110), else by the date."""
    if etags is not None:
        said = [one.strip().removeprefix("W/") for one in etags.split(",")]
        return "*" in said or kept.etag in said
    if since is None:
        return False
    try:
        then = parsedate_to_datetime(since)
    except ValueError:
        return False
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return kept.since.replace(microsecond=0) <= then


async def _asked(ask: Callable[[], _Answer]) -> _Answer:
    """What the ledger says, or 503; the address, which is a secret, is in no log line."""
    try:
        return await run_in_threadpool(ask)
    except StoreError as error:
        logs.warning("web.outfeed_unreadable", reason=error)
        raise HTTPException(503, "The ledger is away right now.", {"Retry-After": "60"}) from None
