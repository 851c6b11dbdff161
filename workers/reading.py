"""The command `read`: what the reader sees in items, for a program or a person."""

from __future__ import annotations

import sys
from pathlib import Path

from service.core.reading.read import read_statements
from service.jsonl import dump, reading_row
from service.lexicons import knowledge_on_demand
from workers.explaining import explained
from workers.sources import Complaints, given_items
from workers.time_order import on_the_clock


def read_files(paths: list[Path], *, jsonl: bool) -> int:
    """Reads items to standard output in input order; 1 where a line was bad, else 0."""
    knowledge = knowledge_on_demand()
    complaints = Complaints()
    out = sys.stdout.buffer
    for given in given_items(paths, complaints):
        item = on_the_clock([given])[0]
        reading = read_statements(item, knowledge)
        text = dump(reading_row(item.id, reading)) + "\n" if jsonl else explained(item, reading)
        out.write(text.encode("utf-8"))
        if reading.unread:
            sys.stderr.write(f"rumorwatch: {item.id}: {reading.unread:,} characters too long, cut\n")
    out.flush()
    return 1 if complaints.count else 0
