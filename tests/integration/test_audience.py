"""Who hears of what, kept in the ledger: changed at once, checked first, and taken by whoever runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from service.audience import SubscriptionSettings
from service.audience_changes import (
    change,
    paused,
    with_subscription,
    with_watchlist,
    without_subscription,
    without_watchlist,
)
from service.audience_file import changes, read_file, write_file
from service.core.model import Strength
from service.errors import Conflict, InputError
from service.store.audience import Listed
from service.store.ledger import Ledger
from service.subscribers import Audience, Declared, written
from service.web.app import create_app
from service.web.audience import Editing
from service.web.intake import token_digest
from tests.builders import NOON
from tests.fakes_stories import Room
from workers.subscribing import subscription_of, watchlist_of

SAID = Declared((SubscriptionSettings(name="fixed"),), ("hook", "mail"), Strength.NOT_AWARE)
FILE = """
[[watchlists]]
name = "cars"
entries = ["Ford", { name = "XYZ 工业", aliases = ["XYZ Works"] }, { name = "F", kind = "ticker" }]

[[subscriptions]]
name = "desk"
watchlists = ["cars"]
languages = ["en", "zh"]
channels = ["hook"]

[[subscriptions]]
name = "night"
events = ["story.reversed"]
paused = true
"""


def applied(ledger: Ledger, text: str = FILE, *, dry: bool = False) -> list[tuple[str, str, tuple[str, ...]]]:
    said = read_file(text, "audience.toml")
    found = change(ledger.audience, SAID, lambda _: said, NOON, dry=dry)
    return [(one.how, one.name, one.fields) for one in found]


def test_a_file_is_applied_at_once_and_a_second_time_changes_nothing(ledger: Ledger) -> None:
    added = [("added", "cars", ()), ("added", "desk", ()), ("added", "night", ())]
    assert applied(ledger, dry=True) == added
    assert ledger.audience.version() == 0
    assert applied(ledger) == added
    assert applied(ledger) == []
    assert ledger.audience.version() == 1
    changed = FILE.replace('["en", "zh"]', '["en"]').replace("paused = true", "")
    assert applied(ledger, changed) == [
        ("changed", "desk", ("languages",)),
        ("changed", "night", ("paused",)),
    ]
    assert applied(ledger, changed[: changed.index('[[subscriptions]]\nname = "night"')]) == [
        ("removed", "night", ())
    ]


def test_what_is_exported_is_read_back_to_the_same(ledger: Ledger) -> None:
    applied(ledger)
    said = written(ledger.audience.listed())
    assert changes(said, read_file(write_file(said), "again")) == ()
    odd = with_watchlist(watchlist_of("odd", ['a "quoted\\" name=\x7f, tab\tbed'.replace("\x7f, ", "x,")]))(
        said
    )
    assert changes(odd, read_file(write_file(odd), "again")) == ()


WRONG = {
    "line": ("[[watchlists]\n", "line 1"),
    "unknown kind": (FILE.replace('kind = "ticker"', 'kind = "stock"'), "kind"),
    "unknown field": (FILE.replace("languages", "tongues"), "'desk' in subscriptions, number 1, tongues"),
    "unknown event": (FILE.replace("story.reversed", "story.turned"), "events"),
    "unknown channel": (FILE.replace('["hook"]', '["pager"]'), "'pager'"),
    "unknown watchlist": (FILE.replace('watchlists = ["cars"]', 'watchlists = ["boats"]'), "'boats'"),
    "name of the settings": (FILE.replace('"night"', '"fixed"'), "'fixed' is taken twice"),
    "name twice": (FILE.replace('"night"', '"desk"'), "'desk' is taken twice"),
    "double alias": (FILE.replace('"XYZ Works"', '"FORD"'), "'FORD' stands in 'Ford' and again"),
    "empty alias": (FILE.replace('"XYZ Works"', '"  "'), "an alias that is empty"),
    "no entries": (FILE.replace('entries = ["Ford"', 'more = ["Ford"'), "entries"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_changes_nothing_and_says_where(case: str, sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url)
    applied(ledger)
    text, words = WRONG[case]
    assert text != FILE
    with pytest.raises(InputError) as refused:
        applied(ledger, text)
    assert words in str(refused.value)
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)
    assert ledger.audience.version() == 1
    ledger.close()


def test_two_that_change_at_once_do_not_write_over_each_other(ledger: Ledger) -> None:
    applied(ledger)
    with pytest.raises(Conflict, match="at the same moment"):
        ledger.audience.replace(Listed(0), NOON)
    assert ledger.audience.version() == 1


def test_a_worker_that_runs_takes_a_change_without_a_restart(ledger: Ledger) -> None:
    heard = Audience(SAID, ledger.audience, None)
    room = Room(ledger, heard.current())
    assert [one.name for one in room.subscriptions] == ["fixed"]
    applied(ledger)
    room.subscriptions = heard.current()
    room.report(0)
    (handled,) = room.deny(1)
    assert {one.subscription: (bool(one.alert), one.reason.value) for one in handled.decisions} == {
        "fixed": (True, "first_denial_by_party"),
        "desk": (False, "other_language"),
        "night": (False, "paused"),
    }
    (desk,) = [one for one in room.subscriptions if one.name == "desk"]
    assert "Ford" in desk.watchlist
    assert [word.text for word in desk.words] == ["Ford", "XYZ 工业", "XYZ Works", "F"]


def test_a_change_that_cannot_be_used_leaves_a_running_worker_as_it_was(ledger: Ledger) -> None:
    applied(ledger)
    heard = Audience(SAID, ledger.audience, None)
    before = heard.current()
    row = ledger.audience.listed()
    broken = tuple(replace(one, text='{"name": "desk", "zone": 1}') for one in row.subscriptions[:1])
    ledger.audience.replace(replace(row, subscriptions=broken), NOON)
    assert heard.current() == before


def test_one_is_set_paused_resumed_and_removed_by_itself(sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url)

    def does(draft) -> list[tuple[str, str, tuple[str, ...]]]:
        return [(one.how, one.name, one.fields) for one in change(ledger.audience, SAID, draft, NOON)]

    assert does(with_watchlist(watchlist_of("cars", ["Ford=福特,F-150", "ticker:F"]))) == [
        ("added", "cars", ())
    ]
    new = subscription_of("desk", ["watchlists=cars", "minimum_strength=flat", "channels=hook,mail"], None)
    assert does(with_subscription(new)) == [("added", "desk", ())]
    with pytest.raises(InputError, match="'desk' names the watchlist 'cars'"):
        does(without_watchlist("cars"))
    later = subscription_of("desk", ["minimum_strength=", "channels="], new)
    assert does(with_subscription(later)) == [("changed", "desk", ("minimum_strength", "channels"))]
    assert does(paused("desk")) == [("changed", "desk", ("paused",))]
    assert does(paused("desk")) == []
    assert does(paused("desk", off=True)) == [("changed", "desk", ("paused",))]
    assert does(without_subscription("desk")) == [("removed", "desk", ())]
    assert does(without_watchlist("cars")) == [("removed", "cars", ())]
    for draft in (without_subscription("fixed"), without_watchlist("cars"), paused("nobody")):
        with pytest.raises(InputError):
            does(draft)
    with pytest.raises(InputError, match="the fields are channels, "):
        subscription_of("desk", ["chanels=hook"], None)
    ledger.close()


TOKEN = "a-token-of-at-least-24-characters"


@pytest.fixture
def client(sqlite_url: str):
    ledger = Ledger.open(sqlite_url)
    editing = Editing(
        token_digest(TOKEN),
        lambda: written(ledger.audience.listed()),
        lambda draft, dry: change(ledger.audience, SAID, draft, NOON, dry=dry),
    )
    app = create_app(ledger.reports, allowed_hosts=(), clock=lambda: NOON, demo=False, editing=editing)
    yield TestClient(app, base_url="http://localhost")
    ledger.close()


def test_programs_edit_with_the_token_and_only_with_it(client: TestClient) -> None:
    key = {"Authorization": f"Bearer {TOKEN}"}
    body = {"entries": [{"name": "Ford", "aliases": ["福特"]}]}
    assert client.put("/api/v1/watchlists/cars", json=body).status_code == 401
    wrong = {"Authorization": f"Bearer {TOKEN}x"}
    assert client.post("/api/v1/apply", content=FILE, headers=wrong).status_code == 401
    answer = client.put("/api/v1/watchlists/cars", json=body, headers=key)
    assert answer.json() == {"changes": [{"how": "added", "kind": "watchlist", "name": "cars", "fields": []}]}
    assert (
        client.put("/api/v1/subscriptions/desk", json={"watchlists": ["cars"]}, headers=key).status_code
        == 200
    )
    assert client.post("/api/v1/subscriptions/desk/pause", headers=key).json()["changes"][0]["fields"] == [
        "paused"
    ]
    (row,) = client.get("/api/v1/subscriptions").json()["items"]
    assert (row["name"], row["watchlists"], row["paused"]) == ("desk", ["cars"], True)
    assert client.delete("/api/v1/watchlists/cars", headers=key).status_code == 400
    dry = client.post("/api/v1/apply?dry_run=true", content=FILE, headers=key).json()["changes"]
    assert [one["how"] for one in dry] == ["changed", "changed", "added"]
    refused = client.put("/api/v1/subscriptions/desk", json={"channels": ["pager"]}, headers=key)
    assert (refused.status_code, "'pager'" in refused.json()["detail"]) == (400, True)
    assert client.get("/api/v1/subscriptions").json()["items"] == [row]
