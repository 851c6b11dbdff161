"""Pages of a list, newest first, with a cursor that is the last row's moment and id.

So a page that was begun is not moved by what comes meanwhile.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, or_
from sqlalchemy.sql import Select

from service.errors import InputError

_NOT_OURS = "The cursor is not one that this service gave out."
_MOST_NUMBER = 2**63 - 1


def page_of(wanted: Select[Any], at: Any, id_: Any, limit: int, cursor: str | None) -> Select[Any]:
    """`wanted` from the cursor on, newest first, and one row more than `limit` to see whether more follow."""
    if limit < 1:
        raise InputError(f"A page of {limit} rows cannot be shown.")
    if cursor is not None:
        last_at, last_id = _parsed(cursor)
        wanted = wanted.where(or_(at < last_at, and_(at == last_at, id_ < last_id)))
    return wanted.order_by(at.desc(), id_.desc()).limit(limit + 1)


def cursor_of(at: datetime, id_: str) -> str:
    """The cursor behind a row."""
    return _packed([at.astimezone(UTC).isoformat(timespec="microseconds"), id_])


def number_cursor(number: int) -> str:
    """The cursor behind a row that has a number, or behind that many rows."""
    return _packed([number])


def parsed_number(cursor: str) -> int:
    """What `number_cursor` was given. InputError for a cursor that is not ours."""
    found = _unpacked(cursor)
    if len(found) != 1 or type(found[0]) is not int or not 0 <= found[0] <= _MOST_NUMBER:
        raise InputError(_NOT_OURS)
    return found[0]


def _parsed(cursor: str) -> tuple[datetime, str]:
    try:
        at, id_ = _unpacked(cursor)
        moment = datetime.fromisoformat(at)
        id_.encode()
    except (ValueError, TypeError, AttributeError):
        raise InputError(_NOT_OURS) from None
    if moment.tzinfo is None or "\x00" in id_:
        raise InputError(_NOT_OURS)
    return moment, id_


def _packed(parts: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _unpacked(cursor: str) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        raise InputError(_NOT_OURS) from None
    if not isinstance(found, list):
        raise InputError(_NOT_OURS)
    return found
