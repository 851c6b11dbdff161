"""Every trap of the label guide, in every language: what is read, and what is not."""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.core.model import Item, Kind, Statement
from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.lexicons import load_knowledge

CASES = Path(__file__).parents[2] / "cases" / "reading"


def _cases() -> list[Any]:
    found = []
    for file in sorted(CASES.glob("*_traps.toml")):
        for case in tomllib.loads(file.read_text("utf-8"))["case"]:
            found.append(pytest.param(case, id=f"{file.stem.removesuffix('_traps')}-{case['id']}"))
    return found


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


def _read(case: dict[str, Any], knowledge: Knowledge) -> tuple[Statement, ...]:
    day = case.get("told_at")
    told_at = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else datetime(2026, 2, 3, tzinfo=UTC)
    item = Item(case["id"], case.get("title", ""), case["text"], told_at, lang=case.get("lang", "en"))
    return read_statements(item, knowledge).statements


def _denial(statement: Statement) -> str:
    age = "fresh" if statement.fresh else "old"
    return f"{statement.party} / {statement.strength} / {age}"


@pytest.mark.parametrize("case", _cases())
def test_the_denials_are_exactly_these(case: dict[str, Any], knowledge: Knowledge) -> None:
    denials = [_denial(s) for s in _read(case, knowledge) if s.kind is Kind.DENIAL]
    assert sorted(denials) == sorted(case["denials"]), case["why"]


@pytest.mark.parametrize("case", _cases())
def test_the_other_statements_are_there_and_no_forbidden_ones(
    case: dict[str, Any], knowledge: Knowledge
) -> None:
    told = {f"{s.kind} / {s.party}" for s in _read(case, knowledge)}
    assert set(case.get("others", ())) <= told, case["why"]
    assert not {line.split(" / ")[0] for line in told} & set(case.get("none", ())), case["why"]


def _counts() -> Counter[tuple[str, str]]:
    """How many cases of each language set each trap."""
    cases = [param.values[0] for param in _cases()]
    return Counter((case.get("lang", "en"), trap) for case in cases for trap in case.get("traps", ()))


def _traps() -> list[str]:
    return [trap["id"] for trap in tomllib.loads((CASES / "traps.toml").read_text("utf-8"))["trap"]]


@pytest.mark.parametrize("trap", _traps())
@pytest.mark.parametrize("language", ["de", "en", "es", "fr", "it", "ja", "ko", "pt", "zh"])
def test_every_language_meets_every_trap_twice(language: str, trap: str) -> None:
    assert _counts()[language, trap] >= 2


def test_no_case_names_a_trap_that_is_not_in_the_table() -> None:
    assert {trap for _, trap in _counts()} <= set(_traps())
