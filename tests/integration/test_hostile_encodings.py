"""Row 35 of the matrix: the encodings that feeds come in, said rightly, not at all and wrongly."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from service.feeds.encodings import read_text
from service.feeds.parse import parse_feed

CASES = tomllib.loads((Path(__file__).parent.parent / "cases/hostile/encodings.toml").read_text("utf-8"))[
    "case"
]
URL = "https://feed.example/feed"
every_encoding = pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])


def document(words: str, says: str | None) -> str:
    """A feed of one entry; `says`: the encoding that it declares."""
    declared = f' encoding="{says}"' if says else ""
    item = f"<item><title>{words}</title><description>{words}. {words}.</description></item>"
    return f'<?xml version="1.0"{declared}?><rss version="2.0"><channel>{item}</channel></rss>'


def bytes_of(case: dict[str, str], says: str | None) -> bytes:
    return document(case["words"], says).encode(case["id"])


@every_encoding
def test_an_encoding_that_is_declared_is_read_exactly(case: dict[str, str]) -> None:
    name = "utf-16" if case["id"].startswith("utf-16") else case["id"]
    read = read_text(bytes_of(case, name), None)
    assert (case["words"] in read.text, read.why) == (True, ""), case["why"]


@every_encoding
@pytest.mark.parametrize("kind", ["application/rss+xml", "text/html", "text/plain"])
def test_an_encoding_that_the_header_names_is_read_exactly(case: dict[str, str], kind: str) -> None:
    read = read_text(bytes_of(case, None), f"{kind}; charset={case['id'].upper()}")
    assert (case["words"] in read.text, read.why) == (True, ""), case["why"]


@every_encoding
def test_a_byte_order_mark_outweighs_what_is_said(case: dict[str, str]) -> None:
    mark = bytes.fromhex(case.get("mark", "efbbbf"))
    codec = case["id"] if "mark" in case else "utf-8"
    body = mark + document(case["words"], "iso-8859-1").encode(codec)
    read = read_text(body, "text/xml; charset=windows-1252")
    assert (case["words"] in read.text, read.why) == (True, ""), case["why"]


WRONG = [None, "utf-8", "iso-8859-1", "us-ascii", "gb2312", "no-such-thing"]


@every_encoding
@pytest.mark.parametrize("says", WRONG, ids=str)
def test_no_document_becomes_other_words_without_being_flagged(
    case: dict[str, str], says: str | None
) -> None:
    for body, header in (
        (bytes_of(case, says), None),
        (bytes_of(case, None), f"text/xml; charset={says}" if says else None),
    ):
        read = read_text(body, header)
        exact = case["words"] in read.text
        assert exact or read.why, f"{case['why']}: {read.text[90:130]!r}"


@every_encoding
@pytest.mark.parametrize("says", [None, "utf-8", "iso-8859-1"], ids=str)
def test_what_is_usually_said_wrongly_is_read_rightly_all_the_same(
    case: dict[str, str], says: str | None
) -> None:
    assert case["words"] in read_text(bytes_of(case, says), None).text, case["why"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_few_damaged_bytes_are_counted_and_cost_no_other_character(case: dict[str, str]) -> None:
    body = bytes_of(case | {"words": case["words"] * 30}, case["id"].removesuffix("-le").removesuffix("-be"))
    cut = body.rindex(b"</channel" if b"</channel" in body else "</channel".encode(case["id"]))
    read = read_text(
        body[:cut] + b"\x81\xff"[: 2 if case["id"].startswith("utf") else 1] * 2 + body[cut:], None
    )
    assert case["words"] * 29 in read.text, case["why"]


def test_a_guess_is_told_with_the_poll() -> None:
    gbk = next(case for case in CASES if case["id"] == "gbk")
    parsed = parse_feed(bytes_of(gbk, "utf-8"), None, URL)
    assert parsed.entries[0].title == gbk["words"]
    assert parsed.why == "its encoding is said to be utf-8; it was read as gb18030"


def test_entities_are_stripped_in_every_encoding() -> None:
    bomb = (
        '<?xml version="1.0"?>\n<!DOCTYPE rss [\n<!ENTITY a "' + "x" * 20_000 + '">]>'
        '<rss version="2.0"><channel><item><title>' + "&a;" * 5000 + "</title></item>"
        "<item><title>good</title></item></channel></rss>"
    )
    for codec in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        parsed = parse_feed(bomb.encode(codec), None, URL)
        assert parsed.entries[-1].title == "good"
        assert not any("xxx" in entry.title for entry in parsed.entries)


@pytest.mark.parametrize("name", ["punycode", "unicode_escape", "utf-7", "idna", "zip", "rot13", "undefined"])
def test_an_encoding_that_is_none_of_documents_is_passed_over(name: str) -> None:
    read = read_text(document("words é", name).encode("utf-8"), f"text/xml; charset={name}")
    assert "words é" in read.text
