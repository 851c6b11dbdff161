"""Feed text made harmless to show: in a subject line, on a terminal, in a mail.

How it decides: characters that move the cursor, turn the writing direction or hide themselves are taken out,
line breaks and tabs become spaces, long text ends at a word with an ellipsis. What it leaves out: letters of
other scripts that look alike, and joiners that some scripts and emoji need.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

QUOTATION_LIMIT = 600
LINE_LIMIT = 200
URL_LIMIT = 2000

# Direction marks, overrides and isolates; zero-width space and joiner, byte order mark; annotation marks.
_HIDDEN = frozenset("\u061c\u200b\u200e\u200f\u2060\ufeff\ufff9\ufffa\ufffb\u00ad") | frozenset(
    map(chr, [*range(0x202A, 0x202F), *range(0x2061, 0x2070), *range(0xE0000, 0xE0080)])
)
_NOT_IN_URL = re.compile(r"[\s\\<>\"\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2066-\u2069\ud800-\udfff]")
_UNPRINTABLE = frozenset({"Cc", "Cs", "Cn", "Co"})


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """`text` on one line of at most `limit` characters, without control, direction and hidden characters."""
    # The slice bounds the work: nobody is shown more than `limit`, however long a title a feed sends.
    spaced = "".join(map(_harmless, text[: limit * 8]))
    return shorten(" ".join(spaced.split()), limit)


def quotation(text: str) -> str:
    """Somebody's words for a person to read: one paragraph of at most 600 characters."""
    return one_line(text, QUOTATION_LIMIT)


def shorten(text: str, limit: int) -> str:
    """`text`, or its first words and an ellipsis: at most `limit` characters in all."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    if text[limit - 1] != " ":
        edge = cut.rfind(" ")
        # Chinese and the like have no spaces: there any character is an edge.
        cut = cut[:edge] if edge >= limit // 2 else cut
    return cut.rstrip() + "…"


def web_link(url: str | None) -> str | None:
    """`url` where a person may follow it, else None: http or https, a host, no user, nothing odd."""
    if url is None or len(url) > URL_LIMIT or _NOT_IN_URL.search(url):
        return None
    if any(_harmless(character) != character for character in url):
        return None
    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:  # "http://[": an address that urllib cannot read
        return None
    return url if fit else None


def _harmless(character: str) -> str:
    if character.isspace():
        return " "
    if character in _HIDDEN or unicodedata.category(character) in _UNPRINTABLE:
        return ""
    return character
