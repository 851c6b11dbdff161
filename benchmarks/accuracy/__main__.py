"""Measure reading in public: `python -m benchmarks.accuracy --corpus DIR --reuters DIR --fnc1 DIR`.

Labelled items (files or folders, also as plain arguments) are read; pairs are judged by the learned scorer,
those of `--fnc1` by cross-validation, those of `--fnc1-test` by the shipped weights. Prints tables and the
worst items with their texts and compares with benchmarks/accuracy.json: ends with 1 where a figure fell by
more than noise. `--record` keeps the figures there and the tables, without texts, in benchmarks/accuracy.md.
A folder that is not there is said to be so and left out. `--part first|last|all` takes two thirds of each
file, the last third, or all; with it, with `--languages` or with plain arguments nothing is compared.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import exp
from pathlib import Path

from benchmarks.accuracy.claims import FOLDS, Cut, Scored, cross_validated, given, nested, scored
from benchmarks.accuracy.corpus import Judged, judged_items, labelled_items
from benchmarks.accuracy.figures import Figure, fallen, record, recorded
from benchmarks.accuracy.fnc1 import Pair, Pairs, load_pairs
from benchmarks.accuracy.tables import Section, Table, markdown, pairs_section, reader_section
from benchmarks.accuracy.training import material
from service.core.model import Item
from service.core.reading.stance import judge
from service.errors import RumorwatchError
from service.lexicons import load_knowledge
from service.lexicons.stance import load_stance

HERE = Path(__file__).parent.parent
_TEXT_SHOWN = 900
_HELD = "own items, held"  # nobody reads their errors, so that they stay a test
_QUICK_FOLDS = 3
_TIMED = 600
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something judged wrongly, with how sure the judge was and what to show of it."""

    sureness: float
    shown: str


@dataclass(frozen=True, slots=True)
class Part:
    """A set's section and what went wrong in it."""

    section: Section
    wrong: tuple[Wrong, ...]


def main(arguments: list[str]) -> int:
    """Measure, print, write, compare; 1 where something fell or could not be read."""
    chosen = _parser().parse_args(arguments)
    try:
        parts = [*_reader_parts(chosen), *_pair_parts(chosen)]
    except RumorwatchError as error:
        _say(str(error))
        return 1
    _say(markdown([table for part in parts for table in part.section.tables]))
    for part in parts:
        for wrong in sorted(part.wrong, key=lambda w: -w.sureness)[: chosen.wrong]:
            _say(wrong.shown)
    if chosen.paths or chosen.part != "all" or chosen.languages:
        return 0
    return _compare(parts, chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.accuracy", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="further files or folders of labelled items")
    for name, what in (
        ("--corpus", "folder of labelled episodes and negatives"),
        ("--reuters", "folder of labelled newswire"),
        (
            "--news",
            "folder of own labelled items, `read` and `held`: held texts stay unseen",
        ),
        ("--fnc1", "folder of labelled pairs: cross-validated"),
        ("--fnc1-test", "folder of labelled pairs: scored with the shipped weights, never trained on"),
    ):
        parser.add_argument(name, type=Path, help=what)
    parser.add_argument("--part", choices=("first", "last", "all"), default="all")
    parser.add_argument("--languages", nargs="+", help="only these lexicons; without it all")
    parser.add_argument("--wrong", type=int, default=20, help="how many wrong ones of each set to print")
    parser.add_argument("--quick", action="store_true", help="only a few folds of the cross-validation")
    parser.add_argument("--record", action="store_true", help="keep this run's figures as the recorded ones")
    parser.add_argument("--record-file", type=Path, default=HERE / "accuracy.json")
    parser.add_argument("--table-file", type=Path, default=HERE / "accuracy.md")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _is_there(path: Path | None, name: str) -> bool:
    if path is not None and not path.exists():
        _say(f"{name}: there is no {path}, so it is not measured.")
    return path is not None and path.exists()


# --- the reader ------------------------------------------------------------------------------------


def _reader_parts(chosen: argparse.Namespace) -> list[Part]:
    sets = [("corpus", chosen.corpus), ("newswire", chosen.reuters), *((p.stem, p) for p in chosen.paths)]
    if chosen.news is not None:
        sets += [("own items, read", chosen.news / "read"), (_HELD, chosen.news / "held")]
    there = [(name, path) for name, path in sets if _is_there(path, name)]
    if not there:
        return []
    knowledge = load_knowledge(chosen.languages)
    parts = []
    for name, path in there:
        labelled = labelled_items(path, chosen.part)
        started = time.perf_counter()
        judged = judged_items(labelled, knowledge)
        seconds = time.perf_counter() - started
        _say(f"{name}: {len(judged)} items, {len(judged) / max(seconds, 1e-9):.0f} a second")
        shown = [row for row in judged if not row.right and name != _HELD]
        wrong = tuple(Wrong(row.confidence, _shown(row)) for row in shown)
        parts.append(Part(reader_section(name, judged), wrong))
    return parts


def _shown(wrong: Judged) -> str:
    row = wrong.labelled
    lines = [f"\n## {row.item.id}: {row.label} read as {wrong.kind} {row.trap}"]
    lines.append(f"{row.item.title}\n{row.item.text[:_TEXT_SHOWN]}")
    for statement in wrong.reading.statements:
        told = f"{statement.kind} {statement.party} fresh={statement.fresh} {statement.because}"
        lines.append(f"   > {told} {statement.evidence.text[:90]!r}")
    for passed in wrong.reading.passed_over:
        lines.append(f"   - {passed.cue}: {passed.why}: {passed.evidence.text!r}")
    return "\n".join(lines)


# --- the scorer ------------------------------------------------------------------------------------


def _pair_parts(chosen: argparse.Namespace) -> list[Part]:
    parts = []
    if _is_there(chosen.fnc1, "fnc1"):
        parts += _cross_validated_parts(load_pairs(chosen.fnc1), quick=chosen.quick)
    if _is_there(chosen.fnc1_test, "fnc1-test"):
        parts.append(_test_part(_test_pairs(chosen.fnc1_test)))
    return parts


def _test_pairs(folder: Path) -> Pairs:
    """The pairs of a folder; where it holds both halves, those of the test half."""
    names = [path.name.lower() for path in folder.iterdir()]
    return load_pairs(folder, "test" if any("test" in n and "stances" in n for n in names) else "")


def _cross_validated_parts(loaded: Pairs, *, quick: bool) -> list[Part]:
    stuff = material(loaded)
    parts = []
    for kind in ["story"] if quick else list(FOLDS):
        started = time.perf_counter()
        rows = cross_validated(stuff, kind, _QUICK_FOLDS if quick else None)
        cut = _shipped_cut()  # too few folds to choose another by
        judged = [(row, given(row, cut)) for row in rows] if quick else nested(rows)
        name = f"claims, {'a few folds' if quick else 'folds'} by {kind}"
        _say(f"{name}: {len(judged)} pairs in {time.perf_counter() - started:.0f} s")
        parts.append(Part(pairs_section(name, judged, loaded.pairs), _wrong_pairs(judged, loaded)))
    _say_speed(loaded)
    return parts


def _test_part(loaded: Pairs) -> Part:
    stuff, weights = material(loaded), load_stance().weights
    rows = [scored(stuff, place, weights) for place in range(len(loaded.pairs))]
    cut = _shipped_cut()
    judged = [(row, given(row, cut)) for row in rows]
    name = "claims, shipped weights on the test half"
    return Part(pairs_section(name, judged, loaded.pairs), _wrong_pairs(judged, loaded))


def _shipped_cut() -> Cut:
    weights = load_stance().weights
    return Cut(weights.shifts, weights.turned, weights.match_from)


def _wrong_pairs(judged: Sequence[tuple[Scored, str]], loaded: Pairs) -> tuple[Wrong, ...]:
    """One for each body that is judged wrongly, the surest of it."""
    worst: dict[str, Wrong] = {}
    for row, stance in judged:
        pair = loaded.pairs[row.place]
        if stance != row.truth and "disagree" in (stance, row.truth):
            sureness = row.related * exp(max(row.logs))
            if pair.body not in worst or worst[pair.body].sureness < sureness:
                worst[pair.body] = Wrong(sureness, _shown_pair(pair, stance, loaded.bodies[pair.body]))
    return tuple(worst.values())


def _shown_pair(pair: Pair, stance: str, body: str) -> str:
    return f"\n## {pair.stance} judged as {stance}: {pair.headline}\n{body[:_TEXT_SHOWN]}"


def _say_speed(loaded: Pairs) -> None:
    """Items a second on one core: related pairs, everything done anew for each."""
    model = load_stance()
    related = [pair for pair in loaded.pairs if pair.stance != "unrelated"]
    some = related[:: max(1, len(related) // _TIMED)]
    items = [Item("timed", "", loaded.bodies[pair.body], _EPOCH) for pair in some]
    started = time.process_time()
    for pair, item in zip(some, items, strict=True):
        judge(pair.headline, item, model)
    _say(f"claims: {len(some) / max(time.process_time() - started, 1e-9):.0f} related pairs a second")


# --- the record ------------------------------------------------------------------------------------


def _compare(parts: Sequence[Part], chosen: argparse.Namespace) -> int:
    figures: list[Figure] = [one for part in parts for one in part.section.figures]
    if not figures:
        _say("Nothing was measured: name at least one folder.")
        return 0
    before = recorded(chosen.record_file)
    complaints = fallen(figures, before)
    for complaint in complaints:
        _say(complaint)
    if chosen.record:
        record(chosen.record_file, figures, before)
        tables = [table for part in parts for table in part.section.tables]
        kept = _others(chosen.table_file, {table.heading.split(":")[0] for table in tables})
        chosen.table_file.write_text(_page(tables) + kept, "utf-8")
    return 1 if complaints and not chosen.record else 0


def _others(file: Path, measured: set[str]) -> str:
    """The tables of `file` that speak of sets which were not measured now."""
    text = file.read_text("utf-8") if file.exists() else ""
    tables = text.split("### ")[1:]
    return "".join("### " + one for one in tables if one.split(":")[0] not in measured)


def _page(tables: Sequence[Table]) -> str:
    opening = (
        "# Accuracy\n\nWritten by `python -m benchmarks.accuracy --record`; `±` is half the 95 % interval "
        "from resampling. Folds by story keep all that is related on one side; folds by text keep headlines "
        "and bodies apart, so that a story may lie on both sides.\n\n"
    )
    return opening + markdown(tables)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
