"""The commands `read` and `explain`: what the reader sees in an item, for a program or a person."""

from __future__ import annotations

import sys
from pathlib import Path

from service.core.reading.read import read_statements

from service.core.model import Evidence, Item, PassedOver, Reading, Statement
from service.errors import InputError
from service.jsonl import GivenItem, dump, reading_row
from service.lexicons import load_knowledge
from workers.replay import on_the_clock
from workers.sources import Complaints, given_items

CONTEXT = 60


def read_files(paths: list[Path], *, jsonl: bool) -> int:
    """Reads items to standard output in input order; 1 where a line was bad, else 0."""
    knowledge = load_knowledge()
    complaints = Complaints()
    out = sys.stdout.buffer
    for given in given_items(paths, complaints):
        item = on_the_clock([given])[0]
        reading = read_statements(item, knowledge)
        text = dump(reading_row(item.id, reading)) + "\n" if jsonl else explained(item, reading)
        out.write(text.encode("utf-8"))
    out.flush()
    return 1 if complaints.count else 0


def explain_files(paths: list[Path]) -> int:
    """Explains whole files (standard input where there are none) as one item each."""
    knowledge = load_knowledge()
    for name, text in _texts(paths):
        item = _item(name, text)
        sys.stdout.buffer.write(explained(item, read_statements(item, knowledge)).encode("utf-8"))
    sys.stdout.buffer.flush()
    return 0


def _texts(paths: list[Path]) -> list[tuple[str, str]]:
    if not paths:
        return [("standard input", sys.stdin.buffer.read().decode("utf-8", "replace"))]
    try:
        return [(str(path), path.read_bytes().decode("utf-8", "replace")) for path in paths]
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}.") from None


def _item(name: str, text: str) -> Item:
    return on_the_clock([GivenItem(name, "", text, None, None, None, None)])[0]


def explained(item: Item, reading: Reading) -> str:
    """An item's reading as text: each statement with its words in place, then what was passed over."""
    lines = [f"{item.id} ({reading.lang})"]
    if not reading.statements:
        lines.append("  no statement")
    for statement in reading.statements:
        lines += _statement(item, statement)
    for passed in reading.passed_over:
        lines += _passed(item, passed)
    return "\n".join(lines) + "\n\n"


def _statement(item: Item, statement: Statement) -> list[str]:
    firmly = f" ({statement.strength.value})" if statement.strength else ""
    who = statement.party or "nobody named"
    role = f", {statement.role.value}" if statement.role else ""
    speaker = f", by {statement.speaker}" if statement.speaker else ""
    age = "" if statement.fresh else ", a recap"
    return [
        f"  {statement.kind.value}{firmly}: {who}{role}{speaker}{age}, confidence {statement.confidence:.2f}",
        f"    claim: {statement.claim.text}",
        f"    {in_place(item, statement.evidence)}",
        f"    because {', '.join(statement.because)}",
    ]


def _passed(item: Item, passed: PassedOver) -> list[str]:
    return [f"  not taken, {passed.why} ({passed.cue})", f"    {in_place(item, passed.evidence)}"]


def in_place(item: Item, evidence: Evidence) -> str:
    """The evidence between brackets, with the words around it."""
    text = item.title if evidence.field == "title" else item.text
    before = " ".join(text[max(0, evidence.start - CONTEXT) : evidence.start].split())
    after = " ".join(text[evidence.end : evidence.end + CONTEXT].split())
    where = f"{evidence.field} {evidence.start}-{evidence.end}"
    return f"{where}: {before} [{' '.join(evidence.text.split())}] {after}"
