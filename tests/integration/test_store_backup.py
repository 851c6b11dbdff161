"""A backup of a running ledger, put back: the same stories, alerts and work, in either kind of database."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text

from service.errors import InputError, StoreError
from service.store.archive import Manifest, open_archive
from service.store.backup import back_up
from service.store.engine import connect, reading, writing
from service.store.ledger import Ledger
from service.store.restore import check_restorable, restore, work_in
from service.store.schema import REVISION
from tests.builders import NOON
from tests.fakes_keeping import LATER, a_lived_ledger, answers
from tests.fakes_store import an_item
from tests.integration.test_store_upgrade import an_old_ledger

FILES = {"feeds.opml": b"<opml/>"}


def quiet(table: str, rows: int) -> None:
    """Nobody watches how far it is."""


def backed_up(url: str) -> bytes:
    out = io.BytesIO()
    back_up(url, out, FILES, NOON, quiet)
    return out.getvalue()


def put_back(url: str, body: bytes, *, replace: bool = False, hold: bool = False) -> int:
    with open_archive(io.BytesIO(body), "kept.zip") as archive:
        check_restorable(archive)
        return restore(url, archive, quiet, replace=replace, hold=hold)


def check(body: bytes) -> None:
    with open_archive(io.BytesIO(body), "kept.zip") as archive:
        check_restorable(archive)


def manifest_of(body: bytes) -> Manifest:
    with open_archive(io.BytesIO(body), "kept.zip") as archive:
        return archive.manifest


@pytest.fixture
def other_url(request: pytest.FixtureRequest, ledger_url: str, tmp_path: Path) -> str:
    """An empty database of the other kind; into its own kind a ledger is restored where it is replaced."""
    if ledger_url.startswith("postgresql"):
        return f"sqlite:///{tmp_path / 'other.db'}"
    return str(request.getfixturevalue("postgres_url"))


def test_a_restored_ledger_says_the_same_to_the_byte_and_holds_the_same_rows(
    ledger_url: str, other_url: str
) -> None:
    room = a_lived_ledger(ledger_url)
    said, due = answers(room.ledger), room.ledger.due(LATER)
    body = backed_up(ledger_url)
    room.ledger.close()
    assert put_back(other_url, body) == 0
    again = Ledger.open(other_url)
    assert answers(again) == said
    assert again.due(LATER) == due
    again.close()
    assert manifest_of(backed_up(other_url)).tables == manifest_of(body).tables


def test_a_restored_ledger_goes_on_as_the_first_would_have(ledger_url: str, other_url: str) -> None:
    room = a_lived_ledger(ledger_url)
    body = backed_up(ledger_url)
    put_back(other_url, body)
    ends = []
    for ledger in (room.ledger, Ledger.open(other_url)):
        room.ledger = ledger
        room.ledger.items.claim(LATER, 60)  # the unread one
        room.deny(10, "Xiaomi")
        room.desk.rename(room.living()[1], "Later")
        ends.append(answers(ledger))
        ledger.close()
    assert ends[0] == ends[1]


def test_what_was_sent_stays_sent_and_what_was_pending_stays_pending_or_is_held(
    ledger_url: str, other_url: str
) -> None:
    room = a_lived_ledger(ledger_url)
    states = room.ledger.reports.alerts().items
    waiting = room.ledger.due(LATER).deliveries
    assert waiting > 0
    body = backed_up(ledger_url)
    assert put_back(other_url, body, hold=True) == waiting
    ledger = Ledger.open(other_url)
    held = [
        [(channel, "held" if state == "pending" else state) for channel, state in row.deliveries]
        for row in states
    ]
    assert [list(row.deliveries) for row in ledger.reports.alerts().items] == held
    assert ledger.due(LATER).deliveries == 0
    assert len(ledger.deliveries.held()) == waiting
    assert ledger.deliveries.release(LATER) == waiting
    assert ledger.due(LATER).deliveries == waiting
    assert [row.deliveries for row in ledger.reports.alerts().items] == [row.deliveries for row in states]
    put_back(other_url, body, replace=True, hold=True)
    assert ledger.deliveries.drop_held() == waiting
    assert ledger.reports.counts(LATER).deliveries_dead == waiting + 1
    ledger.close()


def test_a_ledger_that_is_not_empty_is_refused_and_untouched_unless_it_is_replaced(ledger_url: str) -> None:
    room = a_lived_ledger(ledger_url)
    body = backed_up(ledger_url)
    room.deny(20, "Xiaomi")
    later = answers(room.ledger)
    with pytest.raises(StoreError, match=r"is not empty.*--force"):
        put_back(ledger_url, body)
    assert answers(room.ledger) == later
    put_back(ledger_url, body, replace=True)
    assert manifest_of(backed_up(ledger_url)).tables == manifest_of(body).tables
    assert answers(room.ledger) != later
    room.ledger.close()


def test_feeds_that_were_only_declared_are_no_work(ledger_url: str, other_url: str) -> None:
    body = backed_up_after(lambda url: a_lived_ledger(url).ledger.close(), ledger_url)
    from tests.fakes_store import a_feed

    ledger = Ledger.open(other_url)
    ledger.feeds.declare([a_feed("another")], NOON)
    ledger.close()
    put_back(other_url, body)
    assert work_in(other_url) == work_in(ledger_url) > 0


def backed_up_after(live: object, url: str) -> bytes:
    live(url)  # type: ignore[operator]
    return backed_up(url)


def test_a_restore_that_breaks_off_leaves_what_was_there(ledger_url: str) -> None:
    room = a_lived_ledger(ledger_url)
    body = backed_up(ledger_url)
    before = answers(room.ledger)
    with open_archive(io.BytesIO(body), "kept.zip") as archive:
        for broken in ("feeds", "statements", archive.manifest.tables[-1].name):

            def stop(table: str, rows: int, at: str = broken) -> None:
                if table == at:
                    raise InputError("the plug was pulled")

            with pytest.raises(InputError, match="plug"):
                restore(ledger_url, archive, stop, replace=True, hold=False)
    assert answers(room.ledger) == before
    room.ledger.close()


def test_a_backup_sees_one_moment_while_others_write(ledger_url: str) -> None:
    room = a_lived_ledger(ledger_url)
    before = manifest_of(backed_up(ledger_url))
    out = io.BytesIO()

    def write_meanwhile(table: str, rows: int) -> None:
        room.ledger.items.add([(an_item(f"during {table}"), "f")])

    during = back_up(ledger_url, out, FILES, NOON, write_meanwhile)
    assert during.tables == before.tables
    assert manifest_of(backed_up(ledger_url)).rows_of("items") == before.rows_of("items") + len(before.tables)
    room.ledger.close()


def test_an_older_ledger_is_backed_up_as_it_is_and_brought_up_when_it_is_restored(
    ledger_url: str, other_url: str
) -> None:
    an_old_ledger(ledger_url)
    body = backed_up(ledger_url)
    assert manifest_of(body).schema == "0001"
    with reading(engine := connect(ledger_url)) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0001"
    engine.dispose()
    put_back(other_url, body)
    assert manifest_of(backed_up(other_url)).schema == REVISION
    ledger = Ledger.open(other_url)
    assert [row.id for row in ledger.reports.stories().items] == ["s"]
    ledger.close()


def test_a_newer_ledger_is_not_replaced(ledger_url: str) -> None:
    body = backed_up_after(lambda url: a_lived_ledger(url).ledger.close(), ledger_url)
    with writing(engine := connect(ledger_url)) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match="newer rumorwatch"):
        put_back(ledger_url, body, replace=True)


def test_where_there_is_no_ledger_none_is_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none' / 'ledger.db'}"
    with pytest.raises(StoreError, match="There is no ledger"):
        backed_up(url)
    assert work_in(url) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_not_backed_up_as_if_it_were_sound(sqlite_url: str) -> None:
    room = a_lived_ledger(sqlite_url)
    room.ledger.close()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    whole = bytearray(path.read_bytes())
    for start in range(4096 * 5, len(whole), 4096):
        whole[start : start + 200] = os.urandom(200)
    path.write_bytes(whole)
    with pytest.raises(StoreError):
        backed_up(sqlite_url)


# --- damaged and strange backups --------------------------------------------------------------------


@pytest.fixture
def body(sqlite_url: str) -> bytes:
    return backed_up_after(lambda url: a_lived_ledger(url).ledger.close(), sqlite_url)


def changed(body: bytes, member: str, change: object) -> bytes:
    """The backup with one member changed, the zip itself sound."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            kept = old.read(name) if name != member else change(old.read(name))  # type: ignore[operator]
            if kept is not None:
                new.writestr(name, kept)
    return out.getvalue()


def of_manifest(**values: object) -> object:
    return lambda text: json.dumps(json.loads(text) | values)


STRANGE = {
    "a row too few": ("tables/items.jsonl", lambda text: text[text.index(b"\n") + 1 :], "items is not as"),
    "a word changed": ("tables/stories.jsonl", lambda text: text.replace(b"Ford", b"Fort", 1), "stories is"),
    "a table missing": ("tables/alerts.jsonl", lambda text: None, "alerts.jsonl is missing"),
    "the list of feeds changed": ("files/feeds.opml", lambda text: b"<x/>", "feeds.opml is not as"),
    "no manifest": ("manifest.json", lambda text: None, "manifest.json is missing"),
    "a manifest of nothing": ("manifest.json", lambda text: b"[]", "its manifest cannot be read"),
    "a newer form": ("manifest.json", of_manifest(form=2), "newer rumorwatch"),
    "a newer schema": ("manifest.json", of_manifest(schema="9999"), r"newer rumorwatch \(.*schema 9999"),
}


@pytest.mark.parametrize("case", STRANGE, ids=str)
def test_a_backup_that_is_not_as_it_was_made_is_refused_before_anything_is_written(
    body: bytes, tmp_path: Path, case: str
) -> None:
    member, change, words = STRANGE[case]
    with pytest.raises(InputError, match=words):
        put_back(f"sqlite:///{tmp_path / 'other.db'}", changed(body, member, change))
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
def test_half_a_backup_is_none(body: bytes, cut: float) -> None:
    with pytest.raises(InputError, match="no backup of rumorwatch, or not a whole one"):
        put_back("sqlite://", body[: int(len(body) * cut)])


def test_a_flipped_byte_in_any_member_is_seen(body: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        members = opened.infolist()
    for member in members:
        flipped = bytearray(body)
        at = member.header_offset
        lengths = int.from_bytes(body[at + 26 : at + 28], "little") + int.from_bytes(
            body[at + 28 : at + 30], "little"
        )
        flipped[at + 30 + lengths + member.compress_size // 2] ^= 0xFF
        with pytest.raises(InputError, match="is damaged"):
            check(bytes(flipped))
