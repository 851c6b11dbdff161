"""Search feeds: an address with `{query}` in it is one feed for each name of a watchlist."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

QUERY = "{query}"


def is_template(url: str) -> bool:
    """Whether the address is to be filled from a watchlist."""
    return QUERY in url


def filled(url: str, name: str) -> str:
    """The address that searches for `name`, quoted whole: it can neither end the query nor add to it."""
    return url.replace(QUERY, quote(" ".join(name.split()), safe=""))


def expanded(url: str, names: Sequence[str]) -> tuple[str, ...]:
    """One address for each name, in their order, none twice."""
    return tuple(dict.fromkeys(filled(url, name) for name in names if name.strip()))
