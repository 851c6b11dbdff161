"""Names: which spelling means which body, and what only looks like a name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.core.model import Item
from service.core.reading.lexicon import Knowledge
from service.core.reading.page import lay_out
from service.lexicons import load_knowledge


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge(["en"])


def _bodies(text: str, knowledge: Knowledge, title: str = "") -> list[str | None]:
    item = Item("i", title, text, datetime(2026, 2, 3, tzinfo=UTC), lang="en")
    page = lay_out(item, knowledge.lexicons["en"], knowledge)
    assert page is not None, "the text must hold a cue"
    return [mention.body for side in page.sides for mention in side.mentions]


@pytest.mark.parametrize(
    ("text", "body", "why"),
    [
        ("BAIC Blue Valley denied it.", "BAIC Blue Valley", "as translated by one machine"),
        ("Beiqi Blue Valley denied it.", "BAIC Blue Valley", "as translated by another"),
        ("On Monday 北汽蓝谷 denied it.", "BAIC Blue Valley", "in Chinese inside English"),
        ("Great Wall denied it.", "Great Wall Motor", "the short form, written as a name"),
        ("Xiaomi Automobile denied it.", "Xiaomi", "the car unit is the group, for our stories"),
        ("Halden Motors denied it.", "Halden Motors", "an unknown name by its capitals"),
        ("The bid by <Halden Oil Co> was denied.", "Halden Oil", "old newswire's brackets, legal form off"),
        (
            "Kestrel Energy bid. Kestrel denied it.",
            "Kestrel Energy",
            "a short form is led back to the long one",
        ),
        ("Trans World Foods bid. TWF denied it.", "Trans World Foods", "and so are initials"),
        ("Ford India denied it.", "Ford India", "a land behind a name makes another body"),
        ("Manchester United met. United denied it.", "Manchester United", "the item's own short form"),
        ("Vodafone Idea fell. Shares of Voda Idea: denied.", "Vodafone Idea", "a clipped form"),
    ],
)
def test_a_spelling_means_this_body(text: str, body: str, why: str, knowledge: Knowledge) -> None:
    assert body in _bodies(text, knowledge), why


@pytest.mark.parametrize(
    ("text", "body", "why"),
    [
        ("They denied that the great wall was closed.", "Great Wall Motor", "the monument is not the maker"),
        ("The Rivianlike car was denied a prize.", "Rivian", "a part of a word is no name"),
        ("However, it was denied.", "However", "an ordinary opener is no name"),
        ("On Monday it was denied.", "Monday", "nor is a weekday"),
        ("It fell from N461 and this was denied.", "N461", "an amount of money is no name"),
        ("Thousands of Nigerians were told it was denied.", "Nigerians", "a people is no body"),
        (
            "Manchester United met. United denied it.",
            "United Airlines",
            "the club's short form is no airline",
        ),
    ],
)
def test_this_is_no_name(text: str, body: str, why: str, knowledge: Knowledge) -> None:
    assert body not in _bodies(text, knowledge), why


def test_a_headline_in_capitals_learns_its_names_from_the_body(knowledge: Knowledge) -> None:
    bodies = _bodies(
        "Halden Corp said it is not in merger talks.", knowledge, title="HALDEN DENIES MERGER TALKS"
    )
    assert bodies[0] == "Halden"
