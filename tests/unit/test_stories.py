"""A story moves as its timelines say, and its table leaves no pair out."""

from __future__ import annotations

import tomllib
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from service.core.model import EventType, Kind, Match, Reason, Role, Status, Step, Story, Strength
from service.core.stories import TRANSITIONS, Move, advance, fold_status, move_of, open_story
from tests.builders import SURE, a_statement, an_item, an_open_story

CASES = Path(__file__).parent.parent / "cases" / "timelines" / "timelines.toml"
TIMELINES = tomllib.loads(CASES.read_text(encoding="utf-8"))["timeline"]


@pytest.mark.parametrize("timeline", TIMELINES, ids=lambda case: case["id"])
def test_a_story_lives_as_told(timeline):
    story = None
    for number, line in enumerate(timeline["lines"], start=1):
        day, kind, party, how, event, reason, status = (part.strip() for part in line.split("|"))
        step = tell(story, float(day), kind, party, how, number)
        seen = (step.event.value if step.event else "-", step.reason.value, step.story.status.value)
        assert seen == (event, reason, status), f"line {number} of {timeline['id']}: {timeline['why']}"
        story = step.story


def tell(story: Story | None, day: float, kind: str, party: str, how: str, number: int) -> Step:
    strength = Strength(how) if how in set(Strength) else None
    role = Role(how) if how in set(Role) else Role.PRINCIPAL
    statement = a_statement(Kind(kind), party, strength=strength, role=role)
    item = an_item(day=day, item_id=f"item-{number}")
    step = open_story(statement, item, SURE) if story is None else advance(story, statement, item, SURE)
    assert step is not None
    return step


def test_every_status_has_every_move():
    assert set(TRANSITIONS) == set(product(Status, Move))


SPOKEN = st.tuples(
    st.sampled_from(list(Kind)),
    st.sampled_from(["Ford", "Xiaomi", "Reuters", "a source", None]),
    st.sampled_from(list(Strength)),
    st.sampled_from([*Role, None]),
    st.booleans(),
    st.integers(0, 9),
)


@given(st.lists(SPOKEN, max_size=12))
def test_the_fold_ends_where_the_table_allows(lines):
    story = an_open_story()
    for number, (kind, party, strength, role, fresh, day) in enumerate(lines):
        firmness = strength if kind is Kind.DENIAL else None
        statement = a_statement(kind, party, strength=firmness, role=role, fresh=fresh)
        item = an_item(day=day, item_id=f"i{number}")
        move = move_of(story, statement, item)
        step = advance(story, statement, item, SURE)
        assert step.story.status in TRANSITIONS[(story.status, move)].to, (story.status, move)
        assert step.story.status is fold_status(step.story.positions)
        assert step.story.version == story.version + 1
        assert len({p.party for p in step.story.positions}) == len(step.story.positions)
        story = step.story


def test_a_recap_moves_nothing():
    story = an_open_story()
    step = advance(story, a_statement(fresh=False), an_item(day=5), SURE)
    assert (step.event, step.reason) == (None, Reason.RECAP)
    assert (step.story.positions, step.story.last_at, step.story.repeats) == ((), story.last_at, 1)


def test_a_doubtful_join_is_linked_and_moves_nothing():
    step = advance(an_open_story(), a_statement(), an_item(day=1), Match("s_test", 0.45, False, ("?",)))
    assert (step.event, step.reason, step.story.status) == (None, Reason.DOUBTFUL_JOIN, Status.OPEN)


def test_one_item_reports_a_story_once():
    step = advance(
        an_open_story(), a_statement(Kind.RUMOR, "a source"), an_item(day=1), SURE, told_already=True
    )
    assert (step.event, step.reason, step.story.reports) == (None, Reason.REPEAT, 1)


def test_a_reversal_shows_the_words_it_turns_away_from():
    denied = advance(an_open_story(), a_statement(words="Not true."), an_item("Not true.", day=1), SURE).story
    step = advance(denied, a_statement(Kind.CONFIRMATION), an_item(day=2), SURE)
    assert step.earlier is not None
    assert step.earlier.text == "Not true."


@pytest.mark.parametrize("kind", [Kind.NO_COMMENT, Kind.RETRACTION, Kind.STANDS_BY])
def test_silence_and_what_an_outlet_says_of_itself_open_no_story(kind):
    assert open_story(a_statement(kind), an_item(), SURE) is None


def test_a_confirmation_of_what_nobody_reported_opens_a_story_and_is_no_news():
    step = open_story(a_statement(Kind.CONFIRMATION), an_item(), SURE)
    assert step is not None
    assert (step.event, step.reason, step.story.status) == (
        EventType.CONFIRMED,
        Reason.EARLY,
        Status.CONFIRMED,
    )
    turned = advance(step.story, a_statement(), an_item(day=30), SURE)
    assert (turned.reason, turned.earlier) == (Reason.REVERSAL, step.quotation)


def test_a_recap_opens_no_story():
    assert open_story(a_statement(fresh=False), an_item(), SURE) is None


def test_the_same_opening_gives_the_same_id():
    first, second = (open_story(a_statement(Kind.RUMOR), an_item(), SURE) for _ in range(2))
    other = open_story(a_statement(Kind.RUMOR), an_item(day=1), SURE)
    assert first is not None
    assert second is not None
    assert other is not None
    assert first.story.id == second.story.id != other.story.id
