"""The machine interface: items in, statements and replay rows out, one JSON object a line.

Other programs rely on these keys and their order. The same input gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from service.core.model import Evidence, Reading, Statement
from service.core.text import stable_id
from service.errors import InputError

# A lone surrogate can be neither stored nor printed; its place is kept so that offsets hold.
_NO_SURROGATES = dict.fromkeys(range(55296, 57344), "�")


@dataclass(frozen=True, slots=True)
class GivenItem:
    """An item as given. `published` None: the source does not say."""

    id: str
    title: str
    text: str
    url: str | None
    outlet: str | None
    published: datetime | None
    lang: str | None


def parse_item(line: str) -> GivenItem:
    """One item of a line; InputError with the reason where the line is none."""
    try:
        row = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}") from None
    return item_of(row)


def item_of(row: object) -> GivenItem:
    """One item of what a line held; InputError with the reason where it is none."""
    if not isinstance(row, dict):
        raise InputError("not a JSON object")
    title, text = _text(row, "title") or "", _text(row, "text") or ""
    if not title.strip() and not text.strip():
        raise InputError("neither title nor text")
    url, published = _text(row, "url"), _text(row, "published")
    identity = _text(row, "id") or stable_id("i", url, title, text, published)
    return GivenItem(
        id=identity,
        title=title,
        text=text,
        url=url,
        outlet=_text(row, "outlet"),
        published=parse_time(published) if published else None,
        lang=_text(row, "lang"),
    )


def parse_time(text: str) -> datetime:
    """ISO 8601 as an aware time; a day alone is 00:00 UTC, and so is the zone where none is given."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(f"{text[:60]!r} is no ISO 8601 time") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _text(row: dict[str, Any], key: str) -> str | None:
    value = row.get(key)
    if value is None:
        return None
    if key == "id" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise InputError(f"{key!r} is not a text")
    return value.translate(_NO_SURROGATES)


def numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The lines that hold something, with their numbers from 1."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, line


def dump(row: dict[str, Any]) -> str:
    """One row as a line, without its end."""
    return json.dumps(row, ensure_ascii=False)


def reading_row(item_id: str, reading: Reading) -> dict[str, Any]:
    """What `read --jsonl` says of one item."""
    statements = [_statement_row(statement) for statement in reading.statements]
    return {"id": item_id, "lang": reading.lang, "statements": statements}


def _statement_row(statement: Statement) -> dict[str, Any]:
    return {
        "kind": statement.kind.value,
        "party": statement.party,
        "speaker": statement.speaker,
        "role": value(statement.role),
        "strength": value(statement.strength),
        "claim": statement.claim.text,
        "entities": list(statement.entities),
        "fresh": statement.fresh,
        "confidence": statement.confidence,
        "evidence": evidence_row(statement.evidence),
        "because": list(statement.because),
    }


def evidence_row(evidence: Evidence) -> dict[str, Any]:
    """Where a statement stands: the slice of `field` from `start` to `end`."""
    return {"field": evidence.field, "start": evidence.start, "end": evidence.end, "text": evidence.text}


def value(word: Any) -> str | None:
    """The word of an enum, or None."""
    return None if word is None else str(word.value)
