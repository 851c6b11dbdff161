"""What a person does on the desk, over a real ledger: decide, quiet, correct, undo, and who may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from service.core.model import Status
from service.store.ledger import Ledger
from service.web.app import create_app
from service.web.callers import ANYBODY, Caller, note_caller
from service.web.parts import DeskParts
from service.web.reader import Reader
from tests.fakes_desk import FakeLists, read_as_a_denial
from tests.fakes_stories import NEARLY, Room
from workers.desk_decisions import Deciding
from workers.desk_parts import curation_of

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def room(sqlite_url: str) -> Iterator[Room]:
    opened = Room(Ledger.open(sqlite_url))
    yield opened
    opened.ledger.close()


class Known:
    """The app as one caller meets it: what the gate does, without a gate."""

    def __init__(self, app: FastAPI, caller: Caller) -> None:
        self.app, self.caller = app, caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        note_caller(scope, self.caller)
        await self.app(scope, receive, send)


def client_of(room: Room, caller: Caller = ANYBODY) -> TestClient:
    deciding = Deciding(room.ledger, lambda: tuple(room.subscriptions), lambda: None, lambda: room.now)
    desk = DeskParts(FakeLists(), Reader(read_as_a_denial), curation_of(deciding), str)
    reports = room.ledger.reports
    app = create_app(reports, allowed_hosts=[], clock=lambda: room.now, demo=False, desk=desk)
    return TestClient(Known(app, caller), base_url="http://localhost", raise_server_exceptions=False)


def seal_of(client: TestClient, address: str) -> str:
    found = re.search(r'name="seal" value="([0-9a-f]+)"', client.get(address).text)
    assert found, "the page has no form"
    return found[1]


def decide(client: TestClient, page: str, **fields: str) -> Any:
    sent = {"seal": seal_of(client, page), "back": page, **fields}
    return client.post("/decide", data=sent, headers=OURS, follow_redirects=False)


def in_doubt(room: Room) -> tuple[str, str]:
    (opened,) = room.report(0)
    room.deny(1, claim=NEARLY)
    return opened.step.story.id, room.questions()[0]


# --- review ----------------------------------------------------------------------------------------


def test_a_doubt_is_shown_with_both_sides_and_joined_and_undone(room: Room) -> None:
    story_id, question = in_doubt(room)
    client = client_of(room)
    page = client.get("/review").text
    for words in (question, NEARLY.text, "they share principals", 'data-press="j"', 'data-press="k"'):
        assert words in page
    answer = decide(client, "/review", act="join", id=question)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/review?done=d_")
    assert room.story(story_id).status is Status.DENIED
    after = client.get(answer.headers["location"]).text
    assert "Nothing waits for a decision" in after
    done = answer.headers["location"].split("=")[1]
    assert f"written down as {done}" in after
    decide(client, answer.headers["location"], act="undo", id=done, back="/review")
    assert room.story(story_id).status is Status.OPEN
    assert room.questions() == [question]


def test_what_is_kept_apart_is_not_asked_again(room: Room) -> None:
    story_id, question = in_doubt(room)
    assert decide(client_of(room), "/review", act="refuse", id=question).status_code == 303
    assert room.questions() == []
    assert room.story(story_id).status is Status.OPEN


# --- a story ---------------------------------------------------------------------------------------


def test_a_story_is_quieted_renamed_and_the_page_says_who_did_it(room: Room) -> None:
    (opened,) = room.report(0)
    story_id = opened.step.story.id
    page = f"/stories/{story_id}"
    client = client_of(room, Caller("Ada", may_edit=True, known=True))
    muted = decide(client, page, act="mute", id=story_id).headers["location"]
    assert muted.startswith(f"{page}?done=h_")
    decide(client, page, act="rename", id=story_id, name="The <b>venture</b>", why="shorter")
    shown = client.get(page).text
    assert "muted by Ada" in shown
    assert "shown as “The &lt;b&gt;venture&lt;/b&gt;”" in shown
    assert "(<bdi>shorter</bdi>)" in shown
    decide(client, page, act="undo", id=muted.split("=")[1])
    assert "took h_" in client.get(page).text
    with room.ledger.looking() as transaction:
        assert [one.who for one in transaction.hushes_of(story_id)] == ["Ada", "Ada"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"act": "merge", "into": "s_nobody"}, "s_nobody"),
        ({"act": "dance"}, "act"),
        ({"act": "snooze", "lasts": "soon"}, "soon"),
        ({"act": "mute", "subscription": "nobody"}, "nobody"),
        ({"act": "rename", "name": "x" * 301}, "name"),
        ({"act": "mute", "more": "x"}, "more"),
        ({"act": "undo", "id": "d_0000"}, "d_0000"),
    ],
)
def test_what_cannot_be_decided_is_said_and_nothing_is_written(
    room: Room, fields: dict[str, str], words: str
) -> None:
    (opened,) = room.report(0)
    story_id = opened.step.story.id
    answer = decide(client_of(room), f"/stories/{story_id}", **{"id": story_id, **fields})
    assert answer.status_code == 400
    assert words in answer.text
    with room.ledger.looking() as transaction:
        assert (transaction.decisions(), transaction.all_hushes()) == ((), ())


# --- who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seal", "status"),
    [
        (OURS, "right", 303),
        ({"Origin": "http://localhost"}, "right", 303),
        ({}, "right", 403),
        ({"Sec-Fetch-Site": "cross-site"}, "right", 403),
        ({"Sec-Fetch-Site": "same-site"}, "right", 403),
        ({"Sec-Fetch-Site": "none"}, "right", 403),
        ({"Origin": "http://evil.test"}, "right", 403),
        ({"Origin": "null"}, "right", 403),
        (OURS, "", 403),
        (OURS, "0" * 64, 403),
        (OURS, "é", 403),
    ],
)
def test_a_form_counts_only_from_a_page_of_ours_with_its_seal(
    room: Room, headers: dict[str, str], seal: str, status: int
) -> None:
    (opened,) = room.report(0)
    story_id = opened.step.story.id
    client = client_of(room)
    given = seal_of(client, f"/stories/{story_id}") if seal == "right" else seal
    sent = {"act": "mute", "id": story_id, "seal": given}
    answer = client.post("/decide", data=sent, headers=headers, follow_redirects=False)
    assert answer.status_code == status
    with room.ledger.looking() as transaction:
        assert transaction.count_hushes() == (status == 303)


def test_a_seal_is_of_one_session_and_one_process(room: Room) -> None:
    (opened,) = room.report(0)
    page = f"/stories/{opened.step.story.id}"
    ada = Caller("Ada", may_edit=True, known=True, session="one")
    assert seal_of(client_of(room, ada), page) != seal_of(client_of(room, ada), page)
    client = client_of(room, ada)
    other = seal_of(TestClient(Known(client.app.app, replace(ada, session="two")), "http://localhost"), page)
    assert other != seal_of(client, page)


def test_who_may_only_read_sees_no_button_and_changes_nothing(room: Room) -> None:
    story_id, question = in_doubt(room)
    client = client_of(room, Caller("Ben", may_edit=False, known=True))
    for page in ("/review", f"/stories/{story_id}"):
        assert "<button" not in client.get(page).text
    answer = client.post("/decide", data={"act": "join", "id": question}, headers=OURS)
    assert answer.status_code == 403
    assert room.questions() == [question]


def test_nobody_is_sent_to_another_site_afterwards(room: Room) -> None:
    (opened,) = room.report(0)
    story_id = opened.step.story.id
    for back in ("https://evil.test/", "//evil.test/", "/stories/../x", "/review\r\nX: y"):
        answer = decide(client_of(room), f"/stories/{story_id}", act="mute", id=story_id, back=back)
        assert answer.headers["location"].startswith(f"/stories/{story_id}?done=")


# --- programs --------------------------------------------------------------------------------------


def test_a_program_reviews_decides_and_undoes(room: Room) -> None:
    story_id, question = in_doubt(room)
    client = client_of(room, Caller("bot", may_edit=True, known=True))
    (doubt,) = client.get("/api/v1/review").json()["items"]
    assert (doubt["id"], doubt["story_id"]) == (question, story_id)
    done = client.post("/api/v1/decisions", json={"act": "join", "id": question, "why": "the same"}).json()
    assert (done["story"], done["alerts"]) == (story_id, 1)
    undone = client.post("/api/v1/decisions", json={"act": "undo", "id": done["id"]})
    assert undone.status_code == 200
    assert room.questions() == [question]


@pytest.mark.parametrize(
    ("caller", "body", "status"),
    [
        (ANYBODY, b'{"act": "mute", "id": "s"}', 401),
        (Caller("Ben", may_edit=False, known=True), b'{"act": "mute", "id": "s"}', 403),
        (Caller("Ada", may_edit=True, known=True), b'{"act": "mute", "id": "s"}', 400),
        (Caller("Ada", may_edit=True, known=True), b"[1]", 400),
        (Caller("Ada", may_edit=True, known=True), b"{", 400),
        (Caller("Ada", may_edit=True, known=True), b"x" * 70_000, 413),
    ],
)
def test_a_program_that_may_not_or_errs_is_told(room: Room, caller: Caller, body: bytes, status: int) -> None:
    answer = client_of(room, caller).post("/api/v1/decisions", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
