"""A folder of articles with a manifest: its items, and a feed made of them.

The manifest (manifest.toml) holds one `[[article]]` table for each file, in the order in which they are told:
`file`, `title`, `outlet`, `published` (with its zone). The file is the article, word for word.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from service.core.model import Item
from service.core.text import clean
from service.errors import InputError

MANIFEST = "manifest.toml"
FEED_TITLE = "rumorwatch: five seed articles"
FEED_ID = "urn:rumorwatch:seeds"
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class _Article:
    stem: str
    title: str
    outlet: str
    published: datetime
    text: str


def seed_items(folder: Path) -> tuple[Item, ...]:
    """The articles of `folder` as items, in the manifest's order; an item's id is the file name's stem.

    Raises InputError, naming file and entry, for a manifest or an article that cannot be used.
    """
    return tuple(
        Item(
            id=article.stem,
            title=article.title,
            text=clean(article.text),
            told_at=article.published,
            outlet=article.outlet,
            published=article.published,
        )
        for article in _articles(folder)
    )


def build_feed(folder: Path) -> bytes:
    """The articles of `folder` as an Atom document, newest first; the same folder gives the same bytes.

    Each text is the whole file; the outlet stands as author for readers and as source for us.
    """
    articles = sorted(_articles(folder), key=lambda article: article.published, reverse=True)
    ElementTree.register_namespace("", _ATOM)
    root = ElementTree.Element(f"{{{_ATOM}}}feed")
    _add(root, "id", FEED_ID)
    _add(root, "title", FEED_TITLE)
    _add(root, "updated", _stamp(articles[0].published))
    for article in articles:
        root.append(_entry(article))
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _entry(article: _Article) -> ElementTree.Element:
    entry = ElementTree.Element(f"{{{_ATOM}}}entry")
    _add(entry, "id", f"urn:rumorwatch:seed:{article.stem}")
    _add(entry, "title", article.title)
    _add(entry, "published", _stamp(article.published))
    _add(entry, "updated", _stamp(article.published))
    _add(_add(entry, "author"), "name", article.outlet)
    source = _add(entry, "source")
    _add(source, "id", f"urn:rumorwatch:outlet:{article.outlet.replace(' ', '-')}")
    _add(source, "title", article.outlet)
    _add(source, "updated", _stamp(article.published))
    _add(entry, "content", article.text).set("type", "text")
    return entry


def _add(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}")
    element.text = text
    return element


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _articles(folder: Path) -> tuple[_Article, ...]:
    path = folder / MANIFEST
    try:
        manifest = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not TOML: {error}.") from error
    rows = manifest.get("article")
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{path} names no article.")
    return tuple(_article(folder, row, f"{path}, article {number}") for number, row in enumerate(rows, 1))


def _article(folder: Path, row: object, place: str) -> _Article:
    if not isinstance(row, Mapping):
        raise InputError(f"{place} is not a table.")
    name = _text(row, "file", place)
    if Path(name).name != name:
        raise InputError(f"{place} names {name!r}, which is not a file of this folder.")
    published = row.get("published")
    if not isinstance(published, datetime) or published.tzinfo is None:
        raise InputError(f"{place} has no `published` time with a zone.")
    try:
        text = (folder / name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{place}: {folder / name} cannot be read: {error}.") from error
    return _Article(
        stem=Path(name).stem,
        title=_text(row, "title", place),
        outlet=_text(row, "outlet", place),
        published=published.astimezone(UTC),
        text=text,
    )


def _text(row: Mapping[str, object], name: str, place: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{place} has no `{name}`.")
    return value
