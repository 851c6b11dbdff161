"""Pages of a list, newest first, and the cursors that lead from one to the next."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, or_
from sqlalchemy.sql import Select

from service.errors import InputError


def page_of(wanted: Select[Any], at: Any, id_: Any, limit: int, cursor: str | None) -> Select[Any]:
    """`wanted` from the cursor on, newest first, and one row more than `limit` to see whether more follow."""
    if limit < 1:
        raise InputError(f"A page of {limit} rows cannot be shown.")
    if cursor is not None:
        last_at, last_id = _parsed(cursor)
        wanted = wanted.where(or_(at < last_at, and_(at == last_at, id_ < last_id)))
    return wanted.order_by(at.desc(), id_.desc()).limit(limit + 1)


def cursor_of(at: datetime, id_: str) -> str:
    """The cursor of the page behind the row of that moment and id."""
    text = json.dumps([at.astimezone(UTC).isoformat(timespec="microseconds"), id_])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parsed(cursor: str) -> tuple[datetime, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, id_ = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        moment = datetime.fromisoformat(at)
        id_.encode()
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InputError("The cursor is not one that this service gave out.") from None
    if moment.tzinfo is None or "\x00" in id_:
        raise InputError("The cursor is not one that this service gave out.")
    return moment, id_
