"""Bytes to entries in the contained child: formats, hostile documents, salvage."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from service.core.feed import Entry
from service.errors import FeedError
from service.feeds.files import entries_from_file
from service.feeds.html_text import html_to_text
from service.feeds.lost import pieces
from service.feeds.parse import ParsedFeed, parse_feed

URL = "https://feed.example/feed?token=secret"
_DOCUMENTS = tomllib.loads((Path(__file__).parent.parent / "cases/feed_documents.toml").read_text("utf-8"))[
    "case"
]


def parse(body: bytes | str, content_type: str | None = None, wall_seconds: float = 8.0) -> ParsedFeed:
    return parse_feed(body.encode() if isinstance(body, str) else body, content_type, URL, wall_seconds)


def rss(*items: str) -> str:
    whole = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>F</title>{whole}</channel></rss>'


# --- formats ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", _DOCUMENTS, ids=[case["id"] for case in _DOCUMENTS])
def test_the_first_entry_of_a_document_is_read(case: dict[str, object]) -> None:
    entry = parse(str(case["body"])).entries[0]
    for name in ("title", "text", "guid", "url", "lang", "outlet"):
        if name in case:
            assert (getattr(entry, name) or "") == case[name], f"{name}: {case['why']}"
    published = case.get("published")
    assert entry.published == published if isinstance(published, datetime) else entry.published is None


def test_entries_are_counted_in_the_order_of_the_document_and_silent_ones_left_out() -> None:
    parsed = parse(rss("<title>a</title>", "<guid>x</guid>", "<title>b</title>"))
    assert parsed.title == "F"
    assert [(entry.position, entry.title) for entry in parsed.entries] == [(0, "a"), (2, "b")]


def test_an_empty_feed_is_a_feed() -> None:
    assert parse(rss()).entries == ()
    assert parse('{"version": "https://jsonfeed.org/version/1", "title": "J", "items": []}').entries == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030", "big5", "shift_jis", "iso-8859-1"])
def test_a_declared_encoding_is_obeyed(encoding: str) -> None:
    words = "Café" if encoding == "iso-8859-1" else "中文"
    document = rss(f"<title>{words}</title>").replace("1.0", f'1.0" encoding="{encoding}', 1)
    assert parse(document.encode(encoding)).entries[0].title == words


def test_the_encoding_of_the_http_header_is_obeyed() -> None:
    body = rss("<title>中文</title>").encode("gb18030")
    assert parse(body, "application/xml; charset=gb18030").entries[0].title == "中文"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            "<!DOCTYPE html><html><head><title>Login</title></head><body>Who are you?</body></html>",
            "web page",
        ),
        ("<html><body><article><p>x</p></article></body></html>", "web page"),
        ("just words", "neither RSS, Atom nor JSON Feed"),
        ("", "it is empty"),
        (" \n" * 500_000, "it is empty"),
        ('{"error": "no such feed"}', "JSON without a list of items"),
        ('{"items": [', "JSON cannot be read"),
        ('{"items": ' + "[" * 100_000, "JSON cannot be read"),
        ('{"items": [{"id": NaN}]}', "JSON cannot be read"),
        ('{"items": [{"id": ' + "9" * 5000 + "}]}", "JSON cannot be read"),
        ("\x89PNG\r\n\x1a\n" + "\x00" * 1000, "neither RSS, Atom nor JSON Feed"),
    ],
)
def test_what_is_no_feed_is_refused_in_one_sentence_without_its_secrets(body: str, why: str) -> None:
    with pytest.raises(FeedError) as caught:
        parse(body)
    message = str(caught.value)
    assert message.startswith("https://feed.example/feed is not a feed: ")
    assert why in message
    assert "secret" not in message


def test_titles_and_texts_are_capped_and_marked() -> None:
    (entry,) = parse(rss(f"<title>{'t' * 5000}</title><description>{'d ' * 400_000}</description>")).entries
    assert (len(entry.title), len(entry.text)) == (1000, 256 * 1024)
    assert entry.title.endswith("[…]")
    assert entry.text.endswith("[…]")


def test_an_ordinary_feed_of_200_entries_is_quick() -> None:
    body = rss(*(f"<title>Title {n}</title><description>{'words ' * 300}</description>" for n in range(200)))
    started = time.monotonic()
    assert len(parse(body).entries) == 200
    assert time.monotonic() - started < 2


def test_a_feed_file_gives_its_entries_and_a_missing_one_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(rss("<title>a</title>"))
    assert entries_from_file(path) == (Entry(0, None, "a", ""),)
    with pytest.raises(FeedError, match=r"missing\.xml cannot be read: No such file"):
        entries_from_file(tmp_path / "missing.xml")


# --- hostile documents -----------------------------------------------------------------------------

GOOD = "<title>good</title><guid>good</guid>"


def deep(tag: str, count: int) -> str:
    return f"&lt;{tag}&gt;" * count


BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE rss [\n<!ENTITY a "' + "x" * 20_000 + '">]>'
    '<rss version="2.0"><channel><item><title>' + "&a;" * 5000 + "</title></item>"
    f"<item>{GOOD}</item></channel></rss>"
)
LAUGHS = (
    "<!DOCTYPE rss [\n<!ENTITY l0 'ha'>"
    + "".join(f"\n<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    + f"]><rss version='2.0'><channel><item><title>&l9;</title></item><item>{GOOD}</item></channel></rss>"
)
HOSTILE = {
    "newlines before the root": "\n" * 1_000_000 + rss(GOOD),
    "newlines after the declaration": '<?xml version="1.0"?>' + "\n" * 1_000_000 + rss(GOOD)[21:],
    "quadratic entity": BOMB,
    "billion laughs": LAUGHS,
    "deep div": rss(f"<title>deep</title><description>{deep('div', 100_000)}words</description>", GOOD),
    "open comments": rss(f"<description>{'&lt;!--' * 100_000}</description><title>x</title>", GOOD),
    "open tags": rss(f"<description>{'&lt;a ' * 100_000}</description><title>x</title>", GOOD),
    "open quotes": rss(f"<description>{'&lt;a b=&quot;' * 60_000}&gt;</description><title>x</title>", GOOD),
    "open scripts": rss(f"<description>{'&lt;script&gt;' * 60_000}</description><title>x</title>", GOOD),
    "huge references": rss(f"<description>{'&amp;#' + '9' * 500_000};</description><title>x</title>", GOOD),
    "raw NUL": rss("<title>a\x00b</title>", GOOD),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_still_gives_its_good_entry_in_time(body: str) -> None:
    started = time.monotonic()
    parsed = parse(body)
    assert time.monotonic() - started < 8
    assert parsed.entries[-1].title == "good"
    assert max(len(entry.title) for entry in parsed.entries) <= 1000
    assert not any("\x00" in entry.title for entry in parsed.entries)
    assert not parsed.why, "no second child was needed"


def test_an_entity_that_a_document_declares_is_not_expanded_and_those_of_html_are() -> None:
    doctype = "<?xml version='1.0'?>\n<!DOCTYPE rss [\n<!ENTITY a 'boo'>\n<!ENTITY b \"boo\">\n]>"
    declared = parse(doctype + rss("<title>x&a;&b;y</title>")[21:]).entries[0].title
    assert "boo" not in declared
    assert (declared[0], declared[-1]) == ("x", "y")
    assert parse(doctype + rss("<title>caf&eacute;</title>")[21:]).entries[0].title == "café"


BREAKING = {
    "attributes": "<title " + " ".join(f"a{n}='1'" for n in range(40_000)) + ">x</title>",
    "author": "<title>x</title><author>" + "a@" + "a." * 60_000 + "!</author>",
}


@pytest.mark.parametrize("poison", BREAKING.values(), ids=BREAKING.keys())
def test_one_entry_that_kills_the_parser_does_not_take_its_neighbours(poison: str) -> None:
    before, after = "<title>before</title>", "<title>after &amp; behind</title>"
    parsed = parse(rss(before, poison, after), wall_seconds=3)
    titles = [entry.title for entry in parsed.entries]
    assert (titles[0], titles[-1]) == ("before", "after & behind")
    assert "saved one by one" in parsed.why
    assert parsed.entries[0].position == 0
    assert parsed.entries[-1].position == 2


def test_salvaged_entries_are_those_that_a_whole_document_gives() -> None:
    good = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title>'
        + "".join(
            f"<entry><id>{n}</id><title>T{n}</title><content type='text'>a\n  b{n}</content>"
            "<published>2026-02-02T00:00:00Z</published><source><title>Wire</title></source></entry>"
            for n in range(3)
        )
        + "{poison}</feed>"
    )
    whole = parse(good.replace("{poison}", ""))
    broken = parse(good.replace("{poison}", f"<entry>{BREAKING['attributes']}</entry>"), wall_seconds=3)
    assert broken.entries[:3] == whole.entries
    assert broken.why
    assert not whole.why


def test_a_document_of_nothing_but_poison_fails_by_name_and_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(
        # Five seconds of work are eight of the clock where others take their turns.
        FeedError,
        match=r"feed\.example/feed could not be parsed: (the parser was stopped by signal|it took longer)",
    ):
        parse(rss(*[BREAKING["attributes"]] * 12))
    assert time.monotonic() - started < 17


def test_a_child_that_outlives_the_wall_clock_is_killed() -> None:
    started = time.monotonic()
    with pytest.raises(FeedError, match=r"it took longer than 0\.05 s"):
        parse_feed(rss(BREAKING["attributes"]).encode(), None, URL, wall_seconds=0.05)
    assert time.monotonic() - started < 2


_TRY_POWERS = """
import sys; sys.path.insert(0, sys.argv[1])
from service.feeds.parse_child import limit_powers
import resource, tempfile
limit_powers()
print(resource.getrlimit(resource.RLIMIT_CPU)[1], resource.getrlimit(resource.RLIMIT_NPROC)[1])
try: bytes(600 * 1024 * 1024)
except MemoryError: print("no memory")
try: files = [open("/dev/null") for _ in range(16)]
except OSError: print("no files")
"""


def test_the_child_gives_up_its_powers() -> None:
    root = str(Path(__file__).parents[2])
    run = subprocess.run(
        [sys.executable, "-I", "-c", _TRY_POWERS, root], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == ["5 0", "no memory", "no files"]


# --- the pieces of which this is made --------------------------------------------------------------


def test_a_document_is_taken_apart_at_its_entries_even_where_an_end_is_missing() -> None:
    found = list(pieces(b"<rss><item>a</item>x<items>no</items><item b='1'>c<item>d</item><entry>e"))
    assert found == [b"<item>a</item>", b"<item b='1'>c", b"<item>d</item>", b"<entry>e"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>One<br>two</p>\n\n<p>three</p>", "One\ntwo\nthree"),
        ("a<b>b</b>c <i>d</i>", "abc d"),
        ("<style>p{}</style>x<SCRIPT>y</Script >z", "x z"),
        ("<!-- <p>no</p> -->yes<!-- open", "yes"),
        ('<img alt="a > b">x', "x"),
        ("<td>1</td><td>2</td>", "1 2"),
        ("1 < 2 &lt; 3 <4", "1 < 2 < 3 <4"),
        ("a&nbsp;&amp;lt;&#8212;&#x4e2d;", "a &lt;—中"),
        ("<a href='x>y", "y"),
        ("x <a href='y>z w", "x z w"),
        ("words <and", "words <and"),
        ("<svg/>x<svg>hidden</svg>y", "x y"),
        ("", ""),
    ],
)
def test_html_becomes_plain_text(source: str, text: str) -> None:
    assert html_to_text(source) == text


@pytest.mark.parametrize(
    "unit",
    [
        "<!--",
        "<a ",
        '<a b="',
        '<a ">"',
        "<a b='x' ",
        "<div>",
        "<script>",
        "</script ",
        "&#",
        "&#x",
        "<",
        "<![CDATA[",
        "\"'>",
    ],
)
def test_html_of_any_shape_takes_time_in_line_with_its_length(unit: str) -> None:
    count = 1_000_000 // len(unit)
    started = time.process_time()
    # An odd and an even number, open and closed at the end: a quote may or may not find its partner.
    for source in (unit * count, unit * count + ">", unit * (count + 1) + ">"):
        html_to_text(source)
    assert time.process_time() - started < 8
