"""The address by which a reader of a mail mutes its story with one click (RFC 8058)."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.core.messages import Told
from service.core.model import Alert
from service.core.mute_tokens import MuteToken, token_text

PATH = "/mute/"
ONE_CLICK = "List-Unsubscribe=One-Click"  # what a mail program posts


@dataclass(frozen=True, slots=True)
class MuteLinks:
    """Makes links below `public_url`, signed with `key`."""

    public_url: str
    key: bytes = field(repr=False)

    def of(self, told: Told) -> str | None:
        """The link that mutes the story of this message for its subscription; None: it is of no story."""
        if not isinstance(told, Alert):
            return None
        token = MuteToken(told.story_id, told.subscription, told.at)
        return f"{self.public_url.rstrip('/')}{PATH}{token_text(self.key, token)}"
