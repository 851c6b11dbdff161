"""The bodies that are sent to us: never more than a cap, never longer than a clock."""

from __future__ import annotations

import asyncio

from fastapi import HTTPException
from starlette.requests import ClientDisconnect, Request


async def read_body(request: Request, most: int, seconds: float, what: str) -> bytes:
    """The body as it came, of at most `most` bytes; `what` names it in refusals (413, 408, 400).

    A length that is announced is believed when it is too long.
    """
    body = bytearray()
    announced = request.headers.get("content-length", "0")
    try:
        async with asyncio.timeout(seconds):
            if not (announced.isascii() and announced.isdigit()) or int(announced[:12]) > most:
                raise HTTPException(413, f"At most {most} bytes are taken at once.")
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise HTTPException(413, f"At most {most} bytes are taken at once.")
    except TimeoutError:
        raise HTTPException(408, f"{what} did not arrive within {seconds:g} s.") from None
    except ClientDisconnect:
        raise HTTPException(400, "The request broke off.") from None
    return bytes(body)
