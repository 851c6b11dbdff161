"""/mute/TOKEN: the link in a mail that mutes its story.

How it decides: a look at the address changes nothing, since scanners of mail look at every link; it shows a
button. A POST mutes: of that button, or of a mail program (RFC 8058, `List-Unsubscribe=One-Click`, as a
form of either kind, without a cookie and without a redirect). The token alone says that it may, so it is in
no log line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from service import logs
from service.alerts.mute_links import ONE_CLICK, PATH
from service.core.mute_tokens import MuteToken
from service.errors import StoreError
from service.web.bodies import read_body
from service.web.pages import Pages

MOST_BODY = 4096
SECONDS = 10.0
_PART = re.compile(r'name="?(List-Unsubscribe|act)"?\s*\r?\n\r?\n(One-Click|mute|undo)\r?\n')
_OLD = "This link is none of ours, or too old: it is good for 90 days."
_Answer = TypeVar("_Answer")


class State(Protocol):
    """How the story of a link stands."""

    @property
    def claim(self) -> str: ...

    @property
    def subscription(self) -> str: ...

    @property
    def by_link(self) -> bool: ...


Act = Callable[[MuteToken], State | None]


@dataclass(frozen=True, slots=True)
class Muting:
    """What stands behind the address; all of it blocks. None: there is no such story any more."""

    read: Callable[[str], MuteToken | None]
    state: Act
    mute: Act
    undo: Act


@dataclass(frozen=True, slots=True)
class MuteView:
    """The page: what the story claims, whether it is muted, and a button for the other."""

    claim: str
    subscription: str
    muted: bool
    template: str = "mute.html"


def mute_router(muting: Muting, pages: Pages) -> APIRouter:
    """The addresses that stand in mails, and no others."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    async def answer(token: str, act: Act) -> HTMLResponse:
        said = muting.read(token)
        if said is None:
            raise HTTPException(404, _OLD)
        state = await _asked(lambda: act(said))
        if state is None:
            raise HTTPException(404, "This story is no more.")
        return pages.answer(MuteView(state.claim, state.subscription, state.by_link))

    @router.head(PATH + "{token}")
    @router.get(PATH + "{token}")
    async def look(token: str) -> HTMLResponse:
        return await answer(token, muting.state)

    @router.post(PATH + "{token}")
    async def press(token: str, request: Request) -> HTMLResponse:
        body = await read_body(request, MOST_BODY, SECONDS, "The form")
        asked = asked_for(body)
        if asked is None:
            raise HTTPException(400, f"The form must say act=mute, act=undo or {ONE_CLICK}.")
        return await answer(token, muting.undo if asked == "undo" else muting.mute)

    return router


def asked_for(body: bytes) -> str | None:
    """What a form asks for: mute or undo; None: neither."""
    text = body.decode("utf-8", "replace")
    part = _PART.search(text)
    said = {part[1]: [part[2]]} if part else parse_qs(text, max_num_fields=10) if "\n" not in text else {}
    if said.get("List-Unsubscribe") == ["One-Click"] or said.get("act") == ["mute"]:
        return "mute"
    return "undo" if said.get("act") == ["undo"] else None


async def _asked(ask: Callable[[], _Answer]) -> _Answer:
    try:
        return await run_in_threadpool(ask)
    except StoreError as error:
        logs.warning("web.mute_not_stored", reason=error)
        raise HTTPException(503, "The ledger is away right now.", {"Retry-After": "60"}) from None
