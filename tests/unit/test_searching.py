"""What a question looks for, and the words that are kept of a story."""

from __future__ import annotations

import pytest

from service.core.searching import MOST_CHARACTERS, MOST_TERMS, joined, terms_of, words_of
from tests.fakes_store import a_story, an_item


@pytest.mark.parametrize(
    ("question", "text", "found"),
    [
        ("ford", "Ford is in talks", True),
        ("talk", "Ford is in talks", True),
        ("alks", "Ford is in talks", False),
        ("FORD talks", "Ford is in talks", True),
        ("ford xiaomi", "Ford is in talks", False),
        ("长城", "传小米计划利用长城汽车的工厂", True),
        ("長城汽車", "传小米计划利用长城汽车的工厂", True),
        ("小米SU7", "小米 SU7 发布", True),
        ("SU7", "小米SU7发布", True),
        ("米计", "传小米计划", True),
        ("Škoda", "Skoda plant", False),
        ("joint-venture", "a joint venture", True),
        ("100%", "takes 100 percent", True),
        ("r_d", "R&D cut", True),
        ("カメラ", "新型カメラを開発", True),
        ("삼성", "삼성전자가 인수", True),
    ],
)
def test_a_question_finds_what_a_person_would_expect(question: str, text: str, found: bool) -> None:
    words, terms = joined([text]), terms_of(question)
    assert terms
    assert all(term in words for term in terms) == found


@pytest.mark.parametrize("question", ["", " ", "!!!", "%_%", "“”", "\x00"])
def test_a_question_without_a_word_looks_for_nothing(question: str) -> None:
    assert terms_of(question) == ()


def test_a_question_and_the_words_of_a_story_have_an_end() -> None:
    assert len(terms_of(" ".join(f"word{n}" for n in range(100)))) == MOST_TERMS
    assert len(joined(f"word{n}" for n in range(9_000))) == MOST_CHARACTERS


def test_the_words_of_a_story_are_of_its_claim_parties_and_quotations() -> None:
    words = words_of(a_story("s", an_item("a")))
    for word in (" ford ", " builds ", " xiaomi ", " we ", " deny ", " farley "):
        assert word in words
