"""Whether what a party says was told already, in another story that is nearly the same.

Outlets tell one matter in words so different, or so many claims at once, that it comes to stand in several
stories. A denial that alerted in one of them is no news in the next. How it decides: the same party took the
same stance, no less firmly, within WITHIN; no other name and no other deed holds the two claims apart; and
either the very words of the two statements are alike, or the claims nearly joined. Of two claims of one item
fewer shared words are enough: one article seldom tells two matters in the same words. Words in which anybody
denies anything (formulas.py) say nothing. What it leaves out: a turn, which is always news unless the same
turn was told; and who was alerted, which alerting.py looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from service.core.formulas import FORMULAS, STEM
from service.core.matching import held_apart, same_deed, score
from service.core.model import Claim, Kind, Position, Reason, Step, Story
from service.core.text import fold

WITHIN = timedelta(days=14)
# Below matching.DOUBTFUL: a claim that fits a story that well, with a word in common, is told in pieces.
NEARLY = 0.28
_ALIKE = 0.6
_ALIKE_IN_ONE_ITEM = 0.15
_FEWEST = 3
_FEWEST_IN_ONE_ITEM = 2
# Where words are pairs of characters, each is less of one, and the party's name in that script is among them.
_FEWEST_PAIRS = 5
_FEWEST_PAIRS_IN_ONE_ITEM = 3
_PIECES = frozenset(
    {
        Reason.FIRST_DENIAL_BY_PARTY,
        Reason.STRONGER_DENIAL,
        Reason.FIRST_CONFIRMATION_BY_PARTY,
        Reason.REVERSAL,
    }
)


@dataclass(frozen=True, slots=True)
class Nearby:
    """A story in which the same was said, and why it is taken for the same."""

    story_id: str
    because: str


def said_nearby(step: Step, stories: Sequence[Story]) -> tuple[Nearby, ...]:
    """Those of `stories` in which the party of `step` said before what it says now; the latest first."""
    if step.reason not in _PIECES or not step.statement.party:
        return ()
    found = [
        (position.at, Nearby(story.id, why))
        for story in stories
        if (position := _stood(step, story)) is not None and (why := _alike(step, story, position))
    ]
    return tuple(near for _, near in sorted(found, key=lambda one: (one[0], one[1].story_id), reverse=True))


def _stood(step: Step, story: Story) -> Position | None:
    """The position of the step's party in another story: the same stance, no weaker, not long ago."""
    statement = step.statement
    if story.id == step.story.id or story.became is not None:
        return None
    position = story.position_of(statement.party or "")
    if position is None or position.stance is not statement.kind or not position.moves_status:
        return None
    if abs(step.item.told_at - position.at) > WITHIN:
        return None
    if statement.kind is Kind.DENIAL:
        firm, firmer = statement.strength, position.strength
        return position if firm is None or (firmer is not None and firmer.rank >= firm.rank) else None
    return position


def _alike(step: Step, story: Story, position: Position) -> str:
    """Why the two are one matter; "" where they are not."""
    claim = step.statement.claim
    if held_apart(claim, story.claim):
        return ""
    names = names_of(claim, story.claim, position)
    ours, theirs = (words_of(text, names) for text in (step.statement.evidence.text, position.quotation.text))
    one_item = step.item.id == position.quotation.item_id and same_deed(claim, story.claim)
    shared = ours & theirs
    if len(shared) >= _fewest(shared, one_item=one_item):
        least = _ALIKE_IN_ONE_ITEM if one_item else _ALIKE
        if len(shared) >= least * min(len(ours), len(theirs)):
            return f"it is said in the same words ({', '.join(sorted(shared)[:4])})"
    match = score(claim, step.item.told_at, story)
    if match.score >= NEARLY and set(claim.terms) & {*story.claim.terms, *story.claim.setting}:
        return f"the claim is nearly the same ({'; '.join(match.reasons)})"
    return ""


def _fewest(words: frozenset[str], *, one_item: bool) -> int:
    pairs = any(_is_wide(word) for word in words)
    if one_item:
        return _FEWEST_PAIRS_IN_ONE_ITEM if pairs else _FEWEST_IN_ONE_ITEM
    return _FEWEST_PAIRS if pairs else _FEWEST


def names_of(claim: Claim, other: Claim, position: Position) -> frozenset[str]:
    """The folded names that say who is spoken of, not what."""
    speaker = position.speaker or ""
    names = (*claim.principals, *other.principals, position.party, speaker)
    return frozenset(fold(name) for name in names if name)


@lru_cache(maxsize=2048)
def words_of(text: str, names: frozenset[str]) -> frozenset[str]:
    """What a statement says beyond its names and formulas: first letters of words, pairs of characters."""
    folded = fold(text)
    for name in sorted(names, key=len, reverse=True):
        folded = folded.replace(name, " ")
    words: set[str] = set()
    for run in _runs(folded):
        if _is_wide(run):
            pairs = (run[start : start + 2] for start in range(len(run) - 1))
            words |= {pair for pair in pairs if not _is_grammar(pair)}
        elif len(run) > 3 or run.isdigit():
            words.add(run[:STEM])
    return frozenset(words - FORMULAS)


def _runs(folded: str) -> list[str]:
    """Runs of letters and digits of one kind of script."""
    runs: list[str] = []
    before = ""
    for character in folded:
        kind = "" if not character.isalnum() else "wide" if _is_wide(character) else "narrow"
        if kind and kind == before:
            runs[-1] += character
        elif kind:
            runs.append(character)
        before = kind
    return runs


def _is_grammar(pair: str) -> bool:
    """Whether a pair holds hiragana, in which Japanese writes its endings and particles."""
    return any("\u3041" <= character <= "\u309f" for character in pair)


def _is_wide(run: str) -> bool:
    return run[0] > "\u2e80"
