"""The words that statements, stories and alerts are told in. ARCHITECTURE.md says what each means."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a statement does to its claim."""

    RUMOR = "rumor"
    DENIAL = "denial"
    CONFIRMATION = "confirmation"
    NO_COMMENT = "no_comment"
    RETRACTION = "retraction"
    STANDS_BY = "stands_by"


class Strength(StrEnum):
    """How firmly a denial denies, strongest first."""

    FLAT = "flat"
    LIMITED = "limited"
    NOT_AWARE = "not_aware"
    NON_DENIAL = "non_denial"

    @property
    def rank(self) -> int:
        """3 for flat down to 0 for non_denial: a larger rank denies more."""
        return _STRENGTH_RANK[self]


_STRENGTH_RANK = {Strength.FLAT: 3, Strength.LIMITED: 2, Strength.NOT_AWARE: 1, Strength.NON_DENIAL: 0}


class Role(StrEnum):
    """What makes a party worth hearing on a claim."""

    PRINCIPAL = "principal"
    SPOKESMAN = "spokesman"
    EXECUTIVE = "executive"
    AUTHORITY = "authority"
    FACT_CHECKER = "fact_checker"
    OUTLET = "outlet"
    SOURCE = "source"

    @property
    def can_know(self) -> bool:
        """Whether a denial or confirmation by this role moves a story: an unnamed source's does not."""
        return self is not Role.SOURCE


class Status(StrEnum):
    """Where a story stands, folded from the positions of its parties."""

    OPEN = "open"
    DENIED = "denied"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    RETRACTED = "retracted"


class EventType(StrEnum):
    """A story moved. The dotted name is also the webhook's type."""

    OPENED = "story.opened"
    SPREAD = "story.spread"
    DENIED = "story.denied"
    CONFIRMED = "story.confirmed"
    NO_COMMENT = "story.no_comment"
    DISPUTED = "story.disputed"
    REVERSED = "story.reversed"
    RETRACTED = "story.retracted"
    EXPIRED = "story.expired"
    REVIVED = "story.revived"
    SILENT = "story.silent"
    RULE_CLOCK = "story.rule_clock"


class Reason(StrEnum):
    """Why a statement did or did not alert."""

    FIRST_DENIAL_BY_PARTY = "first_denial_by_party"
    STRONGER_DENIAL = "stronger_denial"
    FIRST_CONFIRMATION_BY_PARTY = "first_confirmation_by_party"
    REVERSAL = "reversal"
    RETRACTION = "retraction"
    RUMOR = "rumor"
    NO_COMMENT = "no_comment"
    STANDS_BY = "stands_by"
    REPEAT = "repeat"
    RECAP = "recap"
    BELOW_THRESHOLD = "below_threshold"
    NOT_WATCHED = "not_watched"
    DOUBTFUL_JOIN = "doubtful_join"
    LATE = "late"
    EARLY = "early"
    TOLD_NEARBY = "told_nearby"
    MARKED_WRONG = "marked_wrong"
    SILENCE = "silence"
    RULE_CLOCK = "rule_clock"
    BACKFILL = "backfill"
    FEED_NOTICE = "feed_notice"
    MUTED = "muted"
    SNOOZED = "snoozed"
    ACKNOWLEDGED = "acknowledged"
    OTHER_LANGUAGE = "other_language"
    OTHER_OUTLET = "other_outlet"
    OTHER_EVENT = "other_event"
    OTHER_PARTY = "other_party"
    UNSURE = "unsure"
    PAUSED = "paused"


class Hold(StrEnum):
    """Why an alert that was decided does not leave at once."""

    QUIET_HOURS = "quiet_hours"
    DIGEST = "digest"
    COOLDOWN = "cooldown"
    STORM = "storm"
