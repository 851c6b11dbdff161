"""/push/TOKEN: where the hubs of feeds verify what we asked them for, and push.

How it decides: the address is known by its token alone, which each hub was told for one feed; what nobody was
told is not found. A push is answered when it is stored, so that a hub sends what we lost again; one without a
right signature is answered as if it were taken, as the protocol wants, and ignored. What it leaves out:
telling a hub why its push was of no use.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service import logs
from service.core.pushing import Intent, Verdict
from service.errors import StoreError
from service.feeds.fetch import MAX_FEED_BYTES
from service.feeds.websub import PATH, Content, PushReport, may_push
from service.store.hubs import Held
from service.web.bodies import read_body

_Answer = TypeVar("_Answer")
SECONDS = 30.0
AT_ONCE = 2
MOST_WAITING = 8
_LONGEST_TOKEN = 100
_GONE = "Nothing is pushed here any more."
_NOTHING = "There is nothing at this address."


@dataclass(frozen=True, slots=True)
class Callback:
    """What stands behind the address. All three block, and raise StoreError."""

    find: Callable[[str], Held | None]
    verify: Callable[[str, Intent], Verdict | None]
    take: Callable[[Held, Content], PushReport]
    seconds: float = SECONDS


class _Room:
    """How many pushes are at work and waiting: a hub that sends more at once is asked to come back."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(AT_ONCE)
        self.waiting = 0


def websub_router(callback: Callback) -> APIRouter:
    """The addresses that hubs are told, and no others."""
    router = APIRouter(include_in_schema=False)
    room = _Room()

    @router.get(PATH + "{token}")
    async def verify(token: str, request: Request) -> Response:
        asked = request.query_params
        intent = Intent(
            mode=asked.get("hub.mode"),
            topic=asked.get("hub.topic"),
            challenge=asked.get("hub.challenge"),
            lease_seconds=asked.get("hub.lease_seconds"),
            reason=asked.get("hub.reason"),
        )
        verdict = await _asked(lambda: callback.verify(token[:_LONGEST_TOKEN], intent))
        if verdict is None or verdict.answer is None:
            raise HTTPException(404, _NOTHING)
        # Plain text: a challenge is whatever the hub likes, and must not become a page of ours.
        return PlainTextResponse(verdict.answer)

    @router.post(PATH + "{token}")
    async def take(token: str, request: Request) -> Response:
        held = await _asked(lambda: callback.find(token[:_LONGEST_TOKEN]))
        if held is None:
            raise HTTPException(404, _NOTHING)
        if not may_push(held):
            raise HTTPException(410, _GONE)
        return await _take(callback, room, held, request)

    return router


async def _take(callback: Callback, room: _Room, held: Held, request: Request) -> Response:
    if room.waiting >= MOST_WAITING:
        raise HTTPException(503, "Too much is being pushed at once.", {"Retry-After": "60"})
    room.waiting += 1
    try:
        body = await read_body(request, MAX_FEED_BYTES, callback.seconds, "The content")
        given = request.headers
        content = Content(body, given.get("content-type"), given.get("x-hub-signature"))
        async with room.places:
            report = await _asked(lambda: callback.take(held, content))
    finally:
        room.waiting -= 1
    return Response(status_code=204 if report.outcome == "taken" else 202)


async def _asked(ask: Callable[[], _Answer]) -> _Answer:
    """What the ledger says, or 503; the address, which is a secret, is in no log line."""
    try:
        return await run_in_threadpool(ask)
    except StoreError as error:
        logs.warning("web.push_not_stored", reason=error)
        raise HTTPException(503, "The ledger is away right now.", {"Retry-After": "60"}) from None
