"""Labelled items, and what the reader makes of them: kinds, parties, strengths, traps.

Rows are JSON Lines: episodes (`items` with `label`), negatives (`trap` or no label) or labelled items. An
item's kind is the strongest of its fresh statements, denial before confirmation before rumor; a silence
counts as none. A labelled strength `partial` is `limited`, `soft` is `not_aware` or `non_denial`. Parties are
compared by words that they share; a name in a script without spaces by one holding the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.core.model import Item, Kind, Reading, Statement
from service.core.reading.lexicon import Knowledge, NameTable
from service.core.reading.read import read_statements
from service.core.text import fold

KINDS = ("denial", "confirmation", "rumor", "other")
QUIET_TRAPS = ("b", "c", "e", "f", "-")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_STRENGTHS = {"partial": {"limited"}, "soft": {"not_aware", "non_denial"}}
_PARTS = re.compile(r"[\s();,、/与]+")
_SMALL = frozenset(
    {"the", "of", "and", "a", "de", "la", "le", "der", "die", "none", "spokesman", "spokesperson"}
)


@dataclass(frozen=True, slots=True)
class Denial:
    """A labelled denial: who, and how firmly (in the labels' own words)."""

    by: str
    strength: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item with the kind that a careful reader gives it. `trap`: `-` for an unnamed one, or empty."""

    item: Item
    label: str
    denials: tuple[Denial, ...]
    trap: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled item with what the reader makes of it."""

    labelled: Labelled
    reading: Reading
    kind: str

    @property
    def right(self) -> bool:
        """Whether the kind is that of the label."""
        return self.kind == self.labelled.label

    @property
    def confidence(self) -> float:
        """That of the most confident statement, 0 without any."""
        return max((statement.confidence for statement in self.reading.statements), default=0.0)


def labelled_items(path: Path, part: str = "all") -> list[Labelled]:
    """The rows of a file, or of all files of a folder; `part`: `first` two thirds, `last` third, or `all`."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    return [row for file in files for row in _rows(file, part)]


def _rows(file: Path, part: str) -> Iterator[Labelled]:
    lines = [line for line in file.read_text("utf-8").splitlines() if line.strip()]
    cut = len(lines) * 2 // 3
    for line in {"first": lines[:cut], "last": lines[cut:], "all": lines}[part]:
        row = json.loads(line)
        for entry in row.get("items", [row]):
            yield _labelled(entry, row.get("lang") or ("en" if "_en_" in file.name else None))


def _labelled(row: dict[str, Any], lang: str | None) -> Labelled:
    label = row.get("label") or ("denial" if row.get("trap") == "a" else "other")
    denials = tuple(
        Denial(s.get("by") or "", s.get("strength") or "")
        for s in row.get("statements", ())
        if s["kind"] == "denial"
    )
    published = _time(row.get("published"))
    item = Item(
        row["id"],
        row["title"] or "",
        row["text"],
        published or _NOW,
        outlet=row.get("outlet"),
        lang=row.get("lang") or lang,
    )
    return Labelled(item, label, denials, row.get("trap") or ("" if row.get("label") else "-"))


def _time(written: str | None) -> datetime | None:
    if not written:
        return None
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def judged_items(labelled: Sequence[Labelled], knowledge: Knowledge) -> list[Judged]:
    """All items read."""
    judged = []
    for row in labelled:
        reading = read_statements(row.item, knowledge)
        known = tuple(replace(d, by=with_known_names(d.by, knowledge.names)) for d in row.denials)
        judged.append(Judged(replace(row, denials=known), reading, kind_of(reading)))
    return judged


def with_known_names(by: str, names: NameTable) -> str:
    """A labelled party with the canonical forms of the names in it: the reader answers in those."""
    folded = fold(by)
    found = names.automaton.iter(folded) if len(names.automaton) else ()
    canonical = {
        key.row.name
        for last, (length, key) in found
        if not key.bounded or _stands_alone(folded, last + 1 - length, last + 1)
    }
    return " ; ".join([by, *sorted(canonical)])


def _stands_alone(text: str, start: int, end: int) -> bool:
    around = text[max(0, start - 1) : start] + text[end : end + 1]
    return not any(character.isascii() and character.isalnum() for character in around)


def kind_of(reading: Reading) -> str:
    """The item's kind: the strongest of its fresh statements."""
    kinds = {statement.kind for statement in reading.statements if statement.fresh}
    found = (kind.value for kind in (Kind.DENIAL, Kind.CONFIRMATION, Kind.RUMOR) if kind in kinds)
    return next(found, "other")


def same_party(written: str, labelled: str) -> bool:
    """Whether two ways of writing who spoke share a word, or one holds the other."""
    ours, theirs = _words(written), _words(labelled)
    if ours & theirs:
        return True
    return any(
        (a in b or b in a)
        for a in ours
        for b in theirs
        if not (a.isascii() and b.isascii()) and min(len(a), len(b)) > 1
    )


def _words(written: str) -> set[str]:
    words = (word.removesuffix("'s").removesuffix("’s") for word in _PARTS.split(written.lower()))
    return {word for word in words if word} - _SMALL


def party_checks(judged: Sequence[Judged]) -> list[bool]:
    """For each labelled denier of an item rightly read as a denial: whether some denial read is by it."""
    return [
        any(_is_by(statement, denial) for statement in _denials(row))
        for row in judged
        if row.kind == row.labelled.label == "denial"
        for denial in row.labelled.denials
        if denial.by
    ]


def strength_checks(judged: Sequence[Judged]) -> list[bool]:
    """For each labelled strength in such items: whether the denial read by that party has it."""
    checks = []
    for row in judged:
        if not row.kind == row.labelled.label == "denial":
            continue
        for denial in row.labelled.denials:
            if denial.strength:
                read = [s for s in _denials(row) if _is_by(s, denial)] or _denials(row)
                wanted = _STRENGTHS.get(denial.strength, {denial.strength})
                checks.append(any(s.strength is not None and s.strength.value in wanted for s in read))
    return checks


def quiet_checks(judged: Sequence[Judged]) -> list[bool]:
    """For each hard negative in which nobody denies anything: whether no fresh denial was read."""
    return [row.kind != "denial" for row in judged if row.labelled.trap in QUIET_TRAPS]


def _denials(row: Judged) -> list[Statement]:
    return [statement for statement in row.reading.statements if statement.kind is Kind.DENIAL]


def _is_by(statement: Statement, denial: Denial) -> bool:
    return same_party(f"{statement.party or ''} {statement.speaker or ''}", denial.by)
