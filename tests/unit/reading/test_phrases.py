"""Where phrases stand, and how little is proposed in vain: counts, so that no clock decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.core.reading.patterns import compile_pattern
from service.core.reading.phrases import UNCHECKED, Entry, Phrases
from service.core.text import flat
from service.lexicons import load_knowledge

SEEDS = Path(__file__).parents[3] / "seeds"
NO_PARTICLES: frozenset[str] = frozenset()
KOREAN = frozenset({"는", "에서"})
PHRASES = load_knowledge(["en"]).lexicons["en"].phrases


def _phrases(*sources: str, particles: frozenset[str] = NO_PARTICLES, spaced: bool = True) -> Phrases:
    patterns = [compile_pattern(source, {}, spaced=spaced, particles=particles) for source in sources]
    return Phrases(lambda: [Entry("cue", p.source, p) for p in patterns], particles, spaced=spaced)


def _standing(phrases: Phrases, text: str) -> list[str]:
    folded = flat(text)
    ends = ((s, e or entry.pattern.check.ends_at(folded, s)) for s, e, entry in phrases.proposed(folded))
    return [text[start:end] for start, end in ends if end]


@pytest.mark.parametrize(
    ("phrase", "text", "found", "why"),
    [
        ("it", "It is with items. Hit it", ["It", "it"], "whole words only"),
        ("it", "(it)", ["it"], "marks bound a word"),
        ("it", "_it_", ["it"], "an underline is a mark"),
        ("tie-up", "a tie-up, a tie up", ["tie-up"], "marks inside a phrase are part of it"),
        ("tie up", "a tie-up, a tie up", ["tie up"], "and a space is no mark"),
        ("deni*", "He denied it, undenied", ["denied"], "a prefix goes on inside its word"),
        ("l'", "l'azienda", ["l'"], "an apostrophe ends a word"),
        ("no <2> plan", "no such plan, no plan", ["no such plan", "no plan"], "a gap may be empty"),
        ("no <2> plan", "no a b c plan", [], "and holds so many tokens"),
        ("no <1> (plan|talks of it)", "no (open) talks of it.", ["no (open) talks of it"], "words last"),
        ("no (new)? plan*", "No new plans. No planning", ["No new plans", "No planning"], "nothing to await"),
        ("no <1> plan", "noplan no planet", [], "what is awaited is a whole word"),
    ],
)  # fmt: skip
def test_a_phrase_stands_where_its_words_do(phrase: str, text: str, found: list[str], why: str) -> None:
    assert _standing(_phrases(phrase), text) == found, why


def test_each_token_of_a_gap_may_be_long() -> None:
    text = f"no {'one-in-a-million' * 3} {'x/y/z' * 11} plan"
    assert _standing(_phrases("no <2> plan"), text) == [text]


def test_a_particle_may_be_glued_to_a_word_and_nothing_else() -> None:
    assert _standing(_phrases("회사", particles=KOREAN), "회사는 회사에서 회사 회사원") == ["회사"] * 3


def test_a_script_without_spaces_bounds_no_phrase() -> None:
    assert _standing(_phrases("否认", spaced=False), "小米否认了,再否认") == ["否认", "否认"]


def test_nothing_is_compiled_before_a_text_is_walked() -> None:
    asked: list[str] = []

    def entries() -> list[Entry]:
        asked.append("entries")
        return []

    phrases = Phrases(entries, NO_PARTICLES, spaced=True)
    assert not asked
    assert not list(phrases.proposed("a text")) + list(phrases.proposed("another"))
    assert asked == ["entries"]


def test_few_phrases_are_proposed_that_only_a_check_can_tell() -> None:
    texts = [flat(file.read_text("utf-8")) for file in sorted(SEEDS.glob("*.txt"))]
    words = sum(len(text.split()) for text in texts)
    proposed = [end for text in texts for _, end, _ in PHRASES.proposed(text)]
    assert len(proposed) < words
    assert proposed.count(UNCHECKED) < 0.25 * words


def test_proposals_grow_with_the_text_and_not_faster() -> None:
    text = flat("Ford has not said that there were no plans, reports or talks of a deal. ")
    short, long = (sum(1 for _ in PHRASES.proposed(text * times)) for times in (20, 200))
    assert long < 11 * short
