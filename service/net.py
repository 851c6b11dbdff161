"""The one guarded client for everything that goes out: feeds, articles, webhooks.

What it promises: http and https only; a name is resolved once and refused when any of its addresses is not
public; the socket is opened to the address that was checked, and checked again as it is opened; redirects are
followed by hand and every hop is judged anew; no proxy, netrc or cookie of the environment takes part; one
clock runs over the whole exchange, redirects included; bodies are inflated by us, one gzip deep, up to a cap,
and given up where they come too slowly. A client with a pace takes turns at hosts (pace.py); the wait for a
turn is no part of the exchange. What it leaves out: connections are not kept open between requests, so a
client works from any event loop, one after the other or several at once, and each request is resolved and
checked anew.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from service import failpoints
from service.core.addresses import Network, networks, why_address_refused, why_url_refused
from service.errors import AddressRefused, OutgoingError, SettingsError
from service.pace import HostPace

MAX_REDIRECTS = 5
MAX_HEADER_LINE = 16 * 1024
MAX_HEADER_BYTES = 64 * 1024
_CHUNK = 64 * 1024
_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "webhook-signature"})
_BODY_HEADERS = frozenset({"content-type", "content-length", "content-encoding"})


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `cut_long_body`: a body over `max_bytes` is cut instead of being an error.

    A body that took `slow_after_seconds` must have brought `least_rate` bytes for each second by then and
    from then on.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    deadline_seconds: float = 30.0
    max_bytes: int = 10 * 1024 * 1024
    follow_redirects: bool = True
    cut_long_body: bool = False
    slow_after_seconds: float = 10.0
    least_rate: float = 1000.0


@dataclass(frozen=True, slots=True)
class Response:
    """The final answer, whatever its status. `body` is inflated; `url` is where it came from.

    `truncated`: the body was cut at `max_bytes`. `permanent_redirects_only`: there were redirects, and all of
    them were 301 or 308. `inside`: only the allow-list let us reach it.
    """

    status: int
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool = False
    permanent_redirects_only: bool = False
    inside: bool = False

    def header(self, name: str) -> str | None:
        """The first value of the header `name`, upper or lower case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


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
    are. `pace`: whose turns it takes; None: it waits for nobody. `close` ends the resolver's threads; nothing
    else is held between requests.
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

    async def __aenter__(self) -> GuardedClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End what the client holds. Calling it twice does no harm."""
        self._system.close()

    async def send(self, request: Request) -> Response:
        """The final answer to `request`, of any status.

        Raises AddressRefused where we do not go, OutgoingError for everything else that kept an answer from
        being complete: no connection, no end within the deadline, too long, cut short, packed otherwise than
        with one gzip, redirected too often or to where it must not go.
        """
        host = where(request.url)
        try:
            async with asyncio.timeout(request.deadline_seconds) as clock:
                return await self._follow(request, clock)
        except TimeoutError:
            raise OutgoingError(
                f"{host} gave no complete answer within {request.deadline_seconds:g} s."
            ) from None
        except aiohttp.InvalidURL as error:
            raise AddressRefused(f"The address of {host} is refused: it cannot be read.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _outgoing(host, error) from error

    async def _follow(self, request: Request, clock: asyncio.Timeout) -> Response:
        permanent = True
        current = request
        for hop in range(MAX_REDIRECTS + 1):
            response = await self._in_turn(current, clock)
            target = response.header("location")
            if response.status not in _REDIRECTS or not target or not request.follow_redirects:
                return replace(response, permanent_redirects_only=permanent and hop > 0)
            permanent = permanent and response.status in _PERMANENT
            current = redirected(current, response.status, target)
        raise OutgoingError(f"{where(request.url)} redirects more than {MAX_REDIRECTS} times.")

    async def _in_turn(self, request: Request, clock: asyncio.Timeout) -> Response:
        """One hop. The clock stands still while we wait for our turn at its host."""
        why = why_url_refused(request.url)
        if why is not None:
            raise AddressRefused(f"The address of {where(request.url)} is refused: {why}.")
        host = (urlsplit(request.url).hostname or "").lower()
        loop = asyncio.get_running_loop()
        left = (clock.when() or loop.time()) - loop.time()
        clock.reschedule(None)
        async with nullcontext() if self.pace is None else self.pace.turn(host):
            clock.reschedule(loop.time() + left)
            response = await self._one(request)
            if response.inside and self.pace is not None:
                self.pace.is_ours(host)
            return response

    async def _one(self, request: Request) -> Response:
        reached: list[str] = []
        async with self._answer(request, reached) as answer:
            headers = tuple((key, value) for key, value in answer.headers.items())
            if sum(len(key) + len(value) for key, value in headers) > MAX_HEADER_BYTES:
                raise OutgoingError(
                    f"{where(request.url)} sent more than {MAX_HEADER_BYTES} bytes of headers."
                )
            is_hop = answer.status in _REDIRECTS and request.follow_redirects
            body, cut = (b"", False) if is_hop else await _read(answer, request)
            inside = self._inside(reached[-1])
            return Response(answer.status, request.url, headers, body, truncated=cut, inside=inside)

    @asynccontextmanager
    async def _answer(self, request: Request, reached: list[str]) -> AsyncIterator[aiohttp.ClientResponse]:
        connector = aiohttp.TCPConnector(
            resolver=_CheckedResolver(self._resolver, self._allowed),
            socket_factory=partial(self._open_socket, reached),
            use_dns_cache=False,
            force_close=True,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
            max_line_size=MAX_HEADER_LINE,
            max_field_size=MAX_HEADER_LINE,
            trace_configs=_traced() if request.method == "POST" else None,
        )
        async with (
            session,
            session.request(
                request.method,
                request.url,
                headers=self._headers(request),
                data=request.body,
                allow_redirects=False,
            ) as answer,
        ):
            yield answer

    def _headers(self, request: Request) -> dict[str, str]:
        return {"User-Agent": self._user_agent, "Accept-Encoding": "gzip", **dict(request.headers)}

    def _open_socket(self, reached: list[str], info: aiohttp.AddrInfoType) -> socket.socket:
        """The last look: called with the very address that is about to be connected to."""
        family, kind, protocol, _, address = info
        if why := why_address_refused(str(address[0]), self._allowed):
            raise _Refused(f"{address[0]} is {why}")
        reached.append(str(address[0]))
        return socket.socket(family, kind, protocol)

    def _inside(self, address: str) -> bool:
        """Whether `address` is of a network of the operator's own, which no manners protect."""
        return (
            why_address_refused(address) is not None
            and why_address_refused(address, self._polite) is not None
        )


def _traced() -> list[aiohttp.TraceConfig] | None:
    """Where somebody tests what a death in the middle of a request does; None nearly always."""
    if not failpoints.is_armed("connected", "body-sent"):
        return None

    async def connected(*_: object) -> None:
        failpoints.hit("connected")

    async def writing(*_: object) -> None:
        # Called just before the bytes go: what is called soon comes right after.
        asyncio.get_running_loop().call_soon(failpoints.hit, "body-sent")

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    trace.on_request_chunk_sent.append(writing)
    return [trace]


def redirected(request: Request, status: int, location: str) -> Request:
    """The request that follows `request` after a redirect of `status` to `location`.

    Secrets stay with their origin: another origin does not get them, and a request that carries some is not
    moved from https to http. Raises OutgoingError for that, AddressRefused for a location that cannot be
    read; whether the target may be visited at all is judged at the next hop.
    """
    try:
        target = urljoin(request.url, location.strip().replace(" ", "%20"))
    except ValueError:
        raise AddressRefused(f"{where(request.url)} redirects to an address that cannot be read.") from None
    headers = request.headers
    secret = any(key.lower() in _SECRET_HEADERS for key, _ in headers)
    if secret and request.url.lower().startswith("https:") and not target.lower().startswith("https:"):
        raise OutgoingError(f"{where(request.url)} redirects a signed request to plain http.", permanent=True)
    if _origin(request.url) != _origin(target):
        headers = tuple(pair for pair in headers if pair[0].lower() not in _SECRET_HEADERS)
    to_get = status == 303 or (status in (301, 302) and request.method == "POST")
    if to_get and request.method != "HEAD":
        headers = tuple(pair for pair in headers if pair[0].lower() not in _BODY_HEADERS)
        return replace(request, url=target, headers=headers, method="GET", body=None)
    return replace(request, url=target, headers=headers)


def where(url: str) -> str:
    """The host and port of `url` for messages: its path and user name may be secrets."""
    rest = url.partition("://")[2] or url
    return re.split(r"[/?#\\\s]", rest, maxsplit=1)[0].rpartition("@")[2][:200] or "nowhere"


def _origin(url: str) -> tuple[str, str, int | None]:
    if why_url_refused(url) is not None:
        return ("refused", url, None)
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return (scheme, (parts.hostname or "").lower(), parts.port or (443 if scheme == "https" else 80))


async def _read(answer: aiohttp.ClientResponse, request: Request) -> tuple[bytes, bool]:
    """The body, inflated, and whether it was cut. Never holds more than max_bytes and one chunk."""
    coding = (answer.headers.get("Content-Encoding") or "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        raise OutgoingError(
            f"{where(request.url)} packed its answer as {coding!r}, which we did not ask for."
        )
    body = bytearray()
    inflater = None if coding == "identity" else zlib.decompressobj(wbits=31)
    received = 0
    async for chunk in _not_too_slowly(answer, request):
        received += len(chunk)
        # One byte over the cap is enough to know; a bomb is never unpacked further.
        room = request.max_bytes + 1 - len(body)
        body += chunk if inflater is None else _inflate(inflater, chunk, room, where(request.url))
        if len(body) > request.max_bytes or received > request.max_bytes:
            if request.cut_long_body:
                return bytes(body[: request.max_bytes]), True
            raise OutgoingError(f"{where(request.url)} sent more than {request.max_bytes} bytes.")
    if inflater is not None and received and not inflater.eof:
        raise OutgoingError(f"{where(request.url)} sent a packed answer that breaks off.")
    return bytes(body), False


async def _not_too_slowly(answer: aiohttp.ClientResponse, request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. OutgoingError at the moment from which on it is under the least rate."""
    now = asyncio.get_running_loop().time
    began, received = now(), 0
    chunks = aiter(answer.content.iter_chunked(_CHUNK))
    while True:
        enough_until = began + max(request.slow_after_seconds, received / request.least_rate)
        try:
            async with asyncio.timeout_at(enough_until) as slow:
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            if not slow.expired():
                raise
            raise OutgoingError(
                f"{where(request.url)} sent {received} bytes in {now() - began:.0f} s: that is too slow."
            ) from None
        received += len(chunk)
        yield chunk


def _inflate(inflater: zlib._Decompress, chunk: bytes, room: int, host: str) -> bytes:
    try:
        inflated = inflater.decompress(chunk, max(room, 1))
    except zlib.error as error:
        raise OutgoingError(f"{host} sent a packed answer that cannot be unpacked ({error}).") from None
    if inflater.unused_data:
        raise OutgoingError(f"{host} sent something behind its packed answer.")
    return inflated


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
