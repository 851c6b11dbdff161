"""Channels for programs and people: how they stand, what a receiver answers to a test, on and off.

How it decides: anybody here may look; a program needs the token to test one or to turn it on or off. The
page has the test alone, and takes its button only from a page of ours, as the browser says (Sec-Fetch-Site,
Origin): a foreign page could press it otherwise. One test a channel at a time. No page and no API can make
a channel or change where it leads: only the settings file can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Security
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from service.channel_care import Standing, Tried
from service.errors import InputError
from service.web.answers import Moment, PageAnswer
from service.web.intake import EDITING, admit
from service.web.our_page import from_our_page
from service.web.pages import Pages
from service.web.problems import problem_answers

Name = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]


@dataclass(frozen=True, slots=True)
class ChannelDesk:
    """What stands behind the addresses; all of it blocks. `digest`: of the token, None: nobody may change.

    `attempt` and `turn` raise InputError where there is no such channel. `turn`: on (True) or off, with why.
    """

    digest: bytes | None
    standings: Callable[[], tuple[Standing, ...]]
    attempt: Callable[[str], Tried]
    turn: Callable[[str, bool, str], None]
    trying: set[str] = field(default_factory=set)


class ChannelAnswer(BaseModel):
    """A channel and how it stands."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    name: str
    kind: str
    where: str = Field(description="Where it leads, as far as that is no secret")
    waiting: int = Field(description="Messages that are yet to be sent")
    dead: int = Field(description="Messages that were given up")
    off_since: Moment | None = Field(None, description="Nothing is sent to it since then")
    off_because: str
    secret_until: Moment | None = Field(None, description="Two secrets sign until then")


class TriedAnswer(BaseModel):
    """What the receiver said to a test."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    name: str
    taken: bool
    status: int | None = Field(description="HTTP status, SMTP code or exit code, where there was one")
    answer: str = Field(description="The first 500 characters of what it said")
    seconds: float
    why: str = Field(description="Why it was not taken")


@dataclass(frozen=True, slots=True)
class ChannelsView:
    """The page of channels, with what came of a test that was just made."""

    channels: tuple[Standing, ...]
    tried: Tried | None = None
    template: str = "channels.html"


def channel_router(desk: ChannelDesk) -> APIRouter:
    """The channels for programs."""
    router = APIRouter(prefix="/api/v1", tags=["channels"], responses=problem_answers(422, 503))

    @router.get("/channels", summary="Channels and how they stand")
    def list_channels() -> PageAnswer[ChannelAnswer]:
        return PageAnswer(items=[ChannelAnswer.model_validate(one) for one in desk.standings()], next=None)

    if desk.digest is not None:
        _add_changes(router, desk, desk.digest)
    return router


def _add_changes(router: APIRouter, desk: ChannelDesk, digest: bytes) -> None:
    guarded: dict[str, Any] = {
        "responses": problem_answers(401, 404, 409),
        "dependencies": [Security(EDITING)],
    }

    @router.post("/channels/{name}/test", summary="Send a test and hear what the receiver says", **guarded)
    async def test_channel(name: Name, request: Request) -> TriedAnswer:
        admit(request, digest)
        return TriedAnswer.model_validate(await _tried(desk, name))

    @router.post("/channels/{name}/enable", summary="Send to it again, what waited too", **guarded)
    async def enable(name: Name, request: Request) -> ChannelAnswer:
        admit(request, digest)
        return await _turned(desk, name, on=True)

    @router.post("/channels/{name}/disable", summary="Send nothing to it; what comes waits", **guarded)
    async def disable(name: Name, request: Request) -> ChannelAnswer:
        admit(request, digest)
        return await _turned(desk, name, on=False)


async def _tried(desk: ChannelDesk, name: str) -> Tried:
    if name in desk.trying:
        raise HTTPException(409, f"A test of {name!r} is on its way already.", {"Retry-After": "15"})
    desk.trying.add(name)
    try:
        return await run_in_threadpool(desk.attempt, name)
    except InputError as error:
        raise HTTPException(404, str(error)) from None
    finally:
        desk.trying.discard(name)


async def _turned(desk: ChannelDesk, name: str, *, on: bool) -> ChannelAnswer:
    try:
        await run_in_threadpool(desk.turn, name, on, "a program turned it off by the API")
    except InputError as error:
        raise HTTPException(404, str(error)) from None
    rows = await run_in_threadpool(desk.standings)
    return ChannelAnswer.model_validate(next(one for one in rows if one.name == name))


def channel_page_router(desk: ChannelDesk, pages: Pages) -> APIRouter:
    """`/channels`: how they stand, with a button that tests one."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.head("/channels")
    @router.get("/channels")
    def channels_page() -> HTMLResponse:
        return pages.answer(ChannelsView(desk.standings()))

    @router.post("/channels/{name}/test")
    async def press(name: Name, request: Request) -> HTMLResponse:
        if not from_our_page(request):
            raise HTTPException(403, "This button works on our own page only.")
        tried = await _tried(desk, name)
        shown = ChannelsView(await run_in_threadpool(desk.standings), tried)
        return pages.answer(shown)

    return router
