"""Feeds that we tell others: made, revoked, found by their address, and put together.

An address ends with a token of 32 random bytes. The ledger keeps its digest alone, so who reads the ledger or
a backup cannot read the feeds; a lost address is replaced, never looked up.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from service.alerts.inert import one_line
from service.alerts.payload import story_link
from service.alerts.syndication import OutDocument, OutEntry, of_alert, of_move
from service.audience import SubscriptionSettings
from service.core.model import Story
from service.core.outfeeds import MOST_ENTRIES, Outfeed, OutKind, is_found, is_watched, search_words
from service.core.reading.lexicon import Knowledge
from service.core.text import stable_id
from service.errors import InputError, SettingsError
from service.store.ledger import Ledger
from service.subscribers import subscription, written

PATH = "/out/"
_LONGEST_TOKEN = 100
_LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Made:
    """A new feed and its token, which is shown this once."""

    outfeed: Outfeed
    token: str

    def address(self, root: str, form: str) -> str:
        """Where it is read; `form` is atom or json."""
        return address(root, self.token, form)


def address(root: str, token: str, form: str) -> str:
    """Where a feed is read."""
    return f"{root.rstrip('/')}{PATH}{token}.{form}"


def digest_of(token: str) -> str:
    """By what a token is known."""
    return hashlib.sha256(token[:_LONGEST_TOKEN].encode("utf-8", "replace")).hexdigest()


def make(ledger: Ledger, kind: OutKind, subject: str, subscriptions: Collection[str], now: datetime) -> Made:
    """Make a feed. InputError where what it is about is not there."""
    subject = _checked(ledger, kind, subject.strip(), subscriptions)
    token = secrets.token_urlsafe(32)
    outfeed = Outfeed(stable_id("of", kind, subject, token), kind, subject, now)
    ledger.outfeeds.add(outfeed, digest_of(token))
    return Made(outfeed, token)


def revoke(ledger: Ledger, id_: str, now: datetime) -> None:
    """Let nobody read it any more. InputError where there is none."""
    if not ledger.outfeeds.revoke(id_, now):
        raise InputError(f"there is no feed {id_[:40]!r} that could be revoked: `outfeeds list` shows them.")


def _checked(ledger: Ledger, kind: OutKind, subject: str, subscriptions: Collection[str]) -> str:
    if not subject or len(subject) > _LONGEST_SUBJECT or not subject.isprintable():
        raise InputError(f"what a feed is about must be 1 to {_LONGEST_SUBJECT} printable characters.")
    match kind:
        case OutKind.STORY:
            story = ledger.outfeeds.story(subject)
            if story is None:
                raise InputError(f"there is no story {subject!r}.")
            return story.id
        case OutKind.WATCHLIST:
            names = [one.name for one in written(ledger.audience.listed()).watchlists]
            if subject not in names:
                there = ", ".join(names) or "none"
                raise InputError(f"there is no watchlist {subject!r} in the ledger: there are {there}.")
        case OutKind.SUBSCRIPTION:
            if subject not in subscriptions:
                there = ", ".join(subscriptions)
                raise InputError(f"there is no subscription {subject!r}: there are {there}.")
        case OutKind.SEARCH:
            return " ".join(search_words(subject))
    return subject


@dataclass(frozen=True, slots=True)
class Outfeeds:
    """What the feeds tell right now. `root`: where they are read; `base_url`: where our pages are.

    `knowledge`: the names that a watchlist's are known by.
    """

    ledger: Ledger
    root: str
    base_url: str
    knowledge: Callable[[], Knowledge | None]

    def find(self, token: str) -> Outfeed | None:
        """The feed whose address ends with `token`, revoked or not."""
        return self.ledger.outfeeds.by_digest(digest_of(token))

    def document(self, outfeed: Outfeed, own: str) -> OutDocument:
        """The feed as it is now; `own` is its address."""
        page = f"{self.base_url}/"
        if outfeed.kind is OutKind.STORY:
            page = story_link(outfeed.subject, self.base_url)
        title = f"rumorwatch: {outfeed.kind} {one_line(outfeed.subject)}"
        return OutDocument(outfeed.id, title, page, own, outfeed.created_at, self._entries(outfeed))

    def _entries(self, outfeed: Outfeed) -> tuple[OutEntry, ...]:
        rows = self.ledger.outfeeds
        if outfeed.kind is OutKind.SUBSCRIPTION:
            return tuple(of_alert(one, self.base_url) for one in rows.told(outfeed.subject, MOST_ENTRIES))
        moved = rows.moved(self._stories(outfeed), MOST_ENTRIES)
        return tuple(of_move(one, self.base_url) for one in moved)

    def _stories(self, outfeed: Outfeed) -> list[Story]:
        rows = self.ledger.outfeeds
        if outfeed.kind is OutKind.STORY:
            story = rows.story(outfeed.subject)
            return [] if story is None else [story]
        if outfeed.kind is OutKind.SEARCH:
            words = search_words(outfeed.subject)
            return [story for story in rows.latest_stories() if is_found(story, words)]
        return self._watched(outfeed.subject)

    def _watched(self, name: str) -> list[Story]:
        lists = {one.name: one for one in written(self.ledger.audience.listed()).watchlists}
        if name not in lists:
            return []
        asked = SubscriptionSettings.model_validate({"name": "outfeed", "watchlists": (name,)})
        try:
            watching = subscription(asked, None, self.knowledge(), lists)
        except SettingsError:
            return []
        return [
            story
            for story in self.ledger.outfeeds.latest_stories()
            if is_watched(story, watching.watchlist, watching.words)
        ]
