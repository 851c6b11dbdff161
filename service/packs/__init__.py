"""Starter packs: lists of feeds that come with rumorwatch, as OPML, one file a subject.

Each address carries the document that names it (`source`) and what is known of it (`note`); `unverified` says
that nobody of ours has fetched it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from service.errors import InputError
from service.feeds.opml import FeedList, read_opml

_ENDING = ".opml"


@dataclass(frozen=True, slots=True)
class Pack:
    """One pack, by the name that `pack:NAME` takes."""

    name: str
    listed: FeedList


def packs() -> tuple[Pack, ...]:
    """Every pack, by name."""
    found = [file for file in files(__package__).iterdir() if file.name.endswith(_ENDING)]
    return tuple(
        Pack(file.name.removesuffix(_ENDING), read_opml(file.read_bytes()))
        for file in sorted(found, key=lambda file: file.name)
    )


def pack(name: str) -> FeedList:
    """The pack of that name. InputError, with the names there are, where there is none."""
    known = {one.name: one.listed for one in packs()}
    if name not in known:
        raise InputError(f"There is no pack {name[:40]!r}; there are {', '.join(known)}.")
    return known[name]
