"""Where a person gives a token, and a page's session begins and ends.

How it decides: the session is 32 random bytes in a cookie that no script reads and no other site makes the
browser send; the ledger keeps its hash. Ended by hand, with its token, or after a week.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Annotated, Protocol

from fastapi import APIRouter, HTTPException, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from service.store.access import digest_of
from service.web.access import COOKIE, Access, Refused, address_of, session_in
from service.web.callers import Caller
from service.web.forms import read_form
from service.web.our_page import from_our_page
from service.web.pages import Pages

LASTS = timedelta(days=7)
_NEXT = re.compile(r"/(?![/\\])[!-~]{0,1000}")  # an address of ours, never of another host


class SessionsLike(Protocol):
    """Blocking writes of sessions."""

    def begin_session(self, name: str, digest: bytes, now: datetime, until: datetime) -> None:
        """Keep a session of a token until a time."""
        ...

    def end_session(self, digest: bytes) -> None:
        """Forget a session."""
        ...


@dataclass(frozen=True, slots=True)
class LoginView:
    """The form, with what was wrong with the last token, and the page that is gone on to."""

    next: str = "/"
    trouble: str = ""
    template: str = "login.html"


@dataclass(frozen=True, slots=True)
class Door:
    """What stands behind `/login`. `secure`: people reach it over https, and the cookie goes no other way."""

    access: Access
    sessions: SessionsLike
    clock: Callable[[], datetime]
    secure: bool


def login_router(door: Door, pages: Pages) -> APIRouter:
    """`/login` and `/logout`."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.head("/login")
    @router.get("/login")
    def form(next: Annotated[str, Query(max_length=3000)] = "/") -> HTMLResponse:
        return pages.answer(LoginView(_safe(next)))

    @router.post("/login")
    async def login(request: Request) -> Response:
        _ours(request)
        given = await read_form(request)
        goes_on = _safe(given.get("next", "/"))
        secret, address = given.get("token", "").strip(), address_of(request)
        found = await run_in_threadpool(door.access.by_secret, secret, address)
        if isinstance(found, Refused):
            trouble = found.detail if found.status == 429 else "That is no token of this service."
            return pages.answer(LoginView(goes_on, trouble), found.status)
        return await run_in_threadpool(_begun, door, found, goes_on)

    @router.post("/logout")
    async def logout(request: Request) -> Response:
        _ours(request)
        value = session_in(request.headers)
        if value is not None:
            await run_in_threadpool(door.sessions.end_session, digest_of(value))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, path="/", secure=door.secure, httponly=True, samesite="strict")
        return answer

    return router


def _ours(request: Request) -> None:
    if not from_our_page(request):
        raise HTTPException(403, "This button works on our own page only.")


def _begun(door: Door, caller: Caller, goes_on: str) -> Response:
    if caller.name == "edit_token":
        raise HTTPException(
            403, "The edit token of the settings is for programs: make one for yourself by `tokens add`."
        )
    value, now = token_urlsafe(32), door.clock()
    door.sessions.begin_session(caller.name, digest_of(value), now, now + LASTS)
    answer = RedirectResponse(goes_on, 303)
    answer.set_cookie(
        COOKIE,
        value,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=door.secure,
        httponly=True,
        samesite="strict",
    )
    return answer


def _safe(address: str) -> str:
    return address if _NEXT.fullmatch(address) else "/"
