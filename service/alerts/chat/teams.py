"""Teams, by the address of a workflow ("When a Teams webhook request is received"): an Adaptive Card.

Feed text stands in text runs, which know no markup, unlike text blocks; addresses are actions of the card. A
mention needs an entity that we never send. Limit: 28 kB for the whole request.
"""

from __future__ import annotations

import json
from typing import Any

from service.alerts.chat.inert import address, unlinked
from service.alerts.chat.parts import closing_lines, grid_lines
from service.alerts.inert import shorten
from service.alerts.render import View
from service.alerts.tongue import Tongue

BYTES_LIMIT = 28 * 1024
ACTIONS = 6
ENTRIES = 20

Json = dict[str, Any]


def body(shown: View, tongue: Tongue, to: str) -> Json:
    """The request for one message. `to` is not asked: the address says where it goes."""
    request = _card(shown, tongue, ENTRIES)
    entries = min(len(shown.entries), ENTRIES)
    while entries and len(json.dumps(request)) > BYTES_LIMIT:
        entries //= 2
        request = _card(shown, tongue, entries)
    return request


def is_gone(status: int, answer: str) -> bool:
    """Whether nobody listens there any more."""
    return status == 410


def _card(shown: View, tongue: Tongue, entries: int) -> Json:
    parts = [_text(shown.headline, weight="Bolder", size="Medium")]
    if shown.timing:
        parts.append(_text(shown.timing, subtle=True))
    for side in shown.sides:
        parts += [_text(f"{side.heading} ({side.source})", weight="Bolder"), _text(f"“{side.text}”")]
    for entry in shown.entries[:entries]:
        parts += [_text(entry.headline, weight="Bolder"), _text(f"{entry.source} {entry.text}".rstrip())]
    parts += [_text(line) for line in grid_lines(shown, tongue)]
    left = shown.unlisted + len(shown.entries[entries:])
    parts += [_text(line, subtle=True) for line in closing_lines(shown, tongue, left)]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": unlinked(shown.headline),
        "body": parts,
        "actions": _actions(shown),
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None}
    return {"type": "message", "attachments": [attachment | {"content": card}]}


def _actions(shown: View) -> list[Json]:
    led = [(shown.label, shown.page)] + [(side.heading, side.url) for side in shown.sides]
    opened = [(unlinked(title), address(url)) for title, url in led]
    return [{"type": "Action.OpenUrl", "title": shorten(t, 60), "url": u} for t, u in opened if u][:ACTIONS]


def _text(text: str, *, weight: str = "Default", size: str = "Default", subtle: bool = False) -> Json:
    run = {"type": "TextRun", "text": unlinked(text), "weight": weight, "size": size, "isSubtle": subtle}
    return {"type": "RichTextBlock", "inlines": [run]}
