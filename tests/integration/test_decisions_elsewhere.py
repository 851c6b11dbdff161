"""Decisions leave the ledger as a file and are honoured wherever the same items are told again."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.core.decisions import Act, Decision
from service.core.model import Kind, Role
from service.errors import InputError
from service.store.codec import encode
from service.store.ledger import Ledger
from tests.builders import FORD_XIAOMI, a_statement, an_item
from tests.fakes_stories import APART, EVERYTHING, NEARLY, Room, stance_of
from workers.pending import Pending
from workers.replaying import read_decisions


def said(day: float, who: str, kind: Kind, claim=FORD_XIAOMI):
    """An item and what it says, to be told in any order."""
    words = f"{who} says something."
    item = an_item(words, day=day, item_id=f"{who}-{day}", outlet=who)
    role = Role.OUTLET if kind is Kind.RUMOR else Role.PRINCIPAL
    return item, a_statement(kind, who, role=role, claim=claim, words=words)


TOLD = [
    said(0, "Reuters", Kind.RUMOR),
    said(1, "Ford", Kind.DENIAL),
    said(2, "Nokia", Kind.DENIAL, APART),
    said(3, "Daily", Kind.DENIAL, NEARLY),
    said(4, "Wire", Kind.RUMOR, APART),
    said(5, "Ford", Kind.CONFIRMATION),
]


def live_room(order: list[int]) -> Room:
    room = Room()
    for place in order:
        room.tell(*TOLD[place])
    return room


def decided(room: Room) -> tuple[Decision, ...]:
    """A room in which one of each was decided, and one decision taken back."""
    (question,) = room.questions()
    room.desk.join(question, "the same plant")
    ford, nokia = (
        next(s for s in room.living() if name in room.story(s).claim.text) for name in ("Ford", "Nokia")
    )
    room.desk.rename(ford, "The Ford affair")
    room.desk.wrong("Nokia-2")
    room.desk.undo(room.desk.rename(nokia, "no").decision.id)
    room.desk.move("Ford-5", nokia)
    return room.ledger_log()


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [1, 0, 4, 3, 2, 5], [0, 5, 3, 1, 2, 4]])
def test_a_replay_in_order_with_the_decisions_ends_as_the_live_ledger(order):
    live = live_room(order)
    log = decided(live)
    again = Room()
    pending = Pending(again.ledger, (EVERYTHING,), log)
    for item, statement in TOLD:
        again.tell(item, statement)
        pending.after(item)
    ends = [sorted(map(str, (stance_of(room.story(s)) for s in room.living()))) for room in (live, again)]
    assert ends[0] == ends[1]
    assert len(ends[0]) == 2
    assert "The Ford affair" in ends[0][0] + ends[0][1]
    assert again.questions() == []


def test_a_decision_about_what_is_not_there_is_never_taken():
    live = live_room([0, 1, 2, 3, 4, 5])
    again = Room()
    pending = Pending(again.ledger, (EVERYTHING,), decided(live))
    again.tell(*TOLD[2])
    assert pending.after(TOLD[2][0]) == ()
    assert [one.act for one in again.ledger_log()] == [Act.WRONG]


def test_a_file_of_decisions_is_read_back_or_its_line_is_named(tmp_path):
    log = decided(live_room([0, 1, 2, 3, 4, 5]))
    path = tmp_path / "decisions.jsonl"
    path.write_text("".join(f"{encode(one)}\n" for one in log), encoding="utf-8")
    assert read_decisions(path) == log
    path.write_text(f"{encode(log[0])}\n\n{{}}\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 3: not a decision"):
        read_decisions(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_decisions(tmp_path / "nothing.jsonl")


# --- the commands ----------------------------------------------------------------------------------


@pytest.fixture
def say(tmp_path, monkeypatch):
    """Runs a command over a ledger with a story, a second one, and a question."""
    monkeypatch.setenv("RUMORWATCH_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    room = Room(Ledger.open(f"sqlite:///{tmp_path / 'rumorwatch.db'}"))
    for place in (0, 2, 3):
        room.tell(*TOLD[place])
    room.ledger.close()

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return run


def test_the_review_list_is_shown_and_decided(say):
    shown = say("review", "list")
    assert "claims: Ford plans a factory for electric cars" in shown
    assert "score 0.40: they share principals" in shown
    (row,) = map(json.loads, say("review", "list", "--jsonl").splitlines())
    assert "alert for everything: first_denial_by_party" in say("review", "join", row["id"], "--by", "Ada")
    assert "Nothing waits" in say("review", "list")


def test_stories_are_shown_corrected_and_put_back(say):
    rows = [json.loads(line) for line in say("stories", "list", "--jsonl").splitlines()]
    ford, nokia = (next(row["id"] for row in rows if name in row["claim"]) for name in ("Ford", "Nokia"))
    assert ford in say("stories", "list")
    assert "Reuters-0#0" in say("stories", "show", ford)
    done = say("stories", "merge", nokia, ford, "--by", "Ada", "--why", "one deal")
    assert "Nokia-2#0" in say("stories", "show", nokia)
    log = say("decisions", "list")
    assert "merge by Ada" in log
    assert "one deal" in log
    say("stories", "undo", done.split()[0])
    assert "(undone)" in say("decisions", "list")
    exported = say("decisions", "export")
    assert [json.loads(line)["act"] for line in exported.splitlines()] == ["merge", "undo"]


@pytest.mark.parametrize(
    "words",
    [
        ("review", "join", "r_0"),
        ("review", "refuse", "r_0"),
        ("stories", "show", "s_0"),
        ("stories", "split", "s_0", "x"),
        ("stories", "move", "x#1", "s_0"),
        ("stories", "rename", "s_0", "x"),
        ("stories", "wrong", "x"),
        ("stories", "undo", "d_0"),
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_said_by_name(say, words):
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, InputError)
    assert any(word in str(done.exception) for word in words[2:])


def test_an_export_goes_to_a_file_too(say, tmp_path):
    say("decisions", "export", str(tmp_path / "log.jsonl"))
    assert read_decisions(tmp_path / "log.jsonl") == ()
