"""Names in a script that shows none, and traditional characters read as simplified ones."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from service.core.han import SIMPLIFIED, TRADITIONAL
from service.core.model import Item
from service.core.reading.lexicon import Knowledge
from service.core.reading.page import lay_out
from service.core.reading.read import read_statements
from service.core.text import fold
from service.lexicons import load_knowledge


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge(["zh"])


def _item(text: str, title: str = "") -> Item:
    return Item("i", title, text, datetime(2026, 2, 3, tzinfo=UTC), lang="zh")


def _people(text: str, knowledge: Knowledge, title: str = "") -> set[str | None]:
    page = lay_out(_item(text, title), knowledge.lexicons["zh"], knowledge)
    assert page is not None, "the text must hold a cue"
    found = [mention for side in page.sides for mention in side.mentions]
    return {m.body for m in found} | {m.speaker for m in found}


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("昨日远澜科技否认收购传闻。", "远澜科技", "an ending and the run before it, the day taken off"),
        ("群曜光電發聲明，駁斥合併傳聞。", "群曜光電", "the same in traditional characters"),
        ("特此说明，阿鲁阿鲁否认合并传闻。", "阿鲁阿鲁", "no ending, but right before the verb"),
        ("远澜科技董事长李建国表示，收购传闻不实。", "李建国", "after a title, family name first"),
        ("苏晴工作室发文，称离婚传闻不实。", "苏晴", "the run before a title that opens a clause"),
        ("远澜科技有传闻。远澜否认收购传闻。", "远澜科技", "without its ending it is the same"),
        ("传ASTA将被收购，公司否认传闻。", "ASTA", "Latin letters in capitals"),
        ("特斯拉中国否认减产传闻。", "Tesla", "a known name with a land behind it"),
    ],
)  # fmt: skip
def test_this_is_a_name(text: str, name: str, why: str, knowledge: Knowledge) -> None:
    assert name in _people(text, knowledge), why


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("这个完美的计划是传闻，公司否认。", "Midea", "an ordinary word holds a known name"),
        ("她在微博发文，否认离婚传闻。", "Weibo", "the place where it was posted says nothing"),
        ("随后公司否认传闻。", "随后", "a word of time is no name"),
        ("公司股价上涨，传闻遭否认，金额不明。", "金额", "a family name's letter opens an ordinary word"),
    ],
)
def test_this_is_none(text: str, name: str, why: str, knowledge: Knowledge) -> None:
    assert name not in _people(text, knowledge), why


def test_a_name_learned_in_the_body_is_known_in_the_headline(knowledge: Knowledge) -> None:
    text = "远澜科技回应称，合并传闻不实。"
    statements = read_statements(_item(text, "合并？远澜：不实"), knowledge).statements
    assert {s.party for s in statements if s.strength} == {"远澜科技"}


def test_traditional_and_simplified_text_give_the_same_statements(knowledge: Knowledge) -> None:
    simplified = read_statements(_item("传闻称小米将收购一家车厂。小米否认该报道。"), knowledge).statements
    traditional = read_statements(_item("傳聞稱小米將收購一家車廠。小米否認該報道。"), knowledge).statements
    assert [(s.kind, s.party, s.strength, s.claim.terms) for s in simplified] == [
        (s.kind, s.party, s.strength, s.claim.terms) for s in traditional
    ]


def test_the_folding_table_pairs_one_character_with_one_and_never_chains() -> None:
    assert len(TRADITIONAL) == len(SIMPLIFIED) == len(set(TRADITIONAL))
    assert not set(TRADITIONAL) & set(SIMPLIFIED)
    assert fold("澄清傳聞，並無計畫") == "澄清传闻,并无计画"


@pytest.mark.parametrize(
    "unit", ["远澜科技否认传闻，", "没有", "公司", "未与", "科技", "网传", "“不实", "王"]
)
def test_time_grows_with_length_and_not_faster(unit: str, knowledge: Knowledge) -> None:
    short, long = (_seconds(unit * (size // len(unit)), knowledge) for size in (4_000, 24_000))
    assert long < 14 * short + 0.3


def _seconds(text: str, knowledge: Knowledge) -> float:
    """The shorter of two: on a busy machine one may take far longer."""
    return min(_once(text, knowledge) for _ in range(2))


def _once(text: str, knowledge: Knowledge) -> float:
    started = time.process_time()
    read_statements(_item(text), knowledge)
    return time.process_time() - started
