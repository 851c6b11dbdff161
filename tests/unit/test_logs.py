"""A log line says one thing, to a person or a machine, and a feed's words can't forge one."""

from __future__ import annotations

import json

import pytest

from service import logs

FORGED = 'a title\n2026-01-01 error faked \x1b[31mred "quoted"'


@pytest.fixture(params=["text", "json"])
def form(request):
    logs.configure(request.param, "info")
    return request.param


def test_a_feeds_words_stay_on_their_line(form, capsys):
    logs.configure(form, "info")
    logs.line("item.read", title=FORGED, nothing=None)
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert "\x1b" not in written
    assert "nothing" not in written


def test_a_colour_code_without_a_space_is_escaped_too(capsys):
    logs.configure("text", "info")
    logs.line("item.read", title="\x1b[31mred\x1b[0m")
    assert "\x1b" not in capsys.readouterr().err


def test_a_json_line_is_one_object(capsys):
    logs.configure("json", "info")
    logs.line("feed.polled", new=3, title=FORGED)
    row = json.loads(capsys.readouterr().err)
    assert (row["event"], row["new"], row["title"]) == ("feed.polled", 3, FORGED)


def test_a_failure_keeps_its_traceback(form, capsys):
    logs.configure(form, "info")
    try:
        raise ValueError("broken")
    except ValueError as error:
        logs.failure("item.failed", error, item="i1")
    written = capsys.readouterr().err
    assert "item.failed" in written
    assert "Traceback" in written


def test_lines_below_the_level_are_not_written(capsys):
    logs.configure("text", "warning")
    logs.line("feed.polled")
    assert capsys.readouterr().err == ""
