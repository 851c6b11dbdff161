"""What stands behind the desk besides the reports: handed over in one piece by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI

from service.web.lists import ListsLike, lists_router
from service.web.reader import Reader, reader_router


@dataclass(frozen=True, slots=True)
class DeskParts:
    """`canonical`: a name as stories are kept under it, whatever it was called."""

    lists: ListsLike
    reader: Reader
    canonical: Callable[[str], str]


def add_desk(app: FastAPI, desk: DeskParts) -> None:
    """The addresses of the desk."""
    app.include_router(lists_router(desk.lists))
    app.include_router(reader_router(desk.reader))
