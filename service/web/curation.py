"""What a person does on the desk: decide doubtful joins, quiet and correct stories, and take all of it back.

How it decides: a form counts where a page of ours sent it, as the browser says, and it carries our seal; a
program needs a token that may edit. Each write is one line of a log that only grows, with who and why, and is
undone by one more. What it leaves out: what is wise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from service.audience import sentence
from service.errors import InputError
from service.store.views import DoubtRow
from service.web.answers import Moment, PageAnswer
from service.web.bodies import read_body
from service.web.callers import Caller, Seal, caller_of
from service.web.forms import read_form
from service.web.our_page import from_our_page
from service.web.pages import Pages
from service.web.problems import problem_answers

ACTS = ("join", "refuse", "merge", "split", "move", "rename", "wrong", "ack", "mute", "snooze", "undo")
MAX_BODY = 64 * 1024
SECONDS = 10.0
MOST_DOUBTS = 50
DONE = r"^[dh]_[0-9a-f]{1,40}$"
_BACK = re.compile(r"/(review|stories/[A-Za-z0-9_.-]{1,80})")


class Asked(BaseModel):
    """What is to be decided. `id`: of the question, the story, the statement, or the line to be undone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    act: str = Field(pattern=f"^({'|'.join(ACTS)})$")
    id: str = Field(min_length=1, max_length=600)
    into: str = Field("", max_length=200, description="merge, move: the story that it belongs to")
    items: tuple[Annotated[str, Field(min_length=1, max_length=500)], ...] = Field(
        (), max_length=200, description="split: the items that leave the story"
    )
    name: str = Field("", max_length=300, description="rename: how the story is shown")
    lasts: str = Field("", max_length=20, description="ack, mute, snooze: how long, as 12h or 2d")
    subscription: str = Field("", max_length=200, description="ack, mute, snooze: for one; empty: for all")
    why: str = Field("", max_length=1000)


@dataclass(frozen=True, slots=True)
class Done:
    """A line of the log as it was written: its id undoes it. `alerts`: how many were told because of it."""

    id: str
    act: str
    story: str | None
    alerts: int = 0


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A line of the log about one story. `stands`: it was not undone, and can be."""

    id: str
    at: datetime
    who: str
    what: str
    why: str
    stands: bool


@dataclass(frozen=True, slots=True)
class Curation:
    """What stands behind it; all of it blocks. `decide` raises InputError where it cannot be done.

    `audit`: the log about a story, the last line first.
    """

    doubts: Callable[[int], list[DoubtRow]]
    decide: Callable[[Asked, str], Done]
    audit: Callable[[str], tuple[AuditRow, ...]]
    seal: Seal


class DoneAnswer(BaseModel):
    """What was decided."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: str = Field(description="Undoes it: {act: undo, id: ...}")
    act: str
    story: str | None
    alerts: int


class DoubtAnswer(BaseModel):
    """A claim of one item that may belong to a story, or may not."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: str
    at: Moment
    item_id: str
    item_title: str
    url: str | None
    outlet: str | None
    claim: str
    story_id: str
    story_claim: str
    score: float
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class ReviewView:
    """The review list. `done`: what was decided just now."""

    now: datetime
    doubts: tuple[DoubtRow, ...]
    may_edit: bool
    seal: str
    done: str | None
    template: str = "review.html"


def curation_page_router(curation: Curation, pages: Pages, clock: Callable[[], datetime]) -> APIRouter:
    """`/review`, and `/decide`, where the forms of all pages go."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.head("/review")
    @router.get("/review")
    def review(request: Request, done: Annotated[str | None, Query(pattern=DONE)] = None) -> HTMLResponse:
        caller = caller_of(request)
        rows = tuple(curation.doubts(MOST_DOUBTS))
        return pages.answer(ReviewView(clock(), rows, caller.may_edit, curation.seal.of(caller), done))

    @router.post("/decide")
    async def decide(request: Request) -> RedirectResponse:
        if not from_our_page(request):
            raise HTTPException(403, "This button works on our own page only.")
        form = await read_form(request)
        caller = editor(request)
        curation.seal.check(caller, form.get("seal", ""))
        done = await run_in_threadpool(curation.decide, _asked_by(form), caller.name)
        return RedirectResponse(f"{_back(form, done)}?done={quote(done.id)}", 303)

    return router


def editor(request: Request) -> Caller:
    """Who asks, where they may edit; 403 where not."""
    caller = caller_of(request)
    if not caller.may_edit:
        raise HTTPException(403, "Your token may read and not edit.")
    return caller


def _asked_by(form: Mapping[str, str]) -> Asked:
    fields = {name: value.strip() for name, value in form.items() if name not in ("seal", "back", "items")}
    items = tuple(part for part in form.get("items", "").split() if part)
    return _checked({**fields, **({"items": items} if items else {})})


def _checked(fields: object) -> Asked:
    try:
        return Asked.model_validate(fields)
    except ValidationError as error:
        raise InputError(f"The decision cannot be used: {sentence(error)}.") from None


def _back(form: Mapping[str, str], done: Done) -> str:
    """The page that the form stood on, or the story it is about."""
    back = form.get("back", "")
    if _BACK.fullmatch(back):
        return back
    return f"/stories/{done.story}" if done.story else "/review"


def curation_router(curation: Curation) -> APIRouter:
    """The review list and decisions for programs."""
    router = APIRouter(prefix="/api/v1", tags=["review"], responses=problem_answers(400, 422, 503))

    @router.get("/review", summary="Doubtful joins, the latest first")
    def list_doubts(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> PageAnswer[DoubtAnswer]:
        rows = curation.doubts(limit)
        return PageAnswer(items=[DoubtAnswer.model_validate(row) for row in rows], next=None)

    @router.post(
        "/decisions",
        summary="Decide, quiet, correct, or undo",
        responses=problem_answers(401, 403, 408, 413),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": Asked.model_json_schema()}},
            }
        },
    )
    async def take_decision(request: Request) -> DoneAnswer:
        caller = caller_of(request)
        if not caller.known:
            raise HTTPException(401, "This address takes a bearer token.", {"WWW-Authenticate": "Bearer"})
        editor(request)
        asked = _of_json(await read_body(request, MAX_BODY, SECONDS, "The decision"))
        return DoneAnswer.model_validate(await run_in_threadpool(curation.decide, asked, caller.name))

    return router


def _of_json(body: bytes) -> Asked:
    try:
        return _checked(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise InputError(f"The request is not JSON: {error}.") from None
