"""One line a unit of work: a dotted name and its fields, as text for a person or JSON for a machine.

Values from feeds are escaped, so a title can neither colour the terminal nor forge a line.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

_LOGGER = logging.getLogger("rumorwatch")


def configure(form: Literal["text", "json"], level: str) -> None:
    """Sends our lines to standard error in `form`, from `level` (debug, info, warning, error) up."""
    handler = logging.StreamHandler(sys.stderr)
    # On a terminal the lines stand back, so that alerts printed between them are seen.
    handler.setFormatter(_JsonLine() if form == "json" else _TextLine(dim=sys.stderr.isatty()))
    _LOGGER.handlers[:] = [handler]
    _LOGGER.setLevel(level.upper())
    _LOGGER.propagate = False


def line(name: str, /, *, level: int = logging.INFO, **fields: object) -> None:
    """Logs `name` with `fields`; fields that are None are left out."""
    if _LOGGER.isEnabledFor(level):
        kept = {key: value for key, value in fields.items() if value is not None}
        _LOGGER.log(level, name, extra={"fields": kept})


def warning(name: str, /, **fields: object) -> None:
    """Something that a person may want to know of."""
    line(name, level=logging.WARNING, **fields)


def failure(name: str, error: BaseException, /, **fields: object) -> None:
    """Something broke at a process edge; the traceback follows the line."""
    kept = {key: value for key, value in fields.items() if value is not None}
    _LOGGER.error(name, exc_info=error, extra={"fields": {**kept, "error": str(error)}})


class _TextLine(logging.Formatter):
    def __init__(self, *, dim: bool) -> None:
        super().__init__()
        self._shown = "\x1b[2m{}\x1b[0m" if dim else "{}"

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = getattr(record, "fields", {})
        words = " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())
        text = f"{_stamp(record)} {record.levelname.lower():7} {record.getMessage()} {words}".rstrip()
        return (
            f"{text}\n{self.formatException(record.exc_info)}"
            if record.exc_info
            else self._shown.format(text)
        )


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = getattr(record, "fields", {})
        row = {
            "at": _stamp(record),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **fields,
        }
        if record.exc_info:
            row["traceback"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=True, default=str)


def _stamp(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _quoted(value: object) -> str:
    text = str(value)
    plain = text.isprintable() and text and not any(c in ' "=' for c in text)
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())
