"""Clocks that run on a story: how long nobody has replied, and what the rules of a market set a time for.

How it decides: a rule says on whom it runs (companies of its countries, or anybody), what starts it (the
first report, or a party's denial), how long it runs, and whether a reply stops it. A clock is worked out from
the story as it stands, so a late report or a person's decision moves it by itself; running out is the event.
What it leaves out: holidays, halts of trading, and where a company is listed besides at home.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from service.core.model import EventType, Kind, Position, Quotation, Role, Story

SILENCE = "silence"


class Starts(StrEnum):
    """What starts a clock."""

    REPORT = "report"
    DENIAL = "denial"


@dataclass(frozen=True, slots=True)
class ClockRule:
    """One clock, as its data file has it. Exactly one of `hours`, `business_days`, `months` is above 0.

    `countries`: those of the companies that it runs on; empty: it runs on the story. `relations`: only on
    claims of these; empty: any. A business day ends at midnight, `utc_offset_minutes` east of Greenwich.
    `stopped_by_reply`: it runs out only where the party has not replied.
    """

    id: str
    title: str
    source: str
    starts: Starts
    countries: frozenset[str] = frozenset()
    relations: frozenset[str] = frozenset()
    hours: int = 0
    business_days: int = 0
    months: int = 0
    utc_offset_minutes: int = 0
    stopped_by_reply: bool = True

    @property
    def event(self) -> EventType:
        """What its running out is called."""
        return EventType.SILENT if self.id == SILENCE else EventType.RULE_CLOCK


@dataclass(frozen=True, slots=True)
class Clock:
    """A rule that runs on a story, from the words `since`. `party` is "" where it runs on the whole story."""

    rule: ClockRule
    story_id: str
    party: str
    started_at: datetime
    due_at: datetime
    since: Quotation

    @property
    def note(self) -> str:
        """What its running out means, for a person."""
        on = f" ({self.rule.title})"
        if self.rule.id == SILENCE:
            return f"No reply {self.rule.hours} h after the report"
        if self.rule.stopped_by_reply:
            return f"{self.party} has not replied in time{on}"
        return f"{self.party} is free to say otherwise from now on{on}"


@dataclass(frozen=True, slots=True)
class ClockBook:
    """All clocks of a service, and the country of each company by its canonical name."""

    rules: tuple[ClockRule, ...] = ()
    countries: Mapping[str, str] | None = None

    def rule(self, rule_id: str) -> ClockRule | None:
        """The rule of that id, or None."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)


NO_CLOCKS = ClockBook()


def clocks_of(story: Story, book: ClockBook) -> tuple[Clock, ...]:
    """The clocks that run on the story as it stands, by rule and party; none on one that was merged away."""
    if story.became is not None:
        return ()
    return tuple(clock for rule in book.rules for clock in _of_rule(story, rule, book.countries or {}))


def _of_rule(story: Story, rule: ClockRule, countries: Mapping[str, str]) -> Iterable[Clock]:
    if rule.relations and rule.relations.isdisjoint(story.claim.relations):
        return
    if rule.starts is Starts.DENIAL:
        for position in story.positions:
            if _binds(position) and (not rule.countries or countries.get(position.party) in rule.countries):
                yield _clock(rule, story, position.party, position.at, position.quotation)
    elif story.rumor is not None:
        for party in _on_whom(story, rule, countries):
            if not _has_replied(story, party):
                yield _clock(rule, story, party, story.rumor.told_at, story.rumor)


def _on_whom(story: Story, rule: ClockRule, countries: Mapping[str, str]) -> tuple[str, ...]:
    if not rule.countries:
        return ("",)
    return tuple(name for name in story.claim.principals if countries.get(name) in rule.countries)


def _binds(position: Position) -> bool:
    """Whether a denial is the party's own word; what others say of it binds nobody."""
    own = (Role.PRINCIPAL, Role.SPOKESMAN, Role.EXECUTIVE)
    return position.stance is Kind.DENIAL and position.moves_status and position.role in own


def _has_replied(story: Story, party: str) -> bool:
    """Whether `party` took a stance; for "" whether anybody who can know did, and be it no comment."""
    stances = (Kind.DENIAL, Kind.CONFIRMATION)
    if party:
        position = story.position_of(party)
        return position is not None and position.stance in stances
    replies = (*stances, Kind.NO_COMMENT)
    return any(p.stance in replies and p.role is not None and p.role.can_know for p in story.positions)


def _clock(rule: ClockRule, story: Story, party: str, started_at: datetime, since: Quotation) -> Clock:
    return Clock(rule, story.id, party, started_at, due_at(rule, started_at), since)


def due_at(rule: ClockRule, started_at: datetime) -> datetime:
    """When a clock that starts then runs out, in UTC."""
    if rule.months:
        return _months_later(started_at, rule.months)
    if rule.business_days:
        return _business_days_later(started_at, rule.business_days, rule.utc_offset_minutes)
    return started_at + timedelta(hours=rule.hours)


def _months_later(moment: datetime, months: int) -> datetime:
    """The same day and time `months` later, or the last day of that month where it has no such day."""
    years, month = divmod(moment.month - 1 + months, 12)
    for day in (moment.day, 30, 29, 28):
        try:
            return moment.replace(year=moment.year + years, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _business_days_later(moment: datetime, days: int, offset_minutes: int) -> datetime:
    """The end of the day, Monday to Friday, that comes `days` such days after the local day of `moment`."""
    offset = timedelta(minutes=offset_minutes)
    day = (moment.astimezone(UTC) + offset).replace(hour=0, minute=0, second=0, microsecond=0)
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day + timedelta(days=1) - offset
