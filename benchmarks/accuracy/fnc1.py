"""The claim-and-item task: pairs of headline and body with a stance, and folds that keep stories apart.

Files are those of the Fake News Challenge: one with columns `Body ID, articleBody`, one with `Headline, Body
ID, Stance`, plain or gzipped, whatever their names, as long as they end in `bodies` and `stances`. Two kinds
of folds, both without a shared headline or body: `story`, where all that is related to each other stays in
one fold, and `text`, where headlines and bodies are dealt out one by one and pairs across folds are dropped.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.errors import InputError

STANCES = ("agree", "disagree", "discuss", "unrelated")
_LONGEST_FIELD = 10_000_000


@dataclass(frozen=True, slots=True)
class Pair:
    """A headline (the tracked claim) and a body (the item), with the stance that readers gave it."""

    headline: str
    body: str
    stance: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """All pairs, and the bodies by their ids."""

    pairs: tuple[Pair, ...]
    bodies: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fold:
    """Places in `Pairs.pairs` to train on and to test on: no headline and no body is in both."""

    train: tuple[int, ...]
    test: tuple[int, ...]


def load_pairs(folder: Path, part: str = "") -> Pairs:
    """The pairs in `folder`, from files whose names hold `part`. InputError where they are not there."""
    bodies = {row["Body ID"]: row["articleBody"] for row in _rows(_file(folder, part, "bodies"))}
    pairs = tuple(
        Pair(row["Headline"], row["Body ID"], row["Stance"].strip().lower())
        for row in _rows(_file(folder, part, "stances"))
    )
    return Pairs(tuple(pair for pair in pairs if pair.body in bodies and pair.stance in STANCES), bodies)


def _file(folder: Path, part: str, kind: str) -> Path:
    found = [
        path
        for path in sorted(folder.iterdir())
        if kind in path.name.lower() and part in path.name.lower() and ".csv" in path.name.lower()
    ]
    labelled = [path for path in found if "unlabeled" not in path.name.lower()]
    if not labelled:
        raise InputError(f"There is no file of {kind} in {folder}.")
    return labelled[0]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig", "replace"), newline=""))
    for row in reader:
        yield {sys.intern((key or "").strip()): value for key, value in row.items() if isinstance(value, str)}


# --- folds -----------------------------------------------------------------------------------------


def stories(pairs: Sequence[Pair]) -> dict[str, str]:
    """For each headline (`h:` before it) and body (`b:`) the story that its related pairs tie it to."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for pair in pairs:
        head, body = root(f"h:{pair.headline}"), root(f"b:{pair.body}")
        if pair.stance != "unrelated" and head != body:
            parent[max(head, body)] = min(head, body)
    return {node: root(node) for node in list(parent)}


def story_folds(pairs: Sequence[Pair], count: int) -> list[Fold]:
    """Folds of whole stories, those with denials dealt out evenly."""
    story = stories(pairs)
    related = Counter(story[f"b:{p.body}"] for p in pairs if p.stance != "unrelated")
    denials = Counter(story[f"b:{p.body}"] for p in pairs if p.stance == "disagree")
    loads = [[0, 0] for _ in range(count)]
    place: dict[str, int] = {}
    for name in sorted(set(story.values()), key=lambda n: (-denials[n], -related[n], _mixed(n, 0))):
        fold = min(range(count), key=lambda k: (loads[k][0] if denials[name] else 0, loads[k][1], k))
        loads[fold][0] += denials[name]
        loads[fold][1] += related[name]
        place[name] = fold
    return _folds(pairs, {node: place[name] for node, name in story.items()}, count)


def text_folds(pairs: Sequence[Pair], count: int) -> list[Fold]:
    """Folds of headlines and bodies one by one: stories may lie on both sides, texts may not."""
    nodes = {f"h:{p.headline}" for p in pairs} | {f"b:{p.body}" for p in pairs}
    return _folds(pairs, {node: _mixed(node, 1) % count for node in nodes}, count)


def _folds(pairs: Sequence[Pair], place: dict[str, int], count: int) -> list[Fold]:
    sides = [(place[f"h:{pair.headline}"], place[f"b:{pair.body}"]) for pair in pairs]
    return [
        Fold(
            tuple(i for i, side in enumerate(sides) if fold not in side),
            tuple(i for i, side in enumerate(sides) if side == (fold, fold)),
        )
        for fold in range(count)
    ]


def _mixed(text: str, salt: int) -> int:
    """A number for `text` that is the same in every process."""
    return int.from_bytes(hashlib.sha256(f"{salt}{text}".encode()).digest()[:6], "big")
