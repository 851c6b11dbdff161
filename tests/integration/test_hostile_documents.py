"""Rows 20, 33, 34, 36 and 37 of the matrix: documents that want to break, to read, to flood or to mislead."""

from __future__ import annotations

import json
import resource
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import feed_fuzz
from service.core.feed import Entry, Feed
from service.core.polling import MAX_REVISIONS, identify, plan_poll
from service.errors import FeedError
from service.feeds.nursery import NURSERY
from service.feeds.parse import ParsedFeed, parse_feed
from service.store.ledger import Ledger

CASES = Path(__file__).parent.parent / "cases/hostile"
ROOT = Path(__file__).parents[2]
URL = "https://feed.example/feed"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FEED = Feed(id="f_1", url=URL, outlet="Example", baseline_done=True)


def parse(body: bytes | str) -> ParsedFeed:
    return parse_feed(body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body, None, URL)


def rss(*items: str) -> str:
    whole = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel><title>F</title>{whole}</channel></rss>'


# --- faults (row 33) -------------------------------------------------------------------------------


@pytest.mark.timeout(240)
def test_two_thousand_documents_with_faults_hang_nothing_and_keep_their_good_entries() -> None:
    parse(rss("<title>x</title>"))
    before = NURSERY.pid
    tally = feed_fuzz.run(seed=1, documents=2000)
    print("\n".join(feed_fuzz.lines(tally)))
    assert (tally.documents, tally.surprises) == (2000, [])
    assert NURSERY.pid == before, "the process that starts parsers never died"
    assert tally.longest <= feed_fuzz.GOAL_SECONDS
    assert tally.rate > 0.95


# --- outside entities (row 34) ---------------------------------------------------------------------

CANARY = "canary-5c1d"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text(CANARY)
    return path


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port of ours, and who called."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    callers.append(server.accept()[1])
                except OSError:
                    return

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield server.getsockname()[1], callers
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def outside(target: str) -> dict[str, str]:
    """Every way in which a document may ask for `target`."""
    item = (
        f"<item><title>a &x; b</title><description>&x;</description></item><item><title>{GOOD}</title></item>"
    )
    plain = f"<rss version='2.0'><channel>{item}</channel></rss>"
    return {
        "entity": f"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY x SYSTEM '{target}'>]>{plain}",
        "public entity": f"<!DOCTYPE rss [<!ENTITY x PUBLIC 'p' '{target}'>]>{plain}",
        "parameter entity": f"<!DOCTYPE rss [<!ENTITY % p SYSTEM '{target}'> %p;]>{plain}",
        "document type": f"<!DOCTYPE rss SYSTEM '{target}'>{plain}",
        "stylesheet": f"<?xml version='1.0'?><?xml-stylesheet type='text/xsl' href='{target}'?>{plain}",
        "include": plain.replace(
            "<item>", f"<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='{target}'/><item>", 1
        ),
        "schema": plain.replace("<rss", f"<rss xmlns:xsi='x' xsi:schemaLocation='a {target}'", 1),
        "atom content": f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>t</title>"
        f"<content src='{target}'/></entry><entry><title>{GOOD}</title></entry></feed>",
        "sitemap entity": f"<!DOCTYPE urlset [<!ENTITY x SYSTEM '{target}'>]><urlset><url><news><title>&x;"
        f"</title></news></url><url><news><title>{GOOD}</title></news></url></urlset>",
    }


GOOD = "a good one"


def test_no_document_makes_us_open_a_file_or_a_socket(
    canary: Path, listener: tuple[int, list[object]]
) -> None:
    port, callers = listener
    for target in (canary.as_uri(), str(canary), f"http://127.0.0.1:{port}/x", f"ftp://127.0.0.1:{port}/x"):
        for codec in ("utf-8", "utf-16"):
            for way, document in outside(target).items():
                parsed = parse(document.encode(codec))
                assert parsed.entries[-1].title == GOOD, way
                assert not any(CANARY in f"{entry.title}{entry.text}" for entry in parsed.entries), way
    assert callers == []


_STRACE = ("strace", "-f", "-e", "trace=openat,open,socket,connect,execve", "-o", "/dev/stderr")
_TRACED = """
import sys; sys.path.insert(0, sys.argv[1])
from service.feeds import parse_child
from service.feeds.documents import read_document
read_document(b"<rss version='2.0'><channel><item><title>x</title></item></channel></rss>", None, "http://a/")
open("/dev/null").close()  # the mark: what follows is the parse
parse_child.main()
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_traced_parse_opens_no_file_and_no_socket(canary: Path) -> None:
    """Seen from the kernel: after the mark there is neither an open of a file nor a socket."""
    for way, document in outside(canary.as_uri()).items():
        head = json.dumps({"mode": "whole", "skip": 0, "content_type": None, "url": URL})
        done = subprocess.run(
            [*_STRACE, sys.executable, "-I", "-c", _TRACED, str(ROOT)],
            input=f"{head}\n{document}".encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        if b"ptrace" in done.stderr and b"not permitted" in done.stderr:
            pytest.skip("tracing is not permitted here")
        _, mark, after = done.stderr.decode().partition("/dev/null")
        calls = [line for line in after.splitlines()[1:] if "(" in line and "openat(" in line + "("]
        opened = [line for line in calls if "ENOENT" not in line and "+++" not in line]
        assert mark, way
        assert not [line for line in after.splitlines()[1:] if "socket(" in line or "connect(" in line], way
        assert not [line for line in opened if canary.name in line or "/etc/" in line], (way, opened)


# --- floods (row 36) -------------------------------------------------------------------------------


def test_an_item_too_long_is_cut_and_marked_and_its_neighbours_are_whole() -> None:
    long = f"<title>long</title><description>{'words and ' * 900_000}</description>"
    parsed = parse(rss("<title>before</title>", long, "<title>after</title>"))
    assert [entry.title for entry in parsed.entries] == ["before", "long", "after"]
    assert len(parsed.entries[1].text) == 256 * 1024
    assert parsed.entries[1].text.endswith("[…]")


def test_a_flood_of_categories_costs_no_entry() -> None:
    flood = "<category>c</category>" * 60_000
    parsed = parse(rss("<title>before</title>", f"<title>many</title>{flood}", "<title>after</title>"))
    titles = [entry.title for entry in parsed.entries]
    assert titles[0] == "before"
    assert titles[-1] == "after"


def poll(ledger: Ledger, feed: Feed, entries: tuple[Entry, ...]) -> tuple[int, bool]:
    """One poll of `entries`: how many rows it made, and whether the validators were kept."""
    known = ledger.feeds.known(feed.id, [one.item_id for one in identify(feed.id, entries)])
    plan = plan_poll(feed, entries, known, NOW, etag='"1"', last_modified=None)
    return ledger.feeds.commit_poll(feed.id, plan, NOW), plan.etag is not None


def test_a_document_of_very_many_items_is_taken_over_several_polls_and_says_so(sqlite_url: str) -> None:
    body = rss(*(f"<title>t{n}</title><guid>{n}</guid>" for n in range(12_000)))
    started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parsed = parse(body)
    assert len(parsed.entries) == 10_000
    ledger = Ledger.open(sqlite_url)
    try:
        ledger.feeds.declare([FEED], NOW)
        turns = [poll(ledger, FEED, parsed.entries) for _ in range(6)]
    finally:
        ledger.close()
    assert [rows for rows, _ in turns] == [MAX_REVISIONS] * 5 + [0]
    assert [kept for _, kept in turns] == [False, False, False, False, True, True]
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - started) / 1024
    print(f"{len(body)} bytes, 10,000 of 12,000 items over 5 polls, {grown:.0f} MiB more")
    assert grown < 150


def test_what_is_beyond_the_most_entries_of_a_document_is_told() -> None:
    parsed = parse(rss(*(f"<title>t{n}</title>" for n in range(10_050))))
    assert (len(parsed.entries), "50 more entries" in parsed.why) == (10_000, True)


# --- poison (row 20) -------------------------------------------------------------------------------

POISONS = (
    "<title>a\x00b</title>", "<title>&#0;</title>", "<title>\ud800</title>", "<title>&#xD800;</title>",
    "<title>&#x110000;</title>", "<title>&#99999999999;</title>",
    f"<title>x</title><guid>{'g' * 9000}</guid>",
    "<title>x</title><pubDate>9999-12-31T23:59:60Z</pubDate>", "<title>\x1b[31mred</title>",
    "<title>x</title><pubDate>300000-01-01</pubDate>", f"<title>x</title><link>http://[{'a' * 50}</link>",
    f"<title>{'t' * 100_000}</title>", "<title>\ufffe\uffff</title>", "<title>\u202eabc</title>",
    f"<title>x</title><description>{'&lt;div&gt;' * 50_000}</description>",
    f"<title>x</title><description>{'&lt;!--' * 20_000}</description>", "<title>NaN</title><guid>NaN</guid>",
    f"<title>x</title><author>a@{'a.' * 9000}!</author>", "<title>\x85\x0b\x0c</title>", "<title>&</title>",
)  # fmt: skip
NEIGHBOURS = 50


def test_each_poison_leaves_its_fifty_neighbours_stored(ledger_url: str) -> None:
    ledger = Ledger.open(ledger_url)
    stored = 0
    try:
        for number, poison in enumerate(POISONS):
            feed = Feed(id=f"f_{number}", url=f"https://h{number}.example/", outlet="E", baseline_done=True)
            ledger.feeds.declare([feed], NOW)
            items = [f"<title>n{n}</title><guid>{number}-{n}</guid>" for n in range(NEIGHBOURS)]
            parsed = parse(rss(*items[: NEIGHBOURS // 2], poison, *items[NEIGHBOURS // 2 :]))
            poll(ledger, feed, parsed.entries)
            ids = [
                one.item_id for one in identify(feed.id, parsed.entries) if one.entry.guid in _guids(number)
            ]
            stored += len(ledger.feeds.known(feed.id, ids))
    finally:
        ledger.close()
    assert stored == len(POISONS) * NEIGHBOURS


def _guids(number: int) -> frozenset[str]:
    return frozenset(f"{number}-{n}" for n in range(NEIGHBOURS))


@pytest.mark.parametrize("value", ["NaN", "Infinity", '"\\ud800"', '"\\u0000"', "1e999", "[" * 2000])
def test_a_json_feed_with_a_poisoned_value_is_read_or_refused_by_name(value: str) -> None:
    body = f'{{"items": [{{"id": "1", "title": "good"}}, {{"id": {value}, "title": "t"}}]}}'
    try:
        assert parse(body).entries[0].title == "good"
    except FeedError as error:
        assert "JSON" in str(error)  # noqa: PT017 - either end is right


# --- dates (row 37) --------------------------------------------------------------------------------

DATES = tomllib.loads((CASES / "dates.toml").read_text("utf-8"))["case"]


def test_twenty_five_odd_dates_are_kept_or_flagged_and_break_nothing() -> None:
    assert len(DATES) >= 25
    for case in DATES:
        if "rss" in case:
            date = case["rss"].replace("DIGITS", "9" * 4000)
            body = rss(f"<title>t</title><pubDate>{date}</pubDate>")
        else:
            body = (
                "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><title>t</title>"
                f"<updated>{case['atom']}</updated></entry></feed>"
            )
        (entry,) = parse(body).entries
        plan = plan_poll(FEED, (entry,), {}, NOW, etag=None, last_modified=None)
        (revision,) = plan.revisions
        assert revision.told_at <= NOW, case["id"]
        assert (revision.told_at < NOW) == case.get("kept", False) or "flag" not in case, case["id"]
        if "flag" in case:
            assert revision.date_flag == case["flag"], (case["id"], entry.published)
        elif not case.get("kept"):
            assert revision.date_flag or entry.published is not None, case["id"]
