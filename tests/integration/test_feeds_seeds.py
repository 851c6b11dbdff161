"""The seeds: five articles, their manifest, and the feed made of them say the same, word for word."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from service.core.feed import Feed
from service.core.polling import plan_poll
from service.errors import InputError
from service.feeds.fetch import Fetched, fetch
from service.feeds.files import entries_from_file
from service.feeds.parse import parse_feed
from service.feeds.seeds import build_feed, seed_items
from service.net import GuardedClient
from tests.fakes_feeds import FeedServer

SEEDS = Path(__file__).parents[2] / "seeds"
STEMS = [
    "002_f605638a6703b966",
    "003_090f7277e45132e5",
    "004_a3af3be000fa34f6",
    "000_94185a266bf37fb9",
    "001_c78dd4137a61b501",
]


def test_the_items_are_the_files_in_the_order_of_the_manifest() -> None:
    items = seed_items(SEEDS)
    assert [item.id for item in items] == STEMS
    for item in items:
        assert item.text == (SEEDS / f"{item.id}.txt").read_text("utf-8")
        assert item.told_at == item.published
        assert item.url is None
    assert items[0].told_at == datetime(2021, 3, 27, 6, tzinfo=UTC)
    assert items[4].outlet == "louisvelazquez.com"


def test_the_feed_that_lies_with_the_seeds_is_the_one_made_of_them() -> None:
    assert (SEEDS / "feed.atom").read_bytes() == build_feed(SEEDS)


def test_feed_and_articles_agree_word_for_word() -> None:
    entries = {
        (entry.guid or "").rpartition(":")[2]: entry for entry in entries_from_file(SEEDS / "feed.atom")
    }
    assert sorted(entries) == sorted(STEMS)
    for item in seed_items(SEEDS):
        entry = entries[item.id]
        assert entry.text == item.text.strip()
        assert entry.text.split() == item.text.split()
        assert (entry.title, entry.published, entry.outlet) == (item.title, item.told_at, item.outlet)
        assert (entry.url, entry.lang) == (None, None)


def test_the_feed_is_atom_as_its_standard_wants_it() -> None:
    atom = "{http://www.w3.org/2005/Atom}"
    root = ElementTree.fromstring(build_feed(SEEDS))
    assert root.tag == f"{atom}feed"
    entries = root.findall(f"{atom}entry")
    for element in (root, *entries, *root.iter(f"{atom}source")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{atom}{name}")) == 1
    assert all(entry.findtext(f"{atom}author/{atom}name") for entry in entries)
    stamps = [entry.findtext(f"{atom}published") or "" for entry in entries]
    assert stamps == sorted(stamps, reverse=True)


def test_the_feed_polled_over_http_gives_the_articles_in_the_order_in_which_they_were_told() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with FeedServer() as server:
        server.serve("/feed.atom", build_feed(SEEDS), etag='"1"')
        demo = Feed(id="seeds", url=server.url("/feed.atom"), outlet="seeds", told_as_news=True)
        client = GuardedClient(user_agent="t", allow_networks=["127.0.0.0/8"])
        answer = asyncio.run(fetch(client, demo, now))
    assert isinstance(answer, Fetched)
    parsed = parse_feed(answer.body, answer.content_type, answer.url)
    plan = plan_poll(demo, parsed.entries, {}, now, etag=answer.etag, last_modified=None)
    assert [(revision.guid or "").rpartition(":")[2] for revision in plan.revisions] == STEMS
    assert not any(revision.backfill for revision in plan.revisions)
    assert [r.told_at for r in plan.revisions] == [item.told_at for item in seed_items(SEEDS)]


ORIGINALS = Path(__file__).parents[3] / "shared" / "seeds"


def test_the_seeds_are_the_originals_byte_for_byte_where_those_are_at_hand() -> None:
    originals = sorted(ORIGINALS.iterdir()) if ORIGINALS.is_dir() else []
    for original in originals:
        assert (SEEDS / original.name).read_bytes() == original.read_bytes()
    assert len(originals) in (0, 6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "not = [toml", "is not TOML"),
        (lambda text: "", "names no article"),
        (lambda text: text.replace("2021-03-27T06:00:00Z", '"soon"'), "article 1 has no `published` time"),
        (lambda text: text.replace("2021-03-27T06:00:00Z", "2021-03-27T06:00:00"), "with a zone"),
        (lambda text: text.replace('outlet = "unknown"', ""), "article 2 has no `outlet`"),
        (
            lambda text: text.replace("004_a3af3be000fa34f6.txt", "gone.txt"),
            r"article 3: .*gone\.txt cannot be read",
        ),
        (lambda text: text.replace("004_a3af3be000fa34f6.txt", "../x.txt"), "not a file of this folder"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_named_with_its_entry(
    change: object, message: str, tmp_path: Path
) -> None:
    folder = tmp_path / "seeds"
    shutil.copytree(SEEDS, folder)
    manifest = folder / "manifest.toml"
    manifest.write_text(change(manifest.read_text("utf-8")), "utf-8")  # type: ignore[operator]
    with pytest.raises(InputError, match=message):
        seed_items(folder)


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"manifest\.toml cannot be read"):
        build_feed(tmp_path)
