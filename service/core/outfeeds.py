"""Feeds that we tell others: of a story, a watchlist, a subscription or a search, each at a secret address.

How it decides: a search finds a story that holds all of its words, a watchlist one that it concerns, by the
names of its parties and in the words of its claim and report. A story's feed tells what moved it, a
subscription's the alerts that left. What it leaves out: what stands in the articles and not in the story.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.core.model import EventType, Kind, Role, Story, Strength
from service.core.watching import Concerned, WatchWord, holds_word, watches

MOST_WORDS = 10
MOST_ENTRIES = 50


class OutKind(StrEnum):
    """What a feed of ours is about."""

    STORY = "story"
    WATCHLIST = "watchlist"
    SUBSCRIPTION = "subscription"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Outfeed:
    """A feed of ours. `subject`: an id, a name, or the words. `revoked_at`: nobody may read it any more."""

    id: str
    kind: OutKind
    subject: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A statement that moved its story, as a feed of ours tells it: stable `id`, told `at`."""

    id: str
    story_id: str
    claim: str
    event: EventType
    at: datetime
    kind: Kind
    party: str | None
    speaker: str | None
    role: Role | None
    strength: Strength | None
    words: str
    title: str
    url: str | None
    outlet: str | None


def search_words(text: str) -> tuple[str, ...]:
    """The words of a search, at most ten, each once."""
    return tuple(dict.fromkeys(text.split()))[:MOST_WORDS]


def is_found(story: Story, words: Sequence[str]) -> bool:
    """Whether a story holds all of these words: in its claim, its report or the names of its parties."""
    concerned = _concerned(story)
    places = (concerned.claim, concerned.evidence, concerned.title, *concerned.names)
    return bool(words) and all(
        any(holds_word(place, WatchWord(word)) for place in places if place) for word in words
    )


def is_watched(story: Story, names: Sequence[str], words: Iterable[WatchWord]) -> bool:
    """Whether a story concerns any of these names or words; none where there are neither."""
    words = tuple(words)
    return bool(names or words) and watches(names, words, _concerned(story))


def _concerned(story: Story) -> Concerned:
    names = {*story.claim.principals, *(position.party for position in story.positions)}
    words = (story.rumor.text, story.rumor.title) if story.rumor is not None else ("", "")
    return Concerned(frozenset(names), story.claim.text, *words)
