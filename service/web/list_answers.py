"""What the API answers of items, and of a reading: as types, for its description."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from service.core.model import Kind, Reason, Role, Strength
from service.store.lists import ItemPage, SaidRow
from service.web.answers import EvidenceAnswer, Moment


class _FromRow(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class ItemAnswer(_FromRow):
    """An item as its latest revision has it."""

    id: str
    revision: int
    feed_id: str = Field(description="Empty for an item that came without a feed")
    title: str
    url: str | None
    outlet: str | None
    lang: str | None
    published: Moment | None
    told_at: Moment = Field(description="The moment it speaks from")
    first_seen_at: Moment
    seen_at: Moment = Field(description="When this revision was first seen")
    backfill: bool = Field(description="It is history and alerted nobody")
    state: str = Field(description="pending: to be read; done; quarantined: set aside")
    why: str | None = Field(description="Why it was set aside")


class ReadStatementAnswer(_FromRow):
    """One statement, in the words of `rumorwatch read --jsonl`."""

    kind: Kind
    party: str | None
    speaker: str | None
    role: Role | None
    strength: Strength | None
    claim: str
    entities: list[str]
    fresh: bool = Field(description="false: a recap of something old")
    confidence: float
    evidence: EvidenceAnswer
    because: list[str] = Field(description="Ids of the cues that decided the kind")


class ReadingAnswer(_FromRow):
    """What the reader sees in a text: the line that `rumorwatch read --jsonl` writes."""

    id: str
    lang: str
    statements: list[ReadStatementAnswer]


class SaidAnswer(ReadStatementAnswer):
    """One statement of an item, and where it stands."""

    story_id: str | None = Field(description="null: it stands in no story")
    reason: Reason | None = Field(description="Why somebody was told, or was not; null: nobody has decided")
    why: str | None = Field(description="Why it stands in no story")

    @classmethod
    def of(cls, row: SaidRow) -> SaidAnswer:
        """The ledger's row, flat."""
        said = row.statement
        read = {name: getattr(said, name) for name in ReadStatementAnswer.model_fields if name != "claim"}
        where = {"story_id": row.story_id, "reason": row.reason, "why": row.why}
        return cls.model_validate({**read, "claim": said.claim.text, **where})


class ItemPageAnswer(BaseModel):
    """An item whole."""

    item: ItemAnswer
    text: str = Field(description="Empty where it was forgotten")
    statements: list[SaidAnswer]

    @classmethod
    def of(cls, page: ItemPage) -> ItemPageAnswer:
        """The ledger's page."""
        said = [SaidAnswer.of(row) for row in page.statements]
        return cls(item=ItemAnswer.model_validate(page.item), text=page.text, statements=said)
