"""Nouns for tests, with sane defaults: name only what the test is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service.core.model import (
    Claim,
    Evidence,
    Item,
    Kind,
    Match,
    Role,
    Statement,
    Story,
    Strength,
)
from service.core.stories import open_story

NOON = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
SURE = Match("s_test", 1.0, True, ("test",))

FORD_XIAOMI = Claim(
    text="Ford in talks with Xiaomi on a joint venture",
    principals=("Ford", "Xiaomi"),
    relations=("joint_venture",),
    terms=("electr", "talk", "ventur"),
)


def an_item(
    words: str = "It is said.", *, day: float = 0.0, item_id: str = "", outlet: str = "Daily"
) -> Item:
    """An item told `day` days after noon of the first day."""
    told_at = NOON + timedelta(days=day)
    return Item(
        id=item_id or f"item-{day}",
        title="A title",
        text=words,
        told_at=told_at,
        outlet=outlet,
        published=told_at,
        url="https://example.org/story",
    )


def a_statement(
    kind: Kind = Kind.DENIAL,
    party: str | None = "Ford",
    *,
    strength: Strength | None = None,
    role: Role | None = Role.PRINCIPAL,
    claim: Claim = FORD_XIAOMI,
    fresh: bool = True,
    words: str = "It is said.",
) -> Statement:
    """A statement whose words are the whole text of its item."""
    if kind is Kind.DENIAL and strength is None:
        strength = Strength.FLAT
    return Statement(
        kind=kind,
        party=party,
        speaker=None,
        role=role,
        strength=strength,
        claim=claim,
        entities=claim.principals,
        fresh=fresh,
        confidence=0.9,
        evidence=Evidence("text", 0, len(words), words),
        because=("test.cue",),
    )


def an_open_story(claim: Claim = FORD_XIAOMI, *, day: float = 0.0) -> Story:
    """A story that a report has just opened."""
    rumor = a_statement(Kind.RUMOR, "Financial Times", role=Role.OUTLET, claim=claim)
    step = open_story(rumor, an_item(day=day, item_id="the-report"), SURE)
    assert step is not None
    return step.story
