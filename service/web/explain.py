"""The page that explains: a text is pasted, and shown as the reader sees it. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from service.core.marking import Run, TextMark, runs
from service.core.model import Evidence, PassedOver, Statement
from service.errors import InputError
from service.jsonl import item_of
from service.web.forms import read_form
from service.web.pages import Pages
from service.web.reader import MAX_TEXT, Read, Reader

MAX_FORM = 3 * MAX_TEXT  # percent signs make a text three times as long


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read: the words in runs, and the statements and phrases by the labels of their marks."""

    lang: str
    title: tuple[Run, ...]
    text: tuple[Run, ...]
    statements: tuple[tuple[str, Statement], ...]
    passed_over: tuple[tuple[str, PassedOver], ...]
    unread: int


@dataclass(frozen=True, slots=True)
class ExplainView:
    """The form with what was sent, and what was seen in it, None before anything was."""

    title: str = ""
    text: str = ""
    seen: Seen | None = None
    trouble: str = ""
    template: str = "explain.html"


def seen(found: Read) -> Seen:
    """A reading with its marks in place, as `rumorwatch explain` has them."""
    reading, item = found.reading, found.item
    said = tuple((str(number), one) for number, one in enumerate(reading.statements, start=1))
    passed = tuple(zip(ascii_lowercase, reading.passed_over, strict=False))
    marks = [(label, one.evidence) for label, one in said]
    marks += [(label, one.evidence) for label, one in passed]
    return Seen(
        lang=reading.lang,
        title=_runs(item.title, "title", marks),
        text=_runs(item.text, "text", marks),
        statements=said,
        passed_over=passed,
        unread=reading.unread,
    )


def _runs(words: str, field: str, marks: Sequence[tuple[str, Evidence]]) -> tuple[Run, ...]:
    return runs(words, [TextMark(label, e.start, e.end) for label, e in marks if e.field == field])


def explain_router(reader: Reader, pages: Pages) -> APIRouter:
    """`/explain`."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.head("/explain")
    @router.get("/explain")
    def empty() -> HTMLResponse:
        return pages.answer(ExplainView())

    @router.post("/explain")
    async def explain(request: Request) -> HTMLResponse:
        given = await read_form(request, MAX_FORM)
        view = await run_in_threadpool(_explained, reader, given)
        return pages.answer(view, 400 if view.trouble else 200)

    return router


def _explained(reader: Reader, given: Mapping[str, str]) -> ExplainView:
    title, text = given.get("title", ""), given.get("text", "")
    try:
        item = item_of({"id": "the text", "title": title, "text": text})
    except InputError:
        return ExplainView(title, text, trouble="There is nothing to read yet: paste a text.")
    return ExplainView(title, text, seen(reader.read(item)))
