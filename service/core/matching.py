"""Same story or not, with the reasons.

How it decides: candidates share a posting key with the claim (a principal's name, or a content word where
names are few). Each is scored by adding up what joins (shared principals, the same relation, shared content
words and figures) and what holds apart (another counterpart, another relation, long silence). At or above
SURE the claim joins; from DOUBTFUL to SURE a person should look; below, it opens its own story. The additive
score over named evidence is record linkage as in Fellegi and Sunter (1969), with weights set by hand.

What it leaves out: meaning beyond shared words (an interface for sentence embeddings comes with the issue on
stories), and learning from a person's merges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import sqrt

from service.core.model import Claim, Match, Story
from service.core.text import fold

SURE = 0.45
DOUBTFUL = 0.38
MOST_TERM_KEYS = 8

_BOTH_PRINCIPALS = 0.55
_ONE_PRINCIPAL = 0.30
_OTHER_COUNTERPART = -0.75
_NO_SHARED_PRINCIPAL = -0.60
_SAME_RELATION = 0.15
_OTHER_RELATION = -0.14
_TERMS = 0.60
_SAME_FIGURE = 0.10
# How far a deal has come is no relation of its own.
_STAGES = frozenset({"talks", "meet"})
# One deed, told by outlets as one or the other.
_FAMILIES = (
    frozenset({"buy", "invest", "merge", "sell", "stake"}),
    frozenset({"build_for", "joint_venture", "partner", "supply"}),
    frozenset({"appoint", "dismiss", "resign"}),
    frozenset({"appoint", "join"}),
    frozenset({"bankrupt", "close", "layoffs"}),
    frozenset({"split", "wed"}),
)
# A first word shorter than this is an initial or an article and names nobody.
MOST_INITIALS = 3
_AGES = ((timedelta(days=730), -0.45), (timedelta(days=180), -0.25), (timedelta(days=45), -0.10))


def keys_of(claim: Claim) -> tuple[str, ...]:
    """The posting keys of a claim: its principals, and its longest content words where names are few."""
    names = tuple(f"n:{fold(name)}" for name in claim.principals)
    if len(names) >= 2:
        return names
    longest = sorted(claim.terms, key=lambda term: (-len(term), term))[:MOST_TERM_KEYS]
    return names + tuple(f"t:{term}" for term in longest)


def find_story(claim: Claim, told_at: datetime, candidates: Sequence[Story]) -> Match:
    """The story that `claim` belongs to; `story_id` None where none of `candidates` is near enough."""
    scored = [score(claim, told_at, story) for story in candidates]
    best = max(scored, key=lambda match: (match.score, match.story_id or ""), default=None)
    if best is None:
        return Match(None, 0.0, True, ("no open story shares a name or a rare word",))
    if best.score < DOUBTFUL:
        return Match(None, best.score, True, (f"nearest is {best.story_id}, but", *best.reasons))
    return best


def score(claim: Claim, told_at: datetime, story: Story) -> Match:
    """How well `claim` fits `story`, from about -1 to 1.5, with what joined and what held apart."""
    parts = (
        _principals(claim, story.claim),
        _relations(claim, story.claim),
        _terms(claim, story.claim),
        _figures(claim, story.claim),
        _age(told_at, story),
    )
    total = round(sum(weight for weight, _ in parts), 4)
    reasons = tuple(f"{weight:+.2f} {why}" for weight, why in parts if weight)
    return Match(story.id, total, total >= SURE, reasons)


def _principals(claim: Claim, other: Claim) -> tuple[float, str]:
    if not claim.principals or not other.principals:
        return 0.0, ""
    shared = [name for name in claim.principals if _stands_in(name, other)]
    if len(shared) >= 2:
        return _BOTH_PRINCIPALS, f"both are about {' and '.join(sorted(shared[:3]))}"
    if not shared:
        return _NO_SHARED_PRINCIPAL, f"{_names(claim.principals)} here, {_names(other.principals)} there"
    # Who stands third or later was named beside the claim more often than in it: the first two hold apart.
    ours = [name for name in claim.principals[:2] if not _stands_in(name, other)]
    theirs = [name for name in other.principals[:2] if not _stands_in(name, claim)]
    if ours and theirs:
        apart = f"{_names(ours)} here, {_names(theirs)} there"
        return _ONE_PRINCIPAL + _OTHER_COUNTERPART, f"both are about {shared[0]}, but with {apart}"
    # Alone in both, a name is all that the claim has; beside a counterpart it says less.
    alone = len(claim.principals) == len(other.principals) == 1
    return _ONE_PRINCIPAL + (0.05 if alone else 0.0), f"both are about {shared[0]}"


def _stands_in(name: str, claim: Claim) -> bool:
    """Whether `claim` names `name`: as written, with words left off its end, or among its content words."""
    if name in claim.principals:
        return True
    words = fold(name).split()
    if any(_begins_alike(words, fold(other).split()) for other in claim.principals):
        return True
    return bool(words) and all(len(word) > MOST_INITIALS and word in claim.terms for word in words)


def _begins_alike(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    shorter = min(len(ours), len(theirs))
    return shorter > 0 and len(ours[0]) >= MOST_INITIALS and ours[:shorter] == theirs[:shorter]


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _relations(claim: Claim, other: Claim) -> tuple[float, str]:
    ours, theirs = set(claim.relations) - _STAGES, set(other.relations) - _STAGES
    if not ours or not theirs:
        return 0.0, ""
    shared = sorted(ours & theirs)
    if shared:
        return _SAME_RELATION, f"the same relation ({', '.join(shared)})"
    if any(ours & family and theirs & family for family in _FAMILIES):
        return 0.0, ""
    return _OTHER_RELATION, f"{_names(ours)} here, {_names(theirs)} there"


def _terms(claim: Claim, other: Claim) -> tuple[float, str]:
    ours, theirs = set(claim.terms), set(other.terms)
    shared = ours & theirs
    if not shared:
        return 0.0, ""
    likeness = len(shared) / sqrt(len(ours) * len(theirs))
    shown = ", ".join(sorted(shared, key=lambda term: (-len(term), term))[:5])
    return _TERMS * likeness, f"words in common: {shown}"


def _figures(claim: Claim, other: Claim) -> tuple[float, str]:
    shared = sorted(set(claim.figures) & set(other.figures))
    return (_SAME_FIGURE, f"the same figure ({shared[0]})") if shared else (0.0, "")


def _age(told_at: datetime, story: Story) -> tuple[float, str]:
    silent = max(told_at - story.last_at, story.opened_at - told_at)
    for limit, weight in _AGES:
        if silent > limit:
            return weight, f"{silent.days} days apart"
    return 0.0, ""
