"""A desk over made-up stories, whose reader sees one denial in every text and passes one phrase over."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi.testclient import TestClient

from service.core.model import Claim, Evidence, Item, Kind, PassedOver, Reading, Role, Statement, Strength
from service.errors import InputError
from service.jsonl import GivenItem
from service.store.lists import ItemPage, ItemRow
from service.store.views import Page
from service.web.app import create_app
from service.web.callers import Seal
from service.web.curation import Asked, Curation, Done
from service.web.parts import DeskParts
from service.web.reader import Read, Reader
from tests.fakes_web import NOW, FakeReports


@dataclass
class FakeLists:
    """Lists with nothing in them."""

    asked: list[str] = field(default_factory=list)

    def items(self, limit: int = 50, cursor: str | None = None, feed_id: str | None = None) -> Page[ItemRow]:
        return Page((), None)

    def item(self, item_id: str) -> ItemPage | None:
        self.asked.append(item_id)
        return None


def read_as_a_denial(given: GivenItem) -> Read:
    """The first half of the text denies, and says so of everything with the text's own words."""
    words = given.text or given.title
    middle = len(words) // 2
    where = "text" if given.text else "title"
    said = Statement(
        kind=Kind.DENIAL,
        party=words,
        speaker=words,
        role=Role.PRINCIPAL,
        strength=Strength.FLAT,
        claim=Claim(text=words),
        entities=(words,),
        fresh=False,
        confidence=0.5,
        evidence=Evidence(where, 0, middle, words[:middle]),
        because=(words,),
    )
    passed = PassedOver(Evidence(where, middle, len(words), words[middle:]), words, words)
    item = Item(given.id, given.title, given.text, NOW)
    return Read(item, Reading("en", (said,), (passed,), unread=3))


def _decide_nothing(asked: Asked, who: str) -> Done:
    raise InputError("Nothing can be decided here.")


def desk_client(reports: FakeReports) -> TestClient:
    """A client of the whole desk over these stories."""
    curation = Curation(lambda limit: [], _decide_nothing, lambda story: (), Seal(b"a secret"))
    desk = DeskParts(FakeLists(), Reader(read_as_a_denial), curation, str)
    app = create_app(reports, allowed_hosts=[], clock=lambda: NOW, demo=False, desk=desk)
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
