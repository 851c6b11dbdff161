"""Handle one item: read, match, advance, decide; one commit.

The shell around the core: it loads candidates, asks the core, saves the steps. Everything interesting is
decided in service/core. A statement that follows on all that its story holds moves the story by one step; one
that was told before something the story holds, or that a person's decision concerns, has the story folded
anew (refolding.py), to the same end.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from service.core.alerting import is_watched
from service.core.clocks import clocks_of
from service.core.decisions import Decision, Ruling, in_force, mark_of, rule
from service.core.folding import Kept, order_of
from service.core.matching import keys_of
from service.core.model import Claim, ClaimedRevision, Item, Kind, Match, Reading, Statement, Step, Story
from service.core.reading.read import read_statements
from service.core.stories import advance, open_story, opened_id
from service.lexicons.version import reading_version
from service.store.handling import Handling
from service.store.items import Done
from service.store.ledger import Ledger
from service.store.passages import Watch
from workers.refolding import refold
from workers.telling import Handled as Handled, Rules as Rules, tell

MOST_CANDIDATES = 200
_UNPLACED = "no open story, and it opens none"
_ITS_OWN = ("opened by this item",)


@dataclass(frozen=True, slots=True)
class Group:
    """The statements of one item on one claim: (ordinal in the reading, statement), the reports first."""

    claim: Claim
    statements: tuple[tuple[int, Statement], ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A claimed revision and what was read in it. `watch`: by which stage times are kept."""

    claimed: ClaimedRevision
    reading: Reading
    watch: Watch | None = None


def read(rules: Rules, claimed: ClaimedRevision) -> Read:
    """Reads a claimed revision."""
    clock = rules.clock
    if clock is None:
        return Read(claimed, read_statements(claimed.item, rules.knowledge))
    taken_at = clock()
    reading = read_statements(claimed.item, rules.knowledge)
    return Read(claimed, reading, Watch(taken_at, clock(), clock))


def handle_item(ledger: Ledger, rules: Rules, claimed: ClaimedRevision, now: datetime) -> tuple[Handled, ...]:
    """Reads the item and commits all that follows from it at once; LeaseLost if it was taken over."""
    return handle_together(ledger, rules, [read(rules, claimed)], now)[0]


def handle_reading(
    ledger: Ledger,
    rules: Rules,
    claimed: ClaimedRevision,
    reading: Reading,
    now: datetime,
    watch: Watch | None = None,
) -> tuple[Handled, ...]:
    """`handle_item` for an item that was read already. `watch`: by which stage times are kept."""
    return handle_together(ledger, rules, [Read(claimed, reading, watch)], now)[0]


def handle_together(
    ledger: Ledger, rules: Rules, batch: Sequence[Read], now: datetime
) -> list[tuple[Handled, ...]]:
    """Commits all that follows from items that were read, one after the other, at once; what came of each.

    LeaseLost if any was taken over. It is all or nothing.
    """
    grouped = [(one.claimed, group_by_claim(one.reading, rules.watchlist)) for one in batch]
    locks = sorted({key for _, groups in grouped for group in groups for key in keys_of(group.claim)})
    version = reading_version()
    done = [
        Done(one.claimed, version, _what_was_read(one.reading, groups))
        for one, (_, groups) in zip(batch, grouped, strict=True)
    ]
    with ledger.handling_together(done, locks) as transaction:
        return [
            _handle_one(transaction, rules, one, groups, now)
            for one, (_, groups) in zip(batch, grouped, strict=True)
        ]


def _handle_one(
    transaction: Handling, rules: Rules, one: Read, groups: Sequence[Group], now: datetime
) -> tuple[Handled, ...]:
    transaction.watch = one.watch
    handled = place_groups(transaction, rules, one.claimed.item, groups, now)
    _start_clocks(transaction, rules, handled, now)
    return handled


def place_groups(
    transaction: Handling, rules: Rules, item: Item, groups: Sequence[Group], now: datetime
) -> tuple[Handled, ...]:
    """Finds the story of each group of an item's statements, and moves it; what came of it."""
    placing = _Placing(transaction, rules, item, now, transaction.decisions() if groups else ())
    for group in groups:
        placing.place(group)
    return tuple(placing.handled)


def _what_was_read(reading: Reading, groups: Sequence[Group]) -> str:
    """What `why` tells of the reading, for an item that left nothing else too."""
    kept = sum(len(group.statements) for group in groups)
    left = len(reading.statements) - kept
    unread = f"; {reading.unread} characters of it lie beyond what is read" if reading.unread else ""
    unwatched = f"; {left} more are about nobody on the watchlist" if left else ""
    count = f"{kept} statement{'' if kept == 1 else 's'}"
    return f"{reading.lang or 'in no language that is known'}: {count}{unwatched}{unread}"


def _start_clocks(transaction: Handling, rules: Rules, handled: Sequence[Handled], now: datetime) -> None:
    """What ran out before anybody heard of it is told to nobody: an old story is no silence."""
    moved = {one.step.story.id: one.step.story for one in handled if one.step.event is not None}
    for story in moved.values():
        running = clocks_of(story, rules.clocks)
        transaction.start_clocks([clock for clock in running if clock.due_at > now])


def group_by_claim(reading: Reading, watchlist: Sequence[str]) -> tuple[Group, ...]:
    """The watched statements by claim, in the order in which the claims appear."""
    groups: dict[Claim, list[tuple[int, Statement]]] = {}
    for ordinal, statement in enumerate(reading.statements):
        if is_watched(statement, watchlist):
            groups.setdefault(statement.claim, []).append((ordinal, statement))
    return tuple(Group(claim, tuple(sorted(found, key=_reports_first))) for claim, found in groups.items())


def _reports_first(numbered: tuple[int, Statement]) -> bool:
    # The item that carries both a rumor and its denial opens the story with the rumor.
    return numbered[1].kind is not Kind.RUMOR


@dataclass
class _Placing:
    """The placing of one item's statements, in the order of its claims; `handled` grows as it goes on.

    `reported` holds the stories that this item has reported already, `stories` those at hand as they stand.
    """

    transaction: Handling
    rules: Rules
    item: Item
    now: datetime
    log: tuple[Decision, ...]
    handled: list[Handled] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)
    stories: dict[str, Story] = field(default_factory=dict)
    taken: int = 0

    def __post_init__(self) -> None:
        self.force = in_force(self.log)

    def place(self, group: Group) -> None:
        """Finds the story of a group of statements, and moves it by each."""
        candidates = self.transaction.candidates(keys_of(group.claim), MOST_CANDIDATES)
        self.stories.update((story.id, story) for story in candidates)
        joined = self.rules.find(group.claim, self.item.told_at, candidates)
        for ordinal, statement in group.statements:
            one = self._kept(statement, ordinal, joined)
            self._take(one)
            if joined.story_id is None and one.placed is not None:
                joined = Match(one.placed, joined.score, True, _ITS_OWN)
            self.taken += 1

    def _kept(self, statement: Statement, ordinal: int, joined: Match) -> Kept:
        placed = joined.story_id
        if placed is None and open_story(statement, self.item, joined) is not None:
            placed = opened_id(statement, self.item)
        return Kept(statement, self.item, ordinal, self.taken, joined, placed, news=True)

    def _take(self, one: Kept) -> None:
        mark = mark_of(self.item.id, one.statement)
        ruling = rule(self.force, mark, one.statement.claim.text, one.placed, sure=one.joined.sure)
        if ruling.story_id is None:
            self.transaction.save_stray(one, _UNPLACED, _stray_keys(one))
            return
        story = self.stories.get(ruling.story_id) or self.transaction.story(ruling.story_id)
        if self._follows(one, ruling, story):
            self._step(one, story)
        else:
            self._fold(one, ruling.story_id, story)

    def _follows(self, one: Kept, ruling: Ruling, story: Story | None) -> bool:
        """Whether one step moves the story, because nothing in it was told later or decided by a person."""
        if ruling.because:
            return False
        if story is None:
            return True
        alive = story.became is None and not story.curated
        return alive and not self.transaction.is_behind(story.id, self.item, one.place)

    def _step(self, one: Kept, story: Story | None) -> None:
        if story is None:
            step = open_story(one.statement, self.item, one.joined)
            assert step is not None
        else:
            again = self._told_already(story)
            step = advance(story, one.statement, self.item, one.joined, told_already=again)
        keys = keys_of(one.statement.claim)
        self.transaction.save_step(step, one.ordinal, keys, place=one.place, placed=one.placed)
        self.stories[step.story.id] = step.story
        if one.statement.kind is Kind.RUMOR and one.joined.sure:
            self.reported.add(step.story.id)
        self.handled.append(self._tell(step, one.ordinal))
        if not one.joined.sure:
            self.transaction.let_find(one, keys)
        if story is None:
            self._refold_with(self._adopt(one, step.story), ())

    def _tell(self, step: Step, ordinal: int) -> Handled:
        around = tuple(self.stories.values()) or None  # None: a fold has just let go of them
        return tell(self.transaction, self.rules.subscriptions, step, ordinal, around, self.now)

    def _told_already(self, story: Story) -> bool:
        if story.id in self.reported:
            return True
        return self.item.revision > 1 and self.transaction.has_reported(story.id, self.item.id)

    def _fold(self, one: Kept, story_id: str, story: Story | None) -> None:
        self.transaction.save_kept(one, story_id if story else None)
        if not one.joined.sure:
            self.transaction.let_find(one, keys_of(one.statement.claim))
        opens = open_story(one.statement, self.item, one.joined) is not None and one.joined.sure
        homes = self._adopt(one, story) if story is not None and opens else ()
        self._refold_with(homes, (story_id,))

    def _refold_with(self, homes: Collection[str], more: Collection[str]) -> None:
        """Folds these stories anew, where there are any: those that lost or gained a statement."""
        story_ids = {*homes, *more}
        if story_ids:
            self.stories.clear()
            self.handled += refold(
                self.transaction, self.rules.subscriptions, self.log, story_ids, self.now, {self.item.id}
            )

    def _adopt(self, opening: Kept, story: Story) -> set[str]:
        """Lets the story have what was told after `opening` and speaks of it surely, but found no story or
        only one that it may belong to; the stories that gained and lost by it.

        In the order told, these would have met this story first. What a person settled is not among them.
        """
        after = order_of(self.item, opening.place)
        moved: set[str] = set()
        for stray in self.transaction.strays_of(keys_of(opening.statement.claim), self.item.told_at):
            if order_of(stray.item, stray.place) <= after:
                continue
            match = self.rules.find(stray.statement.claim, stray.item.told_at, [story])
            better = stray.placed is None or match.score > stray.joined.score
            if match.story_id is not None and match.sure and better:
                self.transaction.adopt(stray, match)
                moved |= {story.id, stray.placed or story.id}
        return moved


def _stray_keys(one: Kept) -> tuple[str, ...]:
    # A recap moves nothing, wherever it stands; what opens a story by itself needs none.
    return keys_of(one.statement.claim) if one.statement.fresh and one.placed is None else ()
