"""Templates into answers. Everything that a template prints is escaped and made inert here, once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from service.alerts import words as told
from service.core.model import Status
from service.web import present, words


class View(Protocol):
    """What a template is handed: one frozen value, and the template's own name with it."""

    @property
    def template(self) -> str:
        """The file below templates/ that shows this view."""
        ...


class Pages:
    """Renders views. One for the life of an app: templates are compiled once."""

    def __init__(self, nav: Sequence[tuple[str, str]] = ()) -> None:
        """`nav`: addresses and names of the pages besides the front page that every page leads to."""
        self._environment = _environment()
        self._environment.globals["nav"] = (("/", "Now"), *nav, ("/api/v1/openapi.json", "API"))

    def answer(self, view: View, status: int = 200) -> HTMLResponse:
        """The page for `view`. A template that names what is not there fails loudly."""
        return HTMLResponse(self._environment.get_template(view.template).render(view=view), status)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        finalize=present.inert,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(words=words, told=told, present=present, Status=Status)
    return environment
