"""Telegram, by a bot: one message of plain text, what is bold or a link said beside it by place.

No `parse_mode`, so no character of a feed is markup. Places count UTF-16 units, as Telegram does; a message
has at most 4,096.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from service.alerts.chat.inert import address, unlinked
from service.alerts.chat.parts import closing_lines, grid_lines
from service.alerts.inert import shorten
from service.alerts.render import View
from service.alerts.tongue import Tongue

TEXT_LIMIT = 4096
LINE_LIMIT = 700
ENTRIES = 10
TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{20,100}")
CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{4,40}")
_GONE = ("blocked", "kicked", "deactivated", "deleted")

Json = dict[str, Any]


def body(shown: View, tongue: Tongue, to: str) -> Json:
    """The request for one message to the chat `to`."""
    text = _Text()
    text.add(shown.headline, "bold")
    text.add(shown.timing)
    for side in shown.sides:
        text.gap()
        text.add(f"{side.heading} ({side.source})", "bold")
        text.add(f"“{side.text}”")
        text.link(tongue.say("read_there"), side.url)
    for entry in shown.entries[:ENTRIES]:
        text.gap()
        text.add(entry.headline, "bold")
        text.add(f"{entry.source} {entry.text}".rstrip())
    text.gap()
    left = shown.unlisted + max(0, len(shown.entries) - ENTRIES)
    *closing, why = closing_lines(shown, tongue, left)
    for line in (*grid_lines(shown, tongue), *closing):
        text.add(line)
    # The end is kept in any case: why, and where all of it stands.
    text.ends([(why, None), (shown.label, shown.page)])
    return {
        "chat_id": to,
        "text": text.whole,
        "entities": text.entities,
        "link_preview_options": {"is_disabled": True},
    }


def is_gone(status: int, answer: str) -> bool:
    """Whether the bot was put out of the chat, or the chat is no more."""
    return status == 410 or (status == 403 and any(word in answer for word in _GONE))


@dataclass
class _Text:
    """Lines that are put together, with what is said of them by place."""

    lines: list[str] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)
    units: int = 0
    room: int = TEXT_LIMIT - 2 * LINE_LIMIT

    @property
    def whole(self) -> str:
        return "\n".join(self.lines)

    def gap(self) -> None:
        self._put("")

    def add(self, text: str, kind: str = "") -> None:
        """A line of somebody's words, where there is room for it."""
        if text:
            self._put(shorten(unlinked(text), LINE_LIMIT), {"type": kind} if kind else None)

    def link(self, words: str, url: str | None) -> None:
        """A line of ours that leads somewhere, where somebody may follow it."""
        if link := address(url):
            self._put(words, {"type": "text_link", "url": link})

    def ends(self, last: list[tuple[str, str | None]]) -> None:
        """The last lines, for which room was kept."""
        self.room = TEXT_LIMIT
        for words, url in last:
            if url is None:
                self.add(words)
            else:
                self.link(words, url)

    def _put(self, line: str, entity: Json | None = None) -> None:
        units = _units(line)
        if self.units + units + 1 > self.room:
            return
        if entity is not None:
            self.entities.append(entity | {"offset": self.units, "length": units})
        self.lines.append(line)
        self.units += units + 1


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
