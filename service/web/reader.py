"""POST /api/v1/read: what the reader sees in a text, without storing it.

How it decides: JSON only (a page elsewhere cannot send that kind unasked), a small body, and a few texts at
once, for reading takes a processor. What it leaves out: memory; the same text may be asked about again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.core.model import Item, Reading
from service.errors import InputError
from service.jsonl import GivenItem, item_of, reading_row
from service.web.bodies import read_body
from service.web.intake import ITEM_SCHEMA
from service.web.list_answers import ReadingAnswer
from service.web.problems import problem_answers

MAX_TEXT = 512 * 1024
SECONDS = 10.0
AT_ONCE = 2
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": ITEM_SCHEMA}}}}


@dataclass(frozen=True, slots=True)
class Read:
    """An item and what was read in it."""

    item: Item
    reading: Reading


class Reader:
    """Reads texts, at most `AT_ONCE` together. `read` blocks and takes a processor."""

    def __init__(self, read: Callable[[GivenItem], Read]) -> None:
        self._read = read
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def read(self, given: GivenItem) -> Read:
        """What the reader sees; 503 where others are being read."""
        with self._place():
            return self._read(given)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise HTTPException(503, "Other texts are being read: try again.", {"Retry-After": "1"})
        try:
            yield
        finally:
            self._places.release()


def reader_router(reader: Reader) -> APIRouter:
    """`/api/v1/read`. Nothing is stored."""
    router = APIRouter(prefix="/api/v1", tags=["desk"])

    @router.post(
        "/read",
        summary="What the reader sees in a text",
        responses=problem_answers(400, 408, 413, 415, 503),
        openapi_extra=_BODY,
    )
    async def read(request: Request) -> ReadingAnswer:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise HTTPException(415, "A text is taken as application/json.")
        given = _given(await read_body(request, MAX_TEXT, SECONDS, "The text"))
        found = await run_in_threadpool(reader.read, given)
        return ReadingAnswer.model_validate(reading_row(found.item.id, found.reading))

    return router


def _given(body: bytes) -> GivenItem:
    try:
        row = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The request is not JSON: {error}.") from None
    try:
        return item_of(row)
    except InputError as error:
        raise InputError(f"The text cannot be read: {error}.") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON value")
