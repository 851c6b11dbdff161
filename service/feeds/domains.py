"""Which part of a host's name somebody registered: "news.example.co.uk" is of "example.co.uk".

How it decides: by the public suffix list (its ICANN part: who serves many customers under one name counts
their requests together), as the package carries it; it is loaded when the first host refuses us, not before.
A name that the list does not know, a bare suffix or an address has no registrable domain.
"""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address

from publicsuffixlist import PublicSuffixList


def registrable_domain(host: str) -> str | None:
    """The registrable domain of `host`, or None."""
    name = host.rstrip(".").lower()
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        found = _list().privatesuffix(name)
        return str(found) if found else None
    return None


@cache
def _list() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)
