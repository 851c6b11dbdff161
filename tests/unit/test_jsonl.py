"""The machine interface takes what it says it takes, and names what it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from service.errors import InputError
from service.jsonl import parse_item, parse_time


def line(**values: object) -> str:
    return json.dumps({"title": "T", "text": "words", **values})


def test_an_item_keeps_what_it_was_given():
    item = parse_item(
        line(id="x1", url="https://e.org", outlet="E", published="2026-02-03T15:00:00Z", lang="en", more=1)
    )
    assert (item.id, item.title, item.text, item.url) == ("x1", "T", "words", "https://e.org")
    assert (item.outlet, item.lang, item.published) == ("E", "en", datetime(2026, 2, 3, 15, tzinfo=UTC))


def test_a_missing_id_is_made_from_the_content():
    first, again, other = parse_item(line()), parse_item(line()), parse_item(line(text="other words"))
    assert first.id == again.id != other.id


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-03", datetime(2026, 2, 3, tzinfo=UTC)),
        ("2026-02-03T15:00:00Z", datetime(2026, 2, 3, 15, tzinfo=UTC)),
        ("2026-02-03T15:00:00+08:00", datetime(2026, 2, 3, 7, tzinfo=UTC)),
        ("2026-02-03T15:00:00", datetime(2026, 2, 3, 15, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_utc(text, moment):
    assert parse_time(text) == moment


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "0001-01-01T00:00:00+23:00", "9999-99"])
def test_a_time_that_is_none_is_named(text):
    with pytest.raises(InputError, match="ISO 8601"):
        parse_time(text)


BAD = {
    "not JSON": "{",
    "a list": "[1]",
    "a title that is a number": line(title=3),
    "a text that is an object": line(text={}),
    "a time that is none": line(published="soon"),
    "nothing to read": json.dumps({"id": "a", "title": " ", "text": ""}),
    "a number that is none": '{"title": "a", "text": "b", "x": NaN}',
    "nested too deep": "[" * 100_000,
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_bad_line_is_refused_with_its_reason(case):
    with pytest.raises(InputError):
        parse_item(BAD[case])


def test_a_lone_surrogate_keeps_its_place():
    item = parse_item('{"title": "a\\ud800b", "text": "c"}')
    assert item.title == "a\ufffdb"
