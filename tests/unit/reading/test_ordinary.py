"""Runs of letters that are ordinary words, in a script without spaces."""

from __future__ import annotations

import pytest

from service.core.reading.lexicon import Lexicon
from service.core.reading.ordinary import is_foreign, is_land, is_made_of_words, past_deeds
from service.lexicons import load_knowledge


@pytest.fixture(scope="module")
def chinese() -> Lexicon:
    return load_knowledge(["zh"]).lexicons["zh"]


@pytest.mark.parametrize("written", ["相关文件", "工作找", "任务", "哪一个国家"])
def test_words_make_no_name(written: str, chinese: Lexicon) -> None:
    assert is_made_of_words(written, chinese)


@pytest.mark.parametrize("written", ["", "远澜", "汇源", "新世界", "兆海电"])
def test_what_words_do_not_make_may_be_a_name(written: str, chinese: Lexicon) -> None:
    assert not is_made_of_words(written, chinese)


def test_deeds_before_an_ending_are_no_part_of_the_name(chinese: Lexicon) -> None:
    assert past_deeds("相信瑰丽集团", 0, 4, chinese) == 2
    assert past_deeds("项目包括瑰丽集团", 0, 6, chinese) == 4


def test_a_deed_inside_a_name_stays(chinese: Lexicon) -> None:
    assert past_deeds("新希望集团", 0, 3, chinese) == 0


def test_foreign_names_show_by_their_letters(chinese: Lexicon) -> None:
    assert is_foreign("费尔南德斯", chinese)
    assert not is_foreign("马来西亚", chinese)
    assert not is_foreign("远澜科技", chinese)


def test_a_land_before_a_bare_company_is_no_name(chinese: Lexicon) -> None:
    assert is_land("印度", "公司", chinese)
    assert not is_land("远澜", "公司", chinese)
