"""Words, commands and settings that a reader can't look up are a fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.main import get_command

from service.cli import app
from service.core.model import EventType, Kind, Reason, Status, Strength
from service.core.words import Hold

ROOT = Path(__file__).parents[2]
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", [*EventType, *Kind, *Reason, *Status, *Strength, *Hold], ids=str)
def test_every_word_of_the_model_stands_in_the_architecture(word):
    assert f"`{word}`" in ARCHITECTURE


@pytest.mark.parametrize("name", sorted(get_command(app).commands))
def test_every_command_stands_in_the_readme(name):
    assert f"`rumorwatch {name}" in README


def test_the_readme_begins_with_the_two_commands():
    start = README[:1500]
    assert start.index("make run") < start.index("make test")
