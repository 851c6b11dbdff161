"""The commands that take lists of feeds in and out, over a real ledger, and the packs that come along."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service import wiring
from service.core.feed import Feed
from service.errors import InputError, SettingsError
from service.feeds.opml import NAMESPACE, ListedFeed, read_opml
from service.packs import pack, packs
from service.settings import Settings, load_settings
from workers.feed_files import export_feeds, import_feeds, list_packs

A, B, C = (f"https://{name}.example/feed" for name in "abc")


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Settings from a file's text, in a folder of the test's own."""

    def load(text: str = "") -> Settings:
        path = tmp_path / "rumorwatch.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("RUMORWATCH_CONFIG", str(path))
        monkeypatch.setenv("RUMORWATCH_DATA_DIR", str(tmp_path / "data"))
        return load_settings()

    return load


def listed(tmp_path: Path, *outlines: str) -> str:
    path = tmp_path / "list.opml"
    body = "".join(f"<outline {one}/>" for one in outlines)
    path.write_text(
        f'<opml version="2.0" xmlns:rw="{NAMESPACE}"><body>{body}</body></opml>', encoding="utf-8"
    )
    return str(path)


def polled(settings: Settings) -> dict[str, str]:
    """Address -> outlet of the feeds that the ledger has polled."""
    ledger = wiring.open_ledger(settings)
    try:
        return {feed.url: feed.outlet for feed in ledger.feeds.due(wiring.utc_now(), 100)}
    finally:
        ledger.close()


def test_imported_feeds_are_polled_at_once_and_after_every_start(given, tmp_path, capsys) -> None:
    settings = given(f'[[feeds]]\nurl = "{A}"\n')
    import_feeds(
        settings, listed(tmp_path, f"xmlUrl='{A}'", f"xmlUrl='{B}' text='The Wire'", f"xmlUrl='{B}'")
    )
    told = capsys.readouterr().out
    assert f"there already: {A}" in told
    assert f"added: {B}" in told
    assert f"twice in the list: {B}" in told
    assert told.endswith("1 added, 0 changed, 1 there already, 1 twice in the list.\n")
    assert polled(settings) == {A: "a.example", B: "The Wire"}
    assert [feed.url for feed in wiring.feeds(settings)] == [A, B]
    assert not wiring.is_demo(given())


def test_nothing_of_a_list_with_one_bad_feed_is_imported(given, tmp_path) -> None:
    settings = given()
    import_feeds(settings, listed(tmp_path, f"xmlUrl='{A}'"))
    before = wiring.list_path(settings).read_bytes()
    for bad, why in (
        ("xmlUrl='http://10.0.0.1/'", "nothing was imported"),
        (f"xmlUrl='{C}' rw:interval_minutes='0'", "interval_minutes is wrong"),
    ):
        with pytest.raises(InputError, match=why):
            import_feeds(settings, listed(tmp_path, f"xmlUrl='{B}'", bad))
    with pytest.raises(SettingsError, match="holds no names"):
        import_feeds(settings, listed(tmp_path, f"xmlUrl='{B}'", "xmlUrl='https://s.example/?q={query}'"))
    assert wiring.list_path(settings).read_bytes() == before
    assert polled(settings) == {A: "a.example"}


def test_a_feed_may_be_imported_anew_with_other_settings(given, tmp_path, capsys) -> None:
    settings = given()
    import_feeds(settings, listed(tmp_path, f"xmlUrl='{A}'", f"xmlUrl='{B}'"))
    import_feeds(settings, listed(tmp_path, f"xmlUrl='{A}' rw:interval_minutes='5' rw:told_as_news='true'"))
    assert f"changed: {A}" in capsys.readouterr().out
    first, second = wiring.feeds(settings)
    assert (first.interval_seconds, first.told_as_news, second.url) == (300, True, B)


def test_what_is_exported_imports_to_the_same_feeds(given, tmp_path, monkeypatch, capsys) -> None:
    text = f"""watchlist = ["Ford"]
    [[feeds]]
    url = "{A}"
    outlet = "A & <B>"
    interval_minutes = 7.5
    lang = "en"
    told_as_news = true
    [[feeds]]
    url = "https://s.example/?q={{query}}"
    watchlist = ["小米", "BYD, Co"]
    [[feeds]]
    url = "https://t.example/?q={{query}}"
    watchlist = "cars"
    [[feeds]]
    url = "/srv/feed.xml"
    [[subscriptions]]
    name = "cars"
    watchlist = ["Tesla"]
    """
    settings = given(text)
    import_feeds(settings, listed(tmp_path, f"xmlUrl='{C}' rw:interval_minutes='30'"))
    capsys.readouterr()
    export_feeds(settings, tmp_path / "out.opml")
    assert "left out: /srv/feed.xml" in capsys.readouterr().err
    wanted = [feed for feed in wiring.feeds(settings) if feed.url != "/srv/feed.xml"]
    assert len(wanted) == 5
    bare = given('[[subscriptions]]\nname = "cars"\nwatchlist = ["Tesla"]\n').model_copy(
        update={"data_dir": tmp_path / "other"}
    )
    import_feeds(bare, str(tmp_path / "out.opml"))
    assert list(wiring.feeds(bare)) == wanted


def test_a_feed_that_a_command_added_is_exported_too(given, tmp_path, capsys) -> None:
    settings = given(f'[[feeds]]\nurl = "{A}"\n')
    ledger = wiring.open_ledger(settings)
    added = Feed(id="f_b", url=B, outlet="The Wire", interval_seconds=420, lang="de")
    ledger.feeds.add((added,), wiring.utc_now())
    ledger.close()
    export_feeds(settings, tmp_path / "out.opml")
    assert read_opml((tmp_path / "out.opml").read_bytes()).feeds[1:] == (
        ListedFeed(B, "The Wire", "The Wire", interval_minutes=7, lang="de", told_as_news=False),
    )


@pytest.mark.parametrize(
    ("feed", "why"),
    [
        ('url = "https://s.example/?q={query}"', "holds no names"),
        (
            'url = "https://s.example/?q={query}"\nwatchlist = "cars"',
            "names the subscription 'cars', which is not set",
        ),
        ('url = "https://s.example/"\nwatchlist = ["Ford"]', "no {query} to be filled"),
    ],
)
def test_a_search_feed_that_nothing_fills_stops_the_start(given, feed: str, why: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(why)):
        wiring.feeds(given(f"[[feeds]]\n{feed}\n"))


def test_a_search_feed_takes_the_watchlist_of_the_settings(given) -> None:
    settings = given(
        'watchlist = ["Ford", "小米"]\n[[feeds]]\nurl = "https://s.example/?q={query}"\nlang = "en"\n'
    )
    assert [(feed.url, feed.lang) for feed in wiring.feeds(settings)] == [
        ("https://s.example/?q=Ford", "en"),
        ("https://s.example/?q=%E5%B0%8F%E7%B1%B3", "en"),
    ]


def test_an_edited_list_that_cannot_be_used_stops_the_start_by_name(given) -> None:
    settings = given()
    settings.data_dir.mkdir()
    wiring.list_path(settings).write_text("<opml><body>", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"feeds\.opml cannot be used: the list is not well formed"):
        wiring.feeds(settings)


# --- packs -----------------------------------------------------------------------------------------


def test_there_is_a_pack_for_each_subject() -> None:
    assert [one.name for one in packs()] == [
        "business", "cars-and-technology", "exchanges", "fact-checkers", "football", "search",
    ]  # fmt: skip
    outlets = " ".join(feed.outlet or "" for feed in pack("exchanges").feeds)
    assert all(name in outlets for name in ("SEC", "HKEX", "TWSE", "KRX", "TSE", "NSE", "BSE"))


@pytest.mark.parametrize("one", packs(), ids=lambda one: one.name)
def test_every_address_of_a_pack_says_which_document_names_it_and_whether_it_was_reached(one) -> None:
    urls = [feed.url for feed in one.listed.feeds]
    assert len(set(urls)) == len(urls)
    for feed in one.listed.feeds:
        assert feed.source, feed.url
        assert feed.note is not None
        assert feed.note.startswith("unverified"), feed.url
        assert wiring.feed_settings(feed).outlet
        assert ("{query}" in feed.url) == (one.name == "search")


def test_a_pack_is_imported_by_its_name_and_an_unknown_one_names_the_others(given, capsys) -> None:
    settings = given('watchlist = ["Ford"]\n')
    import_feeds(settings, "pack:football")
    import_feeds(settings, "pack:search")
    assert len(wiring.feeds(settings)) == len(pack("football").feeds) + len(pack("search").feeds)
    assert all(feed.source for feed in read_opml(wiring.list_path(settings).read_bytes()).feeds)
    with pytest.raises(InputError, match="no pack 'chess'; there are business,"):
        import_feeds(settings, "pack:chess")
    list_packs()
    assert "football" in capsys.readouterr().out
