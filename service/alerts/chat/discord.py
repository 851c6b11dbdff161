"""Discord's webhooks: the first line as the message, the rest in one embed.

Nobody is ever called (`allowed_mentions` is empty), and every character of its markup is escaped. Limits:
2,000 characters of content, 4,096 of description, 25 fields of 256 and 1,024, 6,000 in all of an embed.
"""

from __future__ import annotations

import re
from typing import Any

from service.alerts.chat.inert import address, unlinked
from service.alerts.chat.parts import closing_lines, grid_lines
from service.alerts.inert import shorten
from service.alerts.render import View
from service.alerts.tongue import Tongue

CONTENT_LIMIT, DESCRIPTION_LIMIT, FIELDS, NAME_LIMIT, VALUE_LIMIT = 2000, 4096, 25, 256, 1024
EMBED_LIMIT = 6000
_DELETED = re.compile(r'"code":\s*10015\b')  # "Unknown Webhook"
_MARKUP = re.compile(r"([\\*_~`|>#\[\]()<:+.-])")

Json = dict[str, Any]


def body(shown: View, tongue: Tongue, to: str) -> Json:
    """The request for one message. `to` is not asked: the address says where it goes."""
    embed: Json = {
        "description": _cut(_description(shown, tongue), DESCRIPTION_LIMIT),
        "fields": _fields(shown),
    }
    if link := address(shown.page):
        embed |= {"title": shown.label, "url": link}
    while embed["fields"] and _size(embed) > EMBED_LIMIT:
        embed["fields"].pop()
    return {
        "content": _cut(_inert(shown.headline), CONTENT_LIMIT),
        "embeds": [embed],
        "allowed_mentions": {"parse": []},
    }


def is_gone(status: int, answer: str) -> bool:
    """Whether the webhook was deleted."""
    return status == 410 or (status == 404 and _DELETED.search(answer) is not None)


def _description(shown: View, tongue: Tongue) -> str:
    lines = [shown.timing, *grid_lines(shown, tongue), *closing_lines(shown, tongue, shown.unlisted)]
    return "\n".join(_inert(line) for line in lines if line)


def _fields(shown: View) -> list[Json]:
    sides = [
        _field(f"{side.heading} ({side.source})", f"“{side.text}”", address(side.url)) for side in shown.sides
    ]
    entries = [
        _field(entry.headline, f"{entry.source}{f' “{entry.text}”' if entry.text else ''}", None)
        for entry in shown.entries
    ]
    return [*sides, *entries][:FIELDS]


def _field(name: str, value: str, url: str | None) -> Json:
    link = f"\n<{url}>" if url and len(url) < VALUE_LIMIT // 2 else ""
    room = VALUE_LIMIT - len(link)
    return {"name": _cut(_inert(name), NAME_LIMIT), "value": _cut(_inert(value), room) + link}


def _inert(text: str) -> str:
    return _MARKUP.sub(r"\\\1", unlinked(text))


def _cut(text: str, limit: int) -> str:
    cut = shorten(text, limit)
    # A lone escape at the end would reach for what follows.
    return cut if cut == text else f"{cut[:-1].rstrip(chr(92))}…"


def _size(embed: Json) -> int:
    words = [embed.get("title", ""), embed["description"]]
    return sum(map(len, words)) + sum(len(f["name"]) + len(f["value"]) for f in embed["fields"])
