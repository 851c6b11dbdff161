"""Feed text made harmless for chats: nobody is called by it, and nothing in it is a link.

How it decides: an invisible word joiner is put where a chat would begin to see a mention (@everyone), a web
address, a bare domain, a command (/start) or a hashtag; inert.py took such characters out of the feed's text
before, so all that are there are ours. What a chat's own markup would see is escaped beside each chat.
"""

from __future__ import annotations

import re

from service.alerts.inert import web_link

JOINER = "\u2060"
LONGEST = 2000  # of an address: Discord and Telegram refuse longer ones
_ADDRESS = re.compile(r":(?=//)|(?<=\bwww)\.|(?<=[^\W_])\.(?=[^\W\d_]{2})", re.IGNORECASE)
_CALLS = re.compile(r"@(?=[^\s])|(?<![^\s(\[<\"'“])[/#!](?=[^\s])")


def unlinked(text: str) -> str:
    """`text` with nothing in it that calls somebody, leads somewhere or is a command."""
    return _CALLS.sub(rf"\g<0>{JOINER}", _ADDRESS.sub(rf"\g<0>{JOINER}", text))


def address(url: str | None) -> str | None:
    """`url` as it may stand in a chat's own markup, or None where nobody may follow it."""
    found = web_link(url)
    if found is None or len(found) > LONGEST:
        return None
    for character, coded in (("|", "%7C"), ("<", "%3C"), (">", "%3E"), ('"', "%22")):
        found = found.replace(character, coded)
    return found
