"""The child in which the text of an article is found: it gives up its powers first, as the parser's does.

It reads one JSON line (content type, address) and the page from standard input, and writes one JSON line: the
words and the address that the page gives itself, or why it could not be read.
"""

from __future__ import annotations

import json
import sys

from service.feeds.parse_child import limit_powers
from service.feeds.strings import MAX_TEXT, capped


def main() -> None:
    """Find the text of the page on standard input. Exit status 0: one line was written."""
    limit_powers()
    try:
        head = json.loads(sys.stdin.buffer.readline())
        answer = _extract(sys.stdin.buffer.read(), head["content_type"])
    except Exception as error:  # noqa: BLE001 - the edge of this process: the parent decides what follows
        answer = {"broke": f"{type(error).__name__}: {error}"[:300]}
    sys.stdout.write(json.dumps(answer) + "\n")


def _extract(body: bytes, content_type: str | None) -> dict[str, object]:
    import trafilatura  # after the limits: importing is work as well

    from service.feeds.encodings import read_text

    tree = trafilatura.load_html(read_text(body, content_type).text)
    if tree is None:
        return {"broke": "it is no web page"}
    named = tree.xpath("//head/link[@rel='canonical']/@href")
    text = trafilatura.extract(tree, include_comments=False, include_tables=False, with_metadata=False)
    return {"text": capped(text or "", MAX_TEXT), "canonical": str(named[0]) if named else None}
