"""A ledger that lived: items with and without a story, a decision, a doubt, deliveries in every state."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient

from service.core.messages import ClaimedDelivery
from service.core.model import Attempt, Claim, Kind, Subscription
from service.store.ledger import Ledger
from service.web.app import create_app
from tests.builders import NOON, a_statement, an_item
from tests.fakes_store import a_feed, a_plan, a_revision as a_stored_revision
from tests.fakes_stories import APART, NEARLY, Room

CHANNELS = ("terminal", "desk", "office")
LATER = NOON + timedelta(days=600)
LISTS = ("stories", "alerts", "feeds", "outlets", "parties")


def a_lived_ledger(url: str) -> Room:
    """Two stories, one renamed by a person; a doubt; a stray; deliveries sent, on their way, given up."""
    room = Room(Ledger.open(url), (Subscription("everything", channels=CHANNELS),))
    room.ledger.feeds.declare([a_feed()], NOON)
    room.ledger.feeds.commit_poll("wire", a_plan(), NOON)
    room.report(0)
    room.deny(1)
    room.deny(2, "Nokia", APART)
    room.tell(an_item("A doubt.", day=3, item_id="doubt"), a_statement(Kind.DENIAL, "Ford", claim=NEARLY))
    room.tell(an_item("Nothing of it.", day=4, item_id="plain"))
    stray = a_statement(Kind.NO_COMMENT, "BYD", claim=Claim("BYD builds a plant", ("BYD",), terms=("plant",)))
    room.tell(an_item("A stray 小米 word.", day=5, item_id="stray"), stray)
    room.desk.rename(room.living()[0], "A name of our own")
    sent, given_up = claimed_delivery(room.ledger), claimed_delivery(room.ledger)
    room.ledger.deliveries.finish(sent, an_attempt(1), None)
    room.ledger.deliveries.finish(given_up, an_attempt(1, ok=False), LATER)
    again = claimed_delivery(room.ledger)
    room.ledger.deliveries.finish(again, an_attempt(again.tries + 1, ok=False), None)
    room.ledger.feeds.commit_poll("wire", a_plan(a_stored_revision("unread")), NOON)
    return room


def claimed_delivery(ledger: Ledger) -> ClaimedDelivery:
    """The next delivery, leased."""
    claimed = ledger.deliveries.claim(LATER, 15)
    assert claimed is not None
    return claimed


def an_attempt(number: int, *, ok: bool = True) -> Attempt:
    return Attempt(number, NOON, ok, 200 if ok else 500, "thanks" if ok else "no", 0.1 + 0.2)


def answers(ledger: Ledger) -> dict[str, bytes]:
    """All that the API says of a ledger, to the byte."""
    app = create_app(ledger.reports, allowed_hosts=[], clock=lambda: LATER, demo=False)
    client = TestClient(app, base_url="http://localhost")
    addresses = [f"/api/v1/{name}" for name in LISTS]
    addresses += [f"/api/v1/stories/{row.id}" for row in ledger.reports.stories(limit=200).items]
    found = {address: client.get(address) for address in addresses}
    assert {answer.status_code for answer in found.values()} == {200}
    return {address: answer.content for address, answer in found.items()}
