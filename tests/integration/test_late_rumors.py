"""What came before its own rumor, and may belong to a story much like it, goes home when the rumor comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import permutations

import pytest

from service.core.model import Claim, Item, Kind, Match, Reason, Role, Statement, Story
from service.store.ledger import Ledger
from tests.builders import a_statement, an_item
from tests.fakes_stories import Room, stance_of

# The words that two claims share decide: three in five are one story, two in five a doubt.
LIKE = "p q r"  # a rumor that is told in like words
OWN = "r s t u"
DENIED = "q r s t"
UNLIKE = "x y z"


def find_by_words(claim: Claim, told_at: datetime, candidates: Sequence[Story]) -> Match:
    """The story with most words in common, by the words with which it was opened."""
    best = Match(None, 0.0, True, ("nothing is shared",))
    for story in sorted(candidates, key=lambda story: story.id):
        ours, theirs = set(claim.terms), set(story.claim.text.split())
        share = len(ours & theirs) / len(ours | theirs)
        if share >= 0.35 and share > best.score:
            best = Match(story.id, share, share >= 0.55, (f"{share:.2f} of their words are shared",))
    return best


def said(day: float, kind: Kind, party: str, words: str, recap: bool = False) -> tuple[Item, Statement]:
    claim = Claim(words, ("Ford",), (), tuple(sorted(words.split())))
    text = f"{party}: {kind} of {words} on day {day}."
    role = Role.OUTLET if kind is Kind.RUMOR else Role.PRINCIPAL
    statement = a_statement(kind, party, role=role, claim=claim, words=text, fresh=not recap)
    return an_item(text, day=day, item_id=f"{party}-{day}"), statement


TIMELINES = {
    "a denial before its rumor": [
        said(0, Kind.RUMOR, "Bild", LIKE),
        said(1, Kind.RUMOR, "Reuters", OWN),
        said(2, Kind.DENIAL, "Ford", DENIED),
    ],
    "silence and denial before the rumor": [
        said(0, Kind.RUMOR, "Bild", LIKE),
        said(1, Kind.RUMOR, "Reuters", OWN),
        said(2, Kind.NO_COMMENT, "Xiaomi", DENIED),
        said(3, Kind.DENIAL, "Ford", DENIED),
    ],
    "a doubt that no rumor settles": [
        said(0, Kind.RUMOR, "Bild", LIKE),
        said(1, Kind.RUMOR, "Reuters", UNLIKE),
        said(2, Kind.DENIAL, "Ford", DENIED),
    ],
    "a second report of it": [
        said(0, Kind.RUMOR, "Bild", LIKE),
        said(1, Kind.RUMOR, "Reuters", OWN),
        said(2, Kind.RUMOR, "AP", DENIED),
        said(3, Kind.DENIAL, "Ford", OWN),
    ],
    "a recap stays as silent as it was": [
        said(0, Kind.RUMOR, "Bild", LIKE),
        said(1, Kind.RUMOR, "Reuters", OWN),
        said(2, Kind.DENIAL, "Ford", DENIED, recap=True),
    ],
}


def ends(room: Room) -> list[tuple[object, ...]]:
    return sorted((story.claim.text, *stance_of(story)) for story in map(room.story, room.living()))


def in_order(items: Sequence[tuple[Item, Statement]], order: Sequence[int], url: str = "sqlite://") -> Room:
    room = Room(Ledger.open(url), find=find_by_words)
    for number in order:
        room.tell(*items[number])
    return room


@pytest.mark.parametrize("name", TIMELINES)
def test_whatever_follows_the_story_much_like_it_in_whatever_order_all_ends_alike(name):
    items = TIMELINES[name]
    expected = in_order(items, range(len(items)))
    # Each order wants a ledger of its own: of many, every other one will do.
    for later in list(permutations(range(1, len(items))))[1::2]:
        order = (0, *later)
        room = in_order(items, order)
        assert ends(room) == ends(expected), order
        assert len(room.questions()) == len(expected.questions()), order
        assert {a.evidence.item_id for a in room.alerts()} == {a.evidence.item_id for a in expected.alerts()}
        room.ledger.close()
    expected.ledger.close()


def test_it_goes_home_on_either_database_and_is_told_then(ledger_url):
    items = TIMELINES["a denial before its rumor"]
    room = in_order(items, (0, 2), ledger_url)
    (question,) = room.questions()
    assert question
    assert room.alerts() == []
    (handled,) = [one for one in room.tell(*items[1]) if one.step.statement.kind is Kind.DENIAL]
    assert handled.step.reason is Reason.FIRST_DENIAL_BY_PARTY
    assert [alert.story_id for alert in room.alerts()] == [handled.step.story.id]
    assert room.questions() == []
    statuses = {room.story(one).claim.text: room.story(one).status for one in room.living()}
    assert statuses == {LIKE: "open", OWN: "denied"}
    room.ledger.close()


def test_what_a_person_decided_stays_where_it_is(ledger_url):
    items = TIMELINES["a denial before its rumor"]
    room = in_order(items, (0, 2), ledger_url)
    room.desk.join(room.questions()[0], "the same")
    room.tell(*items[1])
    statuses = {room.story(one).claim.text: room.story(one).status for one in room.living()}
    assert statuses == {LIKE: "denied", OWN: "open"}
    assert len(room.alerts()) == 1
    room.ledger.close()
