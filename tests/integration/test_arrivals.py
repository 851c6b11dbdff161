"""A story ends as if its items had come in the order in which they were told, in whatever order they came."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, permutations
from pathlib import Path

import pytest

from service.core.alerting import said_of
from service.core.model import Claim, Item, Kind, Reason, Role, Statement, Story, Strength
from service.store.ledger import Ledger
from tests.builders import a_statement, an_item
from tests.fakes_stories import Room, stance_of

CASES = Path(__file__).parent.parent / "cases" / "timelines"
ARRIVALS = tomllib.loads((CASES / "arrivals.toml").read_text(encoding="utf-8"))["arrival"]
TIMELINES = tomllib.loads((CASES / "timelines.toml").read_text(encoding="utf-8"))["timeline"]
MOST_ORDERS = 24


@dataclass(frozen=True)
class Told:
    """An item and what it says, in the words of a case; `run` keeps one order's stories from another's."""

    day: float
    says: tuple[tuple[str, ...], ...]

    def at(self, run: int, number: int) -> tuple[Item, tuple[Statement, ...]]:
        item = an_item("It is said.", day=self.day, item_id=f"item-{run}-{number}")
        return item, tuple(_statement(run, f"{number}.{place}", *one) for place, one in enumerate(self.says))


def _statement(
    run: int, words: str, claim: str, kind: str, party: str, how: str, recap: str = ""
) -> Statement:
    strength = Strength(how) if how in set(Strength) else None
    role = Role(how) if how in set(Role) else Role.PRINCIPAL
    about = Claim(f"{claim} of run {run}", (f"{claim} of run {run}",))
    said = a_statement(Kind(kind), party, strength=strength, role=role, claim=about, fresh=not recap)
    return replace(said, evidence=replace(said.evidence, text=words, end=len(words)))


def told(case: dict) -> list[Told]:
    if "lines" in case:
        parted = [tuple(part.strip() for part in line.split("|")) for line in case["lines"]]
        return sorted(
            (Told(float(day), (("A", *rest[:3]),)) for day, *rest in parted), key=lambda one: one.day
        )
    items = []
    for line in case["items"]:
        day, says = line.split(":", 1)
        parts = (tuple(part.strip() for part in one.split(",")) for one in says.split(";"))
        items.append(Told(float(day), tuple(parts)))
    return items


def orders(count: int) -> Iterable[tuple[int, ...]]:
    """Every order of a few items; of many, some that lie far apart. The order told comes first."""
    every = list(islice(permutations(range(count)), 5040))
    step = max(1, len(every) // MOST_ORDERS)
    return every[::step]


@pytest.fixture(scope="module")
def room():
    opened = Room()
    yield opened
    opened.ledger.close()


_runs = iter(range(10**9))


def run_in(room: Room, items: Sequence[Told], order: Iterable[int]) -> tuple[dict[str, Story], list]:
    """The stories by claim, and the alerts, once the items have come in `order`."""
    run, before = next(_runs), len(room.told)
    for number in order:
        item, statements = items[number].at(run, number)
        room.tell(item, *statements)
    stories = {}
    for letter in {one[0] for item in items for one in item.says}:
        with room.ledger.looking() as transaction:
            found = transaction.candidates([f"n:{letter.lower()} of run {run}"], 5)
        assert len(found) <= 1, "one claim is one story"
        stories.update((letter, story) for story in found)
    return stories, room.told[before:]


def ends_of(stories: dict[str, Story]) -> dict[str, str]:
    """How stories end, without what tells one run from another."""
    ends = {}
    for letter, story in stories.items():
        run = story.claim.text.rsplit(" ", 1)[1]
        ends[letter] = str(stance_of(story)).replace(f"of run {run}", "").replace(f"item-{run}-", "item-")
    return ends


@pytest.mark.parametrize("case", [*ARRIVALS, *TIMELINES], ids=lambda case: case["id"])
def test_every_order_of_arrival_ends_alike(room, case):
    items = told(case)
    in_order, _ = run_in(room, items, range(len(items)))
    for order in orders(len(items)):
        stories, alerts = run_in(room, items, order)
        assert ends_of(stories) == ends_of(in_order), (order, case["why"])
        said = [(alert.story_id, said_of(alert)) for alert in alerts]
        assert len(said) == len(set(said)), (order, "told twice")
        assert_all_is_told(stories, alerts, order)


def assert_all_is_told(stories: dict[str, Story], alerts: list, order: tuple[int, ...]) -> None:
    """Whatever a party says in the end that is news was told, whichever way it came.

    A confirmation that opens a story is no news.
    """
    told = {(alert.story_id, alert.party, alert.kind, alert.strength) for alert in alerts}
    for story in stories.values():
        for p in story.positions:
            firm = p.stance in (Kind.DENIAL, Kind.CONFIRMATION, Kind.RETRACTION) and p.moves_status
            opening = p.stance is Kind.CONFIRMATION and p.at == story.opened_at
            if firm and not opening:
                assert (story.id, p.party, p.stance, p.strength) in told, order


@pytest.mark.parametrize("case", ARRIVALS, ids=lambda case: case["id"])
def test_a_story_ends_as_said(room, case):
    items = told(case)
    stories, _ = run_in(room, items, range(len(items)))
    assert sorted(_end(letter, story) for letter, story in stories.items()) == case["ends"], case["why"]


def _end(letter: str, story: Story) -> str:
    held = sorted(
        f"{p.party} {p.stance.value} {p.strength.value if p.strength else '-'}" for p in story.positions
    )
    return f"{letter}: {'; '.join([story.status.value, *held])}"


def test_a_late_word_that_its_party_took_back_is_late_and_tells_nobody(room):
    items = told({"lines": ["0|rumor|R|outlet", "1|denial|D|flat", "3|confirmation|D|-"]})
    run = next(_runs)
    for number in (0, 2):
        item, statements = items[number].at(run, number)
        room.tell(item, *statements)
    item, statements = items[1].at(run, 1)
    (late,) = room.tell(item, *statements)
    assert late.step.reason is Reason.LATE
    assert late.decisions[0].alert is None
    timeline = room.timeline(late.step.story.id)
    assert [row.reason for row in timeline] == [
        Reason.RUMOR, Reason.FIRST_DENIAL_BY_PARTY, Reason.REVERSAL,
    ]  # fmt: skip


TIES = ["a", "B", "é", "z", "Z", "10", "9", "\U0001f600", "小米"]


def test_items_of_one_moment_go_by_code_points_on_both_databases(ledger_url):
    room = Room(Ledger.open(ledger_url))
    story = room.report(0)[0].step.story
    for item_id in TIES:
        item = an_item("It is said.", day=1, item_id=item_id)
        room.tell(item, a_statement(Kind.NO_COMMENT, "Ford"))
    with room.ledger.looking() as transaction:
        behind = {one: transaction.is_behind(story.id, an_item(day=1, item_id=one), 0) for one in TIES}
        assert transaction.is_behind(story.id, an_item(day=0.5), 0)
        assert not transaction.is_behind(story.id, an_item(day=2), 0)
    assert behind == {one: one != max(TIES) for one in TIES}
    room.ledger.close()


def test_a_story_of_many_items_of_one_moment_is_not_folded_again_for_each(room):
    room.report(0, claim=Claim("many", ("Many",)))
    for number in range(300):
        item = an_item("It is said.", day=1, item_id=f"many-{number:04}")
        (told,) = room.tell(item, a_statement(Kind.NO_COMMENT, "Many", claim=Claim("many", ("Many",))))
    with room.ledger.looking() as transaction:
        last = an_item(day=1, item_id="many-0299")
        assert not transaction.is_behind(told.step.story.id, last, 0)
