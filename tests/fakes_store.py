"""Small true-to-life values for the ledger's tests, and the way of one item through it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from service.core.feed import Feed, NewRevision, PollPlan
from service.core.model import (
    Alert,
    Claim,
    ClaimedRevision,
    EventType,
    Evidence,
    Item,
    Kind,
    Match,
    Position,
    Quotation,
    Reason,
    Role,
    Statement,
    Status,
    Step,
    Story,
    Strength,
)
from service.store.ledger import Ledger

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
WORDS = "Ford 说：“we deny it”"


def later(seconds: float) -> datetime:
    """`seconds` after NOON."""
    return NOON + timedelta(seconds=seconds)


def a_feed(feed_id: str = "wire", **other: object) -> Feed:
    return Feed(**({"id": feed_id, "url": f"https://{feed_id}.example/feed", "outlet": "The Wire"} | other))  # type: ignore[arg-type]


def an_item(item_id: str = "item_1", told: float = 0, *, revision: int = 1, backfill: bool = False) -> Item:
    return Item(
        id=item_id,
        title=f"Title of {item_id}",
        text=WORDS,
        told_at=later(told),
        url="https://wire.example/1",
        outlet="The Wire",
        published=later(told),
        lang="en",
        revision=revision,
        backfill=backfill,
    )


def a_revision(
    item_id: str, fingerprint: str = "f1", *, told: float = 0, position: int = 0, backfill: bool = False
) -> NewRevision:
    return NewRevision(
        item_id=item_id,
        fingerprint=fingerprint,
        guid=f"guid of {item_id}",
        title=f"Title of {item_id}",
        text=WORDS,
        url=None,
        outlet="The Wire",
        lang=None,
        published=None,
        told_at=later(told),
        position=position,
        backfill=backfill,
        reason="new",
    )


def a_plan(*revisions: NewRevision, **other: object) -> PollPlan:
    usual: dict[str, object] = {
        "revisions": revisions,
        "next_poll_at": later(900),
        "etag": 'W/"abc"',
        "last_modified": "Sun, 01 Mar 2026 12:00:00 GMT",
        "baseline_done": True,
        "failures": 0,
        "outcome": "fetched",
        "reason": "2 new items",
        "http_status": 200,
    }
    return PollPlan(**(usual | other))  # type: ignore[arg-type]


def a_quotation(item: Item, party: str | None = "Ford") -> Quotation:
    return Quotation(
        text="we deny it",
        field="text",
        start=8,
        end=18,
        item_id=item.id,
        url=item.url,
        outlet=item.outlet,
        title=item.title,
        told_at=item.told_at,
        kind=Kind.DENIAL,
        party=party,
        speaker="Jim Farley",
    )


def a_statement(party: str | None = "Ford") -> Statement:
    return Statement(
        kind=Kind.DENIAL,
        party=party,
        speaker="Jim Farley",
        role=Role.PRINCIPAL,
        strength=Strength.FLAT,
        claim=Claim(text="Ford builds with Xiaomi", principals=("Ford", "Xiaomi"), terms=("车", "build")),
        entities=("Ford", "Xiaomi"),
        fresh=True,
        confidence=0.1 + 0.2,
        evidence=Evidence("text", 8, 18, "we deny it"),
        because=("en.deny",),
    )


def a_position(item: Item, party: str = "Ford") -> Position:
    return Position(
        party=party,
        stance=Kind.DENIAL,
        strength=Strength.FLAT,
        role=Role.PRINCIPAL,
        speaker=None,
        at=item.told_at,
        quotation=a_quotation(item, party),
    )


def a_story(story_id: str, item: Item, *, version: int = 1, status: Status = Status.DENIED) -> Story:
    return Story(
        id=story_id,
        claim=a_statement().claim,
        status=status,
        positions=(a_position(item, "Xiaomi"), a_position(item, "Ford")),
        opened_at=item.told_at,
        last_at=item.told_at,
        rumor=a_quotation(item, None),
        version=version,
        reports=2,
        repeats=1,
    )


def a_step(story: Story, item: Item, event: EventType | None = EventType.DENIED) -> Step:
    return Step(
        story=story,
        statement=a_statement(),
        item=item,
        quotation=a_quotation(item),
        event=event,
        reason=Reason.FIRST_DENIAL_BY_PARTY if event else Reason.REPEAT,
        joined=Match(story.id, 0.75, True, ("both principals are shared",)),
    )


def an_alert(alert_id: str, story: Story, at: datetime = NOON) -> Alert:
    proof = story.positions[0].quotation
    return Alert(
        id=alert_id,
        subscription="everything",
        event=EventType.DENIED,
        reason=Reason.FIRST_DENIAL_BY_PARTY,
        story_id=story.id,
        claim=story.claim.text,
        status=story.status,
        kind=Kind.DENIAL,
        party="Ford",
        role=Role.PRINCIPAL,
        speaker=None,
        strength=Strength.FLAT,
        at=at,
        evidence=proof,
        rumor=story.rumor,
        earlier=None,
        positions=story.positions,
    )


def claimed(ledger: Ledger, item: Item | None = None, *, lease: float = 15) -> ClaimedRevision:
    """The next revision, claimed at its own time; `item` is added first where it is given."""
    if item is not None:
        ledger.items.add([(item, f"fingerprint of {item.id} {item.revision}")])
    work = ledger.items.claim(later(100_000), lease)
    assert work is not None
    return work


def tell(
    ledger: Ledger, story_id: str, item: Item, keys: Sequence[str] = ("ford",), *, version: int = 1
) -> Story:
    """Take `item` the whole way: it opens `story_id`, or moves it to `version`."""
    work = claimed(ledger, item)
    story = a_story(story_id, work.item, version=version)
    with ledger.handling(work, keys) as handling:
        handling.save_step(a_step(story, work.item), 0, keys)
    return story


def told_with_alert(
    ledger: Ledger, alert_id: str, item: Item, channels: Sequence[str] = ("hook",), now: datetime = NOON
) -> Alert:
    """Take `item` the whole way to an alert on `channels`, created `now`."""
    work = claimed(ledger, item)
    story = a_story(f"story_of_{alert_id}", work.item)
    alert = an_alert(alert_id, story)
    with ledger.handling(work, ()) as handling:
        handling.save_step(a_step(story, work.item), 0, ("ford",))
        assert handling.save_alert(alert, channels, now)
    return alert
