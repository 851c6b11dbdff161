"""Track records: what came of the rumors that an outlet, a reporter or a source told, and of denials.

How it decides: a rumor counts for those who stand in its first report: the item's outlet and the outlet it
credits, the reporter, and the words in which an unnamed source is credited. What came of it is its story's
status now. Of few cases nothing can be said, so below ENOUGH a record has no share; else the share is given
with the interval of Wilson (1927) at 95 %. A record says what was said of what somebody told, never how true
it was. What it leaves out: who repeated a rumor, and how soon.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from service.core.backing import Track
from service.core.model import Kind, Reason, Role, Status, Strength
from service.core.text import name_key

ENOUGH = 10
_Z = 1.959964  # 95 % on both sides


class Subject(StrEnum):
    """Of whom a record is."""

    OUTLET = "outlet"
    REPORTER = "reporter"
    SOURCE = "source"  # the words in which unnamed sources are credited


@dataclass(frozen=True, slots=True)
class Line:
    """A statement that moved its story, as a record needs it. Lines of a story come in the order told."""

    story_id: str
    status: Status
    kind: Kind
    reason: Reason
    party: str | None = None
    role: Role | None = None
    speaker: str | None = None
    strength: Strength | None = None
    outlet: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, from `low` to `high` with 95 % confidence."""

    part: int
    of: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Record:
    """What came of the rumors that somebody opened.

    `opened` = `denied` (split by the strength of the firmest denial) + `confirmed` + `retracted` +
    `unresolved`. `reversed`: how many of them turned at least once. `confirmed_share` is among those that
    came to an end, None: too few.
    """

    subject: Subject
    name: str
    opened: int
    denied: int
    denied_flat: int
    denied_limited: int
    denied_not_aware: int
    confirmed: int
    retracted: int
    reversed: int
    unresolved: int
    confirmed_share: Share | None


@dataclass(frozen=True, slots=True)
class PartyRecord:
    """How a party's denials lasted: `turned` itself to a confirmation, or `overturned` by how it ended.

    `reversed_share` is of both among its denied stories, None: too few.
    """

    name: str
    denied: int
    turned: int
    overturned: int
    reversed_share: Share | None


def share(part: int, of: int) -> Share | None:
    """`part` of `of` with its interval, or None where `of` is below ENOUGH."""
    if of < ENOUGH:
        return None
    near, spread = part / of, _Z * _Z / of
    middle = (near + spread / 2) / (1 + spread)
    half = _Z * sqrt(near * (1 - near) / of + spread / (4 * of)) / (1 + spread)
    return Share(part, of, round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4))


def records(lines: Iterable[Line]) -> tuple[Record, ...]:
    """The records of all who opened a rumor, those with most first."""
    ends: defaultdict[tuple[Subject, str], list[_End]] = defaultdict(list)
    for told in _by_story(lines):
        first = next((line for line in told if line.kind is Kind.RUMOR), None)
        if first is not None:
            for whose in _credited(first):
                ends[whose].append(_end(told))
    found = [_record(subject, name, of) for (subject, name), of in ends.items()]
    return tuple(sorted(found, key=lambda record: (-record.opened, record.subject, record.name)))


def party_records(lines: Iterable[Line]) -> tuple[PartyRecord, ...]:
    """The records of all who denied anything that they can know of, those with most denials first."""
    denied: defaultdict[str, list[str]] = defaultdict(list)
    spelled: dict[str, str] = {}
    for told in _by_story(lines):
        deniers = {
            name_key(line.party): line.party for line in reversed(told) if _denies(line) and line.party
        }
        for key, party in reversed(deniers.items()):
            spelled.setdefault(key, party)
            denied[spelled[key]].append(_fate(key, told))
    found = [
        PartyRecord(
            name,
            len(fates),
            fates.count("turned"),
            fates.count("overturned"),
            share(len(fates) - fates.count("stood"), len(fates)),
        )
        for name, fates in denied.items()
    ]
    return tuple(sorted(found, key=lambda record: (-record.denied, record.name)))


@dataclass(frozen=True, slots=True)
class _End:
    status: Status
    strength: Strength | None
    turned: bool


def tracks(lines: Iterable[Line]) -> tuple[tuple[Subject | None, Track], ...]:
    """What alerts say of outlets and (None) parties, from the same counts as their records."""
    kept = list(lines)
    told = [
        (Subject.OUTLET, _track(one.name, one.confirmed, one.opened - one.unresolved, one.confirmed_share))
        for one in records(kept)
        if one.subject is Subject.OUTLET
    ]
    denied = [
        (None, _track(one.name, one.turned + one.overturned, one.denied, one.reversed_share))
        for one in party_records(kept)
    ]
    return (*told, *denied)


def _track(name: str, part: int, of: int, shown: Share | None) -> Track:
    return Track(name, part, of, shown.low if shown else None, shown.high if shown else None)


def _by_story(lines: Iterable[Line]) -> list[list[Line]]:
    stories: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        stories[line.story_id].append(line)
    return list(stories.values())


def _credited(first: Line) -> list[tuple[Subject, str]]:
    """Those who stand in a first report."""
    outlets = [first.outlet, first.party if first.role is Role.OUTLET else None]
    whose = [(Subject.OUTLET, name) for name in dict.fromkeys(outlets) if name]
    if first.speaker:
        whose.append((Subject.REPORTER, first.speaker))
    if first.role is Role.SOURCE and first.party:
        whose.append((Subject.SOURCE, first.party))
    return whose


def _end(told: Sequence[Line]) -> _End:
    strengths = [line.strength for line in told if _denies(line) and line.strength]
    firmest = max(strengths, key=lambda strength: strength.rank, default=None)
    return _End(told[0].status, firmest, any(line.reason is Reason.REVERSAL for line in told))


def _denies(line: Line) -> bool:
    can_know = line.role is not None and line.role.can_know
    return line.kind is Kind.DENIAL and can_know and line.strength is not Strength.NON_DENIAL


def _fate(party: str, told: Sequence[Line]) -> str:
    stances = (Kind.DENIAL, Kind.CONFIRMATION)
    own = [line.kind for line in told if name_key(line.party or "") == party and line.kind in stances]
    if Kind.CONFIRMATION in own[own.index(Kind.DENIAL) :]:
        return "turned"
    return "overturned" if told[0].status is Status.CONFIRMED else "stood"


def _record(subject: Subject, name: str, ends: Sequence[_End]) -> Record:
    denied = [end for end in ends if end.status is Status.DENIED]
    confirmed = sum(end.status is Status.CONFIRMED for end in ends)
    retracted = sum(end.status is Status.RETRACTED for end in ends)
    ended = len(denied) + confirmed + retracted
    return Record(
        subject=subject,
        name=name,
        opened=len(ends),
        denied=len(denied),
        denied_flat=sum(end.strength is Strength.FLAT for end in denied),
        denied_limited=sum(end.strength is Strength.LIMITED for end in denied),
        denied_not_aware=sum(end.strength is Strength.NOT_AWARE for end in denied),
        confirmed=confirmed,
        retracted=retracted,
        reversed=sum(end.turned for end in ends),
        unresolved=len(ends) - ended,
        confirmed_share=share(confirmed, ended),
    )
