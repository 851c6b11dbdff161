"""Who hears of what, as people write it: watchlists and subscriptions in settings, ledger and files.

Each is checked when it is read; what is wrong is one sentence that names the field. Turning one into what the
core decides by is in subscribers.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from service.core.first_lines import check
from service.core.pacing import Pace, Rhythm
from service.core.text import clean, fold
from service.core.watching import WatchKind

MOST_ENTRIES = 5000
MOST_ALIASES = 100
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_QUIET = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAME = r"^[\w][\w .-]{0,63}$"

Words = Annotated[str, Field(min_length=1, max_length=200)]
EVENTS = Literal[
    "story.opened",
    "story.spread",
    "story.denied",
    "story.confirmed",
    "story.no_comment",
    "story.disputed",
    "story.reversed",
    "story.retracted",
    "story.revived",
]
URGENT = Literal[
    EVENTS,
    "story.silent",
    "story.rule_clock",
    "feed.dark",
    "feed.back",
    "feed.gone",
    "feed.moved",
]


class WatchedSettings(BaseModel):
    """One entry of a watchlist, with its other names in any script."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Words = Field(description="The name, ticker or keyword.")
    kind: WatchKind = Field(WatchKind.COMPANY, description="company, person, ticker or keyword.")
    aliases: tuple[Words, ...] = Field((), max_length=MOST_ALIASES, description="Other ways to write it.")

    @property
    def spellings(self) -> tuple[str, ...]:
        """All ways to write it, the name first."""
        return (self.name, *self.aliases)


class WatchlistSettings(BaseModel):
    """A named list of companies, people, tickers and keywords. An entry may be written as its name alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME, description="How subscriptions name it.")
    entries: tuple[WatchedSettings, ...] = Field(min_length=1, max_length=MOST_ENTRIES)

    @field_validator("entries", mode="before")
    @classmethod
    def _names_alone(cls, entries: object) -> object:
        if not isinstance(entries, list | tuple):
            return entries
        return tuple({"name": one} if isinstance(one, str) else one for one in entries)

    @model_validator(mode="after")
    def _distinct(self) -> WatchlistSettings:
        seen: dict[str, str] = {}
        for entry in self.entries:
            for spelling in entry.spellings:
                if not spelling.strip() or spelling != clean(spelling).strip():
                    raise ValueError(f"{entry.name!r} has an alias that is empty or ends in blanks")
                key = spelling if entry.kind is WatchKind.TICKER else fold(spelling)
                if key in seen:
                    raise ValueError(f"{spelling!r} stands in {seen[key]!r} and again in {entry.name!r}")
                seen[key] = entry.name
        return self


class SubscriptionSettings(BaseModel):
    """One `[[subscriptions]]` table: who hears of what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="How the subscription is named in alerts and reasons.")
    watchlist: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="Companies, people and bodies it hears of, by any of their names; none: every story."
    )
    watchlists: tuple[Words, ...] = Field(
        (), description="Names of watchlists of the ledger (`rumorwatch watchlists`) that it hears of too."
    )
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = Field(
        (), description="Languages of items, as `en` or `zh`; none: all."
    )
    outlets: tuple[Words, ...] = Field(
        (), description="Outlets, by name or by the host of their addresses; none: all."
    )
    events: tuple[EVENTS, ...] = Field(
        (),
        description="Kinds of events, among them reports (`story.opened`) and no comments; none: denials, "
        "confirmations, reversals and retractions.",
    )
    parties: tuple[Words, ...] = Field((), description="Whose word it hears of; none: everybody's.")
    minimum_strength: Literal["flat", "limited", "not_aware"] = Field(
        "not_aware", description="The weakest denial that alerts."
    )
    minimum_confidence: float = Field(0.0, ge=0, le=1, description="How sure the reader must be, 0 to 1.")
    channels: tuple[str, ...] = Field((), description="Names of `[[channels]]`; none: all of them.")
    doubtful: bool = Field(
        False, description="Alert on a statement too that only may belong to the story, marked as doubtful."
    )
    takes: tuple[Literal["story.silent", "story.rule_clock"], ...] = Field(
        (), description="Events of time that alert: nobody replied, a time set by a market's rules ran out."
    )
    feeds: bool | None = Field(
        None, description="Alert on feeds that are dark, back, moved or gone; empty: where nobody is watched."
    )
    language: Literal["en", "zh"] = Field(
        "en", description="Language in which it is told: `en` or `zh`; quotations stay as they were."
    )
    template: str = Field(
        "",
        description="Its own first line, as `{party} denies {claim}`; fields: who, party, speaker, stance, "
        "strength, claim, outlet, status, event, after, subscription. Empty: the usual one.",
    )
    digest: Rhythm = Field(Rhythm.IMMEDIATE, description="`immediate`, or told together: `hourly`, `daily`.")
    digest_at: str = Field("08:00", pattern=_TIME, description="When a daily digest comes, in `zone`.")
    weekdays: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(
        (), description="Days on which digests come; none: every day."
    )
    zone: str = Field("UTC", description="Time zone of these times, as `Europe/Berlin`.")
    quiet_hours: str = Field(
        "", description="Local hours in which alerts are held, as `22:00-07:00`; empty: none."
    )
    urgent: tuple[URGENT, ...] = Field(
        ("story.reversed",), description="Events that wait for neither quiet hours, digest nor pause."
    )
    cooldown_minutes: int = Field(
        0, ge=0, le=10080, description="Pause after an alert on a story; what comes in it is told at its end."
    )
    most_a_minute: int = Field(
        1000, ge=0, description="More alerts than these in a minute are told in one digest; 0: never."
    )

    @field_validator("template")
    @classmethod
    def _known_fields(cls, template: str) -> str:
        check(template)
        return template

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        zone_of(name)
        return name

    @field_validator("quiet_hours")
    @classmethod
    def _two_times(cls, text: str) -> str:
        if text and (not _QUIET.fullmatch(text) or text[:5] == text[6:]):
            raise ValueError("must be two different times, as 22:00-07:00")
        return text

    @property
    def pace(self) -> Pace:
        """How it wants to be told, as the core knows it."""
        quiet = (_minutes(self.quiet_hours[:5]), _minutes(self.quiet_hours[6:])) if self.quiet_hours else None
        return Pace(
            rhythm=self.digest,
            digest_at=_minutes(self.digest_at),
            weekdays=tuple(sorted(_WEEKDAYS.index(day) for day in self.weekdays)),
            zone=zone_of(self.zone),
            quiet=quiet,
            urgent=self.urgent,
            cooldown=timedelta(minutes=self.cooldown_minutes),
            most_a_minute=self.most_a_minute,
        )


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name. ValueError where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name[:40]!r}") from None


def _minutes(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def sentence(error: ValidationError, lines: Iterable[str] = ()) -> str:
    """What pydantic holds against a table, in one sentence: `subscriptions 2, zone: ...`."""
    problem = error.errors(include_url=False, include_input=False)[0]
    where = ", ".join((*lines, *_where(problem["loc"])))
    said = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def _where(location: tuple[Any, ...]) -> Iterable[str]:
    return (f"number {part + 1}" if isinstance(part, int) else str(part) for part in location)
