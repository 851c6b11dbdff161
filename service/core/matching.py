"""Same story or not, with the reasons.

How it decides: candidates share a posting key with the claim (a name, two names, a name with a deed, or a
content word where names are few). Each is scored by adding up what joins (shared principals, the same
relation, shared words and figures, and, for items of one claim, the same setting) and what holds apart
(another counterpart, another relation, no word in common, long silence). A word counts by how few of the
candidates hold it. Words of two languages are not compared: names, relations and figures are the same in all.
At or above SURE the claim joins; from DOUBTFUL to SURE a person should look; below, it opens its own story.
The additive score over named evidence is record linkage as in Fellegi and Sunter (1969), with weights set by
hand; the word weights are inverse document frequencies as in Spärck Jones (1972), among the candidates.

What it leaves out: meaning beyond shared words, and learning from a person's merges.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain, combinations
from math import log, sqrt

from service.core.model import Claim, Match, Story
from service.core.text import fold, is_telling_figure, name_key

SURE = 0.45
DOUBTFUL = 0.38
MOST_TERM_KEYS = 8
MOST_NAME_KEYS = 4

_BOTH_PRINCIPALS = 0.55
_ONE_PRINCIPAL = 0.30
_ALONE = 0.05
_OTHER_COUNTERPART = -0.75
# A claim that names more than so many says the less of each.
_CROWD = 4.0
_NO_SHARED_PRINCIPAL = -0.60
_SAME_RELATION = 0.15
_OTHER_RELATION = -0.20
_TERMS = 0.60
# Two items on one matter share more than a fourteenth of their telling words, on two others rarely so many:
# measured on 17,000 pairs of real items that share a name.
_SETTING = 1.6
_CHANCE = 0.07
_BESIDE_SETTING = 0.15
_MOST_BY_WORDS = 0.60
_NO_WORD = -0.08
# The more alike two items are as whole texts, the less do other names beside the claim hold apart: at most so
# much of it, from so alike on. Where one alone does the deed, who else is named may be anybody.
_FORGIVEN = (0.6, 0.30)
_FORGIVEN_ALONE = (1.0, 0.20)
_ALONE_DEEDS = frozenset(
    {"bankrupt", "close", "delay", "die", "ill", "layoffs", "list", "price", "recall", "resign"}
)
_ONLY_NAMES = -0.12
_LEAST_WORDS = 3
_FULL = 6.0
_TELLING_FIGURE = 0.12
_PLAIN_FIGURE = 0.04
_MOST_BY_FIGURES = 0.24
# How far a deal has come is no relation of its own.
_STAGES = frozenset({"talks", "meet"})
# One deed, told by outlets as one or the other.
_FAMILIES = (
    frozenset({"buy", "invest", "merge", "sell", "stake"}),
    frozenset({"build_for", "joint_venture", "partner", "supply"}),
    frozenset({"build_for", "launch"}),
    frozenset({"appoint", "dismiss", "resign"}),
    frozenset({"appoint", "join"}),
    frozenset({"bankrupt", "close", "layoffs"}),
    frozenset({"split", "wed"}),
)
# A first word shorter than this is an initial or an article and names nobody; a surname wants one more.
MOST_INITIALS = 3
_AGES = ((timedelta(days=730), -0.45), (timedelta(days=180), -0.25), (timedelta(days=45), -0.10))


# --- how a claim is found again ----------------------------------------------------------------------


def keys_of(claim: Claim) -> tuple[str, ...]:
    """The posting keys of a claim: its principals and their parts, pairs of them, the first with a deed, and
    the longest content words where names are few."""
    names = [fold(name) for name in claim.principals[:MOST_NAME_KEYS]]
    keys = [_name_key(name) for name in names]
    keys += [f"n:{part}" for name in names for part in _parts(name)]
    keys += [f"p:{one}|{other}" for one, other in combinations(sorted(names[:3]), 2)]
    if len(names) < 2:
        deeds = [relation for relation in claim.relations if relation not in _STAGES]
        keys += [f"d:{name}|{deed}" for name in names for deed in deeds[:2]]
        longest = sorted(claim.terms, key=lambda term: (-len(term), term))[:MOST_TERM_KEYS]
        keys += [f"t:{term}" for term in longest]
    return tuple(dict.fromkeys(keys))


def principal_key(name: str) -> str:
    """The posting key of a principal's canonical name."""
    return _name_key(fold(name))


def _name_key(folded: str) -> str:
    return f"n:{folded}"


def _parts(name: str) -> list[str]:
    """The words by which a longer name is found when it is told short: its first and its last."""
    words = name.split()
    return [word for word in (words[0], words[-1]) if len(word) > MOST_INITIALS] if len(words) > 1 else []


# --- which of the candidates it is -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rarity:
    """How telling words are: the more of the candidates hold one, the less. `common`: the squared weight of
    each word that more than one holds; any other weighs 1."""

    common: Mapping[str, float] = field(default_factory=dict)
    words: frozenset[str] = frozenset()

    def square(self, words: Set[str]) -> float:
        """The sum of the squared weights of `words`."""
        return len(words) - sum(1.0 - self.common[word] for word in words & self.words)


def rarity_among(candidates: Sequence[Story]) -> Rarity:
    """The rarity of words among `candidates`; a story counts once."""
    if len(candidates) < _LEAST_WORDS:
        return Rarity()
    holders = Counter(chain.from_iterable({*s.claim.terms, *s.claim.setting} for s in candidates))
    most = 2 + len(candidates)
    common = {
        word: (log(most) / log(most + count * count)) ** 2 for word, count in holders.items() if count > 1
    }
    return Rarity(common, frozenset(common))


def find_story(claim: Claim, told_at: datetime, candidates: Sequence[Story]) -> Match:
    """The story that `claim` belongs to; `story_id` None where none of `candidates` is near enough."""
    rarity = rarity_among(candidates)
    scored = [score(claim, told_at, story, rarity) for story in candidates]
    best = max(scored, key=lambda match: (match.score, match.story_id or ""), default=None)
    if best is None:
        return Match(None, 0.0, True, ("no open story shares a name or a rare word",))
    if best.score < DOUBTFUL:
        return Match(None, best.score, True, (f"nearest is {best.story_id}, but", *best.reasons))
    return best


def score(claim: Claim, told_at: datetime, story: Story, rarity: Rarity | None = None) -> Match:
    """How well `claim` fits `story`, from about -1 to 1.5, with what joined and what held apart."""
    words = _words(claim, story.claim, rarity or Rarity())
    parts = (
        _principals(claim, story.claim, words[0] if claim.setting and story.claim.setting else 0.0),
        _relations(claim, story.claim),
        words,
        _figures(claim, story.claim),
        _age(told_at, story),
    )
    total = round(sum(weight for weight, _ in parts), 4)
    reasons = tuple(f"{weight:+.2f} {why}" for weight, why in parts if why)
    sure = total >= SURE and not _looks_like(claim, story.claim)
    if total >= SURE and not sure:
        reasons = (*reasons, "a name is written in letters that only look alike")
    return Match(story.id, total, sure, reasons)


# --- names -------------------------------------------------------------------------------------------


def _principals(claim: Claim, other: Claim, alike: float) -> tuple[float, str]:
    """`alike`: what the settings add: the more, the less do other names hold apart."""
    most, telling = _FORGIVEN_ALONE if _deed_of_one(claim, other) else _FORGIVEN
    forgiven = most * min(1.0, max(0.0, alike) / telling)
    if not claim.principals or not other.principals:
        return 0.0, ""
    shared = [name for name in claim.principals if _is_principal(name, other)]
    if not shared:
        shared = [name for name in other.principals if _is_principal(name, claim)]
    if not shared:
        apart = f"{_names(claim.principals)} here, {_names(other.principals)} there"
        return _NO_SHARED_PRINCIPAL * (1.0 - forgiven), apart
    # Who stands third or later was named beside the claim more often than in it: the first two hold apart.
    ours = [name for name in claim.principals[: min(2, claim.firm)] if not _stands_in(name, other)]
    theirs = [name for name in other.principals[: min(2, other.firm)] if not _stands_in(name, claim)]
    crowded = min(1.0, _CROWD / max(len(claim.principals), len(other.principals)))
    if len(shared) >= 2:
        return _BOTH_PRINCIPALS * crowded, f"both are about {' and '.join(sorted(shared[:3]))}"
    if ours and theirs and _comparable(ours, theirs):
        apart = f"{_names(ours)} here, {_names(theirs)} there"
        held = _OTHER_COUNTERPART * (1.0 - forgiven)
        return _ONE_PRINCIPAL + held, f"both are about {shared[0]}, but with {apart}"
    # Alone in both, a name is all that the claim has; beside a counterpart it says less.
    alone = len(claim.principals) == len(other.principals) == 1
    return _ONE_PRINCIPAL * crowded + (_ALONE if alone else 0.0), f"both are about {shared[0]}"


def _stands_in(name: str, claim: Claim) -> bool:
    """Whether `claim` names `name` at all: as a principal, or as one who is in its setting only."""
    return _is_principal(name, claim) or fold(name) in claim.setting


def _is_principal(name: str, claim: Claim) -> bool:
    """Whether `claim` is about `name`: as written, shortened, or among its content words."""
    if name in claim.principals:
        return True
    key = name_key(name)
    if any(name_key(other) == key for other in claim.principals):
        return True
    words = _words_of(name)
    if any(is_short_for(words, _words_of(other)) for other in claim.principals):
        return True
    return bool(words) and all(len(word) > MOST_INITIALS and word in claim.terms for word in words)


@lru_cache(maxsize=8192)
def _words_of(name: str) -> tuple[str, ...]:
    return tuple(fold(name).split())


def is_short_for(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether one of two names, as words, is the other with words left off: its first ones, or a surname."""
    shorter, longer = (ours, theirs) if len(ours) <= len(theirs) else (theirs, ours)
    if not shorter:
        return False
    if len(shorter[0]) >= MOST_INITIALS and longer[: len(shorter)] == shorter:
        return True
    if len(shorter) == 1 and len(shorter[0]) > MOST_INITIALS and longer[-1] == shorter[0]:
        return True
    return len(shorter) == len(longer) == 1 and _is_part(shorter[0], longer[0])


def _is_part(one: str, other: str) -> bool:
    """In scripts without spaces: whether one name begins or ends with the other."""
    short, long = sorted((one, other), key=len)
    wide = len(short) >= 2 and short[0] > "\u2e80"
    return wide and (long.startswith(short) or long.endswith(short))


def _deed_of_one(claim: Claim, other: Claim) -> bool:
    return bool(set(claim.relations) & set(other.relations) & _ALONE_DEEDS)


def _comparable(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether two names that differ are two: in one script. A person's name in two cannot be told apart."""
    return any(_is_wide(one) == _is_wide(other) for one in ours for other in theirs)


def _is_wide(name: str) -> bool:
    return name[:1] > "\u2e80"


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _looks_like(claim: Claim, other: Claim) -> bool:
    """Whether one claim has a name that mixes scripts inside a word and the other does not write it so."""
    ours, theirs = set(claim.principals), set(other.principals)
    return any(_is_mixed(name) for name in ours ^ theirs if not name.isascii())


@lru_cache(maxsize=8192)
def _is_mixed(name: str) -> bool:
    """Whether one word holds letters of Latin and of Greek or Cyrillic."""
    for word in name.split():
        scripts = {unicodedata.name(c, "?").split(" ", 1)[0] for c in word if c.isalpha()}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}:
            return True
    return False


# --- deeds, words, figures, time ---------------------------------------------------------------------


def _relations(claim: Claim, other: Claim) -> tuple[float, str]:
    ours, theirs = set(claim.relations) - _STAGES, set(other.relations) - _STAGES
    if not ours or not theirs:
        return 0.0, ""
    shared = sorted(ours & theirs)
    if shared:
        return _SAME_RELATION, f"the same relation ({', '.join(shared)})"
    if _are_kin(ours, theirs):
        return 0.0, ""
    return _OTHER_RELATION, f"{_names(ours)} here, {_names(theirs)} there"


def _are_kin(ours: Set[str], theirs: Set[str]) -> bool:
    return any(ours & family and theirs & family for family in _FAMILIES)


def held_apart(claim: Claim, other: Claim) -> bool:
    """Whether a name or a deed tells two claims apart, or they have no name in common."""
    return _principals(claim, other, 0.0)[0] <= 0.0 or _relations(claim, other)[0] < 0.0


def same_deed(claim: Claim, other: Claim) -> bool:
    """Whether both say what is done, and it is one deed, or two that outlets take for one another."""
    ours, theirs = set(claim.relations) - _STAGES, set(other.relations) - _STAGES
    return bool(ours & theirs) or _are_kin(ours, theirs)


def _words(claim: Claim, other: Claim, rarity: Rarity) -> tuple[float, str]:
    """What the items' settings have in common, where both are known; else the claims' own words."""
    if claim.lang and other.lang and claim.lang != other.lang:
        return _across(claim, other)
    own, own_words = _likeness(claim.terms, other.terms, rarity)
    if claim.setting and other.setting:
        ours, theirs = (set(one.setting) - _named(one) for one in (claim, other))
        around, words = _likeness(ours, theirs, rarity)
        weight = min(_SETTING * (around - _CHANCE) + _BESIDE_SETTING * own, _MOST_BY_WORDS)
        return weight, f"settings alike ({around:.2f}): {_shown(words)}" if words else "no word in common"
    if own_words:
        return _TERMS * own, f"words in common: {_shown(own_words)}"
    few = min(len(claim.terms), len(other.terms)) < _LEAST_WORDS
    return (0.0, "") if few else (_NO_WORD, "no word in common")


def _across(claim: Claim, other: Claim) -> tuple[float, str]:
    """Two languages have no words in common: without a deed or an amount in both, names alone say less."""
    deeds = claim.relations and other.relations
    amounts = any(is_telling_figure(figure) for figure in set(claim.figures) & set(other.figures))
    return (0.0, "") if deeds or amounts else (_ONLY_NAMES, "two languages, and only names in common")


def _named(claim: Claim) -> set[str]:
    return {fold(name) for name in claim.principals}


def _likeness(ours: Collection[str], theirs: Collection[str], rarity: Rarity) -> tuple[float, set[str]]:
    """The cosine of two bags of words, each word with its rarity, and the words shared."""
    one, other = set(ours), set(theirs)
    shared = one & other
    if not shared:
        return 0.0, shared
    squares = [rarity.square(words) for words in (shared, one, other)]
    # A handful of words is too few to be alike: each bag counts as a fuller one.
    return squares[0] / sqrt(max(squares[1], _FULL) * max(squares[2], _FULL)), shared


def _shown(words: Iterable[str]) -> str:
    return ", ".join(sorted(words, key=lambda term: (-len(term), term))[:5])


def _figures(claim: Claim, other: Claim) -> tuple[float, str]:
    shared = sorted(set(claim.figures) & set(other.figures), key=lambda figure: (-len(figure), figure))
    if not shared:
        return 0.0, ""
    weight = sum(_TELLING_FIGURE if is_telling_figure(one) else _PLAIN_FIGURE for one in shared)
    return min(weight, _MOST_BY_FIGURES), f"the same figure ({', '.join(shared[:3])})"


def _age(told_at: datetime, story: Story) -> tuple[float, str]:
    silent = max(told_at - story.last_at, story.opened_at - told_at)
    for limit, weight in _AGES:
        if silent > limit:
            return weight, f"{silent.days} days apart"
    return 0.0, ""
