"""The one guarded client for everything that goes out: feeds, articles, webhooks.

What it promises: http and https only; a name is resolved once and refused when any of its addresses is not
public; the socket is opened to the address that was checked, and checked again as it is opened; redirects are
followed by hand and every hop is judged anew; no proxy, netrc or cookie of the environment takes part; one
clock runs over the whole exchange, redirects included; bodies are inflated by us, one gzip deep, up to a cap,
and given up where they come too slowly. A client with a pace takes turns at hosts (pace.py); the wait for a
turn is no part of the exchange. What it leaves out: connections are not kept open between requests, so a
client works from any event loop, one after the other or several at once, and each request is resolved and
checked anew. What the requests of one loop share (a session, for making one costs as much as a request) holds
no connection and no cookie.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import replace
from types import SimpleNamespace, TracebackType
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from service import failpoints
from service.bodies import read_body
from service.core.addresses import Network, networks, why_address_refused, why_url_refused
from service.errors import AddressRefused, OutgoingError, SettingsError
from service.exchange import (
    Request as Request,
    Response as Response,
    redirected as redirected,
    where as where,
)
from service.pace import HostPace

MAX_REDIRECTS = 5
MAX_HEADER_LINE = 16 * 1024
MAX_HEADER_BYTES = 64 * 1024
_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)
_NOT_MODIFIED = 304
# The addresses that sockets of the request at hand were opened to, the last one last.
_REACHED: ContextVar[list[str]] = ContextVar("reached")


class Resolver(Protocol):
    """Turns a host name into addresses. Raises OSError where it cannot."""

    async def addresses(self, host: str, port: int) -> Sequence[str]: ...


class SystemResolver:
    """The machine's resolver, on threads of its own so that dead names do not hold up other work."""

    def __init__(self, threads: int = 16) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolve")

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Every address of `host`, in the system's order."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, socket.getaddrinfo, host, port, socket.AF_UNSPEC, socket.SOCK_STREAM
        )
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))

    def close(self) -> None:
        """Let the threads end; a look-up that hangs is left to time out by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Refused(OSError):
    """Travels through aiohttp, which wraps an OSError and would swallow nothing else whole."""


class _CheckedResolver(AbstractResolver):
    """Asks `resolver` once and hands on the addresses only when every one of them is allowed."""

    def __init__(self, resolver: Resolver, allowed: Sequence[Network]) -> None:
        self._resolver = resolver
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.addresses(host, port)
        if not found:
            raise OSError(f"{host} has no address")
        for address in found:
            if why := why_address_refused(address, self._allowed):
                raise _Refused(f"{host} resolves to {address} ({why})")
        return [_result(host, address, port) for address in found]

    async def close(self) -> None:
        return None


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)


class GuardedClient:
    """Sends requests within the promise of this module. Safe from several event loops.

    `allow_networks`: ranges (CIDR) that are allowed although they are not public. Raises SettingsError for a
    range that cannot be read. `polite_networks`: ranges among them whose hosts are treated as public ones
    are. `pace`: whose turns it takes; None: it waits for nobody. `close` ends the resolver's threads; no
    connection is held between requests.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        allow_networks: Sequence[str] = (),
        resolver: Resolver | None = None,
        polite_networks: Sequence[str] = (),
        pace: HostPace | None = None,
    ) -> None:
        try:
            self._allowed = networks(allow_networks)
            self._polite = networks(polite_networks)
        except ValueError as error:
            raise SettingsError(f"allow_networks holds a range that cannot be read: {error}.") from None
        self.pace = pace
        self._user_agent = user_agent
        self._system = SystemResolver()  # starts no thread before it is asked
        self._resolver: Resolver = self._system if resolver is None else resolver
        self._sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> GuardedClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End what the client holds. Calling it twice does no harm."""
        self._system.close()
        self._let_go()

    def __del__(self) -> None:
        self._let_go()

    def _let_go(self, only_ended: bool = False) -> None:
        """Drop the sessions, or those of loops that ended: they hold nothing, so nothing is to be awaited."""
        for loop, session in list(getattr(self, "_sessions", {}).items()):
            if loop.is_closed() or not only_ended:
                self._sessions.pop(loop, None)
                session.detach()

    async def send(self, request: Request, at_hop: Callable[[str], None] | None = None) -> Response:
        """The final answer to `request`, of any status.

        `at_hop` is told each address that a redirect leads to, before it is asked, and may raise.
        Raises AddressRefused where we do not go, OutgoingError for everything else that kept an answer from
        being complete: no connection, no end within the deadline, too long, cut short, packed otherwise than
        with one gzip, redirected too often or to where it must not go.
        """
        host = where(request.url)
        try:
            async with asyncio.timeout(request.deadline_seconds) as clock:
                return await self._follow(request, clock, at_hop)
        except TimeoutError:
            raise OutgoingError(
                f"{host} gave no complete answer within {request.deadline_seconds:g} s."
            ) from None
        except aiohttp.InvalidURL as error:
            raise AddressRefused(f"The address of {host} is refused: it cannot be read.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _outgoing(host, error) from error

    async def _follow(
        self, request: Request, clock: asyncio.Timeout, at_hop: Callable[[str], None] | None
    ) -> Response:
        permanent = True
        current = request
        for hop in range(MAX_REDIRECTS + 1):
            response = await self._in_turn(current, clock)
            target = response.header("location")
            if response.status not in _REDIRECTS or not target or not request.follow_redirects:
                return replace(response, permanent_redirects_only=permanent and hop > 0)
            permanent = permanent and response.status in _PERMANENT
            current = redirected(current, response.status, target)
            if at_hop is not None:
                at_hop(current.url)
        raise OutgoingError(f"{where(request.url)} redirects more than {MAX_REDIRECTS} times.")

    async def _in_turn(self, request: Request, clock: asyncio.Timeout) -> Response:
        """One hop. The clock stands still while we wait for our turn at its host."""
        why = why_url_refused(request.url)
        if why is not None:
            raise AddressRefused(f"The address of {where(request.url)} is refused: {why}.")
        if self.pace is None:
            return await self._one(request)
        host = (urlsplit(request.url).hostname or "").lower()
        await _turn_at(self.pace, host, clock)
        try:
            response = await self._one(request)
            if response.inside:
                self.pace.is_ours(host)
            await asyncio.sleep(0)  # the loop closes the socket at its next round: one connection a host
            return response
        finally:
            self.pace.give_back(host)

    async def _one(self, request: Request) -> Response:
        reached: list[str] = []
        _REACHED.set(reached)
        async with self._answer(request) as answer:
            headers = tuple(answer.headers.items())
            if sum(len(key) + len(value) for key, value in headers) > MAX_HEADER_BYTES:
                raise OutgoingError(
                    f"{where(request.url)} sent more than {MAX_HEADER_BYTES} bytes of headers."
                )
            is_hop = answer.status in _REDIRECTS and request.follow_redirects
            has_body = not is_hop and answer.status != _NOT_MODIFIED
            body, cut = await read_body(answer, request) if has_body else (b"", False)
            inside = self._inside(reached[-1])
            return Response(answer.status, request.url, headers, body, truncated=cut, inside=inside)

    @asynccontextmanager
    async def _answer(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        async with self._session().request(
            request.method,
            request.url,
            headers=self._headers(request),
            data=request.body,
            allow_redirects=False,
            trace_request_ctx=request.method,
        ) as answer:
            yield answer

    def _session(self) -> aiohttp.ClientSession:
        """What the requests of the running loop share."""
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            self._let_go(only_ended=True)
            session = self._sessions[loop] = self._new_session()
        return session

    def _new_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=_CheckedResolver(self._resolver, self._allowed),
            socket_factory=self._open_socket,
            use_dns_cache=False,
            force_close=True,
            limit=0,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
            max_line_size=MAX_HEADER_LINE,
            max_field_size=MAX_HEADER_LINE,
            trace_configs=_traced(),
        )

    def _headers(self, request: Request) -> dict[str, str]:
        return {"User-Agent": self._user_agent, "Accept-Encoding": "gzip", **dict(request.headers)}

    def _open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """The last look: called with the very address that is about to be connected to."""
        family, kind, protocol, _, address = info
        if why := why_address_refused(str(address[0]), self._allowed):
            raise _Refused(f"{address[0]} is {why}")
        _REACHED.get().append(str(address[0]))
        return socket.socket(family, kind, protocol)

    def _inside(self, address: str) -> bool:
        """Whether `address` is of a network of the operator's own, which no manners protect."""
        return (
            why_address_refused(address) is not None
            and why_address_refused(address, self._polite) is not None
        )


async def _turn_at(pace: HostPace, host: str, clock: asyncio.Timeout) -> None:
    """Wait for a turn at `host`, which has to be given back; the clock stands still meanwhile."""
    wait = pace.take(host)
    if wait <= 0:
        return
    loop = asyncio.get_running_loop()
    left = (clock.when() or loop.time()) - loop.time()
    clock.reschedule(None)
    while wait > 0:
        await asyncio.sleep(wait)
        wait = pace.take(host)
    clock.reschedule(loop.time() + left)


def _traced() -> list[aiohttp.TraceConfig] | None:
    """Where somebody tests what a death in the middle of a delivery does; None nearly always."""
    if not failpoints.is_armed("connected", "body-sent"):
        return None

    async def connected(_session: object, context: SimpleNamespace, _what: object) -> None:
        if context.trace_request_ctx == "POST":
            failpoints.hit("connected")

    async def writing(_session: object, context: SimpleNamespace, _what: object) -> None:
        # Called just before the bytes go: what is called soon comes right after.
        if context.trace_request_ctx == "POST":
            asyncio.get_running_loop().call_soon(failpoints.hit, "body-sent")

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    trace.on_request_chunk_sent.append(writing)
    return [trace]


def _outgoing(host: str, error: Exception) -> OutgoingError:
    cause = getattr(error, "os_error", None) or error.__cause__ or error
    if isinstance(cause, _Refused) or isinstance(error, _Refused):
        return AddressRefused(f"The address of {host} is refused: {cause}.")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return OutgoingError(f"{host} shows a certificate that does not hold: {error}.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return OutgoingError(f"{host} cannot be reached: {error.os_error or error}.")
    if isinstance(error, aiohttp.ClientPayloadError):
        return OutgoingError(f"{host} broke off before its answer was complete.")
    said = " ".join(str(error).split())[:200] or type(error).__name__  # it may quote what the server sent
    return OutgoingError(f"{host} did not answer as a web server does: {said}.")
