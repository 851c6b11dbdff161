"""What the desk shows and does, joined from the parts of a running service."""

from __future__ import annotations

from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.jsonl import GivenItem
from service.web.parts import DeskParts
from service.web.reader import Read, Reader
from service.wiring import Parts
from workers.time_order import on_the_clock


def desk_parts(parts: Parts) -> DeskParts:
    """The desk over a ledger."""
    return DeskParts(parts.ledger.lists, reader(parts.knowledge), parts.knowledge.names.canonical)


def reader(knowledge: Knowledge) -> Reader:
    """Reads texts as `rumorwatch read` does."""

    def read(given: GivenItem) -> Read:
        item = on_the_clock([given])[0]
        return Read(item, read_statements(item, knowledge))

    return Reader(read)
