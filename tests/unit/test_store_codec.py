"""Model values survive the way to text and back, to the last bit."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import Phase, given, settings, strategies as some

from service.core.model import Alert, Claim, Evidence, Position, Quotation, Statement, Story
from service.errors import StoreError
from service.store.codec import decode, decode_all, encode, encode_all
from tests.fakes_store import NOON, a_position, a_statement, a_story, an_alert, an_item

_WORDS = some.text(some.characters(exclude_categories=["Cs"]), max_size=20)
_MOMENTS = some.datetimes(timezones=some.just(UTC)).map(lambda at: at.replace(fold=0))
for _kind, _how in (
    (str, _WORDS),
    (datetime, _MOMENTS),
    (float, some.floats(allow_nan=False, allow_infinity=False)),
):
    some.register_type_strategy(_kind, _how)


@pytest.mark.parametrize("kind", [Alert, Claim, Evidence, Position, Quotation, Statement, Story])
@settings(max_examples=25, deadline=None, phases=[Phase.generate])
@given(data=some.data())
def test_any_value_comes_back_equal_and_of_the_same_types(kind: type, data: some.DataObject) -> None:
    value = data.draw(some.from_type(kind))
    text = encode(value)
    back = decode(kind, text)
    assert back == value
    assert repr(back) == repr(value)  # an enum that came back as a bare string would be equal, not alike
    assert encode(back) == text


def test_the_text_has_sorted_keys_and_keeps_its_characters() -> None:
    text = encode(Claim(text="小米造车", principals=("小米",)))
    assert text == (
        '{"figures":[],"firm":2,"lang":"","principals":["小米"],"relations":[],"setting":[],"terms":[],'
        '"text":"小米造车"}'
    )


def test_several_values_keep_their_order() -> None:
    item = an_item()
    positions = (a_position(item, "Xiaomi"), a_position(item, "Ford"))
    assert decode_all(Position, encode_all(Position, positions)) == positions


def test_a_row_written_before_a_field_existed_takes_the_default() -> None:
    assert decode(Claim, '{"text":"a"}') == Claim(text="a")


def test_a_row_written_by_a_newer_version_is_read_without_what_is_unknown() -> None:
    assert decode(Claim, '{"text":"a","mood":"grim"}') == Claim(text="a")


@pytest.mark.parametrize("text", ["", "[]", "7", '{"text":', "{}", "null"])
def test_text_that_holds_no_claim_is_refused_by_name(text: str) -> None:
    with pytest.raises(StoreError, match="A stored Claim cannot be read"):
        decode(Claim, text)


def test_a_moment_of_another_zone_comes_back_in_utc() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=8)))
    alert = an_alert("a", a_story("s", an_item()), there)
    back = decode(Alert, encode(alert))
    assert back.at == there
    assert back.at.utcoffset() == timedelta(0)


def test_a_moment_without_a_zone_and_a_number_that_is_none_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        encode(an_alert("a", a_story("s", an_item()), NOON.replace(tzinfo=None)))
    with pytest.raises(ValueError, match="JSON"):
        encode(replace(a_statement(), confidence=float("nan")))


def test_the_text_is_json_that_others_can_read() -> None:
    assert json.loads(encode(a_statement()))["kind"] == "denial"
