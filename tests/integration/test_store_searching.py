"""Stories found by words and filters, on both databases, and the words kept in step with the stories."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import pytest
from sqlalchemy import delete, text

from service.core.model import Claim, Kind, Status, Strength
from service.core.searching import terms_of
from service.errors import InputError
from service.store.engine import writing
from service.store.ledger import Ledger
from service.store.migrate import SCRIPTS
from service.store.narrowing import StoriesWanted
from service.store.schema import searched
from service.store.searching import Question, save_words
from tests.fakes_store import a_step, a_story, an_item, claimed, later, tell


def told(ledger: Ledger, number: int, claim: str, status: Status = Status.DENIED) -> None:
    """A story of that claim; the numbers are its hours and its name."""
    work = claimed(ledger, an_item(f"i{number}", number * 3600))
    story = a_story(f"s{number}", work.item, status=status)
    story = replace(story, claim=Claim(text=claim), rumor=None, positions=())
    with ledger.handling(work, ()) as handling:
        handling.save_step(a_step(story, work.item), 0, ())


def found(ledger: Ledger, words: str = "", **more: object) -> list[str]:
    question = Question(terms_of(words), **more)  # type: ignore[arg-type]
    return [row.id for row in ledger.reports.search(question).items]


def test_words_are_found_in_any_script_the_latest_story_first(ledger: Ledger) -> None:
    told(ledger, 1, "Ford is in talks with Xiaomi")
    told(ledger, 2, "小米计划利用长城汽车的工厂")
    told(ledger, 3, "Ford leaves Cologne")
    assert found(ledger, "ford") == ["s3", "s1"]
    assert found(ledger, "FORD talk") == ["s1"]
    assert found(ledger, "長城") == ["s2"]
    assert found(ledger, "xiaomi cologne") == []
    assert found(ledger, "' OR 1=1 --") == []


def test_filters_narrow_what_is_found(ledger: Ledger) -> None:
    told(ledger, 1, "Ford one", Status.OPEN)
    told(ledger, 2, "Ford two")
    tell(ledger, "s3", an_item("i3", 9), keys=("n:ford",))
    assert found(ledger, "ford", status=Status.OPEN) == ["s1"]
    assert found(ledger, wanted=StoriesWanted(about="Ford")) == ["s3"]
    assert found(ledger, wanted=StoriesWanted(since=later(3600), until=later(3600))) == ["s1"]
    assert found(ledger, "two", kind=Kind.DENIAL, strength=Strength.FLAT) == ["s2"]
    assert found(ledger, "two", kind=Kind.RUMOR) == []
    assert found(ledger, "two", strength=Strength.LIMITED) == []
    outlet = an_item("x").outlet
    assert found(ledger, "two", outlet=outlet) == ["s2"]
    assert found(ledger, "two", outlet="Nobody") == []
    assert found(ledger, "two", lang="xx") == []


def test_pages_neither_repeat_nor_leave_out(ledger: Ledger) -> None:
    for number in range(5):
        told(ledger, number, "Ford")
    seen: list[str] = []
    cursor = None
    while True:
        page = ledger.reports.search(Question(terms_of("ford")), 2, cursor)
        seen += [row.id for row in page.items]
        if (cursor := page.next) is None:
            break
    assert seen == ["s4", "s3", "s2", "s1", "s0"]
    with pytest.raises(InputError, match="cursor"):
        ledger.reports.search(Question(), 2, "made-up")


def test_what_a_story_says_now_is_found_and_what_it_said_is_not(ledger: Ledger) -> None:
    told(ledger, 1, "Ford builds a plant")
    work = claimed(ledger, an_item("later", 7200))
    story = replace(a_story("s1", work.item, version=2), claim=Claim(text="Opel"), rumor=None, positions=())
    with ledger.handling(work, ()) as handling:
        handling.save_step(a_step(story, work.item), 0, ())
    assert (found(ledger, "ford"), found(ledger, "opel")) == ([], ["s1"])


def test_a_story_that_became_another_is_not_found(ledger: Ledger) -> None:
    told(ledger, 1, "Ford")
    story = replace(a_story("s1", an_item("a")), became="s2")
    engine = ledger._engine
    with writing(engine) as connection:
        save_words(connection, story)
    assert found(ledger, "ford") == []


def test_an_upgrade_fills_the_words_of_the_stories_that_are_there(ledger: Ledger) -> None:
    told(ledger, 1, "小米 builds with Ford")
    tell(ledger, "s2", an_item("b", 9))
    engine = ledger._engine
    with writing(engine) as connection:
        kept = connection.execute(text("SELECT story_id, words, status FROM searched ORDER BY 1")).all()
        connection.execute(delete(searched))
        path = SCRIPTS / "versions" / "0011_desk.py"
        spec = importlib.util.spec_from_file_location("desk_0011", path)
        assert spec is not None
        assert spec.loader is not None
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        script._fill(connection)
        filled = connection.execute(text("SELECT story_id, words, status FROM searched ORDER BY 1")).all()
    assert filled == kept
    assert len(kept) == 2
