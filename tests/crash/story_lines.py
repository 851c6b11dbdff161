"""What the feeds will say: rumors, denials, repeats and edits, from a seed, with the alerts to expect."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import product

_ONSETS = (
    "Zor",
    "Kel",
    "Vra",
    "Mun",
    "Tas",
    "Bel",
    "Dro",
    "Fip",
    "Gar",
    "Hus",
    "Jan",
    "Lor",
    "Nib",
    "Pel",
    "Qua",
)
_MIDDLES = ("vi", "ta", "mo", "lu", "pe", "ra", "so", "ke", "na", "du")
_ENDS = ("dex", "lon", "mar", "tis", "vox", "gen", "rin", "bal", "cor", "zen")
# So that no two stories are told in the same words, each is about goods that nobody else makes.
_GOODS = (
    ("bre", "cla", "dwi", "flo", "gri", "klu", "pra", "sne", "tro", "wha"),
    ("b", "d", "g", "l", "m", "n", "p", "t"),
)
RUMOR = (
    "{who} Corp is in talks with {whom} Motors on a joint venture for {things}, "
    "people familiar with the matter said."
)
DENIAL = (
    "{who} Corp denied a report that it is in talks with {whom} Motors on a joint venture for {things}, "
    "calling the report false."
)
EDITED = " Corrected."
PLAIN = "The harbour of {who} was closed for {number} hours after a storm, the port authority said."


@dataclass(frozen=True, slots=True)
class Told:
    """One entry as a feed tells it at one time; an edit is the same guid with other words.

    `at`, from 0 to 1, is when it speaks from, in the span of the whole script.
    """

    at: float
    guid: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """`feeds[n][v]` is what feed n adds in version v; each of `parties` denies once, and alerts once."""

    feeds: tuple[tuple[tuple[Told, ...], ...], ...]
    parties: frozenset[str]

    @property
    def revisions(self) -> int:
        """How many revisions there will be."""
        return sum(len(batch) for feed in self.feeds for batch in feed)


def write_script(feeds: int, items: int, batch: int, seed: int) -> Script:
    """`items` entries over `feeds`, `batch` a version: a tenth rumors, a tenth denials, some repeats."""
    chance = random.Random(seed)
    names = ["".join(parts) for parts in product(_ONSETS, _MIDDLES, _ENDS)]
    chance.shuffle(names)
    pairs = list(zip(names[::2], names[1::2], strict=True))[: max(1, items // 10)]
    lines = [line for number, pair in enumerate(pairs) for line in _story(number, pair, chance)]
    lines += [_plain(number, chance) for number in range(max(0, items - len(lines)))]
    by_feed: list[list[Told]] = [[] for _ in range(feeds)]
    for line in sorted(lines, key=lambda line: line.at):
        by_feed[chance.randrange(feeds)].append(line)
    versions = tuple(_versions(entries, batch, chance) for entries in by_feed)
    return Script(versions, frozenset(who for who, _ in pairs))


def _story(number: int, pair: tuple[str, str], chance: random.Random) -> list[Told]:
    """A rumor, its denial, and often a repeat of the denial, which is told to nobody again."""
    who, whom = pair
    at = chance.random() * 0.7
    things = ", ".join(_goods(chance) for _ in range(7)) + f" and {_goods(chance)}"
    denial = DENIAL.format(who=who, whom=whom, things=things)
    lines = [
        _told(at, f"r{number}", RUMOR.format(who=who, whom=whom, things=things)),
        _told(at + 0.02 + chance.random() * 0.1, f"d{number}", denial),
    ]
    if chance.random() < 0.3:
        lines.append(_told(0.9 + chance.random() * 0.1, f"again{number}", denial))
    return lines


def _goods(chance: random.Random) -> str:
    onsets, codas = _GOODS
    return "".join(chance.choice(onsets) + chance.choice(codas) for _ in range(3)) + "ers"


def _plain(number: int, chance: random.Random) -> Told:
    return _told(chance.random(), f"p{number}", PLAIN.format(who=f"Port {number}", number=2 + number % 40))


def _told(at: float, name: str, words: str) -> Told:
    return Told(at, f"urn:crash:{name}", name.capitalize(), words)


def _versions(entries: list[Told], batch: int, chance: random.Random) -> tuple[tuple[Told, ...], ...]:
    """Batches of new entries, half of them with an edit of a plain one of the batch before."""
    versions: list[tuple[Told, ...]] = []
    for start in range(0, len(entries), batch):
        added = entries[start : start + batch]
        before = [one for one in versions[-1] if _is_new_and_plain(one)] if versions else []
        if before and chance.random() < 0.5:
            added.append(replace(before[0], title=before[0].title + EDITED, text=before[0].text + EDITED))
        versions.append(tuple(added))
    return tuple(versions)


def _is_new_and_plain(one: Told) -> bool:
    return one.guid.startswith("urn:crash:p") and not one.title.endswith(EDITED)
