"""Names that particles, titles and endings show, and who speaks where the verb comes last."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from service.core.model import Item, Kind, Reading
from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.lexicons import load_knowledge


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge(["ja", "ko"])


def _read(text: str, knowledge: Knowledge, title: str = "") -> Reading:
    return read_statements(Item("i", title, text, datetime(2026, 2, 3, tzinfo=UTC)), knowledge)


@pytest.mark.parametrize(
    ("text", "party", "why"),
    [
        ("ルーメン電機は売却報道を否定した。", "ルーメン電機", "an ending of a body"),
        ("みなと銀行は合併報道を否定した。", "みなと銀行", "a head in hiragana before the ending"),
        ("フォルミナは買収報道を否定した。", "フォルミナ", "foreign spelling in the topic's place"),
        ("俳優の星野川さんは交際報道を否定した。", "星野川", "an honorific after it"),
        (
            "ルーメン電機は、ミナト商事が買収するとの報道を否定した。",
            "ルーメン電機",
            "the topic, not the inner subject",
        ),
        ("買収報道は事実ではないとルーメン電機は説明した。", "ルーメン電機", "the subject after the words"),
        (
            "事実ではないとミナト商事の買収報道にルーメン電機は答えた。",
            "ルーメン電機",
            "the name that no particle governs",
        ),
        ("한빛전자는 새솔건설이 합병한다는 보도를 부인했다.", "한빛전자", "the topic, not the inner subject"),
        ("한빛전자가 새솔건설 인수설을 부인했다.", "한빛전자", "a marked subject before a bare name"),
        ("배우 송이현 측은 결별설을 부인했다.", "송이현", "a calling before and a side after"),
    ],
)
def test_the_party_is(text: str, party: str, why: str, knowledge: Knowledge) -> None:
    denials = [s.party for s in _read(text, knowledge).statements if s.kind is Kind.DENIAL]
    assert denials == [party], why


def test_a_name_learned_in_the_body_is_known_in_the_headline(knowledge: Knowledge) -> None:
    reading = _read("フォルミナは「事実ではない」とコメントした。", knowledge, "フォルミナ「買収ない」と否定")
    assert {s.party for s in reading.statements} == {"フォルミナ"}


@pytest.mark.parametrize(
    "text",
    [
        "ルーメン電機は経済紙が報じたミナト商事の買収を否定した。",
        "한빛전자는 새솔건설 인수를 추진한다는 보도를 부인했다.",
    ],
)
def test_a_report_that_is_only_named_to_be_denied_is_no_rumor(text: str, knowledge: Knowledge) -> None:
    assert [s.kind for s in _read(text, knowledge).statements] == [Kind.DENIAL]


def test_a_particle_is_no_part_of_the_party(knowledge: Knowledge) -> None:
    denials = [s for s in _read("경찰은 납치설을 부인했다.", knowledge).statements if s.kind is Kind.DENIAL]
    assert [s.party for s in denials] == ["경찰"]


@pytest.mark.parametrize("text", ["ルーメン電機は売却報道を否定した。", "한빛전자는 매각설을 부인했다. "])
def test_reading_time_grows_with_length_alone(text: str, knowledge: Knowledge) -> None:
    def seconds(times: int) -> float:
        started = time.process_time()
        _read(text * times, knowledge)
        return time.process_time() - started

    seconds(10)
    assert seconds(2000) < 14 * seconds(250) + 0.5
