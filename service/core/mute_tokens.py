"""Links that mute a story: what one says, signed, so that only who got the mail can use it.

A token holds story, subscription and its moment, and an HMAC-SHA256 over them; nothing is kept for it. It is
good for 90 days. Whoever holds a key can make one, so the key never leaves the ledger.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

GOOD_FOR = timedelta(days=90)
LONGEST = 1000
_MARK = 16  # bytes of the HMAC that are kept


@dataclass(frozen=True, slots=True)
class MuteToken:
    """What a link mutes: one story, for one subscription. `at` is when the link was made."""

    story_id: str
    subscription: str
    at: datetime


def token_text(key: bytes, token: MuteToken) -> str:
    """The token as it stands in an address. Pure: the same token gives the same text."""
    said = json.dumps([token.story_id, token.subscription, int(token.at.timestamp())], separators=(",", ":"))
    body = said.encode("ascii")
    return _coded(_mark(key, body) + body)


def read_token(key: bytes, text: str, now: datetime) -> MuteToken | None:
    """The token in `text`, or None where it is none of ours, was changed, or is too old."""
    if not text.isascii() or len(text) > LONGEST:
        return None
    try:
        whole = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        mark, body = whole[:_MARK], whole[_MARK:]
        if not hmac.compare_digest(mark, _mark(key, body)) or _coded(whole) != text:
            return None
        story_id, subscription, at = json.loads(body)
        token = MuteToken(str(story_id), str(subscription), datetime.fromtimestamp(at, UTC))
    except (ValueError, TypeError, OverflowError, OSError, binascii.Error):
        return None
    return token if now - token.at <= GOOD_FOR else None


def _mark(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, b"mute\0" + body, hashlib.sha256).digest()[:_MARK]


def _coded(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).decode("ascii").rstrip("=")
