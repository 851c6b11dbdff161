"""Valid feeds with seeded faults, through the contained parser: how long, what is saved, does the owner live?

    python -m benchmarks.feed_fuzz                       # 100,000 documents (`make fuzz-feeds`)
    python -m benchmarks.feed_fuzz --documents 2000      # as the tests do
    python -m benchmarks.feed_fuzz --seed 7 --only 1234  # one document again, as it was

Each document is a feed of ten entries in one of five forms, with one to five faults: bytes changed, dropped,
doubled, swapped or put in (among them what is known to break parsers), cut short, or in another encoding. An
entry that no fault touched is good. What is told: documents, the longest parse in seconds, good entries and
how many of them came out, refusals, and surprises (anything but an answer or a FeedError), which must be 0.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from service.errors import FeedError
from service.feeds.parse import parse_feed

ENTRIES = 10
GOAL_SECONDS = 17.0  # two walls of a parse: the whole, then entry by entry
URL = "https://feed.example/feed"

_EVIL = (
    b"&#xD800;", b"&#x110000;", b"&#99999999999;", b"&#0;", b"\x00", b"\x1b[31m", b"]]>", b"<![CDATA[",
    b"<!--",
    b"&lt;!--" * 300, b"<item>", b"</item>", b"</channel>", b"<entry", b"<title>", b"\xff\xfe",
    b"\xed\xa0\x80",
    b'<!DOCTYPE rss [<!ENTITY a "b">]>', b"<!ENTITY % p SYSTEM 'file:///etc/hostname'>", b"&a;" * 50,
    b"<div>" * 500, b"\n" * 3000, b"<a " + b"b='c' " * 500 + b">", b"a@" + b"a." * 2000, b"9" * 400,
    b"\\u0000",
    b"9999-12-31T23:59:60Z", b"<?xml-stylesheet href='http://127.0.0.1/'?>", b"\xe2\x80\xae", b"&",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """A document with faults, and the titles of the entries that none of them touched."""

    body: bytes
    good: frozenset[str]


@dataclass
class Tally:
    """What came of many documents."""

    documents: int = 0
    refused: int = 0
    longest: float = 0.0
    longest_number: int = 0
    good: int = 0
    saved: int = 0
    surprises: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Share of the good entries that came out."""
        return self.saved / self.good if self.good else 1.0


def _rss(number: int) -> list[bytes]:
    head = b'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Feed</title>'
    item = (
        "<item><title>{0}</title><guid>{0}</guid><link>https://a.example/{0}</link><description>Die Firma "
        "dementiert – “kein Wort wahr”, 小米否认。</description><pubDate>Mon, 02 Feb 2026 10:00:00 GMT"
        "</pubDate></item>"
    )
    return [head, *(item.format(_title(number, n)).encode() for n in range(ENTRIES)), b"</channel></rss>"]


def _atom(number: int) -> list[bytes]:
    head = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>Feed</title>'
    entry = (
        "<entry><id>{0}</id><title>{0}</title><link href='https://a.example/{0}'/><content type='html'>"
        "&lt;p&gt;They denied it.&lt;/p&gt;</content><updated>2026-02-02T10:00:00Z</updated></entry>"
    )
    return [head, *(entry.format(_title(number, n)).encode() for n in range(ENTRIES)), b"</feed>"]


def _rdf(number: int) -> list[bytes]:
    head = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        b"<channel><title>Feed</title></channel>"
    )
    item = "<item rdf:about='https://a.example/{0}'><title>{0}</title><description>words</description></item>"
    return [head, *(item.format(_title(number, n)).encode() for n in range(ENTRIES)), b"</rdf:RDF>"]


def _json(number: int) -> list[bytes]:
    items = ('{{"id": "{0}", "title": "{0}", "content_text": "words \\u4e2d"}}',) * ENTRIES
    rows = [item.format(_title(number, n)) + ("," if n < ENTRIES - 1 else "") for n, item in enumerate(items)]
    return [b'{"version": "https://jsonfeed.org/version/1", "items": [', *(r.encode() for r in rows), b"]}"]


def _sitemap(number: int) -> list[bytes]:
    head = (
        b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        b'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">'
    )
    url = "<url><loc>https://a.example/{0}</loc><news:news><news:title>{0}</news:title></news:news></url>"
    return [head, *(url.format(_title(number, n)).encode() for n in range(ENTRIES)), b"</urlset>"]


_FORMS: tuple[Callable[[int], list[bytes]], ...] = (_rss, _atom, _rdf, _json, _sitemap)


def _title(number: int, entry: int) -> str:
    return f"Title {number}-{entry}"


def fuzzed(seed: int, number: int) -> Fuzzed:
    """Document `number` of the run `seed`: the same on every machine."""
    chance = random.Random(f"{seed}/{number}")
    parts = chance.choice(_FORMS)(number)
    touched: set[int] = set()
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(parts))
        touched.add(place)
        parts[place] = _fault(chance, parts[place])
    body = b"".join(parts)
    whole = not touched & {0, len(parts) - 1}
    if chance.random() < 0.05:
        body, whole = body[: chance.randrange(1, len(body) + 1)], False
    good = frozenset(_title(number, n) for n in range(ENTRIES) if n + 1 not in touched)
    return Fuzzed(body, good if whole and not body.startswith(b"{") else frozenset())


def _fault(chance: random.Random, part: bytes) -> bytes:
    at = chance.randrange(len(part) + 1)
    until = min(len(part), at + chance.choice((1, 1, 2, 8, 40)))
    match chance.randrange(6):
        case 0:
            return part[:at] + bytes([chance.randrange(256)]) + part[at + 1 :]
        case 1:
            return part[:at] + part[until:]
        case 2:
            return part[:until] + part[at:until] * chance.choice((1, 3, 50)) + part[until:]
        case 3:
            return part[:at] + part[at:until][::-1] + part[until:]
        case _:
            return part[:at] + chance.choice(_EVIL) + part[at:]


def parse_one(seed: int, number: int, tally: Tally) -> None:
    """Parse one document and add what came of it to `tally`."""
    one = fuzzed(seed, number)
    began = time.monotonic()
    titles: frozenset[str] = frozenset()
    try:
        titles = frozenset(entry.title for entry in parse_feed(one.body, None, URL).entries)
    except FeedError:
        tally.refused += 1
    except Exception as error:  # noqa: BLE001 - what this run is looking for
        tally.surprises.append(f"document {number}: {type(error).__name__}: {error}")
    took = time.monotonic() - began
    tally.documents += 1
    tally.good += len(one.good)
    tally.saved += len(one.good & titles)
    if took > tally.longest:
        tally.longest, tally.longest_number = took, number


def run(seed: int, documents: int, threads: int = 2) -> Tally:
    """Parse documents 0 to `documents` of the run `seed`."""
    tallies = [Tally() for _ in range(threads)]

    def share(place: int) -> None:
        for number in range(place, documents, threads):
            parse_one(seed, number, tallies[place])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(share, range(threads)))
    return _joined(tallies)


def _joined(tallies: list[Tally]) -> Tally:
    slowest = max(tallies, key=lambda one: one.longest)
    return Tally(
        documents=sum(one.documents for one in tallies),
        refused=sum(one.refused for one in tallies),
        longest=slowest.longest,
        longest_number=slowest.longest_number,
        good=sum(one.good for one in tallies),
        saved=sum(one.saved for one in tallies),
        surprises=[line for one in tallies for line in one.surprises],
    )


def lines(tally: Tally) -> Iterator[str]:
    """What a run found, for a person."""
    yield f"{tally.documents} documents, {tally.refused} refused, {len(tally.surprises)} surprises"
    yield f"longest parse {tally.longest:.2f} s (document {tally.longest_number})"
    yield f"{tally.saved} of {tally.good} entries without a fault came out: {tally.rate:.4f}"
    yield from tally.surprises[:20]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--documents", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", type=int)
    given = asked.parse_args()
    if given.only is not None:
        one = fuzzed(given.seed, given.only)
        sys.stdout.write(f"{one.body!r}\n{sorted(one.good)}\n")
        tally = Tally()
        parse_one(given.seed, given.only, tally)
    else:
        tally = run(given.seed, given.documents)
    sys.stdout.writelines(f"{line}\n" for line in lines(tally))
    sys.exit(1 if tally.surprises or tally.longest > GOAL_SECONDS else 0)


if __name__ == "__main__":
    main()
