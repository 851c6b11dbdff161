"""What changes where an item is read anew, and that the rules have a version."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from service.core.model import Kind, Strength
from service.core.rereading import Change, changes
from service.lexicons.version import reading_version
from tests.builders import a_statement

FORD = a_statement()
LIMITED = a_statement(strength=Strength.LIMITED)
XIAOMI = a_statement(party="Xiaomi")
REPORT = a_statement(Kind.RUMOR, "Reuters")
ELSEWHERE = replace(FORD, evidence=replace(FORD.evidence, start=3))


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([FORD], [FORD], ()),
        ([FORD], [replace(FORD, confidence=0.1, because=("other",))], ()),
        ([], [FORD], (Change(None, FORD),)),
        ([FORD], [], (Change(FORD, None),)),
        ([FORD], [LIMITED], (Change(FORD, LIMITED),)),
        ([FORD], [REPORT], (Change(FORD, REPORT),)),
        ([FORD], [REPORT, LIMITED], (Change(FORD, LIMITED), Change(None, REPORT))),
        ([FORD, XIAOMI], [XIAOMI], (Change(FORD, None),)),
        ([FORD, FORD], [FORD], (Change(FORD, None),)),
        ([FORD], [ELSEWHERE], (Change(FORD, None), Change(None, ELSEWHERE))),
    ],
)
def test_a_statement_came_is_gone_or_became_another(before, after, found):
    assert changes(before, after) == found


def test_a_change_has_a_word():
    words = [Change(None, FORD).word, Change(FORD, None).word, Change(FORD, LIMITED).word]
    assert words == ["added", "gone", "changed"]


def test_the_rules_have_a_version():
    assert re.fullmatch("[0-9a-f]{12}", reading_version())
