"""Model values as JSON text and back, exactly.

How it decides: the shape is read once from a type's own annotations, so a field added to the model with a
default reads old rows without a migration. Keys are sorted and characters kept, so equal values give equal
text. Knows strings, numbers, moments, enums, tuples of one type, optionals and dataclasses of these; any
other annotation is a TypeError the first time the type is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from service.errors import StoreError

Value = TypeVar("Value")
_Turn = Callable[[Any], Any]


def encode(value: Any) -> str:
    """`value`, a model dataclass, as JSON text. ValueError for a number that JSON has no word for (NaN)."""
    return _dump(_writer_of(type(value))(value))


def encode_all(kind: type[Any], values: tuple[object, ...]) -> str:
    """Values of one `kind` as a JSON array."""
    write = _writer_of(kind)
    return _dump([write(value) for value in values])


def decode(kind: type[Value], text: str) -> Value:
    """The value that `encode` wrote. StoreError where the text does not hold one."""
    value: Value = _read(kind, _reader_of(kind), text)
    return value


def decode_all(kind: type[Value], text: str) -> tuple[Value, ...]:
    """The values that `encode_all` wrote, in order. StoreError where the text does not hold them."""
    read = _reader_of(kind)
    values: tuple[Value, ...] = _read(kind, lambda rows: tuple(read(row) for row in rows), text)
    return values


def _dump(plain: object) -> str:
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"))


def _read(kind: type, read: _Turn, text: str) -> Any:
    try:
        return read(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(f"A stored {kind.__name__} cannot be read: {error}.") from error


def _writer_of(kind: Any) -> _Turn:
    return _writer(kind)


def _reader_of(kind: Any) -> _Turn:
    return _reader(kind)


def _same(value: Any) -> Any:
    return value


def _moment_text(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("A moment without a time zone cannot be stored.")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@cache
def _writer(hint: Any) -> _Turn:
    if (inner := _optional(hint)) is not None:
        write = _writer(inner)
        return lambda value: None if value is None else write(value)
    if get_origin(hint) is tuple:
        each = _writer(get_args(hint)[0])
        return lambda values: [each(value) for value in values]
    if is_dataclass(hint):
        parts = [(name, _writer(part)) for name, part in _parts(hint)]
        return lambda value: {name: write(getattr(value, name)) for name, write in parts}
    return _moment_text if hint is datetime else _plain(hint, _same)


@cache
def _reader(hint: Any) -> _Turn:
    if (inner := _optional(hint)) is not None:
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    if get_origin(hint) is tuple:
        each = _reader(get_args(hint)[0])
        return lambda values: tuple(each(value) for value in values)
    if is_dataclass(hint):
        make: Any = hint
        parts = {name: _reader(part) for name, part in _parts(hint)}
        # Keys that a newer version wrote are passed over; missing ones take the field's default.
        return lambda row: make(**{name: parts[name](value) for name, value in row.items() if name in parts})
    return _moment if hint is datetime else _plain(hint, hint)


def _plain(hint: Any, enum_turn: _Turn) -> _Turn:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return enum_turn
    if hint in (str, int, float, bool):
        return _same
    raise TypeError(f"{hint!r} has no JSON form here.")


def _optional(hint: Any) -> Any:
    """The X of `X | None`, or None for any other annotation."""
    if get_origin(hint) not in (Union, UnionType):
        return None
    inner = [part for part in get_args(hint) if part is not NoneType]
    return inner[0] if len(inner) == 1 else None


def _parts(kind: Any) -> list[tuple[str, Any]]:
    hints = get_type_hints(kind)
    return [(field.name, hints[field.name]) for field in fields(kind)]
