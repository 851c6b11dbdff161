"""Past items read anew: their stories are as if they had always read so, and nobody is alerted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from typer.testing import CliRunner

from service.cli import app
from service.core.model import Kind, Match, Reading, Role, Statement, Strength
from service.core.rereading import changes
from service.lexicons import load_knowledge
from service.lexicons.version import reading_version
from service.store.engine import connect, writing
from service.store.ledger import Ledger
from service.store.schema import revisions, statements
from tests.builders import FORD_XIAOMI, a_statement, an_item
from tests.fakes_keeping import LATER, answers
from tests.fakes_stories import EVERYTHING, NO_KNOWLEDGE, Room, find_plainly
from workers.items import Rules, handle_item
from workers.rereading import Reread, Turned, change

BY_PLAIN_RULES = Rules(NO_KNOWLEDGE, (EVERYTHING,), find=find_plainly)


@pytest.fixture
def room(ledger_url: str) -> Iterator[Room]:
    """A rumor, its denial, and an item that said nothing."""
    opened = Room(Ledger.open(ledger_url))
    opened.report(0)
    opened.deny(1)
    opened.tell(an_item("Xiaomi says something.", day=2, item_id="late"))
    yield opened
    opened.ledger.close()


def said_by(party: str, kind: Kind = Kind.DENIAL) -> Statement:
    role = Role.OUTLET if kind is Kind.RUMOR else Role.PRINCIPAL
    return a_statement(kind, party, role=role, claim=FORD_XIAOMI, words=f"{party} says something.")


def read_as(
    room: Room, item: str, *now: Statement, apply: bool = True, rules: Rules = BY_PLAIN_RULES
) -> tuple[Turned, ...]:
    """The item is read anew, and says `now`."""
    (past,) = [one for page in room.ledger.readings.pages(None, None) for one in page if one.item.id == item]
    found = Reread(past, Reading("en", now), changes([one.statement for one in past.placed], now))
    return change(room.ledger, rules, [found], LATER, apply=apply)


def test_a_denial_that_is_none_turns_its_story_and_what_was_told_stays(room: Room) -> None:
    (story,) = room.living()
    told = room.alerts()
    (turned,) = read_as(room, "Ford-1")
    assert (turned.story_id, turned.before, turned.after) == (story, "denied", "open")
    assert room.story(story).status == "open"
    assert room.alerts() == told


def test_what_would_change_is_shown_and_nothing_is_saved(room: Room) -> None:
    before = answers(room.ledger)
    (turned,) = read_as(room, "Ford-1", apply=False)
    assert (turned.before, turned.after) == ("denied", "open")
    assert answers(room.ledger) == before


def test_a_denial_that_is_found_later_counts_and_alerts_nobody_then_or_after(room: Room) -> None:
    told = room.alerts()
    assert read_as(room, "late", said_by("Xiaomi")) == ()
    (story,) = room.living()
    assert {position.party for position in room.story(story).positions} >= {"Ford", "Xiaomi"}
    assert room.alerts() == told
    room.deny(5, "Xiaomi")
    room.deny(1.5, "Ford")
    assert room.alerts() == told


def test_what_is_read_away_and_back_is_as_it_was(room: Room) -> None:
    before = answers(room.ledger)
    (story,) = room.living()
    read_as(room, "Reuters-0")
    (turned,) = read_as(room, "Ford-1")
    assert (turned.before, turned.after) == ("denied", None)
    assert room.living() == []
    rumor = a_statement(Kind.RUMOR, "Reuters", role=Role.OUTLET, words="Reuters reports of it.")
    (turned,) = read_as(room, "Reuters-0", rumor)
    assert (turned.story_id, turned.before, turned.after) == (story, None, "open")
    read_as(room, "Ford-1", said_by("Ford"))
    assert answers(room.ledger) == before


def test_a_statement_whose_claim_stays_goes_back_to_its_story(room: Room) -> None:
    (story,) = room.living()
    finds_nothing = replace(BY_PLAIN_RULES, find=lambda *asked: Match(None, 0.0, True, ()))
    weaker = replace(said_by("Ford"), strength=Strength.LIMITED)
    assert read_as(room, "Ford-1", weaker, rules=finds_nothing) == ()
    assert room.living() == [story]
    assert [position.strength for position in room.story(story).positions if position.party == "Ford"] == [
        Strength.LIMITED
    ]


def test_a_name_that_a_person_gave_stays(room: Room) -> None:
    (story,) = room.living()
    room.desk.rename(story, "The Ford affair")
    read_as(room, "late", said_by("Xiaomi"))
    assert room.story(story).claim.text == "The Ford affair"


def test_what_a_person_marked_as_wrong_stays_wrong(room: Room) -> None:
    room.desk.wrong("Ford-1")
    (story,) = room.living()
    read_as(room, "Ford-1")
    read_as(room, "Ford-1", said_by("Ford"))
    assert room.story(story).status == "open"


def test_an_item_remembers_by_which_rules_it_was_read(room: Room) -> None:
    pages = room.ledger.readings.pages
    assert len(next(pages(None, None))) == 3
    assert list(pages(None, reading_version())) == []
    assert len(next(pages(LATER.replace(year=2026, month=2, day=2), "others"))) == 2


# --- by the real rules -----------------------------------------------------------------------------

RUMOR = (
    "Ford is in talks with Xiaomi on a joint venture to build electric cars, people familiar with it said."
)
DENIAL = "Ford denied that it is in talks with Xiaomi on a joint venture to build electric cars."


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs `reread` over a ledger in which older rules saw no denial, and a rumor where none is."""
    monkeypatch.setenv("RUMORWATCH_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path / 'rumorwatch.db'}"
    ledger = Ledger.open(url)
    rules = Rules(load_knowledge(["en"]), (EVERYTHING,))
    for day, (item_id, words) in enumerate((("rumor", RUMOR), ("denial", DENIAL))):
        item = replace(an_item(words, day=day, item_id=item_id), lang="en")  # one lexicon is enough
        ledger.items.add([(item, item.id)])
        work = ledger.items.claim(LATER, 60)
        assert work is not None
        handle_item(ledger, rules, work, LATER)
    ledger.close()
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(delete(statements).where(statements.c.item_id == "denial"))
        connection.execute(update(revisions).values(read_by="old"))
    engine.dispose()

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ("reread", *words), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_the_command_shows_what_the_present_rules_would_change_and_changes_it(
    say: Callable[..., str],
) -> None:
    shown = say()
    assert "added: denial (flat) by Ford" in shown
    assert "1 added, 0 gone, 0 changed" in shown
    assert "Nothing was changed" in shown
    assert "nobody was alerted" in say("--apply")
    assert say("--since", "2026-02-01").startswith("0 items read by the rules")
