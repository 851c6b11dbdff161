"""Tokens by command, and the start of a service that others can reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service import wiring
from service.doorbell import LocalBell
from service.errors import InputError, SettingsError
from service.settings import Settings
from service.store.access import digest_of
from service.wiring import Parts
from workers.desk_parts import door
from workers.token_commands import add_token, list_tokens, revoke_token


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def test_a_token_is_shown_once_and_kept_as_a_hash(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    add_token(settings, "Ada", may_edit=True)
    token = capsys.readouterr().out.strip()
    assert len(token) >= 43
    list_tokens(settings)
    listed = capsys.readouterr().out
    assert "Ada  reads and edits" in listed
    assert token not in listed
    assert token.encode() not in (settings.data_dir / "rumorwatch.db").read_bytes()
    revoke_token(settings, "Ada")
    assert "That was the last one" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "page", "edit_token", "é", "a\n"])
def test_a_name_that_would_confuse_the_log_is_refused(settings: Settings, name: str) -> None:
    with pytest.raises(InputError):
        add_token(settings, name, may_edit=False)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    from service.lexicons import knowledge_on_demand

    opened = wiring.open_parts(Settings(data_dir=tmp_path), LocalBell(), knowledge=knowledge_on_demand())
    yield opened
    opened.ledger.close()


def on(parts: Parts, host: str) -> Parts:
    from dataclasses import replace

    return replace(parts, settings=parts.settings.model_copy(update={"host": host}))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]", "192.0.2.7", "2001:db8::7"])
def test_where_others_reach_it_a_service_without_a_token_does_not_start(parts: Parts, host: str) -> None:
    with pytest.raises(SettingsError, match="rumorwatch tokens add"):
        door(on(parts, host))
    parts.ledger.access.add("Ada", digest_of("x" * 43), may_edit=True, now=parts.clock())
    door(on(parts, host))
    parts.ledger.access.revoke("Ada", parts.clock())
    with pytest.raises(SettingsError, match=host.replace("[", r"\[")):
        door(on(parts, host))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.9"])
def test_on_this_machine_alone_it_starts_without(parts: Parts, host: str) -> None:
    door(on(parts, host))
