"""From what people wrote to whom the core decides for: the subscriptions of the settings and of the ledger.

The ledger's are read again when their version has changed, so that a running worker takes a change without a
restart.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from service import logs
from service.audience import SubscriptionSettings, WatchlistSettings, sentence
from service.core.model import EventType, Strength, Subscription
from service.core.reading.lexicon import Knowledge
from service.core.watching import word_of
from service.errors import SettingsError
from service.lexicons import knowledge_on_demand
from service.store.audience import AudienceRows, Listed

EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Declared:
    """What the settings say of who hears of what. `channels`: the names of those that are set."""

    subscriptions: tuple[SubscriptionSettings, ...]
    channels: tuple[str, ...]
    strength: Strength
    feed_alerts: bool = True


@dataclass(frozen=True, slots=True)
class Written:
    """Watchlists and subscriptions as they are written in the ledger or in a file. `paused`: names."""

    watchlists: tuple[WatchlistSettings, ...] = ()
    subscriptions: tuple[SubscriptionSettings, ...] = ()
    paused: frozenset[str] = frozenset()


def written(listed: Listed) -> Written:
    """What the rows of the ledger say. SettingsError where one cannot be read."""
    try:
        return Written(
            tuple(WatchlistSettings.model_validate_json(row.text) for row in listed.watchlists),
            tuple(SubscriptionSettings.model_validate_json(row.text) for row in listed.subscriptions),
            frozenset(row.name for row in listed.subscriptions if row.paused),
        )
    except ValidationError as error:
        raise SettingsError(
            f"what the ledger says of who hears of what is wrong: {sentence(error)}."
        ) from None


class Audience:
    """Who hears of what, by the settings and the ledger, as it is at each moment. Safe between threads."""

    def __init__(self, said: Declared, rows: AudienceRows, knowledge: Knowledge | None) -> None:
        self._said, self._rows, self._knowledge = said, rows, knowledge
        self._lock = threading.Lock()
        self._version: int | None = None
        self._found: tuple[Subscription, ...] = ()

    def current(self) -> tuple[Subscription, ...]:
        """All subscriptions, paused ones too. SettingsError where those of the settings are wrong.

        What somebody changed in the ledger so that it cannot be used is logged, and what was there stays.
        """
        version = self._rows.version()
        with self._lock:
            if version != self._version:
                self._reload()
                self._version = version
            return self._found

    def _reload(self) -> None:
        try:
            self._found = resolved(self._said, written(self._rows.listed()), self._knowledge)
        except SettingsError as error:
            if self._version is None:
                raise
            logs.failure("audience.unusable", error)


def declared(said: Declared, knowledge: Knowledge | None) -> tuple[Subscription, ...]:
    """Those of the settings alone, or one to everything. SettingsError for an unknown channel."""
    return resolved(said, Written(), knowledge)


def resolved(said: Declared, more: Written, knowledge: Knowledge | None) -> tuple[Subscription, ...]:
    """All subscriptions, paused ones too; one to everything where none is written anywhere.

    SettingsError names what is wrong: a name that is taken, a channel or a watchlist that is not there.
    """
    given = (*said.subscriptions, *more.subscriptions)
    names = [one.name for one in given]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"subscriptions: the name {twice!r} is taken twice.")
    if not given:
        everything = Subscription(name=EVERYTHING, minimum_strength=said.strength, channels=said.channels)
        return (replace(everything, feeds=said.feed_alerts),)
    if knowledge is None and (more.watchlists or any(one.watchlist or one.parties for one in given)):
        knowledge = knowledge_on_demand()
    lists = {one.name: one for one in more.watchlists}
    found = [subscription(one, said.channels, knowledge, lists) for one in given]
    if not said.feed_alerts:
        found = [replace(one, feeds=bool(one.feeds)) for one in found]
    return tuple(replace(one, paused=one.name in more.paused) for one in found)


def subscription(
    given: SubscriptionSettings,
    channels: tuple[str, ...] | None,
    knowledge: Knowledge | None,
    lists: Mapping[str, WatchlistSettings] | None = None,
) -> Subscription:
    """One subscription as the core knows it, its names canonical where `knowledge` is there to say.

    `channels` are those that are set, None: nothing is sent, so none needs to be. `lists`: the watchlists
    that there are. SettingsError names a channel or a watchlist that is not there.
    """
    unknown = next((name for name in given.channels if channels is not None and name not in channels), None)
    if unknown is not None:
        raise SettingsError(f"subscriptions: {given.name} names the channel {unknown!r}, which is not set.")
    known = lists or {}
    missing = next((name for name in given.watchlists if name not in known), None)
    if missing is not None:
        raise SettingsError(
            f"subscriptions: {given.name} names the watchlist {missing!r}, which is not there."
        )
    canonical = knowledge.names.canonical if knowledge else str
    entries = [entry for name in given.watchlists for entry in known[name].entries]
    spellings = [(entry.kind, spelling) for entry in entries for spelling in entry.spellings]
    return Subscription(
        name=given.name,
        watchlist=_once([*map(canonical, given.watchlist), *(canonical(text) for _, text in spellings)]),
        minimum_strength=Strength(given.minimum_strength),
        channels=given.channels or channels or (),
        doubtful=given.doubtful,
        takes=tuple(EventType(event) for event in given.takes),
        feeds=given.feeds,
        words=tuple(word_of(kind, text) for kind, text in spellings),
        languages=given.languages,
        outlets=given.outlets,
        events=tuple(EventType(event) for event in given.events),
        parties=_once(list(map(canonical, given.parties))),
        minimum_confidence=given.minimum_confidence,
        pace=given.pace,
        language=given.language,
        template=given.template,
    )


def _once(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
