"""The answers of `why` that the README shows are those that the seeds give, line by line."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service import wiring
from service.alerts.console import ConsoleTransport
from service.core.model import Strength, Subscription
from service.lexicons import knowledge_on_demand
from service.scheduler import poll_once
from service.settings import Settings
from service.store.ledger import Ledger
from service.tracing import why
from workers.deliveries import deliver_due
from workers.items import Rules, handle_item
from workers.why import report

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
NOW = datetime(2026, 2, 4, 9, 30, tzinfo=UTC)
EVERYTHING = Subscription("everything", channels=("terminal",))
CARS = Subscription(
    "cars", watchlist=("Ford", "Xiaomi"), minimum_strength=Strength.LIMITED, channels=("terminal",)
)
SHOWN = re.findall(
    r"^\$ rumorwatch why (\S+)(?: --subscription (\w+))?\n((?:.*\n)*?)(?=\n\$|```)", README, re.M
)


class NoBell:
    def ring(self, work: object) -> None:
        """Nobody waits."""


@pytest.fixture(scope="module")
def ledger():
    """The seeds, read and told."""
    opened = Ledger.open("sqlite://")
    opened.feeds.declare(wiring.feeds(Settings()), NOW)
    poll_once(opened, lambda: wiring.open_client(Settings()), NoBell(), lambda: NOW)
    rules = Rules(knowledge_on_demand(), (EVERYTHING, CARS))
    while (claimed := opened.items.claim(NOW, 60)) is not None:
        handle_item(opened, rules, claimed, NOW)
    written: list[str] = []
    terminal = ConsoleTransport("terminal", written.append, "http://127.0.0.1:8731")
    asyncio.run(deliver_due(opened, {"terminal": terminal}, lambda: NOW))
    yield opened
    opened.close()


def test_the_readme_shows_three_answers():
    assert len(SHOWN) == 3


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown[0])
def test_what_the_readme_shows_is_what_is_answered(shown, ledger):
    asked, subscription, text = shown
    lines = list(report(why(ledger.traces, asked, subscription or None)))
    answered = [re.sub(r"  \[[-0-9: ]+\]$", "", line) for line in lines]
    for line in text.splitlines():
        # What the README cuts it ends with dots: scores move with the matcher, and are not what it shows.
        start = line.removesuffix("...")
        assert any(one == line or (start != line and one.startswith(start)) for one in answered), line
