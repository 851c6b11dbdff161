"""Watchlists and subscriptions of the ledger for programs: read by anybody here, changed with a token.

Without the token nothing of a body is read. Each change is whole or not at all, and answers what it changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, HTTPException, Query, Security
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.audience import SubscriptionSettings, WatchlistSettings, sentence
from service.audience_changes import (
    Draft,
    paused,
    with_subscription,
    with_watchlist,
    without_subscription,
    without_watchlist,
)
from service.audience_file import Change, read_file
from service.errors import InputError
from service.subscribers import Written
from service.web.answers import PageAnswer
from service.web.bodies import read_body
from service.web.intake import EDITING, MAX_BODY, admit
from service.web.problems import problem_answers

SECONDS = 30.0

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Editing:
    """What is written, and how it is changed; both block. `digest`: of the token, None: nobody may change."""

    digest: bytes | None
    written: Callable[[], Written]
    change: Callable[[Draft, bool], tuple[Change, ...]]


class ChangeAnswer(BaseModel):
    """What became of one watchlist or subscription: added, changed or removed."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    how: str
    kind: str
    name: str
    fields: list[str]


class SubscriptionAnswer(SubscriptionSettings):
    """A subscription of the ledger."""

    paused: bool


class ChangesAnswer(BaseModel):
    """All that was changed, or would be; empty: it was so already."""

    changes: list[ChangeAnswer]


def audience_router(editing: Editing) -> APIRouter:
    """Who hears of what, as the ledger keeps it."""
    router = APIRouter(prefix="/api/v1", tags=["audience"], responses=problem_answers(400, 503))

    @router.get("/watchlists", summary="Watchlists of the ledger")
    def list_watchlists() -> PageAnswer[WatchlistSettings]:
        return PageAnswer(items=list(editing.written().watchlists), next=None)

    @router.get("/subscriptions", summary="Subscriptions of the ledger")
    def list_subscriptions() -> PageAnswer[SubscriptionAnswer]:
        said = editing.written()
        rows = [(one.model_dump(), one.name in said.paused) for one in said.subscriptions]
        return PageAnswer(items=[SubscriptionAnswer(**row, paused=off) for row, off in rows], next=None)

    if editing.digest is not None:
        _add_changes(router, editing, editing.digest)
    return router


def _add_changes(router: APIRouter, editing: Editing, digest: bytes) -> None:
    guarded: dict[str, Any] = {
        "responses": problem_answers(401, 408, 413),
        "dependencies": [Security(EDITING)],
    }

    async def changed(request: Request, draft: Callable[[bytes], Draft], dry: bool = False) -> ChangesAnswer:
        admit(request, digest)
        body = await read_body(request, MAX_BODY, SECONDS, "The change")
        found = await run_in_threadpool(lambda: editing.change(draft(body), dry))
        return ChangesAnswer(changes=[ChangeAnswer.model_validate(one) for one in found])

    @router.put("/watchlists/{name}", summary="Make a watchlist this", **guarded)
    async def put_watchlist(name: str, request: Request) -> ChangesAnswer:
        return await changed(request, lambda body: with_watchlist(_model(WatchlistSettings, name, body)))

    @router.delete("/watchlists/{name}", summary="Remove a watchlist", **guarded)
    async def delete_watchlist(name: str, request: Request) -> ChangesAnswer:
        return await changed(request, lambda _: without_watchlist(name))

    @router.put("/subscriptions/{name}", summary="Make a subscription this", **guarded)
    async def put_subscription(name: str, request: Request) -> ChangesAnswer:
        return await changed(
            request, lambda body: with_subscription(_model(SubscriptionSettings, name, body))
        )

    @router.delete("/subscriptions/{name}", summary="Remove a subscription", **guarded)
    async def delete_subscription(name: str, request: Request) -> ChangesAnswer:
        return await changed(request, lambda _: without_subscription(name))

    @router.post("/subscriptions/{name}/{state}", summary="Pause or resume a subscription", **guarded)
    async def pause_subscription(name: str, state: str, request: Request) -> ChangesAnswer:
        if state not in ("pause", "resume"):
            raise HTTPException(404, "A subscription is paused or resumed.")
        return await changed(request, lambda _: paused(name, off=state == "resume"))

    @router.post("/apply", summary="Make all of it what a TOML file says", **guarded)
    async def apply(
        request: Request, dry_run: Annotated[bool, Query(description="Only say what would change")] = False
    ) -> ChangesAnswer:
        return await changed(request, _whole, dry_run)


def _whole(body: bytes) -> Draft:
    try:
        said = read_file(body.decode("utf-8"), "the file")
    except UnicodeDecodeError as error:
        raise InputError(f"The file is not in UTF-8: {error.reason} at byte {error.start}.") from None
    return lambda _: said


def _model(kind: type[Model], name: str, body: bytes) -> Model:
    try:
        table = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The request is not JSON: {error}.") from None
    if not isinstance(table, dict) or table.get("name", name) != name:
        raise InputError(f"The request must be an object, and its name, if it has one, {name!r}.")
    try:
        return kind.model_validate({**table, "name": name})
    except ValidationError as error:
        raise InputError(f"{name!r}: {sentence(error)}.") from None
