"""A person decides: what joins, what is told, what is undone, and that nothing is told twice."""

from __future__ import annotations

import pytest

from service.core.model import Kind, Reason, Status, Strength, Subscription
from service.errors import InputError
from service.store.ledger import Ledger
from tests.builders import FORD_XIAOMI, a_statement, an_item
from tests.fakes_stories import APART, NEARLY, Room, stance_of


@pytest.fixture
def room(ledger_url):
    opened = Room(Ledger.open(ledger_url))
    yield opened
    opened.ledger.close()


def in_doubt(room: Room) -> tuple[str, str]:
    """A story that Ford denies in words that may be about something else; the story and the question."""
    (opened,) = room.report(0)
    (held,) = room.deny(1, claim=NEARLY)
    assert (held.step.reason, held.decisions[0].alert) == (Reason.DOUBTFUL_JOIN, None)
    (question,) = room.questions()
    return opened.step.story.id, question


def test_a_doubtful_join_waits_with_its_reasons_and_alerts_nobody(room):
    story_id, question = in_doubt(room)
    (row,) = room.ledger.reports.doubts()
    assert (row.id, row.story_id, row.item_id, row.claim) == (question, story_id, "Ford-1", NEARLY.text)
    assert row.reasons == ("they share principals",)
    assert row.statements == ((Kind.DENIAL, "Ford", "Ford says something."),)
    assert room.story(story_id).status is Status.OPEN
    assert room.alerts() == []


def test_a_doubtful_join_alerts_who_asked_for_it_and_once(room):
    room.subscriptions = (Subscription("all"), Subscription("eager", doubtful=True))
    _, question = in_doubt_of(room)
    (alert,) = room.alerts()
    assert (alert.subscription, alert.doubtful, alert.reason) == ("eager", True, Reason.FIRST_DENIAL_BY_PARTY)
    room.desk.join(question)
    assert [(alert.subscription, alert.doubtful) for alert in room.alerts()] == [
        ("eager", True),
        ("all", False),
    ]


def in_doubt_of(room: Room) -> tuple[str, str]:
    (opened,) = room.report(0)
    room.deny(1, claim=NEARLY)
    return opened.step.story.id, room.questions()[0]


def test_what_is_joined_counts_and_is_told(room):
    story_id, question = in_doubt(room)
    decided = room.desk.join(question, "the same plant")
    assert room.story(story_id).status is Status.DENIED
    assert [alert.party for alert in room.alerts()] == ["Ford"]
    assert [one.step.reason for one in decided.handled] == [Reason.FIRST_DENIAL_BY_PARTY]
    assert room.questions() == []
    assert room.timeline(story_id)[-1].joined_because[-1] == "join decided by Ada: the same plant"


def test_what_is_refused_is_a_story_of_its_own_and_is_not_asked_again(room):
    story_id, question = in_doubt(room)
    room.desk.refuse(question)
    (own,) = set(room.living()) - {story_id}
    assert (room.story(own).status, room.story(story_id).status) == (Status.DENIED, Status.OPEN)
    assert [alert.story_id for alert in room.alerts()] == [own]
    (again,) = room.deny(2, claim=NEARLY)
    assert (again.step.story.id, again.step.reason) == (own, Reason.REPEAT)
    assert room.questions() == []
    with pytest.raises(InputError, match="held apart by Ada"):
        room.desk.merge(own, story_id)


def test_an_undone_join_asks_again_and_tells_nothing_twice(room):
    story_id, question = in_doubt(room)
    decided = room.desk.join(question)
    room.desk.undo(decided.decision.id)
    assert (room.questions(), room.story(story_id).status) == ([question], Status.OPEN)
    room.desk.join(question)
    assert len(room.alerts()) == 1


def two_stories(room: Room) -> tuple[str, str]:
    first = room.report(0)[0].step.story.id
    second = room.report(1, claim=APART)[0].step.story.id
    return first, second


def test_merged_stories_are_one_and_later_items_go_to_the_survivor(room):
    first, second = two_stories(room)
    room.deny(2)
    room.deny(3, "Nokia", APART)
    before = len(room.alerts())
    room.desk.merge(second, first)
    assert room.living() == [first]
    assert [p.party for p in room.story(first).positions] == ["Ford", "Nokia"]
    assert len(room.alerts()) == before
    (later,) = room.deny(4, "Samsung", APART)
    assert (later.step.story.id, later.decisions[0].reason) == (first, Reason.FIRST_DENIAL_BY_PARTY)
    page = room.ledger.reports.story(second)
    assert page is not None
    assert page.story.id == first
    assert len(page.alerts) == 3


def test_a_denial_told_before_the_merge_is_not_told_after_it(room):
    first, second = two_stories(room)
    room.deny(3, claim=APART, party="Nokia")
    room.desk.merge(second, first)
    (late,) = room.deny(2, claim=APART, party="Nokia")
    assert (late.step.reason, late.decisions[0].alert) == (Reason.FIRST_DENIAL_BY_PARTY, None)
    assert late.decisions[0].reason is Reason.REPEAT
    assert len(room.alerts()) == 1


def test_an_undone_merge_leaves_both_as_they_were(room):
    first, second = two_stories(room)
    room.deny(2, "Nokia", APART)
    was = [stance_of(room.story(story)) for story in (first, second)]
    decided = room.desk.merge(first, second)
    assert room.living() == [second]
    undone = room.desk.undo(decided.decision.id)
    assert [stance_of(room.story(story)) for story in (first, second)] == was
    assert sorted(room.living()) == sorted((first, second))
    room.desk.undo(undone.decision.id)
    assert room.living() == [second]
    assert len(room.alerts()) == 1


def test_what_is_split_off_is_a_story_of_its_own_and_later_revisions_follow(room):
    story_id = room.report(0)[0].step.story.id
    room.report(1, "Bloomberg")
    room.deny(2)
    decided = room.desk.split(story_id, ["Bloomberg-1", "Ford-2"])
    own = decided.decision.into
    assert own is not None
    assert (room.story(story_id).status, room.story(own).status) == (Status.OPEN, Status.DENIED)
    revised = an_item("Bloomberg reports of it. Again.", day=1, item_id="Bloomberg-1", outlet="Bloomberg")
    said = a_statement(Kind.RUMOR, "Bloomberg", words="Bloomberg reports of it.")
    (again,) = room.tell(revised, said)
    assert again.step.story.id == own
    assert len(room.alerts()) == 1


def test_a_moved_statement_leaves_one_story_for_another(room):
    first, second = two_stories(room)
    room.deny(2)
    room.desk.move("Ford-2#0", second)
    assert (room.story(first).status, room.story(second).status) == (Status.OPEN, Status.DENIED)
    assert len(room.alerts()) == 1


def test_a_statement_that_stood_in_no_story_can_be_moved_into_one(room):
    story_id = room.report(0)[0].step.story.id
    assert room.deny(1, "Nokia", APART, kind=Kind.NO_COMMENT) == ()
    room.desk.move("Nokia-1", story_id)
    assert [p.party for p in room.story(story_id).positions] == ["Nokia"]
    (decision,) = room.ledger_log()
    room.desk.undo(decision.id)
    assert room.story(story_id).positions == ()


def test_a_name_is_shown_and_matched_by_nothing(room):
    story_id = room.report(0)[0].step.story.id
    decided = room.desk.rename(story_id, "  The   Ford affair ")
    assert room.ledger.reports.stories().items[0].claim == "The Ford affair"
    (denial,) = room.deny(1)
    assert denial.decisions[0].alert is not None
    assert denial.decisions[0].alert.claim == "The Ford affair"
    room.desk.undo(decided.decision.id)
    assert room.story(story_id).claim.text == FORD_XIAOMI.text


def test_what_was_read_wrongly_counts_for_nothing_until_that_is_undone(room):
    story_id = room.report(0)[0].step.story.id
    room.deny(1)
    decided = room.desk.wrong("Ford-1#0")
    assert (room.story(story_id).status, room.story(story_id).positions) == (Status.OPEN, ())
    assert room.timeline(story_id)[1].reason is Reason.MARKED_WRONG
    room.desk.undo(decided.decision.id)
    assert room.story(story_id).status is Status.DENIED
    assert len(room.alerts()) == 1


def test_a_denial_after_one_that_was_no_denial_is_told(room):
    room.report(0)
    room.deny(1)
    room.desk.wrong("Ford-1")
    (true,) = room.deny(2)
    assert true.decisions[0].reason is Reason.FIRST_DENIAL_BY_PARTY
    assert [alert.evidence.item_id for alert in room.alerts()] == ["Ford-1", "Ford-2"]
    (repeat,) = room.deny(3)
    assert repeat.decisions[0].alert is None


def test_the_log_says_who_when_and_why_and_keeps_what_was_undone(room):
    story_id = room.report(0)[0].step.story.id
    decided = room.desk.rename(story_id, "x", "it was long")
    room.desk.undo(decided.decision.id, "no, it was good")
    log = room.ledger_log()
    assert [(one.act.value, one.who, one.why) for one in log] == [
        ("rename", "Ada", "it was long"),
        ("undo", "Ada", "no, it was good"),
    ]
    assert log[1].undoes == log[0].id != log[1].id


REFUSED = {
    "an unknown question": (lambda desk, a, b: desk.join("r_0"), "the review list holds no r_0"),
    "an unknown story": (lambda desk, a, b: desk.merge("s_0", a), "there is no story s_0"),
    "a story with itself": (lambda desk, a, b: desk.merge(a, a), "cannot be merged with itself"),
    "all of a story": (lambda desk, a, b: desk.split(a, ["Reuters-0"]), "not all"),
    "no item": (lambda desk, a, b: desk.split(a, []), "not all"),
    "an item that is not there": (lambda desk, a, b: desk.split(a, ["Reuters-1"]), "says nothing in"),
    "an unknown item": (lambda desk, a, b: desk.wrong("nothing#1"), "no statement of an item"),
    "an unknown statement": (lambda desk, a, b: desk.wrong("Reuters-0#9"), "no statement number 9"),
    "where it stands": (lambda desk, a, b: desk.move("Reuters-0", a), "stands in"),
    "an empty name": (lambda desk, a, b: desk.rename(a, " "), "cannot be empty"),
    "an unknown decision": (lambda desk, a, b: desk.undo("d_0"), "there is no decision d_0"),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_cannot_be_decided_is_said_and_leaves_nothing(room, case):
    first, second = two_stories(room)
    decide, words = REFUSED[case]
    with pytest.raises(InputError, match=words):
        decide(room.desk, first, second)
    assert room.ledger_log() == ()
    assert sorted(room.living()) == sorted((first, second))


def test_what_is_done_cannot_be_done_again(room):
    first, second = two_stories(room)
    decided = room.desk.merge(first, second)
    with pytest.raises(InputError, match=f"{first} was merged into {second}"):
        room.desk.rename(first, "x")
    room.desk.undo(decided.decision.id)
    with pytest.raises(InputError, match="was undone already"):
        room.desk.undo(decided.decision.id)
    room.desk.wrong("Reuters-0")
    with pytest.raises(InputError, match="marked as wrong already"):
        room.desk.wrong("Reuters-0#0")


def test_a_story_cannot_be_left_without_a_report_or_a_denial(room):
    story_id = room.report(0)[0].step.story.id
    room.deny(1, kind=Kind.NO_COMMENT)
    with pytest.raises(InputError, match="opens no story"):
        room.desk.split(story_id, ["Ford-1"])
    assert room.story(story_id).position_of("Ford") is not None


def test_a_stronger_denial_after_a_join_is_news(room):
    _, question = in_doubt_weak(room)
    room.desk.join(question)
    (firm,) = room.deny(2, strength=Strength.FLAT)
    assert firm.decisions[0].reason is Reason.STRONGER_DENIAL


def in_doubt_weak(room: Room) -> tuple[str, str]:
    (opened,) = room.report(0)
    room.deny(1, claim=NEARLY, strength=Strength.NOT_AWARE)
    return opened.step.story.id, room.questions()[0]
