"""Every broken build can still be made: its words stand in the product, once."""

from __future__ import annotations

import pytest

from tests.acceptance.running import ROOT
from tests.crash.mutants import mutants

CHANGES = [(mutant.name, change) for mutant in mutants() for change in mutant.changes]


@pytest.mark.parametrize(("name", "change"), CHANGES, ids=[f"{name}: {one.file}" for name, one in CHANGES])
def test_what_a_mutant_changes_is_there(name, change):
    words = (ROOT / change.file).read_text(encoding="utf-8")
    assert words.count(change.old) == 1, f"{name} changes words that are not in {change.file} once"
