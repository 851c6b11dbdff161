"""What the desk shows and does, joined from the parts of a running service."""

from __future__ import annotations

from secrets import token_bytes

from service.core.reading.lexicon import Knowledge
from service.core.reading.read import read_statements
from service.doorbell import Work
from service.errors import SettingsError
from service.jsonl import GivenItem
from service.store.access import digest_of
from service.web.access import Access
from service.web.callers import Seal
from service.web.curation import Curation
from service.web.login import Door
from service.web.parts import DeskParts
from service.web.reader import Read, Reader
from service.wiring import Parts
from workers.desk_decisions import Deciding
from workers.time_order import on_the_clock


def desk_parts(parts: Parts) -> DeskParts:
    """The desk over a ledger."""
    return DeskParts(
        parts.ledger.lists,
        reader(parts.knowledge),
        curation(parts),
        parts.knowledge.names.canonical,
        door(parts),
    )


def door(parts: Parts) -> Door:
    """Who is let in. SettingsError where others reach the service and no token keeps them out."""
    rows, settings = parts.ledger.access, parts.settings
    if not settings.is_alone and not any(row.revoked_at is None for row in rows.listed()):
        raise SettingsError(
            f"RUMORWATCH_HOST is {settings.host}, which others can reach, and there is no token that would "
            "keep them out: make one first (`rumorwatch tokens add NAME`), or listen on 127.0.0.1."
        )
    token = settings.edit_token
    editing = None if token is None else digest_of(token.get_secret_value())
    access = Access(rows, parts.clock, alone=settings.is_alone, editing=editing)
    return Door(access, rows, parts.clock, parts.base_url.startswith("https://"))


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
