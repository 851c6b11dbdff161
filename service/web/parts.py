"""What stands behind the desk besides the reports: handed over in one piece by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import FastAPI

from service.web.curation import Curation, curation_page_router, curation_router
from service.web.explain import explain_router
from service.web.lists import ListsLike, lists_router
from service.web.login import Door, login_router
from service.web.pages import Pages
from service.web.reader import Reader, reader_router
from service.web.reading import ReportsLike
from service.web.searching import search_page_router, search_router
from service.web.sources import sources_router


@dataclass(frozen=True, slots=True)
class DeskParts:
    """`canonical`: a name as stories are kept under it, whatever it was called. `door`: None: no gate."""

    lists: ListsLike
    reader: Reader
    curation: Curation
    canonical: Callable[[str], str]
    door: Door | None = None


NAV = (("/search", "Search"), ("/review", "Review"), ("/sources", "Sources"), ("/explain", "Explain"))


@dataclass(frozen=True, slots=True)
class Shown:
    """What every page is made of."""

    reports: ReportsLike
    pages: Pages
    clock: Callable[[], datetime]


def nav_of(desk: DeskParts) -> tuple[tuple[str, str], ...]:
    """The pages that every page leads to."""
    return NAV if desk.door is None else (*NAV, ("/login", "Session"))


def add_desk(app: FastAPI, desk: DeskParts, shown: Shown) -> None:
    """The addresses of the desk."""
    app.include_router(lists_router(desk.lists))
    app.include_router(reader_router(desk.reader))
    app.include_router(search_router(shown.reports, desk.canonical))
    app.include_router(search_page_router(shown.reports, desk.canonical, shown.pages, shown.clock))
    if desk.door is not None:
        app.include_router(login_router(desk.door, shown.pages))
    app.include_router(curation_router(desk.curation))
    app.include_router(curation_page_router(desk.curation, shown.pages, shown.clock))
    app.include_router(explain_router(desk.reader, shown.pages))
    app.include_router(sources_router(shown.reports, shown.pages, shown.clock))
