"""A desk with an empty ledger in memory, at which items are told that say just what the test wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from service.core.clocks import NO_CLOCKS, ClockBook
from service.core.decisions import Decision
from service.core.model import (
    Alert,
    Claim,
    Item,
    Kind,
    Match,
    Reading,
    Role,
    Statement,
    Story,
    Strength,
    Subscription,
)
from service.core.reading.lexicon import Knowledge
from service.core.text import stable_id
from service.store.ledger import Ledger
from service.store.views import TimelineRow
from tests.builders import FORD_XIAOMI, NOON, a_statement, an_item
from workers.curating import Desk
from workers.items import Handled, Rules, handle_reading

EVERYTHING = Subscription("everything", channels=("terminal",))
NO_KNOWLEDGE: Knowledge = None  # type: ignore[assignment]

# Near enough to FORD_XIAOMI for a person to look at, and not to join by itself.
NEARLY = Claim(text="Ford plans a factory for electric cars", principals=("Ford",), terms=("factori",))
APART = Claim("Nokia sells its network unit", ("Nokia", "Samsung"), ("sell",), ("network", "unit"))


def find_plainly(claim: Claim, told_at: datetime, candidates: Sequence[Story]) -> Match:
    """A matcher that tests can rely on: the same principals are the same story, one shared is a doubt."""
    for sure in (True, False):
        for story in sorted(candidates, key=lambda story: story.id):
            ours, theirs = set(claim.principals), set(story.claim.principals)
            if ours == theirs if sure else ours & theirs:
                return Match(story.id, 1.0 if sure else 0.4, sure, ("they share principals",))
    return Match(None, 0.0, True, ("nobody is shared",))


@dataclass
class Room:
    """One ledger, and who decides at it; `told` are the alerts. Days count from noon of the first."""

    ledger: Ledger = field(default_factory=lambda: Ledger.open("sqlite://"))
    subscriptions: tuple[Subscription, ...] = (EVERYTHING,)
    told: list[Alert] = field(default_factory=list)
    clocks: ClockBook = NO_CLOCKS
    now: datetime = NOON
    find: Callable[[Claim, datetime, Sequence[Story]], Match] = find_plainly

    @property
    def desk(self) -> Desk:
        return Desk(self.ledger, self.subscriptions, "Ada", NOON + timedelta(days=400))

    def tell(self, item: Item, *statements: Statement) -> tuple[Handled, ...]:
        """An item arrives, whatever it was told, and says `statements`."""
        self.ledger.items.add([(item, stable_id("f", item.id, str(statements)))])
        claimed = self.ledger.items.claim(NOON + timedelta(days=500), 60)
        assert claimed is not None
        rules = Rules(NO_KNOWLEDGE, self.subscriptions, find=self.find, clocks=self.clocks)
        handled = handle_reading(self.ledger, rules, claimed, Reading("en", statements), self.now)
        self.told += [decision.alert for one in handled for decision in one.decisions if decision.alert]
        return handled

    def report(self, day: float, outlet: str = "Reuters", claim: Claim = FORD_XIAOMI) -> tuple[Handled, ...]:
        """An outlet reports a claim."""
        words = f"{outlet} reports of it."
        said = a_statement(Kind.RUMOR, outlet, role=Role.OUTLET, claim=claim, words=words)
        return self.tell(an_item(words, day=day, item_id=f"{outlet}-{day}", outlet=outlet), said)

    def deny(
        self,
        day: float,
        party: str = "Ford",
        claim: Claim = FORD_XIAOMI,
        kind: Kind = Kind.DENIAL,
        strength: Strength | None = None,
    ) -> tuple[Handled, ...]:
        """A party denies a claim, or does what `kind` says."""
        words = f"{party} says something."
        said = a_statement(kind, party, claim=claim, words=words, strength=strength)
        return self.tell(an_item(words, day=day, item_id=f"{party}-{day}"), said)

    def story(self, story_id: str) -> Story:
        with self.ledger.looking() as transaction:
            story = transaction.story(story_id)
        assert story is not None
        return story

    def living(self) -> list[str]:
        """The ids of all stories that live."""
        return [row.id for row in self.ledger.reports.stories(limit=200).items]

    def timeline(self, story_id: str) -> tuple[TimelineRow, ...]:
        page = self.ledger.reports.story(story_id)
        assert page is not None
        return page.timeline

    def alerts(self) -> list[Alert]:
        """The alerts, the first first."""
        return [row.alert for row in reversed(self.ledger.reports.alerts(limit=200).items)]

    def ledger_log(self) -> tuple[Decision, ...]:
        """All that was decided."""
        with self.ledger.looking() as transaction:
            return transaction.decisions()

    def questions(self) -> list[str]:
        """The ids on the review list."""
        return [row.id for row in self.ledger.reports.doubts()]


def stance_of(story: Story) -> tuple[object, ...]:
    """What a story amounts to, but for its id and how often it was saved."""
    return (
        story.status,
        story.claim,
        sorted((p.party, p.stance, p.strength or "", p.at, p.quotation.item_id) for p in story.positions),
        story.opened_at,
        story.last_at,
        story.rumor.item_id if story.rumor else None,
        story.reports,
        story.repeats,
    )
