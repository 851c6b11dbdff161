"""What an alert says of those who told: how many really carry the rumor, and what came of their words before.

Counted when the alert was decided and frozen with it. A track is of what was said of what somebody told or
denied, never of how true it was (core/records.py); below its least number of cases it has no interval.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Track:
    """`part` of `of` cases of `name`, from `low` to `high` with 95 % confidence; None: too few cases to say.

    Of an outlet: the rumors that it was the first to tell and that came to an end, and how many of them were
    confirmed. Of a party: the stories that it denied, and in how many that was reversed.
    """

    name: str
    part: int
    of: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Backing:
    """`origin` told the rumor first, as `named_by` other outlets say, or (0) as far as was seen.

    `independent` of the `reports` lean on none of the others. `outlet` and `party` are the tracks of the
    origin and of who speaks now; None: nothing is known of them.
    """

    origin: str | None
    named_by: int
    reports: int
    independent: int
    outlet: Track | None = None
    party: Track | None = None
