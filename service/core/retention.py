"""What a ledger may forget, and when.

How it decides: each kind of thing has a number of days of its own, 0 for ever. Nothing of it is a story, the
words that a story was told from, a decision or an alert: those are never forgotten. An item that is forgotten
leaves its id and fingerprint, so that a feed that still shows it brings nothing new. Forgetting waits for the
small hours and for a moment without work. What it leaves out: how large anything is; days say what a person
can foresee.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from service.core.model import Due
from service.core.stories import DORMANT_AFTER

FIRST_HOUR, LAST_HOUR = 1, 5  # of the machine's own clock, the last not included


class Forgotten(StrEnum):
    """What may be forgotten."""

    ITEMS = "items"  # the words of items in no story, with what was read in them
    TEXTS = "texts"  # the texts of items whose stories are dormant; title and quotations stay
    ATTEMPTS = "attempts"  # attempts of finished deliveries; the last one of each stays
    NOTICES = "notices"  # what befell feeds; the last one of each stays


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how many days each is kept; 0: for ever."""

    items_days: int
    texts_days: int
    attempts_days: int
    notices_days: int


FOR_EVER = Keeping(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Cutoff:
    """Of `what`, all that is older than `before` may go."""

    what: Forgotten
    before: datetime


def cutoffs(keeping: Keeping, now: datetime) -> tuple[Cutoff, ...]:
    """What may go at `now`; what is kept for ever is left out. A story is never dormant sooner than it is."""
    days = (
        (Forgotten.ITEMS, timedelta(days=keeping.items_days)),
        (Forgotten.TEXTS, timedelta(days=keeping.texts_days)),
        (Forgotten.ATTEMPTS, timedelta(days=keeping.attempts_days)),
        (Forgotten.NOTICES, timedelta(days=keeping.notices_days)),
    )
    return tuple(Cutoff(what, now - _at_least(what, age)) for what, age in days if age)


def _at_least(what: Forgotten, age: timedelta) -> timedelta:
    return max(age, DORMANT_AFTER) if what is Forgotten.TEXTS else age


def is_quiet(local: datetime, due: Due) -> bool:
    """Whether now is a moment to forget in: `local`, by the machine's own clock, and no work waits."""
    return FIRST_HOUR <= local.hour < LAST_HOUR and not due.revisions and not due.deliveries
