"""Feeds that we tell others: at secret addresses, conditional, valid in both forms, and inert."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from service.alerts.syndication import OutDocument, atom, json_feed, of_alert, of_move
from service.audience_changes import change, with_watchlist
from service.cli import app
from service.core.model import EventType, Kind, Role, Strength
from service.core.outfeeds import Moved, OutKind
from service.core.pacing import Pace, Rhythm
from service.errors import InputError
from service.outfeeds import Made, Outfeeds, make, revoke
from service.store.ledger import Ledger
from service.subscribers import Declared
from service.web.app import Secret, create_app
from tests.alert_examples import denial
from tests.builders import FORD_XIAOMI, NOON
from tests.fakes_stories import APART, EVERYTHING, Room
from workers.subscribing import watchlist_of

ROOT = "https://rumors.example"
BASE = "http://127.0.0.1:8731"
EVIL = '<script>alert(1)</script> & ]]> "x" \x00\x1b[31m\u202e\ud800 javascript:alert(2)'


def check_json_feed(body: bytes) -> dict[str, Any]:
    """What version 1.1 asks of a feed (jsonfeed.org), as far as we use it."""
    told: dict[str, Any] = json.loads(body)
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert isinstance(told["title"], str)
    ids = [item["id"] for item in told["items"]]
    assert len(set(ids)) == len(ids)
    for item in told["items"]:
        assert isinstance(item["id"], str)
        assert isinstance(item["content_text"], str)
        assert "content_html" not in item
        for name in ("date_published", "date_modified"):
            assert datetime.fromisoformat(item[name]).tzinfo is not None
        for name in ("url", "external_url"):
            assert item.get(name, "http://").startswith(("http://", "https://"))
    return told


def check_atom(body: bytes) -> Any:
    parsed = feedparser.parse(body)
    assert parsed.bozo == 0
    assert parsed.version == "atom10"
    assert parsed.feed.id
    assert parsed.feed.updated_parsed
    assert all(entry.id and entry.updated_parsed and entry.link for entry in parsed.entries)
    assert len({entry.id for entry in parsed.entries}) == len(parsed.entries)
    return parsed


@dataclass
class Desk:
    """A ledger with two stories, a client of the public host, and a clock."""

    ledger: Ledger
    room: Room
    now: datetime = NOON + timedelta(days=9)
    made: list[Made] = field(default_factory=list)

    @property
    def client(self) -> TestClient:
        feeds = Outfeeds(self.ledger, ROOT, BASE, lambda: None)
        return TestClient(
            create_app(
                self.ledger.reports,
                allowed_hosts=(),
                clock=lambda: self.now,
                demo=False,
                secret=Secret("rumors.example", feeds),
            ),
            base_url=ROOT,
        )

    def make(self, kind: OutKind, subject: str) -> Made:
        return make(self.ledger, kind, subject, ["everything"], self.now)


@pytest.fixture
def desk(ledger: Ledger) -> Desk:
    room = Room(ledger)
    room.report(0)
    room.report(0.5, claim=APART)
    room.deny(1)
    room.deny(2, "Xiaomi")
    return Desk(ledger, room)


def path(made: Made, form: str) -> str:
    return made.address("", form)


def titles(desk: Desk, made: Made) -> list[str]:
    parsed = check_atom(desk.client.get(path(made, "atom")).content)
    told = check_json_feed(desk.client.get(path(made, "json")).content)
    found = [entry.title for entry in parsed.entries]
    assert found == [item["title"] for item in told["items"]]
    assert [entry.id for entry in parsed.entries] == [item["id"] for item in told["items"]]
    return found


FORD = FORD_XIAOMI.text
MOVED = [f"Xiaomi denies it flatly: {FORD}", f"Ford denies it flatly: {FORD}", f"Reported: {FORD}"]


def test_a_story_tells_what_moved_it_the_latest_first(desk: Desk) -> None:
    (story_id,) = {one.story_id for one in desk.room.told}
    assert titles(desk, desk.make(OutKind.STORY, story_id)) == MOVED


def test_a_subscription_tells_its_alerts(desk: Desk) -> None:
    assert titles(desk, desk.make(OutKind.SUBSCRIPTION, "everything")) == MOVED[:2]


def test_what_is_held_is_not_told_before_it_leaves(desk: Desk) -> None:
    daily = replace(EVERYTHING, name="everything", pace=Pace(rhythm=Rhythm.DAILY))
    desk.room.subscriptions = (daily,)
    desk.room.deny(3, "BYD", claim=replace(FORD_XIAOMI))
    assert titles(desk, desk.make(OutKind.SUBSCRIPTION, "everything")) == MOVED[:2]


def test_a_search_tells_the_stories_that_hold_all_its_words(desk: Desk) -> None:
    assert titles(desk, desk.make(OutKind.SEARCH, "xiaomi VENTURE")) == MOVED
    assert titles(desk, desk.make(OutKind.SEARCH, "nokia")) == [f"Reported: {APART.text}"]
    assert titles(desk, desk.make(OutKind.SEARCH, "xiaomi nokia")) == []
    assert titles(desk, desk.make(OutKind.SEARCH, "okia")) == []


def test_a_watchlist_tells_the_stories_that_it_concerns(desk: Desk) -> None:
    said = Declared((), ("hook",), Strength.NOT_AWARE)
    change(desk.ledger.audience, said, with_watchlist(watchlist_of("nets", ["Samsung"])), NOON)
    made = desk.make(OutKind.WATCHLIST, "nets")
    assert titles(desk, made) == [f"Reported: {APART.text}"]
    change(desk.ledger.audience, said, with_watchlist(watchlist_of("nets", ["keyword:venture"])), NOON)
    desk.now += timedelta(seconds=10)
    assert titles(desk, made) == MOVED


def test_the_address_alone_opens_a_feed_until_it_is_revoked(desk: Desk) -> None:
    made = desk.make(OutKind.SEARCH, "ford")
    client = desk.client
    assert client.get(path(made, "atom")).status_code == 200
    assert client.get(path(made, "xml")).status_code == 404
    assert client.get(f"/out/{made.token[:-1]}x.atom").status_code == 404
    assert client.get("/out/.atom").status_code == 404
    assert client.get("/").status_code == 421  # nothing else answers to the public name
    rows = repr(desk.ledger.outfeeds.listed())
    assert made.token not in rows
    revoke(desk.ledger, made.outfeed.id, desk.now)
    assert client.get(path(made, "atom")).status_code == 410
    with pytest.raises(InputError, match="could be revoked"):
        revoke(desk.ledger, made.outfeed.id, desk.now)


def test_who_has_it_already_is_sent_nothing_again(desk: Desk) -> None:
    made = desk.make(OutKind.SEARCH, "ford")
    client, where = desk.client, path(made, "atom")
    first = client.get(where)
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    for header in ({"If-None-Match": f'"x", W/{etag}'}, {"If-Modified-Since": modified}):
        again = client.get(where, headers=header)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    both = {"If-None-Match": '"x"', "If-Modified-Since": modified}
    assert client.get(where, headers=both).status_code == 200
    assert client.get(where, headers={"If-Modified-Since": "yesterday"}).status_code == 200
    assert client.head(where).headers["etag"] == etag
    assert path(made, "json") != where
    assert client.get(path(made, "json")).headers["etag"] != etag


def test_a_late_arrival_is_a_change_though_its_own_date_is_old(desk: Desk) -> None:
    made = desk.make(OutKind.SEARCH, "ford")
    client, where = desk.client, path(made, "atom")
    first = client.get(where)
    desk.room.deny(0.7, "BYD", claim=FORD_XIAOMI)
    desk.now += timedelta(seconds=30)
    known = {"If-Modified-Since": first.headers["last-modified"]}
    second = client.get(where, headers=known)
    assert second.status_code == 200
    assert len(check_atom(second.content).entries) == 4
    assert parsedate_to_datetime(second.headers["last-modified"]) == desk.now
    desk.now += timedelta(seconds=30)
    third = client.get(where, headers={"If-Modified-Since": second.headers["last-modified"]})
    assert third.status_code == 304


def test_whatever_a_feed_wrote_is_text_and_both_forms_are_valid() -> None:
    evil = Moved(
        "e_1", EVIL, EVIL, EventType.DENIED, NOON, Kind.DENIAL, EVIL, EVIL, Role.PRINCIPAL,
        Strength.FLAT, EVIL, EVIL, "javascript:alert(3)", EVIL,
    )  # fmt: skip
    alert = replace(denial(), claim=EVIL, party=EVIL)
    entries = (of_move(evil, BASE), of_alert(alert, BASE))
    document = OutDocument("of_1", "rumorwatch: search x", BASE, f"{ROOT}/out/x.atom", NOON, entries)
    parsed = check_atom(atom(document))
    told = check_json_feed(json_feed(document))
    for body in (atom(document), json_feed(document)):
        assert b"\x1b" not in body
        assert b"\xe2\x80\xae" not in body
    assert b"<script" not in atom(document)
    assert all(entry.content[0].type == "text/plain" for entry in parsed.entries)
    links = [link.href for entry in parsed.entries for link in entry.links]
    assert all(link.startswith(("http://", "https://")) for link in links)
    assert "javascript" not in json.dumps([item.get("external_url") for item in told["items"]])


@pytest.mark.parametrize(
    ("kind", "subject", "says"),
    [
        (OutKind.STORY, "s_nope", "no story"),
        (OutKind.WATCHLIST, "nope", "no watchlist"),
        (OutKind.SUBSCRIPTION, "nope", "there are everything"),
        (OutKind.SEARCH, "  ", "printable"),
        (OutKind.SEARCH, "a\nb\x1b", "printable"),
        (OutKind.SEARCH, "x" * 201, "200"),
    ],
)
def test_what_is_not_there_is_refused_in_one_sentence(
    desk: Desk, kind: OutKind, subject: str, says: str
) -> None:
    with pytest.raises(InputError, match=says) as refused:
        desk.make(kind, subject)
    assert "\n" not in str(refused.value)
    assert desk.ledger.outfeeds.listed() == ()


def test_a_feed_is_made_listed_and_revoked_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    say: Callable[..., Any] = lambda *words: CliRunner().invoke(app, ["outfeeds", *words])  # noqa: E731
    made = say("add", "search", "joint", "venture").stdout
    assert "http://127.0.0.1:8731/out/" in made
    id_ = made.split(":")[0]
    assert f"{id_}  search joint venture" in say("list").stdout
    assert "/out/" not in say("list").stdout
    assert "nobody any more" in say("revoke", id_).stdout
    assert "revoked" in say("list").stdout
