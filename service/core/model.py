"""The nouns: one frozen type for each moment of an item's way.

Feed -> Entry (both in feed.py) -> Item -> Statement -> Story (with Positions) -> Step -> Alert -> Delivery
(messages.py).
All times are aware datetimes in UTC. All offsets count Python characters (code points).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.core.backing import Backing
from service.core.pacing import AT_ONCE, Held, Pace
from service.core.text import name_key
from service.core.watching import WatchWord
from service.core.words import (
    EventType as EventType,
    Kind as Kind,
    Reason as Reason,
    Role as Role,
    Status as Status,
    Strength as Strength,
)

# --- items -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as we keep it and read it.

    `published` is what the source says; `told_at` is the moment the item speaks from: the published time
    where it is sane, else when we first saw it. `told_at` orders and dates everything downstream; items of
    equal `told_at` go by `position`.
    """

    id: str
    title: str
    text: str
    told_at: datetime
    url: str | None = None
    outlet: str | None = None
    published: datetime | None = None
    lang: str | None = None
    revision: int = 1
    backfill: bool = False
    position: int = 0


# --- reading ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """The exact slice of an item's `title` or `text`: item.<field>[start:end] == text."""

    field: str  # "title" or "text"
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed, in the affirmative, as a person would say it, and as the matcher compares it.

    `principals`: canonical names of those the claim is about, main one first.
    `relations`: language-free ids of what would happen (buy, merge, joint_venture, build_for, resign ...).
    `terms`: content words of the claim's sentences, folded and stemmed, names left out, sorted.
    `figures`: amounts and years as normalised strings, sorted.
    `lang`: the language of `terms` and `setting`, empty where mixed or unknown.
    `setting`: names and content words of the whole item, sorted, for its main claim.
    `firm`: how many of the principals, from the first, the claim is surely about.
    """

    text: str
    principals: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    lang: str = ""
    setting: tuple[str, ...] = ()
    firm: int = 2


@dataclass(frozen=True, slots=True)
class Statement:
    """Somebody takes a position on a claim, in one item. Defined kind by kind in the label guide.

    `party` is the body spoken for, `speaker` the person who spoke, both as canonical names; None where the
    text does not say. `strength` is set for denials only. `fresh` is False for a recap of something old.
    `because` lists the ids of the cues that decided.
    """

    kind: Kind
    party: str | None
    speaker: str | None
    role: Role | None
    strength: Strength | None
    claim: Claim
    entities: tuple[str, ...]
    fresh: bool
    confidence: float
    evidence: Evidence
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A tempting phrase that was not taken, and why: for `explain`."""

    evidence: Evidence
    cue: str
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read in one item, statements in text order (title first).

    `unread`: how many characters of the text lie beyond what is read of one item.
    """

    lang: str
    statements: tuple[Statement, ...]
    passed_over: tuple[PassedOver, ...] = ()
    unread: int = 0


# --- stories ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quotation:
    """A statement's words with where they stand: what an alert, a page and a person show as proof."""

    text: str
    field: str
    start: int
    end: int
    item_id: str
    url: str | None
    outlet: str | None
    title: str
    told_at: datetime
    kind: Kind
    party: str | None
    speaker: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """The latest stance of one party in one story."""

    party: str
    stance: Kind
    strength: Strength | None
    role: Role | None
    speaker: str | None
    at: datetime
    quotation: Quotation

    @property
    def moves_status(self) -> bool:
        """Whether this position counts when the status is folded."""
        if self.stance is Kind.DENIAL:
            return _can_know(self.role) and self.strength is not Strength.NON_DENIAL
        return self.stance is not Kind.CONFIRMATION or _can_know(self.role)


def _can_know(role: Role | None) -> bool:
    return role is not None and role.can_know


@dataclass(frozen=True, slots=True)
class Story:
    """One claim being tracked. `version` rises by one with every saved change.

    `rumor` is the first report of the claim (None while only a denial was seen), `claim` the profile that
    later statements are compared with, grown by what joined. `reports` counts rumor statements, `repeats`
    those that changed nothing. `curated`: a person's decision touches it, so it is folded anew each time.
    `became` is None for a story that lives, the survivor's id where it was merged, "" where nothing is left
    in it that opens a story.
    """

    id: str
    claim: Claim
    status: Status
    positions: tuple[Position, ...]
    opened_at: datetime
    last_at: datetime
    rumor: Quotation | None = None
    version: int = 0
    reports: int = 0
    repeats: int = 0
    curated: bool = False
    became: str | None = None

    def position_of(self, party: str) -> Position | None:
        """The position of `party`, however its name is spelled, or None where it has not spoken."""
        key = name_key(party)
        return next((p for p in self.positions if p.party == party or name_key(p.party) == key), None)


@dataclass(frozen=True, slots=True)
class Match:
    """Which story a claim belongs to, how sure, and why. `story_id` None: it opens its own."""

    story_id: str | None
    score: float
    sure: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What one statement did to one story.

    `event` is None where nothing moved. `earlier` is the same or another party's opposite position before a
    reversal. `joined` says how the statement found its story. Of a doubtful join, `supposed` is the step that
    it would be if the statement belonged there.
    """

    story: Story
    statement: Statement
    item: Item
    quotation: Quotation
    event: EventType | None
    reason: Reason
    joined: Match
    earlier: Quotation | None = None
    supposed: Step | None = None


# --- alerts ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who wants to hear of what. `channels` are names.

    `watchlist` (canonical names) and `words`: whom it concerns; neither: every story. `languages`, `outlets`,
    `parties` (canonical names) and `events` let only those through; empty: all of them. `events` may hold
    what alerts nobody else: reports, no comments. A paused one is told nothing, for that reason.

    `language`: in which it is told ("en", "zh"); `template`: its own first line, "" for the usual one.

    `doubtful`: it hears of a statement too that only may belong to the story. `takes`: the events of time
    that it hears of. `feeds`: whether it hears of what befell feeds; None: where it watches every story.
    """

    name: str
    watchlist: tuple[str, ...] = ()
    minimum_strength: Strength = Strength.NOT_AWARE
    channels: tuple[str, ...] = ()
    doubtful: bool = False
    takes: tuple[EventType, ...] = ()
    feeds: bool | None = None
    words: tuple[WatchWord, ...] = ()
    languages: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    events: tuple[EventType, ...] = ()
    parties: tuple[str, ...] = ()
    minimum_confidence: float = 0.0
    paused: bool = False
    pace: Pace = AT_ONCE
    language: str = "en"
    template: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One event for one subscription: all that a channel needs to tell it, frozen when it was decided.

    `id` is stable: the same subscription, story, party, stance and strength give the same id. `doubtful`: the
    statement may belong to another story, and the subscription asked to hear of it all the same. `note` says
    what an event of time means; its `evidence` are then the words from which the time ran.
    """

    id: str
    subscription: str
    event: EventType
    reason: Reason
    story_id: str
    claim: str
    status: Status
    kind: Kind
    party: str | None
    role: Role | None
    speaker: str | None
    strength: Strength | None
    at: datetime
    evidence: Quotation
    rumor: Quotation | None
    earlier: Quotation | None
    positions: tuple[Position, ...]
    doubtful: bool = False
    note: str | None = None
    language: str = "en"
    template: str = ""
    backing: Backing | None = None


@dataclass(frozen=True, slots=True)
class AlertDecision:
    """Whether a step alerts a subscription, and why. `alert` is None exactly where it does not.

    `note` says more where the reason alone does not: who muted the story, until when. `held`: until when the
    alert waits; None: it left at once.
    """

    subscription: str
    reason: Reason
    alert: Alert | None
    note: str = ""
    held: Held | None = None


class DeliveryState(StrEnum):
    """Where a delivery stands. `dead`: given up, kept for a person to see and resend.

    `held`: restored from a backup, and not sent until a person releases it.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    HELD = "held"


class Outcome(StrEnum):
    """What an attempt led to: it arrived, it is tried again, or it was given up."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One recorded try of a delivery. `answer` holds the receiver's first words, at most 500 characters."""

    number: int
    at: datetime
    ok: bool
    status: int | None
    answer: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ClaimedRevision:
    """A unit of reading work under a lease. Only the holder of `token` may finish it.

    `tries` counts the tries that did not end with their worker. `alone`: workers died while they held it, so
    it is to be tried in a process of its own.
    """

    item: Item
    feed_id: str
    token: str
    tries: int
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """How much work waits right now."""

    revisions: int = 0
    deliveries: int = 0
