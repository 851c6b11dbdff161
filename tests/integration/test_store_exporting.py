"""Rows for a notebook: stable columns, whole values, and no cell that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.errors import InputError
from service.store.exporting import TABLES
from service.store.ledger import Ledger
from tests.builders import NOON
from tests.fakes_keeping import a_lived_ledger
from tests.fakes_stories import Room
from workers.exporting import cell, reference

ROOT = Path(__file__).parents[2]


@pytest.fixture
def room(ledger_url: str) -> Iterator[Room]:
    lived = a_lived_ledger(ledger_url)
    yield lived
    lived.ledger.close()


def rows_of(ledger: Ledger, table: str, since_day: float | None = None) -> list[dict[str, Any]]:
    since = None if since_day is None else NOON + timedelta(days=since_day)
    names = [column.name for column in TABLES[table].columns]
    return [dict(zip(names, row, strict=True)) for row in ledger.exports.rows(table, since)]


def test_every_row_is_there_with_its_values(room: Room) -> None:
    stories = rows_of(room.ledger, "stories")
    assert [row["id"] for row in stories] == [row.id for row in reversed(room.ledger.reports.stories().items)]
    (ford,) = [row for row in stories if row["principals"] == ("Ford", "Xiaomi")]
    assert (ford["status"], ford["denied_by"], ford["rumor_outlet"]) == ("denied", ("Ford",), "Reuters")
    assert (ford["merged_into"], ford["emptied"], ford["last_at"]) == (
        None,
        False,
        "2026-02-02T12:00:00.000000+00:00",
    )
    alerts = rows_of(room.ledger, "alerts")
    assert {row["id"] for row in alerts} == {alert.id for alert in room.alerts()}
    states = [state.split(": ")[1] for row in alerts for state in row["deliveries"]]
    assert sorted(states) == ["dead", "delivered", *["pending"] * (len(states) - 2)]
    items = rows_of(room.ledger, "items")
    assert [row["id"] for row in items if row["state"] == "pending"] == ["unread"]
    statements = rows_of(room.ledger, "statements")
    assert [row["item_id"] for row in statements] == ["Reuters-0", "Ford-1", "Nokia-2", "doubt", "stray"]
    assert statements[-1]["story_id"] is None
    assert statements[1]["evidence_text"] == "Ford says something."


def test_since_takes_what_is_not_older(room: Room) -> None:
    assert [row["item_id"] for row in rows_of(room.ledger, "statements", 2)] == ["Nokia-2", "doubt", "stray"]
    assert [row["id"] for row in rows_of(room.ledger, "items", 4)] == ["plain", "stray", "unread"]
    assert len(rows_of(room.ledger, "stories", 1.5)) == 1
    assert rows_of(room.ledger, "alerts", 1000) == []


def test_both_databases_export_the_same(room: Room) -> None:
    again = a_lived_ledger("sqlite://")
    for table in ("stories", "items", "statements", "alerts"):
        assert rows_of(room.ledger, table) == rows_of(again.ledger, table)
    again.ledger.close()


def test_the_page_describes_every_column_as_it_is() -> None:
    written = (ROOT / "docs" / "reference" / "export.md").read_text(encoding="utf-8")
    assert written == reference(), "rumorwatch export columns > docs/reference/export.md"


FIRST = {
    "stories": (
        "id status claim principals opened_at last_at reports repeats alerts denied_by confirmed_by "
        "no_comment_by curated merged_into emptied rumor_text rumor_outlet rumor_url rumor_item rumor_at "
    ),
    "alerts": (
        "id created_at at event reason subscription story_id claim status kind party speaker role "
        "strength doubtful note deliveries evidence_text evidence_outlet evidence_url evidence_item "
        "evidence_at rumor_text rumor_outlet rumor_url rumor_item rumor_at "
    ),
    "items": (
        "id revision feed_id outlet lang url title text published told_at seen_at backfill state why "
        "removed_at "
    ),
    "statements": (
        "item_id revision ordinal story_id at kind party speaker role strength claim principals fresh "
        "confidence evidence_text evidence_field evidence_start evidence_end because event reason "
        "joined_score joined_sure outlet url title "
    ),
}


@pytest.mark.parametrize("table", FIRST)
def test_columns_are_never_renamed_nor_moved(table: str) -> None:
    first = FIRST[table].split()
    assert [column.name for column in TABLES[table].columns][: len(first)] == first


# --- formulas ------------------------------------------------------------------------------------------

RUN = [
    "=1+1",
    "+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\x00=1",
    " =1",
    "\u00a0=1",
    "\ufeff=1",
    "\u200b=1",
    "\ufeff =1",
    "＝1+1",
    "＠x",
    "-",
]


@pytest.mark.parametrize("text", RUN, ids=repr)
def test_a_text_that_a_spreadsheet_would_run_is_marked_and_comes_back(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (True, "true"),
        (-0.5, "-0.5"),
        (3, "3"),
        ("Ford = Xiaomi", "Ford = Xiaomi"),
        ("'quoted'", "'quoted'"),
        (("=a", "小米"), '["=a", "小米"]'),
        ("", ""),
    ],
)
def test_other_values_stand_as_they_are(value: Any, written: str) -> None:
    assert cell(value) == written


# --- the command -----------------------------------------------------------------------------------------


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command over a ledger whose story begins with a formula."""
    monkeypatch.setenv("RUMORWATCH_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    lived = a_lived_ledger(f"sqlite:///{tmp_path / 'rumorwatch.db'}")
    lived.desk.rename(lived.living()[0], '=HYPERLINK("http://evil.example","x")')
    lived.ledger.close()

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ("export", *words), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.mark.parametrize("table", FIRST)
def test_csv_and_json_lines_hold_the_same_rows(say: Callable[..., str], table: str) -> None:
    plain = [json.loads(line) for line in say(table).splitlines()]
    sheet = list(csv.DictReader(io.StringIO(say(table, "--format", "csv"))))
    assert len(plain) == len(sheet) > 0
    for ours, theirs in zip(plain, sheet, strict=True):
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in ours.items()}
        assert theirs == {name: cell(value) for name, value in values.items()}


def test_a_formula_in_a_claim_is_marked_in_csv_only(say: Callable[..., str]) -> None:
    assert '"\'=HYPERLINK(""http' in say("stories", "--format", "csv")
    assert '"claim":"=HYPERLINK' in say("stories").replace('": "', '":"')


def test_a_file_says_its_format_by_its_name_and_is_whole(say: Callable[..., str], tmp_path: Path) -> None:
    say("alerts", "alerts.csv", "--since", "2026-02-01")
    assert (tmp_path / "alerts.csv").read_text(encoding="utf-8").startswith('"id","created_at"')
    say("alerts", "alerts.jsonl")
    assert json.loads((tmp_path / "alerts.jsonl").read_text(encoding="utf-8").splitlines()[0])["id"]
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(
    "words",
    [("people",), ("stories", "--format", "xlsx"), ("stories", "--since", "soon"), ("stories", "no/x.csv")],
    ids=" ".join,
)
def test_what_is_not_known_is_said_by_name(say: Callable[..., str], words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ("export", *words))
    assert isinstance(done.exception, InputError)
    assert words[-1] in str(done.exception)
