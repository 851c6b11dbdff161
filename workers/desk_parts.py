"""What the desk shows and does, joined from the parts of a running service."""

from __future__ import annotations

from secrets import token_bytes

from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.doorbell import Work
from service.jsonl import GivenItem
from service.web.callers import Seal
from service.web.curation import Curation
from service.web.parts import DeskParts
from service.web.reader import Read, Reader
from service.wiring import Parts
from workers.desk_decisions import Deciding
from workers.time_order import on_the_clock


def desk_parts(parts: Parts) -> DeskParts:
    """The desk over a ledger."""
    return DeskParts(
        parts.ledger.lists, reader(parts.knowledge), curation(parts), parts.knowledge.names.canonical
    )


def curation(parts: Parts) -> Curation:
    """Decisions, taken in the service's ledger."""
    deciding = Deciding(
        parts.ledger, parts.audience.current, lambda: parts.bell.ring(Work.DELIVERIES), parts.clock
    )
    return curation_of(deciding)


def curation_of(deciding: Deciding) -> Curation:
    """The desk's side of where decisions are taken, with a seal of its own."""
    return Curation(deciding.ledger.reports.doubts, deciding.decide, deciding.audit, Seal(token_bytes(32)))


def reader(knowledge: Knowledge) -> Reader:
    """Reads texts as `rumorwatch read` does."""

    def read(given: GivenItem) -> Read:
        item = on_the_clock([given])[0]
        return Read(item, read_statements(item, knowledge))

    return Reader(read)
