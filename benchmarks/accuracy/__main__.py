"""Measure the reader against labelled items: `python -m benchmarks.accuracy FILE_OR_FOLDER...`.

Rows are JSON Lines: episodes (`items` with `label`), negatives (`trap`) or labelled items (`label`). An
item's kind is the strongest of its fresh statements, denial before confirmation before rumor; a silence
counts as none. `--part first|last|all` takes the first two thirds of each file, the last third (kept unread
while building) or all of it; `--wrong N` prints the first N items that are read wrongly.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.core.model import Item, Kind, Reading
from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.lexicons import load_knowledge

KINDS = ("denial", "confirmation", "rumor", "other")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item with the kind that a careful reader gives it, and the parties of its denials."""

    item: Item
    label: str
    deniers: tuple[str, ...]
    trap: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled item with what the reader makes of it."""

    labelled: Labelled
    reading: Reading
    kind: str


def main(arguments: list[str]) -> int:
    """Print the table; 0 where everything could be read."""
    parser = argparse.ArgumentParser(prog="benchmarks.accuracy", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--part", choices=("first", "last", "all"), default="all")
    parser.add_argument("--languages", nargs="+", help="only these lexicons; without it all")
    parser.add_argument("--wrong", type=int, default=0)
    chosen = parser.parse_args(arguments)
    labelled = [row for path in chosen.paths for file in _files(path) for row in _rows(file, chosen.part)]
    knowledge = load_knowledge(chosen.languages)
    started = time.perf_counter()
    judged = _judge(labelled, knowledge)
    _print_table(judged, time.perf_counter() - started)
    for wrong in [j for j in judged if j.kind != j.labelled.label][: chosen.wrong]:
        _print_wrong(wrong)
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


def _rows(file: Path, part: str) -> Iterator[Labelled]:
    lines = file.read_text("utf-8").splitlines()
    cut = len(lines) * 2 // 3
    for line in {"first": lines[:cut], "last": lines[cut:], "all": lines}[part]:
        row = json.loads(line)
        for entry in row.get("items", [row]):
            yield _labelled(entry)


def _labelled(row: dict[str, Any]) -> Labelled:
    label = row.get("label", "denial" if row.get("trap") == "a" else "other")
    deniers = tuple(s["by"] for s in row.get("statements", ()) if s["kind"] == "denial" and s.get("by"))
    published = _time(row.get("published"))
    item = Item(
        row["id"],
        row["title"],
        row["text"],
        published or _NOW,
        outlet=row.get("outlet"),
        lang=row.get("lang"),
    )
    return Labelled(item, label, deniers, row.get("trap", ""))


def _time(written: str | None) -> datetime | None:
    if not written:
        return None
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _judge(labelled: list[Labelled], knowledge: Knowledge) -> list[Judged]:
    judged = []
    for row in labelled:
        reading = read_statements(row.item, knowledge)
        judged.append(Judged(row, reading, kind_of(reading)))
    return judged


def kind_of(reading: Reading) -> str:
    """The item's kind: the strongest of its fresh statements."""
    kinds = {statement.kind for statement in reading.statements if statement.fresh}
    for kind in (Kind.DENIAL, Kind.CONFIRMATION, Kind.RUMOR):
        if kind in kinds:
            return kind.value
    return "other"


def _print_table(judged: list[Judged], seconds: float) -> None:
    _say(f"{len(judged)} items, {len(judged) / max(seconds, 1e-9):.0f} a second")
    confusion = Counter((j.labelled.label, j.kind) for j in judged)
    scores = []
    for kind in KINDS:
        right = confusion[kind, kind]
        told = sum(n for (_, given), n in confusion.items() if given == kind)
        true = sum(n for (label, _), n in confusion.items() if label == kind)
        precision, recall = right / max(told, 1), right / max(true, 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        scores += [f1] if true else []
        _say(f"{kind:13} precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}  ({true} items)")
    _say(f"{'macro':13} F1 {sum(scores) / max(len(scores), 1):.3f}   party of denials {_parties(judged):.3f}")
    for (label, given), count in sorted(confusion.items()):
        if label != given:
            _say(f"  {label} read as {given}: {count}")


def _parties(judged: list[Judged]) -> float:
    """Share of labelled deniers whose words meet those of some denial's party or speaker."""
    met = asked = 0
    for row in judged:
        words = set()
        for statement in row.reading.statements:
            if statement.kind is Kind.DENIAL:
                words |= set(f"{statement.party} {statement.speaker}".lower().split())
        for denier in row.labelled.deniers if row.kind == row.labelled.label == "denial" else ():
            asked += 1
            met += bool(
                words & set(denier.lower().replace("(", "").replace(")", "").replace(";", "").split())
            )
    return met / max(asked, 1)


def _print_wrong(wrong: Judged) -> None:
    row = wrong.labelled
    _say(f"\n## {row.item.id}: {row.label} read as {wrong.kind} {row.trap}")
    _say(f"{row.item.title}\n{row.item.text[:900]}")
    for statement in wrong.reading.statements:
        told = f"{statement.kind} {statement.party} fresh={statement.fresh} {statement.because}"
        _say(f"   > {told} {statement.evidence.text[:90]!r}")
    for passed in wrong.reading.passed_over:
        _say(f"   - {passed.cue}: {passed.why}: {passed.evidence.text!r}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
