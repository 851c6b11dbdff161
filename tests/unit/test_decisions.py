"""What a person decided, and where a statement stands because of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from service.core.decisions import (
    Act,
    Decision,
    Mark,
    Ruling,
    held_apart,
    in_force,
    mark_of,
    name_of,
    related,
    rule,
    survivor,
)
from tests.builders import a_statement

AT = datetime(2026, 2, 1, tzinfo=UTC)
SAID = Mark("item", "w_1")


def a_decision(act: Act, number: int = 1, **parts: object) -> Decision:
    return replace(Decision(f"d{number}", act, AT, "Ada", "seen"), **parts)  # type: ignore[arg-type]


MERGE = a_decision(Act.MERGE, story="A", into="B")
MOVE = a_decision(Act.MOVE, 2, story="B", into="C", marks=(SAID,))


def test_without_a_decision_a_statement_stands_where_it_was_placed():
    assert rule((), SAID, "claim", "A") == Ruling("A", held=False)
    assert rule((), SAID, "claim", "A", sure=False) == Ruling("A", held=True)
    assert rule((), SAID, "claim", None, sure=False) == Ruling(None, held=False)


def test_decisions_follow_on_one_another():
    ruling = rule((MERGE, MOVE), SAID, "claim", "A")
    assert (ruling.story_id, ruling.because) == (
        "C",
        ("merge decided by Ada: seen", "move decided by Ada: seen"),
    )
    assert rule((MOVE, MERGE), SAID, "claim", "A").story_id == "B"


@pytest.mark.parametrize(
    ("act", "held", "story"),
    [(Act.JOIN, False, "A"), (Act.REFUSE, False, "N"), (Act.RENAME, True, "A")],
)
def test_a_doubtful_statement_waits_until_it_is_joined_or_refused(act, held, story):
    decision = a_decision(act, story="A", into="N" if act is Act.REFUSE else None, marks=(SAID,))
    ruling = rule((decision,), SAID, "claim", "A", sure=False)
    assert (ruling.held, ruling.story_id) == (held, story)


def test_a_refused_claim_is_refused_whoever_tells_it():
    refuse = a_decision(Act.REFUSE, story="A", into="N", marks=(SAID,), claim="Ford Buys")
    assert rule((refuse,), Mark("copy", "w_2"), "ford buys", "A", sure=False).story_id == "N"
    assert rule((refuse,), Mark("copy", "w_2"), "another", "A", sure=False) == Ruling("A", held=True)
    assert rule((refuse,), Mark("copy", "w_2"), "ford buys", "A").story_id == "A"


def test_a_mark_without_words_is_the_whole_item():
    split = a_decision(Act.SPLIT, story="A", into="N", marks=(Mark("item"),))
    assert rule((split,), SAID, "claim", "A").story_id == "N"
    assert rule((split,), Mark("other", "w_1"), "claim", "A").story_id == "A"
    assert rule((split,), SAID, "claim", "B").story_id == "B"


def test_what_is_wrong_stays_where_it_is_and_counts_for_nothing():
    ruling = rule((a_decision(Act.WRONG, story="A", marks=(SAID,)), MERGE), SAID, "claim", "A")
    assert (ruling.story_id, ruling.wrong) == ("B", True)


def test_an_undo_takes_back_and_can_be_taken_back():
    undo = a_decision(Act.UNDO, 3, undoes="d1")
    redo = a_decision(Act.UNDO, 4, undoes="d3")
    assert in_force((MERGE, MOVE)) == (MERGE, MOVE)
    assert in_force((MERGE, MOVE, undo)) == (MOVE,)
    assert in_force((MERGE, MOVE, undo, redo)) == (MERGE, MOVE)


def test_the_same_words_are_the_same_statement_in_a_later_revision():
    assert mark_of("item", a_statement()) == mark_of("item", replace(a_statement(), confidence=0.1))
    assert mark_of("item", a_statement()) != mark_of("item", a_statement(words="Other words."))
    assert mark_of("item", a_statement()) != mark_of("other", a_statement())


def test_survivors_names_and_ties():
    second = a_decision(Act.MERGE, 2, story="B", into="C")
    names = [
        a_decision(Act.RENAME, 3, story="C", name="one"),
        a_decision(Act.RENAME, 4, story="C", name="two"),
    ]
    assert survivor((MERGE, second), "A") == "C"
    assert name_of(names, "C") == "two"
    assert name_of(names, "A") is None
    assert related((MERGE, second), ["A"]) == {"A", "B", "C"}
    assert related((MERGE,), ["X", None]) == {"X"}


def test_stories_that_were_split_or_refused_are_held_apart():
    split = a_decision(Act.SPLIT, story="A", into="N", marks=(SAID,))
    assert held_apart((split,), "N", "A") == split
    assert held_apart((MERGE,), "A", "B") is None


STORIES = st.sampled_from(["A", "B", "C"])
DECISIONS = st.builds(
    a_decision,
    st.sampled_from([Act.MERGE, Act.MOVE, Act.SPLIT, Act.WRONG, Act.JOIN, Act.REFUSE]),
    story=STORIES,
    into=STORIES,
    marks=st.just((SAID,)),
)


@given(st.lists(DECISIONS, max_size=6), STORIES, st.booleans())
def test_undoing_everything_leaves_what_the_matcher_said(decisions, placed, sure):
    log = [replace(one, id=f"d{number}") for number, one in enumerate(decisions)]
    undos = [a_decision(Act.UNDO, 100 + n, undoes=one.id) for n, one in enumerate(log)]
    assert rule(in_force((*log, *undos)), SAID, "claim", placed, sure=sure) == rule(
        (), SAID, "claim", placed, sure=sure
    )
