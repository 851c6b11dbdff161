"""The service as a person meets it: start, look, stop, start again; and what it says when all is not well."""

from __future__ import annotations

import json
import re
import signal
import socket
import urllib.error
import urllib.request

import pytest

from tests.acceptance.running import Process, command, wait_until
from tests.fakes_feeds import FeedServer
from tests.fakes_receivers import SECRET, Answer, WebhookReceiver


def test_the_seeds_are_on_the_page_and_in_the_terminal_within_ten_seconds(tmp_path):
    with Process("run", tmp_path, port="0") as service:
        for words in ("Ford denies", "Xiaomi denies", "BAIC"):
            service.wait_for_line(words, 10)
        page = urllib.request.urlopen(f"{service.address}/", timeout=10).read().decode()
        assert "Xiaomi" in page
        assert len(service.get("/api/v1/alerts")["items"]) == 3
        stories = service.get("/api/v1/stories")
        assert set(stories) == {"items", "next"}
        assert {"denied", "open"} <= {story["status"] for story in stories["items"]}
        assert service.stop() == 0


def test_a_second_start_repeats_no_alert_and_loses_nothing(tmp_path):
    with Process("run", tmp_path, port="0") as service:
        service.wait_for_line("Xiaomi denies", 15)
        wait_until(lambda: service.get("/api/v1/alerts")["items"][0]["deliveries"])
        first = service.get("/api/v1/stories"), [row["id"] for row in service.get("/api/v1/alerts")["items"]]
        assert service.stop() == 0
    with Process("run", tmp_path, port="0") as service:
        again = service.get("/api/v1/stories"), [row["id"] for row in service.get("/api/v1/alerts")["items"]]
        assert service.stop(signal.SIGTERM) == 0
    assert again == first
    assert "denies" not in service.output


def test_a_failing_receiver_is_tried_again_and_keeps_nobody_waiting(tmp_path):
    channels = """
[[channels]]
kind = "webhook"
name = "broken"
url = "{broken}"
secret = "{secret}"
[[channels]]
kind = "webhook"
name = "sound"
url = "{sound}"
secret = "{secret}"
"""
    with WebhookReceiver(Answer(500), Answer(503), Answer(500)) as broken, WebhookReceiver() as sound:
        path = tmp_path / "c.toml"
        path.write_text(channels.format(broken=broken.url, sound=sound.url, secret=SECRET))
        settings = {"config": str(path), "port": "0", "allow_networks": "127.0.0.0/8", "sweep_seconds": "0.5"}
        with Process("run", tmp_path, **settings) as service:
            sound.wait_for(3, 15)
            again = broken.wait_for(6, 30)
            assert service.stop() == 0
    assert len({one.id for one in again}) == 3
    bodies = {(one.id, one.body_hash) for one in again}
    assert len(bodies) == 3, "a retry carries the same body under the same id"


def test_an_ordinary_feed_is_silent_at_first_and_tells_what_comes_after(tmp_path):
    def entry(number: int, day: int, words: str) -> str:
        return (
            f"<item><guid>n{number}</guid><title>{words}</title><description>{words}</description>"
            f"<pubDate>{day} Nov 2026 10:00:00 GMT</pubDate></item>"
        )

    def feed(*entries: str) -> bytes:
        return f"<rss version='2.0'><channel><title>D</title>{''.join(entries)}</channel></rss>".encode()

    rumor = entry(
        1, 20, "Ford is in talks with Xiaomi on a joint venture, people familiar with the matter said."
    )
    old = entry(2, 20, "BYD denied a report that it is in talks to buy Nio, calling it completely false.")
    new = entry(
        3, 21, "Ford denied that it is in talks with Xiaomi on a joint venture, calling the report false."
    )
    with FeedServer() as server, WebhookReceiver() as hook:
        server.serve("/rss", feed(rumor, old), content_type="application/rss+xml")
        path = tmp_path / "c.toml"
        path.write_text(
            f'[[feeds]]\nurl = "{server.url("/rss")}"\ninterval_minutes = 0.02\n'
            f'[[channels]]\nkind = "webhook"\nname = "w"\nurl = "{hook.url}"\nsecret = "{SECRET}"\n'
        )
        with Process("run", tmp_path, config=str(path), port="0", allow_networks="127.0.0.0/8") as service:
            wait_until(lambda: len(service.get("/api/v1/stories")["items"]) == 2)
            server.serve("/rss", feed(rumor, old, new), content_type="application/rss+xml")
            (alert,) = hook.wait_for(1, 20)
            body = json.loads(alert.body)
            assert service.stop() == 0
    assert (body["type"], body["data"]["party"]) == ("story.denied", "Ford")
    assert "people familiar" in body["data"]["rumor"]["text"]


# --- bad input: one sentence that says what and where, exit status not 0, nothing half written ------------


def one_sentence(done) -> str:
    written = done.stderr.decode().strip()
    assert done.returncode != 0
    assert "Traceback" not in written
    assert written.count("\n") == 0, written
    return written


def test_a_port_in_use_is_said_and_nothing_is_written(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = one_sentence(command("run", folder=tmp_path, port=port))
    assert f"127.0.0.1:{port}" in said
    assert list(tmp_path.iterdir()) == []


def test_a_bad_toml_line_is_said_with_its_place(tmp_path):
    (tmp_path / "bad.toml").write_text("port = 1\nfeeds = = 3\n")
    said = one_sentence(command("run", folder=tmp_path, config=str(tmp_path / "bad.toml")))
    assert "bad.toml" in said
    assert "line 2" in said
    assert not (tmp_path / "data").exists()


def test_an_unknown_channel_is_said(tmp_path):
    (tmp_path / "bad.toml").write_text('[[channels]]\nkind = "pigeon"\nname = "p"\n')
    said = one_sentence(command("run", folder=tmp_path, config=str(tmp_path / "bad.toml")))
    assert "pigeon" in said
    assert not (tmp_path / "data").exists()


def test_a_secret_that_is_too_short_is_said_and_not_shown(tmp_path):
    (tmp_path / "bad.toml").write_text(
        '[[channels]]\nkind = "webhook"\nname = "desk"\nurl = "https://e.org"\n'
        'secret = "whsec_dG9vc2hvcnQ="\n'
    )
    said = one_sentence(command("run", folder=tmp_path, port="0", config=str(tmp_path / "bad.toml")))
    assert "desk" in said
    assert "dG9vc2hvcnQ" not in said


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    said = one_sentence(command("run", folder=tmp_path, port="0"))
    assert str(tmp_path / "data") in said


@pytest.mark.parametrize("folder", ["/proc", "/proc/rumorwatch"])
def test_a_data_folder_that_cannot_be_written_is_said(tmp_path, folder):
    # Nobody may write there, not even root, who runs the tests in some places.
    assert folder in one_sentence(command("run", folder=tmp_path, port="0", data_dir=folder))


def test_a_file_that_is_no_database_is_said_and_left_alone(tmp_path):
    (tmp_path / "data").mkdir()
    database = tmp_path / "data" / "rumorwatch.db"
    database.write_bytes(b"these are my notes, not a database" * 50)
    said = one_sentence(command("run", folder=tmp_path, port="0"))
    assert "rumorwatch.db" in said
    assert database.read_bytes() == b"these are my notes, not a database" * 50


def test_a_feed_that_is_not_xml_is_said_and_the_service_goes_on(tmp_path):
    (tmp_path / "c.toml").write_text('[[feeds]]\nurl = "notes.txt"\n')
    (tmp_path / "notes.txt").write_text("these are my notes, not a feed")
    with Process("run", tmp_path, config=str(tmp_path / "c.toml"), port="0") as service:
        said = service.wait_for_line("feed.polled.*failed", 15).string
        assert re.search(r"notes\.txt.* is not a feed", said)
        assert service.get("/api/v1/feeds")["items"][0]["state"] == "failing"
        assert service.stop() == 0
    (tmp_path / "notes.xml").write_text("these are my notes, not a feed")
    assert "notes.xml" in one_sentence(command("replay", str(tmp_path / "notes.xml"), folder=tmp_path))


def test_a_worker_without_redis_is_told_what_is_missing(tmp_path):
    assert "RUMORWATCH_REDIS_URL" in one_sentence(command("worker", folder=tmp_path))


def test_a_foreign_host_is_refused(tmp_path):
    with Process("run", tmp_path, port="0") as service:
        request = urllib.request.Request(f"{service.address}/livez", headers={"Host": "evil.test"})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)
        assert 400 <= caught.value.code < 500
        assert urllib.request.urlopen(f"{service.address}/livez", timeout=10).status == 200
        assert service.get("/readyz")
        assert service.stop() == 0
