"""What a site's robots.txt lets us fetch.

How it decides: as RFC 9309 says. The groups that name us count, else those for everybody; of the rules that
match a path the longest holds, and of two equally long ones the one that allows. `*` stands for anything, `$`
for the end. The file is cut at 500 KiB and 5,000 rules, and each match takes time that grows with the path
alone: urllib.robotparser knows no `*` and takes the first rule instead of the longest, Protego turns foreign
patterns into regular expressions. `Crawl-delay`, which is no part of the RFC, is heeded up to a minute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

MAX_BYTES = 500 * 1024
_MOST_RULES = 5000
_LONGEST = 1000
_MOST_DELAY = 60.0
_ESCAPED = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_PLAIN = "".join(map(chr, range(33, 127)))


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern of paths that may be fetched, or may not."""

    pattern: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules for us. `delay`: seconds that the site wants between two fetches.

    `passing`: they forbid everything only because they could not be had, and `why` not.
    """

    rules: tuple[Rule, ...] = ()
    delay: float = 0.0
    passing: bool = False
    why: str = ""


def not_had(why: str) -> Robots:
    """What holds while the rules cannot be had, because of `why`: nothing may be fetched."""
    return Robots((Rule("/", allowed=False),), passing=True, why=why)


def read_robots(body: bytes, agent: str) -> Robots:
    """The rules of a robots.txt for the product `agent`."""
    named, everybody = _Group(), _Group()
    current: set[_Group] = set()
    heading = False
    for name, value in _lines(body):
        if name == "user-agent":
            product = re.split(r"[/\s]", value.lower(), maxsplit=1)[0]
            group = {agent.lower(): named, "*": everybody}.get(product)
            current = (current if heading else set()) | ({group} if group is not None else set())
            heading = True
            if group is not None:
                group.found = True
            continue
        heading = heading and name not in ("allow", "disallow", "crawl-delay")
        for group in current:
            group.add(name, value)
    ours = named if named.found else everybody
    return Robots(tuple(ours.rules), ours.delay)


class _Group:
    def __init__(self) -> None:
        self.found = False
        self.rules: list[Rule] = []
        self.delay = 0.0

    def add(self, name: str, value: str) -> None:
        if name in ("allow", "disallow"):
            if value and len(value) <= _LONGEST and len(self.rules) < _MOST_RULES:
                self.rules.append(Rule(_normal(value), name == "allow"))
        elif name == "crawl-delay" and re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,6})?", value):
            self.delay = min(_MOST_DELAY, float(value))


def _lines(body: bytes) -> Iterator[tuple[str, str]]:
    for raw in re.split(r"[\r\n]+", body[:MAX_BYTES].decode("utf-8-sig", "replace")):
        name, colon, value = raw.partition("#")[0].partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def allows(robots: Robots, url: str) -> bool:
    """Whether `url` may be fetched."""
    parts = urlsplit(url)
    path = _normal((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    found = [rule for rule in robots.rules if _matches(rule.pattern, path)]
    return max(((len(rule.pattern), rule.allowed) for rule in found), default=(0, True))[1]


def _normal(path: str) -> str:
    """A path or a pattern with one spelling for each octet."""

    def spelled(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if _UNRESERVED.fullmatch(character) else found.group().upper()

    return _ESCAPED.sub(spelled, quote(path, safe=_PLAIN))


def _matches(pattern: str, path: str) -> bool:
    anchored = pattern.endswith("$")
    first, *others = (pattern[:-1] if anchored else pattern).split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    if not others:
        return not anchored or at == len(path)
    last = others.pop() if anchored else ""
    for piece in others:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return not anchored or (len(path) - len(last) >= at and path.endswith(last))
