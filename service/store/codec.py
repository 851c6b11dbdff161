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


# Made once: json.dumps makes an encoder for each value that is not written in its own usual way.
_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"))


def _dump(plain: object) -> str:
    return _JSON.encode(plain)


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
    moment = value if value.tzinfo is UTC else value.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@cache
def _writer(hint: Any) -> _Turn:
    if (inner := _optional(hint)) is not None:
        write = _writer(inner)
        return _same if write is _same else lambda value: None if value is None else write(value)
    if get_origin(hint) is tuple:
        each = _writer(get_args(hint)[0])
        return list if each is _same else lambda values: [each(value) for value in values]
    if is_dataclass(hint):
        return _fields_writer(hint)
    return _moment_text if hint is datetime else _plain(hint, _same)


@cache
def _reader(hint: Any) -> _Turn:
    if (inner := _optional(hint)) is not None:
        read = _reader(inner)
        return _same if read is _same else lambda value: None if value is None else read(value)
    if get_origin(hint) is tuple:
        each = _reader(get_args(hint)[0])
        return tuple if each is _same else lambda values: tuple([each(value) for value in values])
    if is_dataclass(hint):
        return _fields_reader(hint)
    return _moment if hint is datetime else _plain(hint, hint)


def _fields_writer(kind: Any) -> _Turn:
    """Most fields stay as they are, so only the others cost a call: a feed's history is written each poll."""
    parts = [(name, _writer(part)) for name, part in _parts(kind)]
    names = [name for name, _ in parts]
    turns = [(name, turn) for name, turn in parts if turn is not _same]

    def write(value: Any) -> dict[str, Any]:
        row = {name: getattr(value, name) for name in names}
        for name, turn in turns:
            row[name] = turn(row[name])
        return row

    return write


def _fields_reader(kind: Any) -> _Turn:
    """Keys that a newer version wrote are passed over; missing ones take the field's default."""
    parts = {name: _reader(part) for name, part in _parts(kind)}
    turns = [(name, turn) for name, turn in parts.items() if turn is not _same]

    def read(row: Any) -> Any:
        kept = {name: value for name, value in row.items() if name in parts}
        for name, turn in turns:
            if name in kept:
                kept[name] = turn(kept[name])
        return kind(**kept)

    return read


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
