"""What a form on a page sends: a few short fields, read with a cap and a clock."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import HTTPException
from starlette.requests import Request

from service.web.bodies import read_body

FORM = "application/x-www-form-urlencoded"
MAX_FORM = 64 * 1024
SECONDS = 10.0
_MOST_FIELDS = 20
_NO_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


async def read_form(request: Request, most: int = MAX_FORM) -> Mapping[str, str]:
    """The fields by name, the last of a name; 415, 413, 408 or 400 where it is no form of ours.

    Line ends, which browsers send as CR LF, are plain LF.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise HTTPException(415, f"A form is taken as {FORM}.")
    body = await read_body(request, most, SECONDS, "The form")
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None
    return {name: value.replace("\r\n", "\n").translate(_NO_SURROGATES) for name, value in fields}
