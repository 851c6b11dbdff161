"""Which Host headers are ours."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from service.errors import SettingsError
from service.web.hosts import allowed_names, parse_host, refusal

CASES_FOLDER = Path(__file__).parents[1] / "cases" / "web"
CASES = tomllib.loads((CASES_FOLDER / "hosts.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_host_header_is_read_as_the_table_says(case: dict[str, Any]) -> None:
    assert parse_host(case["value"]) == case.get("name"), case["why"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_gate_answers_as_the_table_says(case: dict[str, Any]) -> None:
    allowed = allowed_names(["desk.example", "[fd00::7]"])
    refused = refusal([case["value"].encode("utf-8")], allowed)
    assert (refused.status if refused else 200) == case["status"], case["why"]


def test_a_request_without_a_host_is_refused() -> None:
    refused = refusal([], allowed_names([]))
    assert refused is not None
    assert refused.status == 400


def test_two_host_headers_are_refused_even_where_both_are_ours() -> None:
    refused = refusal([b"localhost", b"localhost"], allowed_names([]))
    assert refused is not None
    assert refused.status == 400


def test_a_very_long_host_is_no_host() -> None:
    assert parse_host("a" * 300) is None


def test_a_configured_address_needs_no_brackets() -> None:
    assert "fd00::7" in allowed_names(["FD00:0::7"])


@pytest.mark.parametrize("wrong", ["*", "", "http://desk.example", "a b"])
def test_an_allowed_host_that_is_none_stops_the_start_and_is_named(wrong: str) -> None:
    with pytest.raises(SettingsError) as caught:
        allowed_names([wrong])
    assert repr(wrong) in str(caught.value)
