"""The command `explain`: a text with its spans marked, each statement with its cues, and what was not taken.

A statement's words stand between [1 and 1], a phrase that was passed over between (a and a).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from string import ascii_lowercase

from service.core.marking import Run, TextMark, runs
from service.core.model import Evidence, Item, PassedOver, Reading, Statement
from service.core.reading.read import read_statements
from service.core.reading.stance import Judgement, judge
from service.errors import InputError
from service.jsonl import GivenItem
from service.lexicons import knowledge_on_demand
from service.lexicons.stance import load_stance
from service.settings import load_settings
from workers.time_order import on_the_clock

MOST_LETTERED = len(ascii_lowercase)


def explain(given: Sequence[str], claim: str | None = None) -> int:
    """Explains each of `given` (a file, an item's id, or a text itself; none: standard input).

    With a `claim` (in English, as the learned score is) also what that score makes of it.
    """
    knowledge = knowledge_on_demand()
    model = load_stance() if claim else None
    for item in _items(given):
        said = explained(item, read_statements(item, knowledge))
        if claim and model is not None:
            said += judged(judge(claim, item, model))
        sys.stdout.buffer.write(said.encode("utf-8"))
    sys.stdout.buffer.flush()
    return 0


def judged(judgement: Judgement) -> str:
    """A judgement as text: the stance, whether it is sure, and the features that moved it most."""
    scores = judgement.scores
    lines = [
        f"the claim, by the learned score: {judgement.stance.value}{'' if judgement.sure else ' (not sure)'}"
    ]
    shares = f"related {scores.related:.2f}"
    if scores.asserts or scores.denies or scores.reports:
        shares += f"; asserts {scores.asserts:.2f}, denies {scores.denies:.2f}, reports {scores.reports:.2f}"
    lines.append(f"   {shares}")
    lines += [f"   {moved.amount:+.2f} {moved.feature}" for moved in judgement.because]
    return "\n".join(lines) + "\n\n"


def _items(given: Sequence[str]) -> Iterator[Item]:
    if not given:
        yield _item("standard input", sys.stdin.buffer.read().decode("utf-8", "replace"))
    for words in given:
        yield _named(words)


def _named(words: str) -> Item:
    try:
        path = Path(words)
        if path.is_file():
            return _item(words, path.read_bytes().decode("utf-8", "replace"))
    except OSError:  # a text is often too long for the name of a file
        pass
    if words.startswith("i_") and " " not in words:
        return _stored(words)
    if " " not in words.strip() and words.isascii():
        raise InputError(f"{words} is neither a file nor the id of an item; a text of one word says nothing.")
    return _item("the text", words)


def _stored(item_id: str) -> Item:
    from service import wiring  # only here: a text is explained without a database and the network

    with closing(wiring.open_ledger(load_settings())) as ledger:
        item = ledger.items.latest(item_id)
    if item is None:
        raise InputError(f"the ledger holds no item {item_id}.")
    return item


def _item(name: str, text: str) -> Item:
    return on_the_clock([GivenItem(name, "", text, None, None, None, None)])[0]


def explained(item: Item, reading: Reading) -> str:
    """An item's reading as text."""
    statements = [(str(number), one) for number, one in enumerate(reading.statements, start=1)]
    passed = list(zip(ascii_lowercase, reading.passed_over, strict=False))
    marks = [(label, one.evidence) for label, one in statements]
    marks += [(label, one.evidence) for label, one in passed]
    lines = [f"{item.id} ({reading.lang})", ""]
    lines += [line for field in ("title", "text") for line in _marked(item, field, marks)]
    lines += [line for number, one in statements for line in _statement(number, one)] or ["no statement"]
    lines += [line for letter, one in passed for line in _passed(letter, one)]
    if reading.unread:
        lines.append(f"the last {reading.unread:,} characters were not read: the item is too long")
    return "\n".join(lines) + "\n\n"


def _marked(item: Item, field: str, marks: Sequence[tuple[str, Evidence]]) -> list[str]:
    """The lines of one field with the marks in their places, indented, an empty line behind them."""
    text = item.title if field == "title" else item.text
    here = [TextMark(label, e.start, e.end) for label, e in marks if e.field == field]
    said = "".join(map(_with_brackets, runs(text, here)))
    shown = [f"  {line}" for line in said.splitlines() if line.strip()]
    return [*shown, ""] if shown else []


def _with_brackets(run: Run) -> str:
    opened = "".join(f"[{label} " if label.isdigit() else f"({label} " for label in run.opens)
    closed = "".join(f" {label}]" if label.isdigit() else f" {label})" for label in run.closes)
    return f"{opened}{run.text}{closed}"


def _statement(number: str, statement: Statement) -> list[str]:
    firmly = f" ({statement.strength.value})" if statement.strength else ""
    who = statement.party or "nobody named"
    role = f", {statement.role.value}" if statement.role else ""
    speaker = f", by {statement.speaker}" if statement.speaker else ""
    age = "" if statement.fresh else ", a recap"
    return [
        f"{number}  {statement.kind.value}{firmly}: {who}{role}{speaker}{age}, "
        f"confidence {statement.confidence:.2f}",
        f"   claim: {statement.claim.text}",
        f"   because {', '.join(statement.because)}",
    ]


def _passed(letter: str, passed: PassedOver) -> list[str]:
    return [f"{letter}  not taken: {passed.why} ({passed.cue})"]
