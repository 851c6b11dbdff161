"""The strings of a feed as we keep them: capped, titles on one line, addresses of the web only."""

from __future__ import annotations

import re

from service.core.text import clean

MAX_TITLE = 1000
MAX_TEXT = 256 * 1024
MAX_NAME = 200
MAX_ADDRESS = 2000
CUT_MARK = " […]"


def string(value: object) -> str:
    """`value` where it is a text or a number, else ""."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


def line(value: object) -> str:
    """A title."""
    return capped(" ".join(clean(string(value)).split()), MAX_TITLE)


def name(value: object) -> str | None:
    """The name of an outlet, or None."""
    return capped(" ".join(clean(string(value)).split()), MAX_NAME) or None


def address(value: object) -> str | None:
    """A guid, or None; one too long for an index is cut, and told apart by the words of its entry."""
    return clean(string(value)).strip()[:MAX_ADDRESS] or None


def web_address(value: object) -> str | None:
    """An address that a reader may follow, or None."""
    found = clean(string(value)).strip()
    usable = found.lower().startswith(("http://", "https://")) and len(found) <= MAX_ADDRESS
    return found if usable else None


def language(value: object) -> str | None:
    """The language's code without its region, or None."""
    code = re.match(r"[a-zA-Z]{2,3}(?=[-_]|$)", string(value).strip())
    return code.group().lower() if code else None


def capped(text: str, limit: int) -> str:
    """`text`, cut and marked where it is longer than `limit` characters."""
    return text if len(text) <= limit else text[: limit - len(CUT_MARK)] + CUT_MARK
