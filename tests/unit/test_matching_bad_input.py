"""What could make unlike claims join: common words as names, crowded items, look-alikes, bad tables."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from functools import cache

import pytest

from service.core.matching import find_story, keys_of
from service.core.model import Claim, Item
from service.core.reading.lexicon import Knowledge
from service.errors import InputError, LexiconError
from service.lexicons import load_knowledge
from service.lexicons.load import parse_names
from tests.builders import FORD_XIAOMI, NOON, an_open_story
from workers.replay import default_rules, replay
from workers.replaying import read_watchlist

COMPANIES = [
    "Toyota", "Volkswagen", "Hyundai", "Ford", "Nissan", "Honda", "Renault", "Stellantis",
    "BMW", "Tesla", "BYD", "Geely", "Xiaomi", "Huawei", "Tencent", "Alibaba",
    "Samsung", "Sony", "Nintendo", "Microsoft", "Google", "Amazon", "Intel", "Nvidia",
    "Qualcomm", "Ericsson", "Nokia", "Siemens", "Bosch", "Bayer", "Pfizer", "Novartis",
    "Roche", "Sanofi", "Nestle", "Unilever", "Danone", "Airbus", "Boeing", "Lufthansa",
    "Ryanair", "Shell", "BP", "TotalEnergies", "Equinor", "Repsol", "Santander", "BBVA",
    "UniCredit", "Commerzbank",
]  # fmt: skip


@cache
def knowledge() -> Knowledge:
    return load_knowledge(["en"])


def stories_of(*texts: tuple[str, str]) -> list[set[str]]:
    """The stories that each item (title, text) told of, replayed an hour apart."""
    items = [
        Item(f"i{n}", title, text, NOON + timedelta(hours=n), lang="en")
        for n, (title, text) in enumerate(texts)
    ]
    found = defaultdict(set)
    for told in replay(items, default_rules(knowledge())):
        found[told.item.id].add(told.handled.step.story.id)
    return [found[item.id] for item in items]


COMMON = [
    (
        (
            "Gap in talks to buy Allbirds, sources say",
            "Gap is in talks to buy Allbirds, sources told Reuters.",
        ),
        (
            "Talks to close the gap",
            "Sources said negotiators are in talks to close the gap between two bids for Allbirds Mining.",
        ),
    ),
    (
        (
            "Apple may buy Perplexity, report says",
            "Apple is considering a bid for Perplexity, Bloomberg reported.",
        ),
        (
            "Apple growers may buy rival",
            "An apple growers' group is considering a bid for a rival orchard, the local paper reported.",
        ),
    ),
    (
        (
            "Target said to weigh sale of unit",
            "Target is weighing the sale of Shipt, people familiar with it said.",
        ),
        ("Price target weighed", "Analysts may cut the price target, people familiar with the report said."),
    ),
    (
        (
            "Visa in talks to buy Klarna",
            "Visa is in talks to buy Klarna, people familiar with the matter said.",
        ),
        ("Visa rules", "The ministry is in talks on new visa rules, people familiar with the matter said."),
    ),
]


@pytest.mark.parametrize("pair", COMMON, ids=["gap", "apple", "target", "visa"])
def test_an_ordinary_word_that_is_a_company_too_joins_nothing(pair):
    company, word = stories_of(*pair)
    assert company
    assert not company & word


def test_an_item_that_names_fifty_companies_joins_no_claim_about_one_of_them():
    crowd = f"Sources said {', '.join(COMPANIES)} are considering a joint plan for cheaper parts."
    claim = (
        "Ford may close Cologne plant",
        "Ford is considering closing its Cologne plant, sources told Bild.",
    )
    one, listed, other = stories_of(claim, ("Fifty firms consider a plan", crowd), claim)
    assert one
    assert one == other
    assert not one & listed


def test_a_hub_page_of_thirty_rumors_opens_thirty_stories_and_each_is_found_again():
    pairs = list(zip(COMPANIES[:30], COMPANIES[15:45], strict=True))
    lines = [f"{one} is in talks to buy {other}, sources said." for one, other in pairs]
    later = [
        (f"{one} may buy {other}", f"{one} is in talks to buy {other}, sources told Reuters.")
        for one, other in pairs
    ]
    hub, *found = stories_of(("Thirty rumors of the week", "\n\n".join(lines)), *later)
    assert len(hub) >= 28
    assert sum(len(stories & hub) == 1 for stories in found) >= 28
    assert len(set().union(*found)) >= 28


def test_a_name_in_letters_that_only_look_alike_is_flagged_and_never_merged_silently():
    fake = Claim("c", ("Fоrd", "Xiaomi"), FORD_XIAOMI.relations, FORD_XIAOMI.terms)  # a Cyrillic o
    match = find_story(fake, NOON, [an_open_story()])
    assert not (match.story_id and match.sure)
    both = Claim("c", ("Ford", "Xiaomi", "Fоrd"), FORD_XIAOMI.relations, FORD_XIAOMI.terms)
    match = find_story(both, NOON, [an_open_story()])
    assert match.story_id
    assert not match.sure
    assert match.reasons[-1] == "a name is written in letters that only look alike"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Ford,company,US,0,Ford Motor||福特", "empty"),
        ("Ford,company,US,0,福特|Ford Motor|福特", "there twice"),
        (" ,company,US,0,福特", "empty"),
    ],
)
def test_a_table_with_an_empty_or_a_double_alias_is_refused(row, why):
    with pytest.raises(LexiconError, match=why):
        parse_names(f"name,kind,country,guarded,aliases\n{row}\n")


def test_a_watchlist_that_names_one_body_twice_is_refused_with_both_names(tmp_path):
    path = tmp_path / "w.txt"
    path.write_text("Ford\nXiaomi\n福特\n", encoding="utf-8")
    with pytest.raises(InputError, match="names Ford twice: as 'Ford' and as '福特'"):
        read_watchlist(path, knowledge())


def test_the_keys_of_a_claim_are_few_however_many_it_names():
    crowd = Claim("c", tuple(COMPANIES), ("buy",) * 9, tuple(f"w{n}" for n in range(60)))
    assert len(keys_of(crowd)) <= 20
