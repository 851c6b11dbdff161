"""Nothing unreadable is lost: it is kept as it came, beside neighbours that are stored, and tried again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service import wiring
from service.core.feed import Feed, Unparsed
from service.errors import FeedError, InputError, StoreError
from service.feeds.parse import parse_feed
from service.feeds.poll import poll_feed
from service.net import GuardedClient
from service.settings import Settings, load_settings
from service.store import quarantine
from service.store.engine import connect, writing
from service.store.ledger import Ledger
from service.store.quarantine import revision_in
from tests.fakes_feeds import FeedServer
from tests.fakes_store import NOON, a_feed, a_plan, a_revision, later
from workers.feed_quarantine import list_pieces, retry_piece, show_piece

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
# feedparser raises on it, and so loses the whole document that it stands in.
BREAKS = (
    b"<item><guid>bad</guid><title>Bad</title>"
    b"<gml:pos xmlns:gml='http://www.opengis.net/gml' srsDimension='x'>1 2</gml:pos></item>"
)


def rss(*items: bytes) -> bytes:
    return b"<rss version='2.0'><channel><title>F</title>" + b"".join(items) + b"</channel></rss>"


def item(name: str) -> bytes:
    return f"<item><guid>{name}</guid><title>Title {name}</title></item>".encode()


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


def poll(ledger: Ledger, feed: Feed) -> str:
    client = GuardedClient(user_agent="test/1", allow_networks=["127.0.0.0/8"])
    return asyncio.run(poll_feed(ledger.feeds, client, feed, NOW)).outcome


def feed_of(server: FeedServer, path: str = "/feed", **more: object) -> Feed:
    return replace(Feed("f", server.url(path), "E", baseline_done=True), **more)  # type: ignore[arg-type]


# --- what could not be parsed ----------------------------------------------------------------------


def test_an_entry_that_breaks_the_parser_is_kept_as_it_came_beside_its_neighbours(
    server: FeedServer, ledger: Ledger
) -> None:
    bad = BREAKS.replace(b"<title>", b"<title>&#xD800;\xff ")
    server.serve("/feed", rss(item("a"), bad, item("b")), content_type="text/xml")
    ledger.feeds.declare([feed_of(server)], NOW)
    assert poll(ledger, feed_of(server)) == "fetched"
    assert ledger.reports.counts(NOW).items == 2
    (aside,) = ledger.quarantine.pieces("f")
    assert (aside.kind, aside.times, aside.first_at, aside.cut) == ("entry", 1, NOW, False)
    _, piece = ledger.quarantine.piece(aside.id)
    assert bad in piece.raw
    assert piece.raw.startswith(b"<rss version='2.0'><channel>")
    assert (piece.url, piece.content_type) == (server.url("/feed"), "text/xml")


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"items": [{"id": "1", "title": "x"},', True),
        (b"<rss><channel>" + BREAKS + b"</channel></rss>", True),
        (b"<gopher>something that a later version may read</gopher>", True),
        (b"<html><body>Are you human?</body></html>", False),
        (b"", False),
    ],
    ids=["cut JSON", "nothing but poison", "unknown", "captcha", "empty"],
)
def test_a_document_that_may_be_a_feed_is_kept_whole_and_a_web_page_is_not(
    body: bytes, kept: bool, server: FeedServer, sqlite_url: str
) -> None:
    ledger = Ledger.open(sqlite_url)
    server.serve("/feed", body)
    ledger.feeds.declare([feed_of(server)], NOW)
    assert poll(ledger, feed_of(server)) == "failed"
    pieces = ledger.quarantine.pieces()
    assert [piece.kind for piece in pieces] == (["document"] if kept else [])
    if kept:
        assert ledger.quarantine.piece(pieces[0].id)[1].raw == body
        poll(ledger, feed_of(server))
        assert [piece.times for piece in ledger.quarantine.pieces()] == [2]
    ledger.close()


def test_what_a_dying_parser_did_not_reach_is_kept_as_one_document() -> None:
    """Each of these takes more than a second of the salvager's: it dies of its CPU limit on the way."""
    slow = b"<item " + b" ".join(b"a%d='1'" % n for n in range(60_000)) + b"><title>x</title></item>"
    body = rss(item("a"), *(slow.replace(b"<title>x", b"<title>%d" % n) for n in range(8)), item("z"))
    parsed = parse_feed(body, None, "http://feed.example/", wall_seconds=2.5)
    (rest,) = [piece for piece in parsed.lost if piece.kind == "document"]
    assert rest.raw.endswith(item("z") + b"</channel></rss>")
    titles = [entry.title for entry in parsed.entries]
    known = b"".join(piece.raw for piece in parsed.lost)
    assert all(f"<title>{n}".encode() in known or str(n) in titles for n in range(8))
    assert titles[0] == "Title a"


# --- what could not be stored ----------------------------------------------------------------------

POISONS: dict[str, dict[str, object]] = {
    "nul in the title": {"title": "a\x00b"},
    "nul in the text": {"text": "\x00"},
    "nul in the guid": {"guid": "\x00"},
    "lone surrogate": {"text": "x\ud800y"},
    "surrogate in the url": {"url": "http://x.example/\udfff"},
    "no time zone": {"told_at": NOON.replace(tzinfo=None)},
    "no title": {"title": None},
    "huge position": {"position": 2**70},
    "nine kilobytes of guid": {"guid": "".join(chr(0x4E00 + n % 9000) for n in range(9000))},
    "not a number": {"text": str(float("nan"))},
    "far year": {"published": datetime(9999, 12, 31, tzinfo=UTC)},
}
TAKEN_BY_BOTH = ("nine kilobytes of guid", "not a number", "far year")
TAKEN_BY_SQLITE = ("nul in the title", "nul in the text", "nul in the guid")


def test_a_poisoned_value_is_put_aside_alone_and_its_fifty_neighbours_are_stored(
    ledger: Ledger, ledger_url: str
) -> None:
    stored = 0
    for number, (name, poison) in enumerate(POISONS.items()):
        feed, ids = f"feed{number}", [f"{number}_{n:02}" for n in range(50)]
        ledger.feeds.declare([a_feed(feed)], NOON)
        good = [a_revision(one, position=n) for n, one in enumerate(ids)]
        bad = replace(a_revision(f"{number}_bad", position=25), **poison)  # type: ignore[arg-type]
        plan = a_plan(*good[:25], bad, *good[25:])
        takes = name in TAKEN_BY_BOTH or (name in TAKEN_BY_SQLITE and ledger_url.startswith("sqlite"))
        assert ledger.feeds.commit_poll(feed, plan, NOON) == 50 + takes, name
        (kept,) = ledger.feeds.due(later(900), 1)
        assert (kept.id, kept.etag) == (feed, 'W/"abc"')
        pieces = ledger.quarantine.pieces(feed)
        assert [piece.kind for piece in pieces] == ([] if takes else ["item"]), name
        assert all("the ledger refused it" in piece.why for piece in pieces)
        assert ledger.feeds.commit_poll(feed, plan, NOON) == 0
        stored += 50 + takes
    assert ledger.reports.counts(NOON).items == stored


def test_a_database_that_fails_is_no_poison(ledger: Ledger, ledger_url: str) -> None:
    ledger.feeds.declare([a_feed()], NOON)
    engine = connect(ledger_url)
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE revisions RENAME TO elsewhere")
    engine.dispose()
    with pytest.raises(StoreError, match="cannot be used"):
        ledger.feeds.commit_poll("wire", a_plan(a_revision("i1")), NOON)
    assert ledger.quarantine.pieces() == []
    assert ledger.feeds.due(NOON, 1) == [a_feed(next_poll_at=NOON)]


# --- bounds ----------------------------------------------------------------------------------------


def test_a_feed_keeps_its_latest_pieces_and_only_so_many(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed("wire"), a_feed("other")], NOON)
    ledger.feeds.commit_poll("other", a_plan(unparsed=(Unparsed("document", b"x", "why"),)), NOON)
    for turn in range(5):
        lost = tuple(Unparsed("entry", b"%d %d" % (turn, n), "why") for n in range(100))
        ledger.feeds.commit_poll("wire", a_plan(unparsed=lost), later(turn))
    kept = ledger.quarantine.pieces("wire")
    assert len(kept) == quarantine.MOST_PIECES
    assert {piece.first_at for piece in kept} == {later(3), later(4)}
    assert len(ledger.quarantine.pieces("other")) == 1


def test_a_feed_keeps_only_so_many_bytes_and_the_end_of_a_long_piece_is_cut(sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url)
    ledger.feeds.declare([a_feed()], NOON)
    chance = random.Random(1)  # what does not pack
    for turn in range(4):
        long = Unparsed("document", chance.randbytes(quarantine.MOST_RAW + 1), "why")
        ledger.feeds.commit_poll("wire", a_plan(unparsed=(long,)), later(turn))
    kept = ledger.quarantine.pieces()
    assert [piece.first_at for piece in kept] == [later(3)]
    assert (kept[0].size, kept[0].cut) == (quarantine.MOST_RAW + 1, True)
    assert len(ledger.quarantine.piece(kept[0].id)[1].raw) == quarantine.MOST_RAW
    ledger.close()


# --- by hand ---------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUMORWATCH_DATA_DIR", str(tmp_path / "data"))
    return load_settings()


def put_aside(settings: Settings, *pieces: Unparsed) -> list[str]:
    """The ids of `pieces`, put aside by a feed that has been polled before."""
    ledger = wiring.open_ledger(settings)
    ledger.feeds.declare([a_feed()], NOON)
    for number, piece in enumerate(pieces):
        ledger.feeds.commit_poll("wire", a_plan(unparsed=(piece,)), later(-number))
    ids = [piece.id for piece in ledger.quarantine.pieces()]
    ledger.close()
    return ids


def test_a_piece_is_listed_written_out_and_after_an_upgrade_stored_as_history(
    settings: Settings, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What a later version can read is played by a document that this one can."""
    mended = rss(item("a"), item("b"))
    (piece,) = put_aside(settings, Unparsed("entry", mended, "the parser \x1b[31mbroke", "http://x.example/"))
    list_pieces(settings, "wire")
    said = capfdbinary.readouterr().out
    assert piece.encode() in said
    assert b"\x1b[31mbroke" not in said
    show_piece(settings, piece)
    assert capfdbinary.readouterr().out == mended
    retry_piece(settings, piece)
    assert b"2 of 2 items were new and are stored as history" in capfdbinary.readouterr().out
    list_pieces(settings, None)
    assert b"nothing is in quarantine" in capfdbinary.readouterr().out
    ledger = wiring.open_ledger(settings)
    (first, second) = (ledger.items.claim(later(99_999), 9) for _ in range(2))
    ledger.close()
    assert first is not None
    assert second is None, "one at a time of one feed"
    assert (first.item.title, first.item.backfill) == ("Title a", True)


def test_a_piece_that_still_cannot_be_read_stays(settings: Settings) -> None:
    (piece,) = put_aside(settings, Unparsed("document", b"<gopher/>", "why", "http://x.example/"))
    with pytest.raises(FeedError, match="is not a feed"):
        retry_piece(settings, piece)
    ledger = wiring.open_ledger(settings)
    assert [one.id for one in ledger.quarantine.pieces()] == [piece]
    ledger.close()


def test_what_is_left_of_a_piece_takes_its_place(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = rss(item("a"), BREAKS)
    (piece,) = put_aside(settings, Unparsed("document", whole, "why", "http://x.example/"))
    retry_piece(settings, piece)
    assert "1 of 1 items were new and are stored as history, 1 pieces of it stay" in capsys.readouterr().out
    ledger = wiring.open_ledger(settings)
    (left,) = ledger.quarantine.pieces()
    assert (left.kind, left.id == piece) == ("entry", False)
    ledger.close()


def test_a_value_that_the_ledger_refused_is_stored_without_what_it_refused(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = wiring.open_ledger(settings)
    ledger.feeds.declare([a_feed()], NOON)
    bad = replace(a_revision("i1"), title="a\ud800b")
    ledger.feeds.commit_poll("wire", a_plan(bad), NOON)
    (piece,) = ledger.quarantine.pieces()
    assert revision_in(ledger.quarantine.piece(piece.id)[1]) == bad
    ledger.close()
    retry_piece(settings, piece.id)
    assert "1 of 1 items were new" in capsys.readouterr().out
    ledger = wiring.open_ledger(settings)
    kept = ledger.items.latest("i1")
    ledger.close()
    assert kept is not None
    assert (kept.title, kept.backfill) == ("ab", True)


@pytest.mark.parametrize("act", [show_piece, retry_piece])
def test_a_piece_that_is_not_there_is_named(act, settings: Settings) -> None:
    with pytest.raises(InputError, match="There is no 'q_none'"):
        act(settings, "q_none")


def test_a_feed_that_is_not_there_is_named(settings: Settings) -> None:
    with pytest.raises(InputError, match="There is no feed 'f_none'"):
        list_pieces(settings, "f_none")


def test_two_who_take_out_the_same_piece_store_it_once(ledger: Ledger) -> None:
    ledger.feeds.declare([a_feed()], NOON)
    ledger.feeds.commit_poll("wire", a_plan(unparsed=(Unparsed("entry", b"x", "why"),)), NOON)
    (piece,) = ledger.quarantine.pieces()
    assert ledger.quarantine.take_out(piece.id, [a_revision("i1")], (), NOON) == 1
    with pytest.raises(InputError, match="not in quarantine any more"):
        ledger.quarantine.take_out(piece.id, [a_revision("i2")], (), NOON)
    assert ledger.reports.counts(NOON).items == 1
