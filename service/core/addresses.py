"""Which addresses and URLs we go out to, and why the others are refused.

How it decides: an address is refused when it lies in one of the ranges below, or when it carries an IPv4
address (mapped, compatible, NAT64, 6to4, Teredo) that does. The ranges are the IANA special-purpose
registries (RFC 6890 and its successors), multicast and the retired site-local block; `ipaddress.is_global`
is not asked, because it calls several of them global. What it leaves out: names. A name is only ever judged
by the addresses that it resolves to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_REFUSED_V4 = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "AMT relay"),
    ("192.88.99.0/24", "6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "AS112"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)
_REFUSED_V6 = (
    ("64:ff9b:1::/48", "local NAT64"),
    ("100::/64", "discard"),
    ("100:0:0:1::/64", "dummy prefix"),
    ("2001::/23", "protocol assignments"),
    ("2001:db8::/32", "documentation"),
    ("2620:4f:8000::/48", "AS112"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)
_NOT_GLOBAL_UNICAST = "outside global unicast"

# Ports of the fetch standard's "bad port" list, and those of databases and caches that talk plain text.
BAD_PORTS = frozenset(
    {
        0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
        103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512,
        513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719,
        1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
        10080,
        1433, 1521, 2375, 2376, 2379, 3306, 3389, 5432, 5672, 5900, 6379, 6380, 9042, 9200, 9300, 11211,
        27017,
    }
)  # fmt: skip

_TABLE_V4: tuple[tuple[IPv4Network, str], ...] = tuple((IPv4Network(net), why) for net, why in _REFUSED_V4)
_TABLE_V6: tuple[tuple[IPv6Network, str], ...] = tuple((IPv6Network(net), why) for net, why in _REFUSED_V6)
_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")

_FORBIDDEN_IN_URL = re.compile(r"[\\\s\x00-\x1f\x7f-\x9f]")
_NUMBERS_ONLY = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)


def networks(ranges: Sequence[str]) -> tuple[Network, ...]:
    """The allow-list as networks. Raises ValueError for a range that is none."""
    return tuple(ip_network(each) for each in ranges)


def why_address_refused(address: str, allowed: Sequence[Network] = ()) -> str | None:
    """Why we do not connect to `address`, or None where we do. What cannot be read is refused."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an address"
    if any(parsed in network for network in allowed):
        return None
    if isinstance(parsed, IPv4Address):
        return _why_v4(parsed)
    return _why_v6(parsed, allowed)


def _why_v4(address: IPv4Address) -> str | None:
    return next((why for network, why in _TABLE_V4 if address in network), None)


def _why_v6(address: IPv6Address, allowed: Sequence[Network]) -> str | None:
    if address.scope_id is not None:
        return "scoped"
    embedded = _embedded_v4(address)
    if address in _NAT64 or address.ipv4_mapped is not None:
        return _why_embedded(embedded, allowed)
    why = next((why for network, why in _TABLE_V6 if address in network), None)
    if why is None and embedded:
        why = _why_embedded(embedded, allowed)
    return why if why or address in _GLOBAL_V6 else _NOT_GLOBAL_UNICAST


def _why_embedded(embedded: tuple[IPv4Address, ...], allowed: Sequence[Network]) -> str | None:
    for inner in embedded:
        if any(inner in network for network in allowed):
            continue
        if why := _why_v4(inner):
            return f"{why} IPv4 inside IPv6"
    return None


def _embedded_v4(address: IPv6Address) -> tuple[IPv4Address, ...]:
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64 or address in _COMPATIBLE:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def why_url_refused(url: str) -> str | None:
    """Why `url` is not one that we request, or None. Looks at its form only; nothing is resolved."""
    if _FORBIDDEN_IN_URL.search(url):
        return "it contains a space, a backslash or a control character"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"it cannot be read ({error})"
    if parts.scheme.lower() not in ("http", "https"):
        return "only http and https are requested"
    if "@" in parts.netloc:
        return "it carries a user name"
    if port in BAD_PORTS:
        return f"port {port} is not one of the web"
    return _why_host_refused(parts.hostname or "")


def _why_host_refused(host: str) -> str | None:
    if not host or "%" in host:
        return "it has no usable host"
    # "127.1", "0x7f000001", "2130706433": the system's resolver reads them as addresses, people do not.
    if _NUMBERS_ONLY.fullmatch(host):
        try:
            IPv4Address(host)
        except ValueError:
            return "its host is a number that is not a plain address"
    return None
