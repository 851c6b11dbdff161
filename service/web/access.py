"""The gate: who may look and who may change things, by token or by the session of a page.

How it decides: where the ledger holds no token that counts, a service that listens on this machine alone
answers anybody on it, as a program on a desk does, and any other service answers nobody. Once there is one, a
request brings it (`Authorization: Bearer`), or the cookie of a session that began with it. Tokens are
compared by their hashes, all of them, in constant time. An address that guesses wrong ten times within a
minute is heard again when the minute is over. What it leaves out: users, and who of several may see what.
"""

from __future__ import annotations

import hmac
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service import logs
from service.alerts.mute_links import PATH as MUTE
from service.errors import StoreError
from service.feeds.websub import PATH
from service.outfeeds import PATH as OUT
from service.store.access import TokenRow, digest_of
from service.web.callers import ANYBODY, Caller, note_caller
from service.web.problems import problem

COOKIE = "rumorwatch_session"
MOST_FAILURES = 10
WITHIN = timedelta(minutes=1)
FRESH_FOR = timedelta(seconds=2)  # how long a look at the tokens is good for: a revoked one ends after it
_MOST_ADDRESSES = 10_000
_SAFE = ("GET", "HEAD", "OPTIONS")
# Asked for without a token: a supervisor's probes, our own few files, the page where one is given, and what
# comes with a secret of its own: hubs, the feeds that others read, the links in mails.
OPEN = ("/livez", "/readyz", "/static/", "/login", PATH, OUT, MUTE)
_BY_ITSELF = "/api/v1/items"  # a push of items brings the intake's token, which this gate does not know
_READING = ("/explain", "/api/v1/read", "/logout")  # sent, and change nothing
_PROGRAMS = ("/api/", "/metrics")


class TokensLike(Protocol):
    """Blocking reads of tokens and sessions. StoreError without a ledger."""

    def listed(self) -> tuple[TokenRow, ...]:
        """Every token."""
        ...

    def session(self, digest: bytes, now: datetime) -> TokenRow | None:
        """The token of a session that is not over."""
        ...


class Slowing:
    """How often an address guessed wrong of late."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, list[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, address: str) -> None:
        """It guessed wrong."""
        with self._lock:
            self._wrong.setdefault(address, []).append(self._clock())
            self._wrong.move_to_end(address)
            while len(self._wrong) > _MOST_ADDRESSES:
                self._wrong.popitem(last=False)

    def waits(self, address: str) -> bool:
        """Whether it is to wait."""
        with self._lock:
            late = [at for at in self._wrong.get(address, ()) if at > self._clock() - WITHIN]
            if late:
                self._wrong[address] = late
            else:
                self._wrong.pop(address, None)
            return len(late) >= MOST_FAILURES


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request is not let in, and with what headers that is said."""

    status: int
    detail: str
    headers: tuple[tuple[str, str], ...] = ()


_WAIT = Refused(429, "Too many wrong tokens came from your address: wait a minute.", (("Retry-After", "60"),))
_UNKNOWN = Refused(
    401, "This service takes a token that it made: `rumorwatch tokens add NAME`.",
    (("WWW-Authenticate", "Bearer"),),
)  # fmt: skip
_READ_ONLY = Refused(403, "Your token may read and not edit.")


class Access:
    """Who is let in. `alone`: the service listens on this machine only. `editing`: digest of the settings'
    `edit_token`, which may edit."""

    def __init__(
        self, rows: TokensLike, clock: Callable[[], datetime], *, alone: bool, editing: bytes | None = None
    ) -> None:
        self._rows = rows
        self._clock = clock
        self._alone = alone
        self._editing = editing
        self._seen: tuple[datetime, tuple[TokenRow, ...]] | None = None
        self.slowing = Slowing(clock)

    def caller(self, headers: Headers, address: str) -> Caller | Refused:
        """Who asks, by what a request brings. It blocks."""
        given = headers.getlist("authorization")
        if given:
            return self._by_token(given, address)
        if not self._tokens() and self._alone:
            return ANYBODY
        return self._by_cookie(headers)

    def by_secret(self, secret: str, address: str) -> Caller | Refused:
        """Who holds this token. It blocks."""
        if self.slowing.waits(address):
            return _WAIT
        digest, found = digest_of(secret), None
        for token in self._tokens():
            if hmac.compare_digest(token.digest, digest):
                found = Caller(token.name, token.may_edit, known=True)
        if self._editing is not None and hmac.compare_digest(self._editing, digest):
            found = Caller("edit_token", may_edit=True, known=True)
        if found is None:
            self.slowing.note(address)
            logs.warning("web.wrong_token", address=address)
            return _UNKNOWN
        return found

    def _by_token(self, given: list[str], address: str) -> Caller | Refused:
        scheme, _, secret = given[0].partition(" ")
        if len(given) != 1 or scheme.lower() != "bearer":
            return _UNKNOWN
        return self.by_secret(secret.strip(), address)

    def _by_cookie(self, headers: Headers) -> Caller | Refused:
        value = session_in(headers)
        if value is None:
            return _UNKNOWN
        token = self._rows.session(digest_of(value), self._clock())
        return Caller(token.name, token.may_edit, True, value) if token else _UNKNOWN

    def _tokens(self) -> tuple[TokenRow, ...]:
        now = self._clock()
        if self._seen is None or not timedelta() <= now - self._seen[0] < FRESH_FOR:
            self._seen = (now, tuple(one for one in self._rows.listed() if one.revoked_at is None))
        return self._seen[1]


def session_in(headers: Headers) -> str | None:
    """The value of our cookie, None without one."""
    value = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
    return value if 0 < len(value) <= 200 else None


class AccessGate:
    """ASGI: lets in who may, and notes who it is."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse with 401, 403 or 429; a person who only looks is led to `/login`."""
        if scope["type"] != "http" or scope["path"].startswith(OPEN):
            await self._app(scope, receive, send)
            return
        found = await self._found(scope)
        if isinstance(found, Caller):
            note_caller(scope, found)
            if scope["method"] in _SAFE or found.may_edit or scope["path"] in _READING:
                await self._app(scope, receive, send)
                return
            found = _READ_ONLY
        elif scope["path"] == _BY_ITSELF and scope["method"] == "POST" and found is _UNKNOWN:
            note_caller(scope, Caller("", may_edit=False))
            await self._app(scope, receive, send)
            return
        await _refusal(scope, found)(scope, receive, send)

    async def _found(self, scope: Scope) -> Caller | Refused:
        headers, client = Headers(scope=scope), scope.get("client")
        try:
            return await run_in_threadpool(self._access.caller, headers, client[0] if client else "")
        except StoreError as error:
            logs.warning("web.ledger_unreadable", path=scope["path"], reason=error)
            return Refused(503, "The ledger cannot be read right now.", (("Retry-After", "5"),))


def _refusal(scope: Scope, refused: Refused) -> Response:
    path = scope["path"]
    if refused is _UNKNOWN and scope["method"] in _SAFE and not path.startswith(_PROGRAMS):
        query = scope["query_string"].decode("latin-1")
        return RedirectResponse(f"/login?next={quote(path + ('?' + query if query else ''), safe='')}", 303)
    return problem(refused.status, refused.detail, dict(refused.headers))


def address_of(request: Request) -> str:
    """The network address that a request came from."""
    return request.client.host if request.client else ""
