"""Stories found by words and filters: a page, and the same for programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import HTMLResponse

from service.core.model import Kind, Status, Strength
from service.core.searching import terms_of
from service.errors import InputError
from service.store.narrowing import StoriesWanted
from service.store.searching import Question
from service.store.views import Page, StoryRow
from service.web.answers import PageAnswer, StoryAnswer
from service.web.api import Cursor, Limit
from service.web.pages import Pages
from service.web.problems import problem_answers

ON_A_PAGE = 20
Words = Annotated[str, Query(max_length=300, description="Words that must all be there")]
Name = Annotated[str, Query(max_length=200)]
Lang = Annotated[str, Query(max_length=20, pattern=r"^[A-Za-z-]*$", description="Of an item of it: en, zh")]
Day = Annotated[str, Query(max_length=10, pattern=r"^(\d{4}-\d\d-\d\d)?$", description="A day in UTC")]
OneWord = Annotated[str, Query(max_length=20)]  # a form sends its empty fields too: not an enum


class SearchesLike(Protocol):
    """Blocking. InputError for a cursor that we never gave, StoreError without a ledger."""

    def search(self, question: Question, limit: int = 50, cursor: str | None = None) -> Page[StoryRow]:
        """Stories that answer, the latest first."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A search as it was sent, every field a text that may be empty."""

    q: str = ""
    about: str = ""
    outlet: str = ""
    status: str = ""
    kind: str = ""
    strength: str = ""
    lang: str = ""
    since: str = ""
    until: str = ""

    @property
    def query(self) -> str:
        """The fields that say something, as the end of an address."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        return urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, slots=True)
class SearchView:
    """The form as it was sent, and what was found; `found` None: nothing was asked for."""

    now: datetime
    sent: Sent
    found: Page[StoryRow] | None
    trouble: str = ""
    kinds: tuple[Kind, ...] = tuple(Kind)
    strengths: tuple[Strength, ...] = tuple(Strength)
    template: str = "search.html"


def sent_by(
    q: Words = "",
    about: Name = "",
    outlet: Name = "",
    status: OneWord = "",
    kind: OneWord = "",
    strength: OneWord = "",
    lang: Lang = "",
    since: Day = "",
    until: Day = "",
) -> Sent:
    """The search of a request."""
    return Sent(q, about, outlet, status, kind, strength, lang, since, until)


def question_of(sent: Sent, canonical: Callable[[str], str]) -> Question:
    """What is looked for. InputError where nothing is, or a word of it is not one of ours."""
    terms = terms_of(sent.q)
    if sent.q.strip() and not terms:
        raise InputError("There is no word in what is looked for.")
    about = canonical(sent.about) if sent.about.strip() else None
    since, until = _day(sent.since), _day(sent.until)
    try:
        return Question(
            terms=terms,
            status=Status(sent.status) if sent.status else None,
            kind=Kind(sent.kind) if sent.kind else None,
            strength=Strength(sent.strength) if sent.strength else None,
            outlet=sent.outlet.strip().replace("\x00", "") or None,
            lang=sent.lang.lower() or None,
            wanted=StoriesWanted(about, since, until and until + timedelta(days=1)),
        )
    except ValueError:
        raise InputError("Status, kind or strength is none of the words that there are.") from None


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC) if text else None
    except ValueError:
        raise InputError(f"{text} is no day.") from None


def search_router(searches: SearchesLike, canonical: Callable[[str], str]) -> APIRouter:
    """`/api/v1/search`."""
    router = APIRouter(prefix="/api/v1", tags=["desk"], responses=problem_answers(400, 422, 503))

    @router.get("/search", summary="Stories by words and filters, latest news first")
    def search(
        sent: Annotated[Sent, Depends(sent_by)], limit: Limit = 50, cursor: Cursor = None
    ) -> PageAnswer[StoryAnswer]:
        page = searches.search(question_of(sent, canonical), limit, cursor)
        return PageAnswer(items=[StoryAnswer.model_validate(row) for row in page.items], next=page.next)

    return router


def search_page_router(
    searches: SearchesLike, canonical: Callable[[str], str], pages: Pages, clock: Callable[[], datetime]
) -> APIRouter:
    """`/search`. Nothing here writes."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.head("/search")
    @router.get("/search")
    def search(sent: Annotated[Sent, Depends(sent_by)], cursor: Cursor = None) -> HTMLResponse:
        if not sent.query:
            return pages.answer(SearchView(clock(), sent, None))
        try:
            found = searches.search(question_of(sent, canonical), ON_A_PAGE, cursor)
        except InputError as error:
            return pages.answer(SearchView(clock(), sent, None, str(error)), 400)
        return pages.answer(SearchView(clock(), sent, found))

    return router
