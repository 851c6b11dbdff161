"""The command `reread`: past items read anew under the present rules; what would change, or is changed.

How it decides: an item in which something reads otherwise is taken out of its stories and arrives once more,
the way of any late arrival. A statement whose claim stays goes back to where the matcher had put it; a new
claim looks for its story. What would change is found by changing it and not saving: so what is shown is what
is done. Nobody is alerted, then or later: there are no subscriptions here, and what was folded once is no
news.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from service import wiring
from service.alerts.inert import one_line
from service.core.folding import order_of
from service.core.model import Claim, Item, Match, Reading, Statement, Story
from service.core.reading.read import read_statements
from service.core.rereading import Change, changes
from service.errors import Conflict
from service.jsonl import parse_time
from service.lexicons import knowledge_on_demand
from service.lexicons.version import reading_version
from service.settings import Settings
from service.store.handling import Handling
from service.store.ledger import Ledger
from service.store.rereading import PastReading
from workers.items import group_by_claim, place_groups
from workers.refolding import refold
from workers.telling import Rules

MOST_CONFLICTS = 5


@dataclass(frozen=True, slots=True)
class Reread:
    """An item that reads otherwise now."""

    past: PastReading
    reading: Reading
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Turned:
    """A story whose status is another; None: it was not there, or is not any more."""

    story_id: str
    claim: str
    before: str | None
    after: str | None


@dataclass
class _Found:
    """What reading all of them brought."""

    changed: list[Reread] = field(default_factory=list)
    same: int = 0

    @property
    def count(self) -> int:
        """All that were read."""
        return self.same + len(self.changed)


def reread(settings: Settings, since: str | None, *, apply: bool, everything: bool) -> None:
    """Shows what the present rules would change in past items; with `apply`, changes it."""
    begin = parse_time(since) if since else None
    knowledge = knowledge_on_demand()
    watchlist = tuple(knowledge.names.canonical(name) for name in settings.watchlist)
    rules = Rules(knowledge, (), watchlist)
    with closing(wiring.open_ledger(settings)) as ledger:
        found = find_changes(ledger, rules, begin, apply=apply, everything=everything)
        turned = change(ledger, rules, found.changed, wiring.utc_now(), apply=apply)
        skipped = ledger.readings.without_words(begin)
    _say("\n".join(_report(found, turned, skipped, apply=apply)))


def find_changes(
    ledger: Ledger, rules: Rules, since: datetime | None, *, apply: bool, everything: bool = False
) -> _Found:
    """Reads anew what other rules read (or `everything`); where it is to `apply`, notes what is the same."""
    found, version, told = _Found(), reading_version(), 0
    for page in ledger.readings.pages(since, None if everything else version):
        same: list[Item] = []
        for past in page:
            one = _read(past, rules)
            if one.changes:
                found.changed.append(one)
            else:
                same.append(past.item)
        if apply:
            ledger.readings.note(same, version)
        found.same += len(same)
        told = _tell(found, told)
    return found


def _tell(found: _Found, told: int) -> int:
    """Says how far it is, every thousand items; what was said last."""
    thousands = found.count // 1000
    if thousands > told:
        sys.stderr.write(f"reread: {found.count:,} items\n")
    return thousands


def _read(past: PastReading, rules: Rules) -> Reread:
    reading = read_statements(past.item, rules.knowledge)
    groups = group_by_claim(reading, rules.watchlist)
    after = sorted((numbered for group in groups for numbered in group.statements), key=lambda one: one[0])
    before = [placed.statement for placed in past.placed]
    return Reread(past, reading, changes(before, [statement for _, statement in after]))


class _NotSaved(Exception):
    """Ends a transaction that was only to show what it would do."""


def change(
    ledger: Ledger, rules: Rules, changed: Sequence[Reread], now: datetime, *, apply: bool
) -> tuple[Turned, ...]:
    """Lets the items arrive once more in one transaction, saved only to `apply`; the stories that turned."""
    ordered = sorted(changed, key=lambda one: order_of(one.past.item, 0))
    for patience in range(MOST_CONFLICTS, -1, -1):
        turned: tuple[Turned, ...] = ()
        try:
            with ledger.curating() as transaction:
                touched = {id_ for one in ordered for id_ in _arrive_again(transaction, rules, one, now)}
                turned = tuple(_turned(ledger, transaction, touched))
                if not apply:
                    raise _NotSaved
            return turned
        except _NotSaved:
            return turned
        except Conflict:  # a worker moved one of the stories meanwhile
            if not patience:
                raise
    return ()


def _arrive_again(transaction: Handling, rules: Rules, one: Reread, now: datetime) -> set[str]:
    """Takes the item out and places what it says now; the stories that it stood in or stands in."""
    item, log = one.past.item, transaction.decisions()
    stood = {placed.story_id for placed in one.past.placed if placed.story_id is not None}
    transaction.forget_reading(item)
    refold(transaction, (), log, stood, now)
    kept = {placed.statement.claim: placed.joined for placed in one.past.placed}
    rules = Rules(rules.knowledge, (), rules.watchlist, find=_Finding(kept, rules.find))
    handled = place_groups(transaction, rules, item, group_by_claim(one.reading, rules.watchlist), now)
    transaction.note_read_by(item, reading_version())
    return stood | {step.step.story.id for step in handled}


@dataclass(frozen=True, slots=True)
class _Finding:
    """A claim that the item told before goes where the matcher had put it; another looks for its story."""

    kept: dict[Claim, Match]
    otherwise: Callable[[Claim, datetime, Sequence[Story]], Match]

    def __call__(self, claim: Claim, told_at: datetime, candidates: Sequence[Story]) -> Match:
        known = self.kept.get(claim)
        if known is not None and known.story_id is not None:
            return known
        return self.otherwise(claim, told_at, candidates)


def _turned(ledger: Ledger, transaction: Handling, touched: set[str]) -> Iterator[Turned]:
    with ledger.looking() as saved:  # as others still see it
        for story_id in sorted(touched):
            before, after = saved.story(story_id), transaction.story(story_id)
            if _status(before) != _status(after):
                shown = after or before
                yield Turned(story_id, shown.claim.text if shown else "", _status(before), _status(after))


def _status(story: Story | None) -> str | None:
    return None if story is None or story.became is not None else story.status.value


# --- what is shown -------------------------------------------------------------------------------------


def _report(found: _Found, turned: Sequence[Turned], skipped: int, *, apply: bool) -> Iterator[str]:
    for one in found.changed:
        item = one.past.item
        yield f"{item.id}  {item.told_at:%Y-%m-%d %H:%M}  {one_line(item.title)}"
        yield from (f"  {_change(change)}" for change in one.changes)
    for story in turned:
        way = f"{story.before or 'not there'} -> {story.after or 'empty'}"
        yield f"{story.story_id}  {way}  {one_line(story.claim)}"
    words = [change.word for one in found.changed for change in one.changes]
    counts = ", ".join(f"{words.count(word)} {word}" for word in ("added", "gone", "changed"))
    items = len(found.changed)
    yield f"{found.count:,} items read by the rules {reading_version()}; statements in {items}: {counts}."
    if skipped:
        yield f"{skipped:,} could not be read: retention removed their words."
    if apply:
        yield f"Changed; {len(turned)} stories turned, and nobody was alerted."
    else:
        yield f"Nothing was changed; {len(turned)} stories would turn. `--apply` does it and alerts nobody."


def _change(change: Change) -> str:
    if change.before is None or change.after is None:
        said = change.after or change.before
        assert said is not None
        return f"{change.word}: {_said(said)} “{one_line(said.evidence.text)}”"
    return (
        f"changed: {_said(change.before)} -> {_said(change.after)} “{one_line(change.after.evidence.text)}”"
    )


def _said(one: Statement) -> str:
    firmly = f" ({one.strength.value})" if one.strength else ""
    return f"{one.kind.value}{firmly} by {one.party or 'nobody named'} on “{one_line(one.claim.text, 80)}”"


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
