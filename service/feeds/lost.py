"""A document taken apart: its entries one by one, and those that could not be parsed as the bytes they were.

How it decides: an entry goes from its start tag to its end tag or to the next start; a document is cut there,
in one pass, in whatever process: no parser takes part. The child takes apart the document as it prepared it,
the parent as it came; both count the same start tags. Where they do not, the whole document is kept instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from service.core.feed import Unparsed

MAX_ROOT_TAG = 16 * 1024

_ENTRY_START = re.compile(rb"<(item|entry)(?=[\s>/])")
_ROOT_TAG = re.compile(rb"<([A-Za-z_][\w:.-]*)[^<>]*>")


def lost_of(
    body: bytes, known: Collection[int], lost_at: Sequence[int], finished: bool
) -> tuple[Unparsed, ...]:
    """What of `body` was lost, as documents of one entry each.

    `known` and `lost_at` are the positions of the entries that were parsed and that were not; one of neither
    was not reached, where not `finished`.
    """
    found = tuple(pieces(body))
    if max((*known, *lost_at), default=0) >= len(found):
        return (Unparsed("document", body, "entries of it were lost, and cannot be told from the others"),)
    before, after = frame(body)
    missed = [] if finished else [n for n in range(len(found)) if n not in known and n not in lost_at]
    alone = [Unparsed("entry", before + found[n] + after, "the parser broke on this entry") for n in lost_at]
    if missed:
        rest = before + b"".join(found[n] for n in missed) + after
        alone.append(Unparsed("document", rest, f"the parser broke before these {len(missed)} entries"))
    return tuple(alone)


def pieces(body: bytes) -> Iterator[bytes]:
    """The entries of a document, from each start tag to its end tag or to the next start; linear."""
    start = _ENTRY_START.search(body)
    while start is not None:
        following = _ENTRY_START.search(body, start.end())
        limit = following.start() if following else len(body)
        close = b"</" + start.group(1) + b">"
        end = body.find(close, start.end(), limit)
        yield body[start.start() : end + len(close)] if end >= 0 else body[start.start() : limit]
        start = following


def frame(body: bytes) -> tuple[bytes, bytes]:
    """What to put before and behind one entry so that it is a document: its namespaces stand in the root."""
    root = _ROOT_TAG.search(body, 0, MAX_ROOT_TAG)
    if root is None or root.group(1) in (b"item", b"entry"):
        return b"<rss version='2.0'><channel>", b"</channel></rss>"
    declaration = body[: root.start()] if len(body[: root.start()]) < MAX_ROOT_TAG else b""
    channel = root.group(1).lower() == b"rss"
    before = declaration + root.group() + (b"<channel>" if channel else b"")
    return before, (b"</channel>" if channel else b"") + b"</" + root.group(1) + b">"
