"""Who said it first, and how many really said it.

How it decides: the origin of a rumor is the outlet that most other outlets name as theirs, else the one that
was first. Reports that lean on one another are one source: those of one outlet, those that credit the same
outlet, and copies, whose sketches differ in few bits. A sketch is the simhash of Charikar (2002) over runs of
four words, or of four characters where words are not spaced. What it leaves out: copies that were translated
or told in other words without saying from whom, and a source that two outlets heard apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b

from service.core.text import fold

BITS = 64
RUN = 4
FEWEST_RUNS = 8  # a text with fewer says too little to be known by them
MOST_RUNS = 2000
# Texts of which nine runs in ten agree differ in about 9 bits of 64, unrelated ones in 32, give or take 4.
NEAR_BITS = 12

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
# A byte as eight counters of 16 bits in one number, so that a run is counted by eight additions.
_SPREAD = tuple(sum((byte >> bit & 1) << 16 * bit for bit in range(8)) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Report:
    """One item's report of a rumor: who told it, and whom it credits."""

    item_id: str
    at: datetime
    outlet: str | None
    credited: str | None = None
    sketch: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rumor comes from. `named_by` counts the other outlets that name `outlet`; 0: it was only first.

    `independent` counts sources of which none leans on another, out of `reports`.
    """

    outlet: str | None
    named_by: int
    reports: int
    independent: int


@lru_cache(maxsize=256)
def sketch(text: str) -> int | None:
    """64 bits, as a signed number, that stay nearly the same while few words change; None: too short."""
    words = _WORD.findall(fold(text))[: MOST_RUNS + RUN]
    runs = [" ".join(words[start : start + RUN]) for start in range(len(words) - RUN + 1)]
    if len(runs) < FEWEST_RUNS:
        return None
    counters = [0] * 8
    for run in runs:
        digest = blake2b(run.encode("utf-8", "replace"), digest_size=8).digest()
        for place in range(8):
            counters[place] += _SPREAD[digest[place]]
    bits = 0
    for place, counter in enumerate(counters):
        for bit in range(8):
            if (counter >> 16 * bit & 0xFFFF) * 2 > len(runs):
                bits |= 1 << (8 * place + bit)
    return bits - (1 << BITS) if bits >> (BITS - 1) else bits


def are_copies(one: int | None, other: int | None) -> bool:
    """Whether two sketches are of one text, give or take a few words."""
    if one is None or other is None:
        return False
    return ((one ^ other) & ((1 << BITS) - 1)).bit_count() <= NEAR_BITS


def origin_of(reports: Iterable[Report]) -> Origin:
    """The origin of what `reports` tell, and how many sources they are."""
    lined = sorted(reports, key=lambda report: (report.at, report.item_id))
    named: defaultdict[str, set[str]] = defaultdict(set)
    shown: dict[str, str] = {}
    for report in lined:
        if report.credited and outlet_key(report.credited) != outlet_key(report.outlet):
            named[outlet_key(report.credited)].add(outlet_key(report.outlet) or report.item_id)
            shown.setdefault(outlet_key(report.credited), report.credited)
    independent = _independent(lined)
    if named:
        # The first named wins a draw: dictionaries keep the order of their keys.
        most = max(named, key=lambda key: len(named[key]))
        return Origin(shown[most], len(named[most]), len(lined), independent)
    first = next((report.outlet for report in lined if report.outlet), None)
    return Origin(first, 0, len(lined), independent)


def outlet_key(name: str | None) -> str:
    """An outlet's name or address as names are compared: `www.reuters.com` and `Reuters` are one."""
    plain = "".join(fold(name or "").split())
    if "." not in plain or "/" in plain:
        return plain
    labels = [label for label in plain.split(".")[:-1] if label not in ("www", "co", "com")]
    return labels[-1] if labels else plain


def _independent(reports: Sequence[Report]) -> int:
    """How many groups of reports lean on nobody outside their group."""
    groups = _Groups()
    for report in reports:
        groups.join(report.item_id, report.item_id)
        for outlet in (report.outlet, report.credited):
            if outlet:
                groups.join(report.item_id, f"outlet {outlet_key(outlet)}")
    for place, report in enumerate(reports):
        for other in reports[:place]:
            if are_copies(report.sketch, other.sketch):
                groups.join(report.item_id, other.item_id)
                break
    return len({groups.head(report.item_id) for report in reports})


class _Groups:
    """Names that belong together, by a chain of names."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def head(self, name: str) -> str:
        """The name that stands for the group of `name`."""
        while (above := self._above.setdefault(name, name)) != name:
            self._above[name] = self._above[above]
            name = above
        return name

    def join(self, one: str, other: str) -> None:
        """Lets the groups of two names be one."""
        self._above[self.head(one)] = self.head(other)
