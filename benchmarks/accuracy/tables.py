"""The figures and tables of a run: of the reader on labelled items, of the scorer on pairs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.accuracy.claims import Outcome, Scored, counted, summed
from benchmarks.accuracy.corpus import (
    KINDS,
    Judged,
    party_checks,
    quiet_checks,
    strength_checks,
)
from benchmarks.accuracy.figures import Figure, f1, figure, macro, share
from benchmarks.accuracy.fnc1 import STANCES, Pair, stories


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, column names and rows, ready for Markdown."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """All about one set: tables for people, figures for the record."""

    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]


def markdown(tables: Sequence[Table]) -> str:
    """Tables one below the other."""
    return "\n".join(line for table in tables for line in _markdown(table))


def _markdown(table: Table) -> list[str]:
    lines = [f"### {table.heading}", "", "| " + " | ".join(table.columns) + " |"]
    lines.append("|" + "|".join(" --- " if n == 0 else " --: " for n in range(len(table.columns))) + "|")
    return [*lines, *("| " + " | ".join(row) + " |" for row in table.rows), ""]


# --- the reader ------------------------------------------------------------------------------------


def reader_section(name: str, judged: Sequence[Judged]) -> Section:
    """Kinds, confusion, languages and traps of one set of labelled items."""
    figures = reader_figures(name, judged)
    tables = [
        Table(f"{name}: kinds", ("kind", "precision", "recall", "F1", "items"), _kind_rows(judged)),
        Table(f"{name}: figures", ("figure", "value", "±", "of"), _figure_rows(figures)),
        Table(f"{name}: label (row) read as (column)", ("label", *KINDS), _confusion_rows(judged)),
        Table(
            f"{name}: languages",
            ("language", "items", "kind right", "denial F1", "party"),
            _language_rows(judged),
        ),
        Table(f"{name}: traps", ("trap", "items", "no fresh denial"), _trap_rows(judged)),
    ]
    return Section(tuple(table for table in tables if table.rows), figures)


def reader_figures(name: str, judged: Sequence[Judged]) -> tuple[Figure, ...]:
    """What is recorded of one set: the numbers that the reader promises."""
    found = [
        figure(f"{name}: kind F1 macro", judged, lambda rows: macro(_confusion(rows))),
        figure(f"{name}: denial F1", judged, lambda rows: f1(_confusion(rows), "denial")[2]),
        figure(f"{name}: party of denials", party_checks(judged), share),
        figure(f"{name}: strength of denials", strength_checks(judged), share),
        figure(f"{name}: hard negatives without a fresh denial", quiet_checks(judged), share),
    ]
    return tuple(one for one in found if one.count)


def _confusion(judged: Sequence[Judged]) -> Counter[tuple[str, str]]:
    return Counter((row.labelled.label, row.kind) for row in judged)


def _kind_rows(judged: Sequence[Judged]) -> tuple[tuple[str, ...], ...]:
    confusion = _confusion(judged)
    true = Counter(row.labelled.label for row in judged)
    return tuple((kind, *map(_number, f1(confusion, kind)), str(true[kind])) for kind in KINDS)


def _confusion_rows(judged: Sequence[Judged]) -> tuple[tuple[str, ...], ...]:
    confusion = _confusion(judged)
    return tuple((label, *(str(confusion[label, given]) for given in KINDS)) for label in KINDS)


def _language_rows(judged: Sequence[Judged]) -> tuple[tuple[str, ...], ...]:
    groups: defaultdict[str, list[Judged]] = defaultdict(list)
    for row in judged:
        groups[row.labelled.item.lang or row.reading.lang or "?"].append(row)
    return tuple(
        (
            lang,
            str(len(rows)),
            _number(share([row.right for row in rows])),
            _number(f1(_confusion(rows), "denial")[2]),
            _number(share(party_checks(rows))),
        )
        for lang, rows in sorted(groups.items())
    )


def _trap_rows(judged: Sequence[Judged]) -> tuple[tuple[str, ...], ...]:
    groups: defaultdict[str, list[bool]] = defaultdict(list)
    for row in judged:
        if row.labelled.trap:
            groups[row.labelled.trap].append(row.kind != "denial")
    return tuple((trap, str(len(quiet)), str(sum(quiet))) for trap, quiet in sorted(groups.items()))


def _figure_rows(figures: Sequence[Figure]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (one.name.split(": ", 1)[1], _number(one.value), _number(one.noise), str(one.count))
        for one in figures
    )


def _number(value: float) -> str:
    return f"{value:.3f}"


# --- the scorer ------------------------------------------------------------------------------------


def pairs_section(name: str, judged: Sequence[tuple[Scored, str]], pairs: Sequence[Pair]) -> Section:
    """Stances, score and confusion over judged pairs; the noise is that of drawing other stories."""
    units = _by_story(judged, pairs)
    figures = tuple(
        figure(f"{name}: {what}", units, partial(_measured, what))
        for what in (*(f"{stance} F1" for stance in STANCES), "macro F1", "score, share of the best")
    )
    whole = counted(judged).confusion
    rows = tuple(
        (truth, *(f"{whole.get((truth, given), 0.0):.0f}" for given in STANCES)) for truth in STANCES
    )
    tables = (
        Table(f"{name}: figures", ("figure", "value", "±", "stories"), _figure_rows(figures)),
        Table(f"{name}: label (row) judged as (column), weighted as in the data", ("label", *STANCES), rows),
    )
    return Section(tables, figures)


def _by_story(judged: Sequence[tuple[Scored, str]], pairs: Sequence[Pair]) -> list[Outcome]:
    story = stories(pairs)
    groups: defaultdict[str, list[tuple[Scored, str]]] = defaultdict(list)
    for row, given in judged:
        groups[story[f"b:{pairs[row.place].body}"]].append((row, given))
    return [counted(rows) for _, rows in sorted(groups.items())]


def _measured(what: str, drawn: Sequence[Outcome]) -> float:
    whole = summed(drawn)
    if what == "macro F1":
        return whole.macro()
    return whole.f1(what.split()[0]) if what.endswith("F1") else whole.score() / 100
