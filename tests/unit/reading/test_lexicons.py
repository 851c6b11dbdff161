"""The lexicons prove themselves, and a faulty one is refused by name."""

from __future__ import annotations

import time

import pytest

from service.core.reading.proof import faults
from service.errors import LexiconError
from service.lexicons import check_lexicon, knowledge_on_demand, languages, load_knowledge, parse_lexicon

GOOD = """
[meta]
language = "xx"
[[cue]]
id = "xx.denial.denied"
kind = "denial"
strength = "flat"
patterns = ["denied"]
hit = ["Ford denied it."]
miss = ["Ford said it."]
"""


@pytest.mark.parametrize("code", languages())
def test_every_hit_hits_and_every_miss_misses(code: str) -> None:
    assert list(faults(load_knowledge([code]).lexicons[code])) == []


@pytest.mark.parametrize("code", languages())
def test_every_cue_is_named_after_its_language_and_kind(code: str) -> None:
    for cue in load_knowledge([code]).lexicons[code].source.cues:
        assert cue.id.startswith((f"{code}.{cue.kind.value.replace('_', '-')}.", f"{code}.{cue.kind.value}."))


def test_english_is_there() -> None:
    assert "en" in languages()


def test_a_good_lexicon_is_accepted() -> None:
    check_lexicon(parse_lexicon("xx.toml", GOOD))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("miss = [", "mist = ["), "mist"),
        (('miss = ["Ford said it."]', ""), "miss is missing"),
        (('hit = ["Ford denied it."]', ""), "hit is missing"),
        (('strength = "flat"', ""), "strength"),
        (('strength = "flat"', 'strength = "hard"'), "hard"),
        (('kind = "denial"', 'kind = "lie"'), "lie"),
        (('patterns = ["denied"]', 'patterns = ["<3> denied"]'), "fixed word"),
        (('patterns = ["denied"]', 'patterns = ["[nothing] denied"]'), "nothing"),
        (('patterns = ["denied"]', 'patterns = ["den(ied"]'), "unreadable"),
        (("[[cue]]", "[words]\nreprot = []\n[[cue]]"), "reprot"),
        (("[meta]", "[meta"), "TOML"),
    ],
)
def test_a_faulty_lexicon_is_refused_by_file_and_entry(change: tuple[str, str], message: str) -> None:
    with pytest.raises(LexiconError, match=r"xx\.toml") as caught:
        parse_lexicon("xx.toml", GOOD.replace(*change))
    assert message in str(caught.value)


def test_a_cue_twice_is_refused() -> None:
    with pytest.raises(LexiconError, match="twice"):
        parse_lexicon("xx.toml", GOOD + GOOD[GOOD.index("[[cue]]") :])


@pytest.mark.parametrize(
    "change",
    [
        ('hit = ["Ford denied it."]', 'hit = ["Ford said it."]'),
        ('miss = ["Ford said it."]', 'miss = ["Ford denied it."]'),
    ],
)
def test_a_proof_that_fails_is_told(change: tuple[str, str]) -> None:
    with pytest.raises(LexiconError, match=r"xx\.denial\.denied"):
        check_lexicon(parse_lexicon("xx.toml", GOOD.replace(*change)))


def test_a_language_without_a_file_is_refused() -> None:
    with pytest.raises(LexiconError, match="'qq'"):
        load_knowledge(["qq"])


def test_loading_takes_less_than_a_second() -> None:
    def seconds() -> float:
        started = time.process_time()
        load_knowledge(["en"])
        return time.process_time() - started

    assert min(seconds() for _ in range(3)) < 1.0  # on a busy machine one of them may take far longer


def test_on_demand_a_lexicon_is_loaded_when_an_item_needs_it() -> None:
    knowledge = knowledge_on_demand()
    assert tuple(knowledge.lexicons) == languages()
    assert knowledge.lexicons["en"] is knowledge.lexicons["en"]
    assert "xx" not in knowledge.lexicons
