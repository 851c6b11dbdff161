"""How feeds are, as the page and the API show it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes_web import NOW, FakeReports, client_of, feed


@pytest.mark.parametrize(
    ("state", "trouble"),
    [("failing", True), ("dark", True), ("gone", True), ("ok", False), ("paused", False), ("gap", False)],
)
def test_the_page_counts_feeds_in_trouble_and_shows_them_first(state: str, trouble: bool) -> None:
    rows = [feed("Wire"), feed("Gazette", state, since=NOW - timedelta(hours=7))]
    with client_of(FakeReports(feed_rows=rows)) as client:
        page = client.get("/").text
    assert ("1 failing" in page) == trouble
    assert (page.index("Gazette") < page.index("Wire")) == trouble
    assert f"{state} for 7 h" in page


def test_the_api_gives_a_feed_with_its_state_and_latency() -> None:
    row = feed("Wire", "dark", since=NOW, latency_p50=40, latency_p95=900, moved_from="https://old.example/")
    with client_of(FakeReports(feed_rows=[row])) as client:
        (answer,) = client.get("/api/v1/feeds").json()["items"]
    assert (answer["state"], answer["latency_p50"], answer["latency_p95"]) == ("dark", 40, 900)
    assert answer["moved_from"] == "https://old.example/"
    assert answer["since"] is not None
