"""What to make of an article that was fetched because its feed carried a stub: take it, leave it, try again.

How it decides: a page with hardly any text, with the words of a paywall or a bot wall and little else, with a
text that stands on other pages of its host too, with no more than the stub, or with none of the stub's words
is no article, and is left. What the server says is for good (401, 402, 403, 404, 410, 451) is left as well;
the rest is tried again after a minute, a quarter of an hour and two hours. What it leaves out: walls in
languages that it has no words of; those are still short, or the same on every page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit, urlunsplit

from service.core.feed import NewRevision
from service.core.model import Item
from service.core.stubs import weight
from service.core.text import fingerprint, fold

MOST_TRIES = 4
HARDLY_ANY = 200
_WALL_SIZE = 2000
_SHARED = 0.2
_FEW_WORDS = 5
_WAITS = (timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=2))
_LONGEST_WAIT = timedelta(hours=24)
_FOR_GOOD = {
    401: "its page wants a login",
    402: "its page wants to be paid for",
    403: "its server does not let us read it",
    404: "its page is not there",
    410: "its page is gone",
    451: "its page may not be shown for legal reasons",
}
_WALL = re.compile(
    r"enable javascript|javascript is (?:disabled|required)|verify (?:that )?you are (?:a )?human|"
    r"are you a robot|unusual traffic|checking your browser|access denied|request blocked|captcha|"
    r"(?:subscribe|sign in|log in|register) to (?:continue|read|unlock)|subscribers? only|"
    r"already a subscriber|"
    r"accept (?:all )?cookies to continue|jetzt (?:abonnieren|anmelden)|abonn\w+ (?:lesen|pour lire)|"
    r"réservé aux abonnés|solo para suscriptores|exclusivo para assinantes|riservato agli abbonati|"
    r"登录后(?:阅读|查看)|訂閱(?:以|後)|订阅后|会員限定|구독자 전용",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}")


@dataclass(frozen=True, slots=True)
class Extract:
    """What was found in a page: its words, and the address that it gives itself, as it stands there."""

    text: str
    canonical: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a fetch: `taken`, `left` for good, or `failed` and tried again at `next_at`.

    `revision` is what is saved of one that was taken, `mark` tells texts apart that stand on several pages.
    """

    outcome: str
    why: str
    next_at: datetime | None = None
    revision: NewRevision | None = None
    found_url: str | None = None
    mark: str | None = None


def mark_of(text: str) -> str:
    """What two pages share that hold the same text."""
    return fingerprint("", text)


def why_no_article(stub: Item, text: str, elsewhere: bool) -> str:
    """Why a page's `text` is not the article of `stub`, "" where it is.

    `elsewhere`: the same text stands on another page of its host.
    """
    if weight(text) < HARDLY_ANY:
        return "its page holds hardly any text, as behind a paywall or a wall against robots"
    if elsewhere:
        return "its page holds the same text as other pages of its host"
    if weight(text) < _WALL_SIZE and (wall := _WALL.search(text)):
        return f"its page holds a wall instead of an article (“{wall.group()}”)"
    if weight(text) <= weight(stub.text):
        return "its page holds no more than its feed"
    if not _shares_words(f"{stub.title}\n{stub.text}", text):
        return "its page speaks of something else"
    return ""


def _shares_words(stub: str, text: str) -> bool:
    wanted, found = _words(stub), _words(text)
    return len(wanted) < _FEW_WORDS or len(wanted & found) >= _SHARED * len(wanted)


def _words(text: str) -> set[str]:
    folded = fold(text)
    pairs = (folded[start : start + 2] for start in range(len(folded) - 1))
    return {word for word in _WORD.findall(folded) if not _WIDE.search(word)} | {
        pair for pair in pairs if _WIDE.fullmatch(pair)
    }


def judge(stub: Item, extract: Extract, url: str, elsewhere: bool) -> Verdict:
    """What to make of the article that was found at `url` for `stub`."""
    address = canonical(url, extract.canonical)
    mark = mark_of(extract.text)
    if why := why_no_article(stub, extract.text, elsewhere):
        return Verdict("left", why, found_url=address, mark=mark)
    why = f"{len(extract.text)} characters instead of {len(stub.text)}"
    return Verdict("taken", why, None, full_text(stub, extract.text, address), address, mark)


def full_text(stub: Item, text: str, url: str) -> NewRevision:
    """The article as a revision of the item whose stub the feed carried.

    It speaks from the moment that the stub does: unlike an edit, its words were there then.
    """
    return NewRevision(
        item_id=stub.id,
        fingerprint=fingerprint(stub.title, text),
        guid=None,
        title=stub.title,
        text=text,
        url=url,
        outlet=stub.outlet,
        lang=stub.lang,
        published=stub.published,
        told_at=stub.told_at,
        position=stub.position,
        backfill=stub.backfill,
        reason="full text",
    )


def refused(status: int, host: str, tries: int, now: datetime, retry_after: float | None) -> Verdict:
    """What to make of an answer of `status`, not 200, to the last of `tries`; `retry_after` is in seconds."""
    if status in _FOR_GOOD:
        return Verdict("left", f"{_FOR_GOOD[status]} ({status})")
    return try_again(f"{host} answered {status} instead of the article", tries, now, retry_after)


def try_again(why: str, tries: int, now: datetime, retry_after: float | None = None) -> Verdict:
    """What to make of a fetch that failed because of `why`, the last of `tries`."""
    if tries >= MOST_TRIES:
        return Verdict("left", f"{why}; given up after {tries} tries")
    wait = _WAITS[min(tries, len(_WAITS)) - 1]
    if retry_after is not None and retry_after > 0:
        wait = min(_LONGEST_WAIT, max(wait, timedelta(seconds=min(retry_after, 1e6))))
    return Verdict("failed", why, now + wait)


def canonical(url: str, declared: str | None) -> str:
    """The address to keep of a page that was found at `url` and calls itself `declared`.

    A page may rename itself on its own host only, and not to the front page.
    """
    found = _plain(url)
    try:
        own = _plain(urljoin(url, (declared or "").strip()))
        here, there = urlsplit(found), urlsplit(own)
    except ValueError:
        return found
    same = _host(here.hostname) == _host(there.hostname) and there.scheme in ("http", "https")
    return own if declared and same and there.path.strip("/") and len(own) <= 2000 else found


def _plain(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(fragment=""))


def _host(name: str | None) -> str:
    return (name or "").lower().removeprefix("www.")
