"""The body of an answer: inflated by us, one gzip deep, up to a cap, given up where it comes too slowly."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

import aiohttp

from service.errors import OutgoingError
from service.exchange import Request, where

_CHUNK = 64 * 1024


async def read_body(answer: aiohttp.ClientResponse, request: Request) -> tuple[bytes, bool]:
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
