"""POST /api/v1/items: programs of the operator's push items, in the form that `rumorwatch replay` reads.

How it decides: without the one bearer token nothing of the body is read; a body is read up to a cap and a
clock; one item that cannot be used refuses the whole request, so what was taken is never in doubt. What it
leaves out: several tokens, and reading what is packed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.errors import InputError
from service.feeds.pushed import MAX_ITEMS, Taken
from service.jsonl import GivenItem, item_of, numbered, parse_item
from service.web.bodies import read_body
from service.web.callers import caller_of
from service.web.problems import problem_answers

MAX_BODY = 8 * 1024 * 1024
SECONDS = 30.0
ONE_DOCUMENT = frozenset({"application/json"})
LINES = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)

EDITING = HTTPBearer(scheme_name="editing", auto_error=False)  # of who may edit, told the same way
_SCHEME = HTTPBearer(scheme_name="intake", auto_error=False)  # for the description; `admit` decides
ITEM_SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "Yours; empty: made from the content"},
        "title": {"type": "string"},
        "text": {"type": "string"},
        "url": {"type": "string", "format": "uri"},
        "outlet": {"type": "string"},
        "published": {"type": "string", "format": "date-time"},
        "lang": {"type": "string"},
    },
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [ITEM_SCHEMA, {"type": "array", "items": ITEM_SCHEMA}]}},
            "application/x-ndjson": {"schema": ITEM_SCHEMA},
        },
    },
}


@dataclass(frozen=True, slots=True)
class Intake:
    """Who may push, by the digest of its token, and where the items go. `push` blocks.

    `seconds`: how long a body may take to arrive.
    """

    digest: bytes
    push: Callable[[Sequence[GivenItem]], tuple[Taken, ...]]
    seconds: float = SECONDS


class TakenAnswer(BaseModel):
    """What became of one item."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: str = Field(description="As it was given")
    item_id: str = Field(description="Under which it is kept")
    state: str = Field(description="new, changed, or known: nothing was stored")
    backfill: bool = Field(description="It is history and alerts nobody")


class PushedAnswer(BaseModel):
    """What became of the items, in the order given."""

    items: list[TakenAnswer]


def token_digest(token: str) -> bytes:
    """What is kept of a token: digests are of one length, so comparing them tells nothing of the token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def intake_router(intake: Intake) -> APIRouter:
    """The one address that takes items."""
    router = APIRouter(prefix="/api/v1", tags=["intake"])

    @router.post(
        "/items",
        summary="Push items",
        responses=problem_answers(400, 401, 408, 413, 415, 503),
        openapi_extra=_BODY,
        dependencies=[Security(_SCHEME)],
    )
    async def push_items(request: Request) -> PushedAnswer:
        admit(request, intake.digest)
        kind = _kind(request)
        body = await read_body(request, MAX_BODY, intake.seconds, "The items")
        taken = await run_in_threadpool(lambda: intake.push(_items(body, kind)))
        return PushedAnswer(items=[TakenAnswer.model_validate(one) for one in taken])

    return router


def admit(request: Request, digest: bytes) -> None:
    """Lets a request pass that brings the token of `digest`, or one that may edit; 401 for any other."""
    caller = caller_of(request)
    if caller.known and caller.may_edit:
        return
    given = request.headers.getlist("authorization")
    scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
    right = hmac.compare_digest(token_digest(token.strip()), digest)
    if scheme.lower() != "bearer" or not right:
        raise HTTPException(401, "This address takes a bearer token.", {"WWW-Authenticate": "Bearer"})


def _kind(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ONE_DOCUMENT | LINES:
        raise HTTPException(415, "Items are taken as application/json or application/x-ndjson.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "Items are taken unpacked, without a Content-Encoding.")
    return kind


def _items(body: bytes, kind: str) -> list[GivenItem]:
    """The items, at least one. InputError names the first that cannot be used."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"The items are not in UTF-8: {error.reason} at byte {error.start}.") from None
    items = _of_lines(text) if kind in LINES else _of_document(text)
    if not items:
        raise InputError("There is no item in the request.")
    return items


def _of_lines(text: str) -> list[GivenItem]:
    found = []
    for number, line in numbered(text.split("\n")):
        try:
            found.append(parse_item(line))
        except InputError as error:
            raise InputError(f"line {number}: {error}.") from None
        _not_too_many(len(found))
    return found


def _of_document(text: str) -> list[GivenItem]:
    try:
        whole = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The request is not JSON: {error}.") from None
    rows = whole if isinstance(whole, list) else [whole]
    _not_too_many(len(rows))
    found = []
    for number, row in enumerate(rows, start=1):
        try:
            found.append(item_of(row))
        except InputError as error:
            raise InputError(f"item {number}: {error}.") from None
    return found


def _not_too_many(count: int) -> None:
    if count > MAX_ITEMS:
        raise InputError(f"There are more than {MAX_ITEMS} items in the request.")


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON value")
