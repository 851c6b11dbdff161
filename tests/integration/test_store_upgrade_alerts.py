"""Alerts of an earlier version, with their deliveries and attempts, are there after the upgrade."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from service.core.model import Claim, Position
from service.store.codec import encode, encode_all
from service.store.engine import connect, writing
from service.store.ledger import Ledger
from service.store.migrate import SCRIPTS
from tests.fakes_store import NOON, a_position, a_story, an_alert, an_item, later

_AT = int(NOON.timestamp()) * 1_000_000
ROWS = """
INSERT INTO stories (id, version, status, opened_at, last_at, reports, repeats, claim, positions)
    VALUES ('s', 1, 'denied', :at, :at, 0, 0, :claim, :positions);
INSERT INTO alerts (id, story_id, subscription, event, at, created_at, alert)
    VALUES ('a', 's', 'everything', 'story.denied', :at, :at, :alert);
INSERT INTO deliveries (id, alert_id, channel, state, next_at, tries, created_at)
    VALUES ('d', 'a', 'hook', 'pending', :at, 1, :at);
INSERT INTO attempts (delivery_id, number, at, ok, status, answer, seconds)
    VALUES ('d', 1, :at, false, 503, 'later', 0.5)
"""


def an_old_ledger(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    command.upgrade(config, "0003")
    given = {
        "at": _AT,
        "claim": encode(Claim("Ford builds", ("Ford",))),
        "positions": encode_all(Position, (a_position(an_item("a")),)),
        "alert": encode(an_alert("a", a_story("s", an_item("a")))),
    }
    for row in ROWS.split(";"):
        named = {name: value for name, value in given.items() if f":{name}" in row}
        connection.execute(text(row), named)


def test_alerts_deliveries_and_attempts_survive_and_go_on(ledger_url: str) -> None:
    engine = connect(ledger_url)
    with writing(engine) as connection:
        an_old_ledger(connection)
    ledger = Ledger.open(ledger_url)
    (row,) = ledger.reports.alerts().items
    assert (row.alert.id, row.deliveries, row.held_until) == ("a", (("hook", "pending"),), None)
    work = ledger.deliveries.claim(later(10), 60)
    assert work is not None
    assert (work.message, work.tries) == (row.alert, 1)
    assert [attempt.answer for attempt in ledger.deliveries.attempts("d")] == ["later"]
    with writing(engine) as connection:
        left = connection.execute(text("SELECT left_at FROM alerts")).scalar()
        if engine.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    assert left == _AT
    engine.dispose()
    ledger.close()
