"""Headers that a person gives a webhook: what may be among them, and why the rest may not.

Ours and those that frame the request cannot be given: a second Host or Content-Length is how requests are
smuggled, and a `webhook-` header of somebody else's would be taken for our signature. No line ever shows a
value, since most are secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

MOST = 20
LONGEST = 4096
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20\x21-\x7e]*[\x21-\x7e])?")
_OURS = "webhook-"
_FRAMING = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)


def header_problems(headers: Sequence[tuple[str, str]]) -> Iterator[str]:
    """All that is wrong with these headers, each said without a value."""
    if len(headers) > MOST:
        yield f"headers must be at most {MOST}"
    names = [name.lower() for name, _ in headers]
    for name, value in headers:
        if why := _why_refused(name, value):
            yield f"header {name[:40]!r} {why}"
        elif names.count(name.lower()) > 1:
            yield f"header {name[:40]!r} stands there twice"
            return


def _why_refused(name: str, value: str) -> str | None:
    if not _NAME.fullmatch(name):
        return "has a name that is none: letters, digits and - only"
    if name.lower() in _FRAMING or name.lower().startswith(_OURS):
        return "cannot be given: it is ours to set"
    if "\r" in value or "\n" in value:
        return "has a line break in its value"
    if len(value) > LONGEST:
        return f"has a value of more than {LONGEST} characters"
    if not _VALUE.fullmatch(value):
        return "has a value that is empty, begins or ends with a blank, or holds more than plain ASCII"
    return None
