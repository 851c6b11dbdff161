"""The commands backup, restore, deliveries and retention, as a person uses them."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import update
from typer.testing import CliRunner

from service.cli import app
from service.errors import InputError, StoreError
from service.store.engine import connect, writing
from service.store.ledger import Ledger
from service.store.schema import revisions
from tests.fakes_keeping import a_lived_ledger, answers

Say = Callable[..., Result]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs a command in a folder with a ledger that lived and a list of imported feeds."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "feeds.opml").write_bytes(b"<opml/>")
    a_lived_ledger(url_of(tmp_path / "data")).ledger.close()

    def run(*words: str, data: str = "data") -> Result:
        monkeypatch.setenv("RUMORWATCH_DATA_DIR", str(tmp_path / data))
        return CliRunner().invoke(app, words)

    return run


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'rumorwatch.db'}"


def answers_of(folder: Path) -> dict[str, bytes]:
    ledger = Ledger.open(url_of(folder))
    said = answers(ledger)
    ledger.close()
    return said


def test_a_backup_is_its_owners_only_says_what_it_holds_and_fills_an_empty_place(
    say: Say, tmp_path: Path
) -> None:
    done = say("backup", "kept.zip")
    assert "no secret of a channel" in done.stderr
    assert stat.S_IMODE((tmp_path / "kept.zip").stat().st_mode) == 0o600
    assert not list(tmp_path.glob("*.partial"))
    shown = say("restore", "kept.zip", "--dry-run", data="other").stdout
    assert "It would fill an empty ledger" in shown
    assert not (tmp_path / "other").exists()
    assert "sent as soon as the service runs" in say("restore", "kept.zip", data="other").stdout
    assert answers_of(tmp_path / "other") == answers_of(tmp_path / "data")
    assert (tmp_path / "other" / "feeds.opml").read_bytes() == b"<opml/>"


def test_a_ledger_with_work_is_replaced_only_by_force_and_kept_beside(say: Say, tmp_path: Path) -> None:
    say("backup", "kept.zip")
    say("stories", "rename", "s_0", "x")
    assert "would be refused without --force" in say("restore", "kept.zip", "--dry-run").stdout
    refused = say("restore", "kept.zip")
    assert isinstance(refused.exception, StoreError)
    assert "It would replace" in say("restore", "kept.zip", "--dry-run", "--force").stdout
    assert list((tmp_path / "data").glob("before-restore-*")) == []
    assert "restore that with --force to go back" in say("restore", "kept.zip", "--force").stdout
    (before,) = (tmp_path / "data").glob("before-restore-*.zip")
    assert say("restore", str(before), "--dry-run", data="other").exit_code == 0


def test_what_is_held_is_listed_and_released_or_dropped(say: Say) -> None:
    say("backup", "kept.zip")
    assert "deliveries are held" in say("restore", "kept.zip", "--hold-deliveries", data="copy").stdout
    listed = say("deliveries", "held", data="copy").stdout.splitlines()
    assert len(listed) > 1
    assert say("deliveries", "release", data="copy").stdout.startswith(f"{len(listed)} deliveries are sent")
    assert say("deliveries", "held", data="copy").stdout == "No delivery is held.\n"
    assert say("deliveries", "drop", data="copy").stdout.startswith("0 deliveries are given up")


def test_retention_says_what_would_go_before_it_goes(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(engine := connect(url_of(tmp_path / "data"))) as connection:
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)  # whenever this is run
        connection.execute(update(revisions).values(seen_at=long_ago))
    engine.dispose()
    monkeypatch.setenv("RUMORWATCH_RETENTION_ITEMS_DAYS", "1")
    monkeypatch.setenv("RUMORWATCH_RETENTION_TEXTS_DAYS", "0")
    shown = say("retention", "--dry-run").stdout
    assert "2 items in no story" in shown
    assert "kept for ever: texts" in shown
    assert shown.endswith("Nothing was removed.\n")
    assert "2 of 2 items in no story" in say("retention").stdout
    assert "0 items in no story" in say("retention", "--dry-run").stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("backup", "no/kept.zip"), "no/kept.zip cannot be written"),
        (("restore", "none.zip"), "none.zip cannot be read"),
        (("restore", "data/feeds.opml"), "no backup of rumorwatch"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_what_cannot_be_used_is_named(say: Say, words: tuple[str, ...], named: str) -> None:
    done = say(*words)
    assert isinstance(done.exception, InputError)
    assert named in str(done.exception)
