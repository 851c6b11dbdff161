"""Who is let in: by token, by session, or anybody on this machine where there is no token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from service.errors import InputError, StoreError
from service.store.access import AccessRows, TokenRow, digest_of
from service.store.ledger import Ledger
from service.subscribers import Written
from service.web.access import COOKIE, MOST_FAILURES, Access
from service.web.app import create_app
from service.web.audience import Editing
from service.web.callers import Seal
from service.web.curation import Curation, Done
from service.web.login import LASTS, Door
from service.web.parts import DeskParts
from service.web.reader import Reader
from tests.fakes_desk import FakeLists, read_as_a_denial
from tests.fakes_store import NOON
from tests.fakes_web_desk import a_full_desk

READ, EDIT, SETTINGS = "rw_" + "r" * 43, "rw_" + "e" * 43, "s" * 40
OURS = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class World:
    """A desk with a gate over a real ledger, on a clock that a test turns."""

    ledger: Ledger
    alone: bool = True
    secure: bool = False
    now: datetime = NOON
    decided: list[str] = field(default_factory=list)

    def client(self, headers: dict[str, str] | None = None) -> TestClient:
        rows = self.ledger.access
        access = Access(rows, self.tell, alone=self.alone, editing=digest_of(SETTINGS))
        curation = Curation(lambda n: [], self.decide, lambda s: (), Seal(b"x"))
        desk = DeskParts(
            FakeLists(), Reader(read_as_a_denial), curation, str, Door(access, rows, self.tell, self.secure)
        )
        editing = Editing(digest_of(SETTINGS), lambda: Written((), (), frozenset()), lambda draft, dry: ())
        app = create_app(
            a_full_desk(), allowed_hosts=[], clock=self.tell, demo=False, desk=desk, editing=editing
        )
        return TestClient(
            app, "http://localhost", headers=headers, raise_server_exceptions=False, follow_redirects=False
        )

    def tell(self) -> datetime:
        return self.now

    def decide(self, asked: object, who: str) -> Done:
        self.decided.append(who)
        return Done("h_1", "mute", "s")

    def with_tokens(self) -> World:
        self.ledger.access.add("Ben", digest_of(READ), may_edit=False, now=self.now)
        self.ledger.access.add("Ada", digest_of(EDIT), may_edit=True, now=self.now)
        return self


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    opened = World(Ledger.open(sqlite_url))
    yield opened
    opened.ledger.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


PROBES = ("/livez", "/readyz")  # a supervisor has no token


def paths(client: TestClient) -> list[tuple[str, str]]:
    """Every address of the API's own description, with its methods."""
    described = client.get("/api/v1/openapi.json", headers=bearer(EDIT)).json()["paths"]
    return [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path in described
        for method in described[path]
    ]


# --- tokens in the ledger --------------------------------------------------------------------------


def test_a_token_counts_until_it_is_revoked_and_its_name_is_not_used_again(ledger: Ledger) -> None:
    rows: AccessRows = ledger.access
    rows.add("Ada", digest_of(EDIT), may_edit=True, now=NOON)
    rows.begin_session("Ada", digest_of("one"), NOON, NOON + LASTS)
    assert rows.listed() == (TokenRow("Ada", digest_of(EDIT), True, NOON, None),)
    assert rows.session(digest_of("one"), NOON) is not None
    assert rows.session(digest_of("two"), NOON) is None
    assert rows.session(digest_of("one"), NOON + LASTS) is None
    rows.revoke("Ada", NOON)
    assert rows.session(digest_of("one"), NOON) is None
    with pytest.raises(InputError, match="already"):
        rows.add("Ada", digest_of(READ), may_edit=True, now=NOON)
    with pytest.raises(InputError, match="no token"):
        rows.revoke("Ada", NOON)


def test_an_ended_session_is_forgotten(ledger: Ledger) -> None:
    rows: AccessRows = ledger.access
    rows.add("Ada", digest_of(EDIT), may_edit=True, now=NOON)
    rows.begin_session("Ada", digest_of("one"), NOON, NOON + LASTS)
    rows.end_session(digest_of("one"))
    assert rows.session(digest_of("one"), NOON) is None


# --- the gate --------------------------------------------------------------------------------------


def test_without_a_token_this_machine_alone_is_answered(world: World) -> None:
    assert world.client().get("/").status_code == 200
    world.alone = False
    assert world.client().get("/api/v1/stories").status_code == 401
    assert world.client().get("/").headers["location"] == "/login?next=%2F"


def test_with_a_token_every_address_of_the_api_takes_one(world: World) -> None:
    client = world.with_tokens().client()
    routes = paths(client)
    assert len(routes) > 15
    for method, path in routes:
        answer = client.request(method, path)
        assert answer.status_code == (200 if path in PROBES else 401), (method, path)
        world.now += timedelta(minutes=2)  # or the address would have to wait
        answer = client.request(method, path, headers=bearer("rw_" + "w" * 43))
        assert answer.status_code == (200 if path in PROBES else 401), (method, path)
        assert client.request(method, path, headers=bearer(EDIT)).status_code not in (401, 429), (
            method,
            path,
        )


@pytest.mark.parametrize("address", ["/livez", "/static/desk.css", "/push/x", "/out/x.atom", "/mute/x"])
def test_what_has_a_secret_of_its_own_takes_no_token(world: World, address: str) -> None:
    assert world.with_tokens().client().get(address).status_code in (200, 404)


def test_a_token_in_the_address_is_no_token(world: World) -> None:
    client = world.with_tokens().client()
    for name in ("token", "access_token", "authorization"):
        assert client.get(f"/api/v1/stories?{name}={EDIT}").status_code == 401


@pytest.mark.parametrize(
    "given",
    [
        f"Basic {EDIT}",
        EDIT,
        f"Bearer {EDIT}x",
        f"Bearer {EDIT[:-1]}",
        "Bearer ",
        "Bearer \xe9",
        f"Bearer {digest_of(EDIT).hex()}",
    ],
)
def test_what_is_nearly_a_token_is_none(world: World, given: str) -> None:
    client = world.with_tokens().client()
    answer = client.get("/api/v1/stories", headers={"Authorization": given.encode("latin-1")})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_who_may_read_looks_and_changes_nothing(world: World) -> None:
    client = world.with_tokens().client(bearer(READ))
    assert client.get("/").status_code == 200
    assert client.post("/explain", data={"text": "Ford denied it."}).status_code == 200
    assert client.post("/api/v1/read", json={"text": "Ford denied it."}).status_code == 200
    for address in ("/decide", "/api/v1/decisions", "/api/v1/apply", "/channels/x/test"):
        assert client.post(address, headers=OURS).status_code == 403, address
    assert client.put("/api/v1/watchlists/x").status_code == 403
    assert world.decided == []


def test_a_token_that_edits_and_that_of_the_settings_edit(world: World) -> None:
    client = world.with_tokens().client()
    for token, who in ((EDIT, "Ada"), (SETTINGS, "edit_token")):
        body = {"act": "mute", "id": "s"}
        assert client.post("/api/v1/decisions", json=body, headers=bearer(token)).status_code == 200
        assert world.decided[-1] == who
        assert (
            client.put("/api/v1/watchlists/x", json={"entries": ["Ford"]}, headers=bearer(token)).status_code
            == 200
        )


def test_a_revoked_token_ends_within_seconds(world: World) -> None:
    client = world.with_tokens().client(bearer(READ))
    assert client.get("/").status_code == 200
    world.ledger.access.revoke("Ben", world.now)
    world.now += timedelta(seconds=3)
    assert client.get("/api/v1/stories").status_code == 401


def test_who_guesses_has_to_wait_and_others_need_not(world: World) -> None:
    client = world.with_tokens().client()
    for number in range(MOST_FAILURES):
        assert client.get("/api/v1/stories", headers=bearer(f"guess{number}")).status_code == 401
    waiting = client.get("/api/v1/stories", headers=bearer(EDIT))
    assert (waiting.status_code, waiting.headers["retry-after"]) == (429, "60")
    other = TestClient(client.app, "http://localhost", client=("192.0.2.7", 1))
    assert other.get("/api/v1/stories", headers=bearer(EDIT)).status_code == 200
    world.now += timedelta(seconds=61)
    assert client.get("/api/v1/stories", headers=bearer(EDIT)).status_code == 200


def test_without_a_ledger_nobody_is_let_in(world: World) -> None:
    class Broken:
        def listed(self) -> tuple[TokenRow, ...]:
            raise StoreError("it is away")

        def session(self, digest: bytes, now: datetime) -> None:
            raise StoreError("it is away")

    rows = world.ledger.access
    door = Door(Access(Broken(), world.tell, alone=True), rows, world.tell, False)
    desk = DeskParts(
        FakeLists(),
        Reader(read_as_a_denial),
        Curation(lambda n: [], world.decide, lambda s: (), Seal(b"")),
        str,
        door,
    )
    app = create_app(a_full_desk(), allowed_hosts=[], clock=world.tell, demo=False, desk=desk)
    client = TestClient(app, "http://localhost", raise_server_exceptions=False)
    for address in ("/", "/api/v1/stories"):
        assert client.get(address).status_code == 503
    assert client.get("/livez").status_code == 200


# --- a session -------------------------------------------------------------------------------------


def test_a_person_signs_in_looks_and_signs_out(world: World) -> None:
    client = world.with_tokens().client()
    asked = client.get("/stories/x?done=h_1")
    assert asked.headers["location"] == "/login?next=%2Fstories%2Fx%3Fdone%3Dh_1"
    form = client.get(asked.headers["location"]).text
    assert 'name="next" value="/stories/x?done=h_1"' in form
    answer = client.post("/login", data={"token": READ, "next": "/sources"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources")
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=604800"):
        assert part in cookie
    assert READ not in cookie
    assert client.get("/sources").status_code == 200
    kept = client.cookies[COOKIE]
    assert client.post("/logout", headers=OURS).headers["location"] == "/login"
    client.cookies.set(COOKIE, kept)
    assert client.get("/sources").status_code == 303


def test_over_https_the_cookie_goes_no_other_way(world: World) -> None:
    world.secure = True
    answer = world.with_tokens().client().post("/login", data={"token": READ}, headers=OURS)
    assert "Secure" in answer.headers["set-cookie"]


def test_a_wrong_token_is_said_and_slowed(world: World) -> None:
    client = world.with_tokens().client()
    for _ in range(MOST_FAILURES):
        answer = client.post("/login", data={"token": "wrong"}, headers=OURS)
        assert (answer.status_code, "That is no token of this service" in answer.text) == (401, True)
    assert client.post("/login", data={"token": READ}, headers=OURS).status_code == 429


@pytest.mark.parametrize(
    "odd", ["https://evil.test/", "//evil.test/", "/\\evil.test", "x", "/a b", "/a\nb", ""]
)
def test_signing_in_leads_to_no_other_site(world: World, odd: str) -> None:
    answer = world.with_tokens().client().post("/login", data={"token": READ, "next": odd}, headers=OURS)
    assert answer.headers["location"] == "/"


def test_another_site_signs_nobody_in_or_out(world: World) -> None:
    client = world.with_tokens().client()
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.test"}):
        assert client.post("/login", data={"token": READ}, headers=headers).status_code == 403
        client.cookies.clear()
    client.post("/login", data={"token": READ}, headers=OURS)
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.test"}):
        assert client.post("/logout", headers=headers).status_code == 403
    assert client.get("/sources").status_code == 200


def test_the_token_of_the_settings_begins_no_session(world: World) -> None:
    answer = world.with_tokens().client().post("/login", data={"token": SETTINGS}, headers=OURS)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


@pytest.mark.parametrize("path", ["/out/x.atom", "/mute/x", "/push/x"])
def test_an_address_that_is_a_secret_needs_no_token(world: World, path: str) -> None:
    client = world.with_tokens().client()
    assert client.get(path).status_code == 404  # none of ours, and not sent to the door
    assert client.get("/channels").status_code == 303
