"""A story's origin and its independent sources, as the ledger, the API and a person are told of them."""

from __future__ import annotations

import pytest

from service.core.model import Kind, Role
from service.core.origins import Origin
from service.web.answers import StoryAnswer
from tests.builders import a_statement, an_item
from tests.fakes_stories import NEARLY, Room

AGENCY = "Ford Motor is in early talks with Xiaomi about a venture that would build cars in Ohio. " * 3
OWN = "Our reporter has learned from three engineers that a site near Toledo was looked at. " * 3


@pytest.fixture
def room():
    opened = Room()
    yield opened
    opened.ledger.close()


def report(room: Room, day: float, outlet: str, text: str, credited: str | None = None):
    role = Role.OUTLET if credited else Role.SOURCE
    said = a_statement(Kind.RUMOR, credited or "people", role=role, words=text[:40])
    return room.tell(an_item(text, day=day, item_id=f"{outlet}-{day}", outlet=outlet), said)


def test_copies_and_credits_are_folded(room):
    report(room, 1, "Daily", AGENCY, "Reuters")
    report(room, 2, "Post", f"{AGENCY} More follows.", "Reuters")
    report(room, 3, "Wire", OWN)
    report(room, 4, "Echo", OWN)
    (row,) = room.ledger.reports.stories().items
    assert row.origin == Origin("Reuters", named_by=2, reports=4, independent=2)
    page = room.ledger.reports.story(row.id)
    assert page is not None
    assert page.story.origin == row.origin
    answer = StoryAnswer.model_validate(row).model_dump()
    assert answer["origin"] == {"outlet": "Reuters", "named_by": 2, "reports": 4, "independent": 2}


def test_a_report_in_doubt_or_wrong_is_not_counted(room):
    report(room, 1, "Daily", AGENCY)
    report(room, 2, "Wire", OWN)
    room.desk.wrong("Wire-2")
    room.report(3, "Echo", NEARLY)
    (row,) = room.ledger.reports.stories().items
    assert row.origin == Origin("Daily", named_by=0, reports=1, independent=1)


def test_a_denial_that_came_first_has_no_origin(room):
    room.deny(0)
    assert room.ledger.reports.stories().items[0].origin is None
