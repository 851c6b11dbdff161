"""Slack's incoming webhooks, and those of Mattermost and Rocket.Chat, which take the same.

Feed text stands in `plain_text` blocks, which know no markup; what markup there is holds our words and
checked addresses. Limits are those of Block Kit: 150 characters in a header, 3,000 in a section, 50 blocks.
"""

from __future__ import annotations

from typing import Any

from service.alerts.chat.inert import address, unlinked
from service.alerts.chat.parts import closing_lines, grid_lines
from service.alerts.inert import shorten
from service.alerts.render import Entry, Side, View
from service.alerts.tongue import Tongue

HEADER_LIMIT, SECTION_LIMIT, BLOCKS_LIMIT = 150, 3000, 50
ENTRIES = 20
_GONE = ("no_service", "no_team", "team_disabled", "channel_is_archived")

Block = dict[str, Any]


def body(shown: View, tongue: Tongue, to: str) -> Block:
    """The request for one message. `to` is not asked: the address says where it goes."""
    blocks: list[Block] = [
        {"type": "header", "text": _plain(unlinked(shown.headline), HEADER_LIMIT)},
        *([_section(unlinked(shown.timing))] if shown.timing else []),
    ]
    for side in shown.sides:
        blocks += _quoted(side, tongue.say("read_there"))
    for entry in shown.entries[:ENTRIES]:
        blocks += _entry(entry)
    if shown.grid:
        blocks.append(_section("\n".join(map(unlinked, grid_lines(shown, tongue)))))
    left = shown.unlisted + max(0, len(shown.entries) - ENTRIES)
    why = unlinked("\n".join(closing_lines(shown, tongue, left)))
    blocks.append(_context(why, shown.page, shown.label))
    return {
        "text": _escaped(unlinked(shown.headline)),
        "blocks": blocks[: BLOCKS_LIMIT - 1] + blocks[-1:] if len(blocks) > BLOCKS_LIMIT else blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def is_gone(status: int, answer: str) -> bool:
    """Whether nobody listens there any more."""
    return status == 410 or (status in (403, 404) and any(word in answer for word in _GONE))


def _quoted(side: Side, label: str) -> list[Block]:
    said = _section(unlinked(f"{side.heading} ({side.source})\n“{side.text}”"))
    link = address(side.url)
    return [said, _context(unlinked(side.title), link, label)] if link else [said]


def _entry(entry: Entry) -> list[Block]:
    quoted = f"\n“{entry.text}”" if entry.text else ""
    return [_section(unlinked(f"• {entry.headline}\n{entry.source}{quoted}"))]


def _section(text: str) -> Block:
    return {"type": "section", "text": _plain(text, SECTION_LIMIT)}


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": shorten(text, limit) or " ", "emoji": False}


def _context(text: str, url: str | None, label: str) -> Block:
    link = address(url)
    words = [_plain(text, SECTION_LIMIT)] if text else []
    led = [{"type": "mrkdwn", "text": f"<{_escaped(link)}|{label}>"}] if link else []
    return {"type": "context", "elements": [*words, *led]}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
