"""A running service takes pushed items and imported feeds without a restart."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.running import Process, command, wait_until
from tests.fakes_feeds import FeedServer

TOKEN = "a-token-of-24-characters"
# No claim of the demonstration feed, which the service polls at the same time.
RUMOR = {
    "id": "story-1",
    "title": "Honda in talks with Renault on electric cars",
    "text": "Honda is in talks with Renault on a joint venture to build electric cars, "
    "people familiar with the matter said.",
}
DENIAL = RUMOR | {
    "title": "Honda denies talks with Renault on electric cars",
    "text": "Honda denied that it is in talks with Renault on a joint venture. "
    "“This story is completely false,” Honda said.",
}


def push(service: Process, item: object, token: str = TOKEN) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{service.address}/api/v1/items", json.dumps(item).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["items"]


def test_a_denial_that_is_pushed_over_its_rumor_alerts_once(tmp_path: Path) -> None:
    with Process("run", tmp_path, port="0", intake_token=TOKEN) as service:
        assert [row["state"] for row in push(service, RUMOR)] == ["new"]
        wait_until(lambda: any("Renault" in one["claim"] for one in service.get("/api/v1/stories")["items"]))
        before = {alert["id"] for alert in service.get("/api/v1/alerts")["items"]}
        assert [row["state"] for row in push(service, DENIAL)] == ["changed"]
        assert [row["state"] for row in push(service, DENIAL)] == ["known"]

        def told() -> list[Any]:
            return [
                one for one in service.get("/api/v1/alerts")["items"] if one["evidence"]["item_id"] == item
            ]

        item = push(service, DENIAL)[0]["item_id"]
        (alert,) = wait_until(told)
        assert alert["id"] not in before
        assert (alert["kind"], alert["party"]) == ("denial", "Honda")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            push(service, RUMOR, "another-token-of-24-chars")
        assert {"pushed", "seeds"} <= {feed["outlet"] for feed in service.get("/api/v1/feeds")["items"]}
        assert service.stop() == 0
        assert TOKEN not in service.output


def test_a_list_that_is_imported_is_polled_by_the_service_that_runs(tmp_path: Path) -> None:
    given = {"port": "0", "allow_networks": "127.0.0.0/8"}
    with FeedServer() as server, Process("run", tmp_path, **given) as service:
        server.serve("/feed", b"<rss version='2.0'><channel><item><title>a</title></item></channel></rss>")
        service.get("/readyz")
        path = tmp_path / "list.opml"
        path.write_text(
            f"<opml><body><outline text='The Wire' xmlUrl='{server.url('/feed')}'/></body></opml>"
        )
        done = command("feeds", "import", str(path), folder=tmp_path, **given)
        assert (done.returncode, done.stderr) == (0, b"")
        wait_until(lambda: [one for one in service.get("/api/v1/feeds")["items"] if one["items"] == 1])
        assert [one["outlet"] for one in service.get("/api/v1/feeds")["items"]] == ["The Wire"]
