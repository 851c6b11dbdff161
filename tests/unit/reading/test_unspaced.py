"""A language without spaces needs only a file: the same engine reads it by characters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.core.model import Item, Kind, Reading, Role, Strength
from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.lexicons import check_lexicon, load_knowledge, parse_lexicon

SMALL = """
[meta]
language = "zh"
spaced = false
capitals = false

[words]
speech = ["称", "表示", "回应", "报道"]
negators = ["未", "没有"]
stops = ["但", "而"]
companies = ["该公司", "公司"]
sources = ["知情人士"]
plans = ["计划"]
report = ["传闻", "消息"]
joiners = ["和", "与", "、"]
spokesmen = ["发言人"]
hedges = ["暂", "目前"]

[relations]
build_for = ["代工"]
buy = ["收购"]

[[cue]]
id = "zh.denial.denies"
kind = "denial"
strength = "flat"
patterns = ["否认"]
negatable = true
pseudo = ["不可否认"]
hit = ["福特否认了该传闻。"]
miss = ["福特未否认该传闻。", "不可否认，市场在增长。"]

[[cue]]
id = "zh.denial.no-information"
kind = "denial"
strength = "not_aware"
weight = 1.3
subject = "speaker"
patterns = ["未收到 <4> (信息|消息)"]
hit = ["公司回应称未收到相关信息。"]
miss = ["公司收到相关信息。"]

[[cue]]
id = "zh.no-comment.declined"
kind = "no_comment"
patterns = ["不予置评", "未予置评"]
hit = ["小米不予置评。"]
miss = ["小米评论了。"]

[[cue]]
id = "zh.rumor.sources"
kind = "rumor"
patterns = ["据 <4> 知情人士", "据传"]
hit = ["据传小米将收购工厂。"]
miss = ["小米收购工厂。"]
"""


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return Knowledge({"zh": parse_lexicon("zh.toml", SMALL)}, load_knowledge(["en"]).names)


def _read(text: str, knowledge: Knowledge) -> Reading:
    return read_statements(Item("i", "", text, datetime(2023, 10, 20, tzinfo=UTC)), knowledge)


def test_its_proofs_hold(knowledge: Knowledge) -> None:
    check_lexicon(knowledge.lexicons["zh"])


def test_a_rumor_and_its_denial_are_read(knowledge: Knowledge) -> None:
    text = "据传小米计划由北汽蓝谷代工汽车。北汽蓝谷回应称，未收到相关信息。"
    reading = _read(text, knowledge)
    rumor, denial = reading.statements
    assert (reading.lang, rumor.kind, denial.kind) == ("zh", Kind.RUMOR, Kind.DENIAL)
    assert (denial.party, denial.role, denial.strength) == (
        "BAIC Blue Valley",
        Role.PRINCIPAL,
        Strength.NOT_AWARE,
    )
    assert denial.claim == rumor.claim
    assert set(rumor.claim.principals) == {"Xiaomi", "BAIC Blue Valley"}
    assert rumor.claim.relations == ("build_for",)


def test_two_parties_take_two_positions(knowledge: Knowledge) -> None:
    reading = _read("据传福特计划收购小米汽车业务。福特否认了传闻，而小米不予置评。", knowledge)
    assert [(s.kind, s.party) for s in reading.statements[1:]] == [
        (Kind.DENIAL, "Ford"),
        (Kind.NO_COMMENT, "Xiaomi"),
    ]


def test_a_negated_denial_is_none(knowledge: Knowledge) -> None:
    reading = _read("据传福特计划收购小米汽车业务。福特未否认传闻。", knowledge)
    assert [s.kind for s in reading.statements] == [Kind.RUMOR]
