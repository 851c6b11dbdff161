"""The commands `feeds quarantine list`, `show` and `retry`: what could not be read, and another try at it."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from service import wiring
from service.core.feed import Feed, NewRevision, Unparsed
from service.core.polling import identify, plan_poll
from service.core.text import clean
from service.errors import InputError
from service.feeds.parse import parse_feed
from service.settings import Settings
from service.store.ledger import Ledger
from service.store.quarantine import revision_in
from workers.feed_list import stamp


def list_pieces(settings: Settings, feed_id: str | None) -> None:
    """Prints what was put aside of a feed, or of all. InputError where there is no such feed."""
    with closing(wiring.open_ledger(settings)) as ledger:
        if feed_id is not None and ledger.feeds.one(feed_id) is None:
            raise InputError(f"There is no feed {feed_id!r}: `rumorwatch feeds list` names them.")
        pieces = ledger.quarantine.pieces(feed_id)
    if not pieces:
        sys.stdout.write("nothing is in quarantine: all that came could be read\n")
        return
    table = Table(Column("id", no_wrap=True), "feed", "last seen", "times", "what", "why")
    for piece in pieces:
        what = f"{piece.kind}, {piece.size} bytes{', cut' if piece.cut else ''}"
        cells = (piece.id, piece.feed_id, stamp(piece.last_at), str(piece.times), what, clean(piece.why))
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    Console().print(table)


def show_piece(settings: Settings, piece_id: str) -> None:
    """Writes the bytes of a piece to standard output, as they came."""
    with closing(wiring.open_ledger(settings)) as ledger:
        _, piece = ledger.quarantine.piece(piece_id)
    sys.stdout.buffer.write(piece.raw)
    sys.stdout.buffer.flush()


def retry_piece(settings: Settings, piece_id: str) -> None:
    """Reads a piece anew and stores what it holds, as history that alerts nobody.

    What still cannot be read stays, or takes the place of the piece. Raises as parsing does.
    """
    now = wiring.utc_now()
    with closing(wiring.open_ledger(settings)) as ledger:
        feed_id, piece = ledger.quarantine.piece(piece_id)
        feed = ledger.feeds.one(feed_id)
        assert feed is not None  # a feed is never deleted
        found, left = _read(ledger, feed, piece)
        saved = ledger.quarantine.take_out(piece_id, found, left, now)
    still = f", {len(left)} pieces of it stay in quarantine" if left else ""
    sys.stdout.write(f"{saved} of {len(found)} items were new and are stored as history{still}\n")


def _read(
    ledger: Ledger, feed: Feed, piece: Unparsed
) -> tuple[tuple[NewRevision, ...], tuple[Unparsed, ...]]:
    """The revisions in `piece`, and what of it could not be read."""
    if piece.kind == "item":
        return (_cleaned(revision_in(piece)),), ()
    parsed = parse_feed(piece.raw, piece.content_type, piece.url)
    known = ledger.feeds.known(feed.id, [one.item_id for one in identify(feed.id, parsed.entries)])
    plan = plan_poll(feed, parsed.entries, known, wiring.utc_now(), etag=None, last_modified=None)
    return tuple(replace(new, backfill=True) for new in plan.revisions), parsed.lost


def _cleaned(new: NewRevision) -> NewRevision:
    """The revision without the characters that no ledger takes."""
    return replace(
        new,
        guid=None if new.guid is None else clean(new.guid),
        title=clean(new.title),
        text=clean(new.text),
        url=None if new.url is None else clean(new.url),
        outlet=None if new.outlet is None else clean(new.outlet),
        lang=None if new.lang is None else clean(new.lang),
        backfill=True,
    )
