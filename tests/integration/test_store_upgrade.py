"""A ledger of an earlier version is brought to this one with all that it holds."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from service.core.model import Claim, Kind, Position, Role, Strength
from service.store.codec import encode, encode_all
from service.store.engine import connect, writing
from service.store.ledger import Ledger
from service.store.migrate import SCRIPTS
from tests.fakes_store import NOON, a_position, a_statement, an_item

_MICROSECONDS = int(NOON.timestamp()) * 1_000_000

ROWS = """
INSERT INTO items (id, feed_id, first_seen_at, revisions) VALUES ('a', '', :at, 1);
INSERT INTO revisions (item_id, revision, fingerprint, feed_id, title, text, told_at, position, backfill,
    reason, seen_at, state, tries)
    VALUES ('a', 1, 'f', '', 'T', 'words', :at, 7, false, 'new', :at, 'done', 1);
INSERT INTO stories (id, version, status, opened_at, last_at, reports, repeats, claim, positions)
    VALUES ('s', 1, 'denied', :at, :at, 0, 0, :claim, :positions);
INSERT INTO postings (story_id, key, last_at) VALUES ('s', 'n:ford', :at);
INSERT INTO statements (item_id, revision, ordinal, story_id, story_version, at, kind, party, statement,
    event, reason, joined_score, joined_sure, joined_because)
    VALUES ('a', 1, 2, 's', 1, :at, 'denial', 'Ford', :statement, 'story.denied', 'first_denial_by_party',
    0.5, true, '[]')
"""


def an_old_ledger(url: str) -> None:
    """A ledger as the first version left it: a story that one item opened with a denial."""
    engine = connect(url)
    given = {
        "at": _MICROSECONDS,
        "claim": encode(Claim("Ford builds", ("Ford",))),
        "positions": encode_all(Position, (a_position(an_item("a")),)),
        "statement": encode(a_statement()),
    }
    with writing(engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for row in ROWS.split(";"):
            named = {name: value for name, value in given.items() if f":{name}" in row}
            connection.execute(text(row), named)
    engine.dispose()


def test_an_old_ledger_keeps_its_stories_and_can_fold_them(ledger_url: str) -> None:
    an_old_ledger(ledger_url)
    ledger = Ledger.open(ledger_url)
    with ledger.looking() as transaction:
        (stored,) = transaction.kept_of({"s"})
        story = transaction.story("s")
        assert transaction.decisions() == ()
    kept = stored.kept
    assert story is not None
    assert (story.curated, story.became) == (False, None)
    assert (kept.placed, kept.place, kept.item.position, kept.news) == ("s", 2, 7, False)
    assert (kept.statement.kind, kept.statement.role) == (Kind.DENIAL, Role.PRINCIPAL)
    (record,) = ledger.reports.party_records()
    assert (record.name, record.denied) == ("Ford", 1)
    page = ledger.reports.story("s")
    assert page is not None
    assert [(row.strength, row.speaker) for row in page.timeline] == [(Strength.FLAT, "Jim Farley")]
    ledger.close()
