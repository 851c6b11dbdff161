"""Alerts on the terminal."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from datetime import UTC, datetime

from service.alerts.console import ConsoleTransport, writer
from service.core.model import Alert
from tests.alert_examples import BASE_URL, RUMOR, XIAOMI_DENIES, denial


def lines_of(alert: Alert) -> list[str]:
    stream = io.StringIO()
    transport = ConsoleTransport("console", writer(stream), BASE_URL)
    asyncio.run(transport.send("msg_1", alert, datetime(2026, 2, 3, tzinfo=UTC)))
    return stream.getvalue().splitlines()


def test_the_first_line_comes_first_then_both_quotations_and_the_story() -> None:
    lines = lines_of(denial())
    assert lines[0] == "Xiaomi denies it flatly: Ford in talks with Xiaomi on a US joint venture"
    assert [line.strip() for line in lines if line.startswith("    ")] == [XIAOMI_DENIES.text, RUMOR.text]
    assert f"  {BASE_URL}/stories/st_bbbbbbbbbbbbbbbb" in lines


def test_a_title_moves_no_cursor_and_is_no_markup() -> None:
    hostile = "[red]x[/red] :smile: \x1b[2J\x9b31m\r\n\x07y"
    lines = lines_of(replace(denial(), claim=hostile, evidence=replace(XIAOMI_DENIES, text=hostile)))
    assert lines[0] == "Xiaomi denies it flatly: [red]x[/red] :smile: [2J31m y"
    assert not set("".join(lines)) & {"\x1b", "\x9b", "\x07", "\r"}


def test_one_alert_is_one_write() -> None:
    written: list[str] = []
    transport = ConsoleTransport("console", written.append, BASE_URL)
    sent = asyncio.run(transport.send("msg_1", denial(), datetime(2026, 2, 3, tzinfo=UTC)))
    assert len(written) == 1
    assert sent.status is None
