"""A running service is pushed by a hub, and reads the article of which the push carried only a stub."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.acceptance.running import Process, command, wait_until
from tests.fakes_feeds import FeedServer
from tests.fakes_hub import Hub, intent_query, send, signed

RUMOR = (
    "Honda is in talks with Renault on a joint venture to build electric cars, people familiar with it said."
)
PAGE = """<html><body><nav><a href="/">Home</a></nav><article><h1>Honda, Renault</h1>
<p>Honda is in talks with Renault on a joint venture to build electric cars, people familiar with it said.</p>
<p>Honda denied that it is in talks with Renault on a joint venture. “This story is completely false,”
Honda said.</p>
<p>Shares of both were little changed at the end of the trading day.</p></article></body></html>"""


def atom(server: FeedServer, hub: Hub, *entries: str) -> bytes:
    links = f"<link rel='hub' href='{hub.url}'/><link rel='self' href='{server.url('/feed')}'/>"
    return (
        f"<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>{links}{''.join(entries)}</feed>".encode()
    )


def test_a_push_is_read_at_once_and_its_article_alerts(tmp_path: Path) -> None:
    given = {"port": "0", "allow_networks": "127.0.0.0/8", "public_url": "http://rumors.example/news/"}
    with FeedServer() as server, Hub() as hub:
        server.serve("/feed", atom(server, hub, "<entry><id>old</id><title>Old</title></entry>"))
        server.serve("/article", PAGE.encode(), content_type="text/html; charset=utf-8")
        (tmp_path / "rumorwatch.toml").write_text(f'[[feeds]]\nurl = "{server.url("/feed")}"\n')
        with Process("run", tmp_path, **given) as service:
            service.wait_for_line("Look at", 60)
            asked = wait_until(lambda: hub.asked, 40)[0]
            path = asked["hub.callback"].removeprefix("http://rumors.example/news")
            outside = {"Host": "rumors.example"}
            assert send(f"{service.address}{path}?{intent_query(asked, 'yes')}", None, outside) == (
                200,
                "yes",
            )
            assert send(f"{service.address}/api/v1/alerts", None, outside)[0] == 421

            now = datetime.now(UTC).isoformat()
            entry = (
                f"<entry><id>new</id><title>Honda in talks with Renault</title><updated>{now}</updated>"
                f"<link href='{server.url('/article')}'/><content>{RUMOR}</content></entry>"
            )
            body = atom(server, hub, entry)
            wrong = send(service.address + path, body, outside | signed(body, "a guess"))
            right = send(service.address + path, body, outside | signed(body, asked["hub.secret"]))
            assert (wrong[0], right[0]) == (202, 204)
            (alert,) = wait_until(lambda: service.get("/api/v1/alerts")["items"])
            assert (alert["kind"], alert["party"]) == ("denial", "Honda")

            (feed,) = service.get("/api/v1/feeds")["items"]
            assert feed["pushed_until"] is not None
            told = command("feeds", "explain", feed["id"], folder=tmp_path, **given).stdout.decode()
            assert "pushed: yes, lease until" in told
            assert "pushes taken: 1, the last" in told
            assert "without a right signature: 1" in told
            assert "characters instead of" in told
            assert "pushed, lease until" in send(f"{service.address}/")[1]
            assert service.stop() == 0
            hidden = (asked["hub.secret"], path.removeprefix("/push/"))
            assert not any(word in service.output + told for word in hidden)
