"""What may be read and saved while one item is handled, or one decision taken: inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from service.core.backing import Backing
from service.core.clocks import Clock
from service.core.decisions import Decision
from service.core.folding import Folded, Kept
from service.core.hushes import Hush
from service.core.messages import Message
from service.core.model import Alert, AlertDecision, Item, Match, Reason, Step, Story, Subscription
from service.store import (
    alerts,
    backing,
    clocks,
    decisions,
    holds,
    hushes,
    kept,
    outbox,
    rereading,
    review,
    stories,
    verdicts,
)
from service.store.clocks import Reminder
from service.store.holds import DueHolds
from service.store.kept import Outcome, Stored
from service.store.passages import Watch
from service.store.verdicts import Cause


class Handling:
    """Usable only inside `Ledger.handling`, `curating` or `looking`.

    `watch`: by which the stage times of alerts are kept.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.watch: Watch | None = None

    def candidates(self, keys: Sequence[str], limit: int) -> list[Story]:
        """Stories found by any of `keys`: most shared keys first, then the latest, then by id."""
        return stories.candidates(self._connection, keys, limit)

    def story(self, story_id: str) -> Story | None:
        """The story as it stands in this transaction."""
        return stories.load_story(self._connection, story_id)

    # --- one statement after the other -------------------------------------------------------------

    def save_step(
        self,
        step: Step,
        ordinal: int,
        keys: Sequence[str],
        *,
        place: int | None = None,
        placed: str | None = None,
    ) -> None:
        """Save what the item's statement number `ordinal` did to its story, which `keys` find from now on.

        `place` and `placed` as in `Kept`, by default `ordinal` and the step's story. Conflict where the story
        is no longer at the version before `step.story.version`.
        """
        stories.save_story(self._connection, step.story)
        new = step.story.version == 1
        stories.save_postings(self._connection, step.story.id, keys, step.story.last_at, is_new=new)
        place = ordinal if place is None else place
        stories.save_statement(self._connection, step, ordinal, place, placed or step.story.id)

    def is_behind(self, story_id: str, item: Item, place: int) -> bool:
        """Whether the story holds a statement that was told after this one."""
        return kept.is_behind(self._connection, story_id, item, place)

    def has_reported(self, story_id: str, item_id: str) -> bool:
        """Whether the item, in whatever revision, reported the story's claim before."""
        return kept.has_reported(self._connection, story_id, item_id)

    # --- folded anew -------------------------------------------------------------------------------

    def kept_of(self, story_ids: Collection[str], item_ids: Collection[str] = ()) -> list[Stored]:
        """Every statement of the stories, and every other of the items."""
        return kept.kept_of(self._connection, story_ids, item_ids)

    def save_kept(self, one: Kept, story_id: str | None) -> None:
        """Save a statement that `story_id` (None: not there yet) is about to be folded with."""
        kept.save_kept(self._connection, one, story_id)

    def save_stray(self, one: Kept, why: str, keys: Iterable[str]) -> None:
        """Save a statement that joined no story; `keys` find it when one opens that it speaks of."""
        kept.save_stray(self._connection, one, why, keys)

    def let_find(self, one: Kept, keys: Iterable[str]) -> None:
        """Let `keys` find a statement that only may belong to its story, when its own opens late."""
        kept.let_find(self._connection, one, keys)

    def strays_of(self, keys: Collection[str], since: datetime) -> list[Kept]:
        """Statements told at `since` or later that any of `keys` finds and that stand surely in no story."""
        return kept.strays_of(self._connection, keys, since)

    def adopt(self, stray: Kept, joined: Match) -> None:
        """Let a stray be one of the story that `joined` names, which is about to be folded anew."""
        kept.adopt(self._connection, stray, joined)

    def save_fold(self, folded: Folded, before: int, keys: Iterable[str]) -> Story:
        """Save a story folded anew over version `before`, found by `keys` only. Conflict as `save_step`."""
        return kept.save_fold(self._connection, folded, before, keys)

    def save_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Write over what became of statements."""
        kept.save_outcomes(self._connection, outcomes)

    def forget_reading(self, item: Item) -> None:
        """Take out all that was read in this revision; its stories are about to be folded anew."""
        rereading.forget_reading(self._connection, item)

    def note_read_by(self, item: Item, read_by: str) -> None:
        """Keep by which rules the revision was read."""
        rereading.note_read_by(self._connection, item, read_by)

    def doubts(self, limit: int) -> dict[str, list[Stored]]:
        """The statements that wait for a person, by the question that the review list asks of them."""
        return review.doubts(self._connection, limit)

    # --- clocks ------------------------------------------------------------------------------------

    def start_clocks(self, started: Sequence[Clock]) -> None:
        """Remember when these run out; those that are remembered already stay as they are."""
        clocks.start_clocks(self._connection, started)

    def due_clocks(self, now: datetime, limit: int) -> list[Reminder]:
        """The clocks whose time has come, the first due first, held until the end of the transaction."""
        return clocks.due_clocks(self._connection, now, limit)

    def end_clock(self, reminder: Reminder, *, fired: bool) -> None:
        """The reminder is dealt with: it fired, or the clock was stopped before."""
        clocks.end_clock(self._connection, reminder, fired=fired)

    # --- alerts and decisions ----------------------------------------------------------------------

    def put(
        self,
        decision: AlertDecision,
        subscription: Subscription,
        cause: Cause,
        now: datetime,
        said: Reason | None = None,
    ) -> AlertDecision:
        """Save the alert of a decision where nobody quieted its story, and what was decided (outbox.py)."""
        return outbox.put(self._connection, decision, subscription, cause, now, said, self.watch)

    def save_alert(self, alert: Alert, channels: Sequence[str], now: datetime) -> bool:
        """Save the alert and a delivery due `now` on each channel; False, nothing saved, where it exists."""
        return alerts.save_message(self._connection, alert, channels, now)

    def backing_of(self, alert: Alert) -> Backing:
        """What stands behind an alert right now."""
        return backing.backing_of(self._connection, alert)

    def alert_exists(self, alert_id: str) -> bool:
        """Whether the alert was saved already."""
        return alerts.alert_exists(self._connection, alert_id)

    def alerts_of(self, story_ids: Collection[str]) -> list[Alert]:
        """The alerts told of any of the stories, oldest first."""
        return kept.alerts_of(self._connection, story_ids)

    def hushes_of(self, story_id: str) -> tuple[Hush, ...]:
        """What was said of a story's alerts, the first line first."""
        return hushes.hushes_of(self._connection, story_id)

    def hush_named(self, hush_id: str) -> Hush | None:
        """The line of that id, or None."""
        return hushes.hush_named(self._connection, hush_id)

    def count_hushes(self) -> int:
        """How many lines the log of hushes has."""
        return hushes.count_hushes(self._connection)

    def all_hushes(self) -> tuple[Hush, ...]:
        """The whole log of hushes, the first line first."""
        return hushes.all_hushes(self._connection)

    def add_hush(self, hush: Hush) -> None:
        """Add a line to the log of hushes. Conflict where another was added at the same moment."""
        hushes.add_hush(self._connection, hush)

    # --- what is held ------------------------------------------------------------------------------

    def waiting(self, now: datetime) -> list[str]:
        """The subscriptions of which something that is held is due."""
        return holds.waiting(self._connection, now)

    def take_held(self, subscription: str, now: datetime) -> None:
        """All that is due of a subscription is about to leave, and nothing that comes while it does."""
        holds.take(self._connection, subscription, now)

    def taken(self, subscription: str, most: int) -> DueHolds:
        """What of a subscription is about to leave, at most `most` of it whole, the oldest first."""
        return holds.taken(self._connection, subscription, most)

    def hushed_stories(self, subscription: str) -> dict[str, list[Hush]]:
        """What was said of stories whose held alerts are about to leave."""
        return holds.hushed_stories(self._connection, subscription)

    def held_of(self, subscription: str, stories: Collection[str]) -> list[Alert]:
        """The alerts about these stories that are about to leave, the oldest first."""
        return holds.held_of(self._connection, subscription, stories)

    def drop_one(self, alert_id: str, decision: AlertDecision, now: datetime) -> None:
        """A held alert is told to nobody any more, for the reason of `decision`."""
        holds.drop(self._connection, alert_id)
        verdicts.save_again(self._connection, alert_id, decision.reason, decision.note, now)

    def drop_held(self, subscription: str, reason: Reason, note: str, now: datetime) -> None:
        """Nothing of what is about to leave for a subscription is told any more."""
        for alert_id in holds.drop_all(self._connection, subscription):
            verdicts.save_again(self._connection, alert_id, reason, note, now)

    def release(self, message: Message, together: bool, channels: Sequence[str], now: datetime) -> None:
        """All that was taken leaves now for that subscription: as `message`, a digest if `together`."""
        if together:
            alerts.save_message(self._connection, message, channels, now)
        else:
            alerts.add_deliveries(self._connection, message.id, channels, now)
        digest_id = message.id if together else None
        holds.release(self._connection, message.subscription, digest_id, now)

    def decisions(self) -> tuple[Decision, ...]:
        """The whole log of decisions, the first one first."""
        return decisions.decisions_of(self._connection)

    def add_decision(self, decision: Decision) -> None:
        """Add a line to the log. Conflict where another was added at the same moment."""
        decisions.add_decision(self._connection, decision)
