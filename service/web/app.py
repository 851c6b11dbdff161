"""The web application, put together: who may ask, what is answered, how errors are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from service import logs
from service.alerts.mute_links import PATH as MUTE
from service.errors import InputError, StoreError
from service.feeds.websub import PATH
from service.outfeeds import PATH as OUT, Outfeeds
from service.tracing import TracesLike
from service.web.access import AccessGate
from service.web.api import api_router, probe_router, why_router
from service.web.audience import Editing, audience_router
from service.web.channels import ChannelDesk, channel_page_router, channel_router
from service.web.dashboard import TroubleView, page_router, why_page_router
from service.web.deliveries import DeliveryDesk, delivery_page_router, delivery_router
from service.web.headers import SecurityHeaders, harden
from service.web.hosts import LOOPBACK, HostGate, Opened, allowed_names
from service.web.intake import Intake, intake_router
from service.web.mute import Muting, mute_router
from service.web.outfeeds import outfeed_router
from service.web.pages import Pages
from service.web.parts import DeskParts, Shown, add_desk, nav_of
from service.web.problems import problem, wrong_arguments
from service.web.reading import ReportsLike
from service.web.streams import Streams, stream_router
from service.web.validators import Validators
from service.web.websub import Callback, websub_router

_NO_LEDGER = "The ledger cannot be read right now; the reason is in the log."
_BUG = "Something went wrong on our side; the reason is in the log."
# What the framework says in two words, as a sentence.
_SENTENCES = {
    "Not Found": "There is nothing at this address.",
    "Method Not Allowed": "This address does not take that kind of request.",
}
_FOR_PROGRAMS = ("/api/", "/static/", "/livez", "/readyz", "/metrics", PATH, OUT, MUTE)
_PUBLIC = (PATH, OUT, MUTE)  # what answers to the public host name


@dataclass(frozen=True, slots=True)
class Push:
    """Where hubs may push: what stands behind the address, and the host name that they know us by."""

    host: str
    callback: Callback


@dataclass(frozen=True, slots=True)
class Secret:
    """What stands behind addresses that nobody can guess. `host`: the name by which others know us."""

    host: str | None = None
    outfeeds: Outfeeds | None = None
    muting: Muting | None = None


def create_app(
    reports: ReportsLike,
    *,
    allowed_hosts: Sequence[str],
    clock: Callable[[], datetime],
    demo: bool,
    intake: Intake | None = None,
    push: Push | None = None,
    traces: TracesLike | None = None,
    editing: Editing | None = None,
    channels: ChannelDesk | None = None,
    secret: Secret = Secret(),
    streams: Streams | None = None,
    desk: DeskParts | None = None,
    deliveries: DeliveryDesk | None = None,
) -> FastAPI:
    """Pages, API and probes over `reports`. `clock` gives aware times in UTC; `demo` says that seeds run.

    `intake`: where programs may push items; `push`: where hubs may; `traces`: what answers why;
    `editing`: who hears of what; `channels`: where it goes; `secret`: what may be read and done by
    who was told an address; `streams`: alerts as they leave; `desk`: what the desk does besides;
    `deliveries`: what arrived. None: there is no such address.

    Raises SettingsError for an allowed host that is none.
    """
    app = FastAPI(
        title="rumorwatch",
        version=_version(),
        summary="Rumors in the news and what becomes of them.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
    )
    pages = Pages(_nav(desk, channels, deliveries))
    curation = None if desk is None else desk.curation
    app.include_router(page_router(reports, pages, clock, demo=demo, curation=curation))
    app.include_router(api_router(reports) if desk is None else api_router(reports, desk.canonical))
    if desk is not None:
        add_desk(app, desk, Shown(reports, pages, clock))
    app.include_router(probe_router(reports, clock))
    if traces is not None:
        app.include_router(why_router(traces))
        app.include_router(why_page_router(traces, pages))
    if editing is not None:
        app.include_router(audience_router(editing))
    _add_sending(app, pages, channels, deliveries)
    if intake is not None:
        app.include_router(intake_router(intake))
    if streams is not None:
        app.include_router(stream_router(streams))
    _add_secret(app, secret, pages, clock)
    if push is not None:
        app.include_router(websub_router(push.callback))
    app.mount("/static", _Static(directory=Path(__file__).with_name("static")))
    _tell_errors(app, pages)
    _add_gates(app, allowed_hosts, push.host if push is not None else secret.host, desk)
    return app


def _add_secret(app: FastAPI, secret: Secret, pages: Pages, clock: Callable[[], datetime]) -> None:
    if secret.outfeeds is not None:
        app.include_router(outfeed_router(secret.outfeeds, clock))
    if secret.muting is not None:
        app.include_router(mute_router(secret.muting, pages))


def _add_gates(
    app: FastAPI, allowed_hosts: Sequence[str], public_host: str | None, desk: DeskParts | None
) -> None:
    """What every request passes, the last added first: headers, host, who asks, what that one has already."""
    opened = None if public_host is None else Opened(_PUBLIC, allowed_names([public_host]) - LOOPBACK)
    app.add_middleware(Validators)
    _guard(app, desk)
    app.add_middleware(HostGate, allowed=allowed_names(allowed_hosts), opened=opened)
    app.add_middleware(SecurityHeaders)  # outermost: refusals carry the headers too


def _nav(
    desk: DeskParts | None, channels: ChannelDesk | None, deliveries: DeliveryDesk | None
) -> tuple[tuple[str, str], ...]:
    """The pages that every page leads to."""
    nav = [] if desk is None else list(nav_of(desk))
    nav += [] if channels is None else [("/channels", "Channels")]
    nav += [] if deliveries is None else [("/deliveries", "Deliveries")]
    return tuple(nav)


def _add_sending(
    app: FastAPI, pages: Pages, channels: ChannelDesk | None, deliveries: DeliveryDesk | None
) -> None:
    """Where alerts go, and what arrived."""
    if channels is not None:
        app.include_router(channel_router(channels))
        app.include_router(channel_page_router(channels, pages))
    if deliveries is not None:
        app.include_router(delivery_router(deliveries))
        app.include_router(delivery_page_router(deliveries, pages))


def _guard(app: FastAPI, desk: DeskParts | None) -> None:
    """Lets in who may, where the desk has a door."""
    if desk is not None and desk.door is not None:
        app.add_middleware(AccessGate, access=desk.door.access)


class _Static(StaticFiles):
    """Our own few files: kept by the browser, asked about each time."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.setdefault("Cache-Control", "no-cache")
        return response


def _version() -> str:
    try:
        return version("rumorwatch")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"


def _tell_errors(app: FastAPI, pages: Pages) -> None:
    """Every error as a problem for programs and as a page for people."""

    def tell(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
        if request.scope["path"].startswith(_FOR_PROGRAMS):
            return problem(status, detail, headers)
        answer = pages.answer(TroubleView(status, detail), status)
        answer.headers.update(headers or {})
        return answer

    def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = _SENTENCES.get(error.detail, error.detail)
        return tell(request, error.status_code, detail, dict(error.headers or {}))

    def wrong_request(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return tell(request, 422, wrong_arguments(error))

    def wrong_input(request: Request, error: Exception) -> Response:
        return tell(request, 400, str(error))

    def no_ledger(request: Request, error: Exception) -> Response:
        logs.warning("web.ledger_unreadable", path=request.scope["path"], reason=error)
        return tell(request, 503, _NO_LEDGER, {"Retry-After": "5"})

    def bug(request: Request, error: Exception) -> Response:
        # The server logs the error itself. This answer leaves outside our middleware, hence `harden`.
        answer = tell(request, 500, _BUG)
        harden(answer.headers)
        return answer

    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, wrong_request)
    app.add_exception_handler(InputError, wrong_input)
    app.add_exception_handler(StoreError, no_ledger)
    app.add_exception_handler(Exception, bug)
