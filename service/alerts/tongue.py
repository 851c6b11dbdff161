"""A language in which alerts are told: its words for our kinds, and its sentences with room for names.

One value a language (words.py has the English, chinese.py the Chinese); a test compares their rooms and their
members. Feed text stands in the rooms as it is: quotations and claims are never translated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.core.breaking import ChannelEvent
from service.core.history import FeedEvent
from service.core.model import Kind, Reason, Role, Status, Strength
from service.core.words import Hold


@dataclass(frozen=True, slots=True)
class Tongue:
    """`phrases` by their names; `moment` and `elapsed` write times in UTC, and spans of time."""

    code: str
    stances: Mapping[tuple[Kind, Strength | None], str]
    roles: Mapping[Role, str]
    statuses: Mapping[Status, str]
    reasons: Mapping[Reason, str]
    holds: Mapping[Hold, str]
    feed_events: Mapping[FeedEvent, str]
    channel_events: Mapping[ChannelEvent, str]
    phrases: Mapping[str, str]
    moment: Callable[[datetime], str]
    elapsed: Callable[[timedelta], str]

    def say(self, phrase: str, **rooms: object) -> str:
        """The phrase with its rooms filled. KeyError for a phrase or a room that there is not."""
        return self.phrases[phrase].format(**rooms)

    def count(self, phrase: str, count: int, **rooms: object) -> str:
        """The phrase for one, where there is one of its own (`NAME.one`), or for several."""
        single = f"{phrase}.one"
        return self.say(single if count == 1 and single in self.phrases else phrase, count=count, **rooms)

    def stance(self, kind: Kind, strength: Strength | None) -> str:
        """What somebody does to the claim, as a verb phrase: `denies it flatly`."""
        return self.stances[kind, strength if kind is Kind.DENIAL else None]
