"""Ten joins and ten refusals with their reasons: `python -m benchmarks.joins` writes docs/reference/joins.md.

Takes the invented events of tests/cases/pairs_held.toml and pairs_tuned.toml, each told in English and in
another language, reads them as the service would, and asks the matcher: whether the two tellings of an event
are one story, and whether two events about the same companies are two. One of each for a set of companies.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from service.core.matching import DOUBTFUL, SURE, find_story
from service.core.model import Item, Match, Story
from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.core.stories import open_story
from service.lexicons import load_knowledge

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "joins.md"
SHOWN = 10
_CASES = ("pairs_held", "pairs_tuned")
_TOLD = datetime(2026, 2, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Telling:
    """One event as one outlet tells it."""

    id: str
    lang: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tellings, and whether they are of one event."""

    one: Telling
    other: Telling
    same: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What the matcher made of a pair: the best match of the second's claims with the first's stories."""

    pair: Pair
    match: Match

    @property
    def joins(self) -> bool:
        """Whether the two are surely one story."""
        return self.match.story_id is not None and self.match.sure


def main(arguments: list[str]) -> int:
    """Writes the page, or with `--check` says whether what it shows still holds; 1 where it does not."""
    parser = argparse.ArgumentParser(prog="benchmarks.joins", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    chosen = parser.parse_args(arguments)
    shown = [judged(pair, load_knowledge()) for pair in pairs()]
    wrong = [one for one in shown if one.joins is not one.pair.same]
    if not chosen.check:
        PAGE.write_text(page(shown), encoding="utf-8")
    for one in wrong:
        sys.stdout.write(f"{'missed' if one.pair.same else 'confused'}: {_ids(one.pair)}\n")
    return 1 if chosen.check and wrong else 0


def pairs() -> Iterator[Pair]:
    """Of each set one event told twice, and its two events; the languages take turns."""
    for name in _CASES:
        for case in tomllib.loads((ROOT / "tests" / "cases" / f"{name}.toml").read_text("utf-8"))["set"]:
            first, second = case["event"]
            yield Pair(_english(case, first), _foreign(case, first), same=True)
            yield Pair(_english(case, first), _foreign(case, second), same=False)


def _english(case: dict[str, Any], event: dict[str, Any]) -> Telling:
    return Telling(f"{case['id']}/{event['id']}", "en", event["en_title"], event["en"])


def _foreign(case: dict[str, Any], event: dict[str, Any]) -> Telling:
    return Telling(f"{case['id']}/{event['id']}", case["lang"], event["title"], event["text"])


def judged(pair: Pair, knowledge: Knowledge) -> Shown:
    """The best match of the second telling, a day later, with the stories that the first opens."""
    stories = _stories(pair.one, knowledge)
    later = _TOLD + timedelta(days=1)
    matches = [find_story(story.claim, later, stories) for story in _stories(pair.other, knowledge)]
    nothing = Match(None, 0.0, True, ("one of the two tells no claim that could be read",))
    return Shown(pair, max(matches, key=lambda match: match.score, default=nothing))


def _stories(told: Telling, knowledge: Knowledge) -> list[Story]:
    item = Item(told.title, told.title, told.text, _TOLD, lang=told.lang)
    read = read_statements(item, knowledge).statements
    steps = [open_story(statement, item, Match(None, 0.0, True, ())) for statement in read]
    by_claim = {step.story.claim: step.story for step in reversed(steps) if step is not None}
    return list(reversed(by_claim.values()))


# --- the page ----------------------------------------------------------------------------------------


def page(shown: list[Shown]) -> str:
    """The page, as Markdown."""
    joins = [one for one in shown if one.joins and one.pair.same][:SHOWN]
    refusals = [one for one in shown if not one.joins and not one.pair.same][:SHOWN]
    wrong = [one for one in shown if one.joins is not one.pair.same]
    return "\n".join(
        [
            "# Ten joins and ten refusals",
            "",
            "Written by `python -m benchmarks.joins` from invented events (`tests/cases/pairs_*.toml`). Each",
            "line of reasons is what the ledger keeps with a statement and `rumorwatch why` shows.",
            f"From {SURE} on a claim joins by itself; from {DOUBTFUL} on a person is asked; below, it",
            "has its own story.",
            "",
            "## Joined: one event in two languages",
            *(line for one in joins for line in _lines(one)),
            "",
            "## Held apart: two events about the same companies",
            *(line for one in refusals for line in _lines(one)),
            "",
            "## What still goes wrong",
            "",
            f"Of {len(shown)} pairs looked at for this page {len(wrong)} went wrong:",
            "",
            *(f"- {'missed' if one.pair.same else 'confused'}: {_ids(one.pair)}" for one in wrong),
            "- Meaning that no name, relation, figure or word carries is not seen: a claim told wholly in",
            "  other words about nobody in the table of names opens a story of its own.",
            "- An item in which nothing is read joins nothing: most episodes in pieces are so for this.",
            "- A report that comes after a story opened by later words, and only may belong to it, waits",
            "  for a person; in the order told it would have had a story of its own.",
            "",
        ]
    )


def _lines(one: Shown) -> list[str]:
    reasons = [reason for reason in one.match.reasons if not reason.startswith("nearest is")]
    return [
        "",
        f"**{_ids(one.pair)}** ({one.match.score:.2f})",
        "",
        f"- {one.pair.one.lang}: {one.pair.one.title}",
        f"- {one.pair.other.lang}: {one.pair.other.title}",
        *(f"  - {reason}" for reason in reasons or ("nothing in common",)),
    ]


def _ids(pair: Pair) -> str:
    return pair.one.id if pair.same else f"{pair.one.id} and {pair.other.id}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
