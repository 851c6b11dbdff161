"""The world outside: feeds that log what they completely served, and receivers that fail, hang and lie.

A feed gives its next version only when the service has shown, by the validator that it sends back, that it
keeps the one before; each version holds nothing but its own entries. So whatever is served and not stored is
lost for good, and the ledger check sees it.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from xml.sax.saxutils import escape

from tests.crash.story_lines import Script, Told
from tests.fakes_feeds import FeedServer
from tests.fakes_receivers import Answer, Does, MailServer, Received, WebhookReceiver

SPAN = timedelta(minutes=30)  # all entries are dated within as long before the start
Key = tuple[str, str]  # guid and title: one revision


@dataclass
class ServedFeed:
    """One feed: `version` 0 is empty, because a first fetch alerts nobody."""

    name: str
    batches: tuple[tuple[Told, ...], ...]
    world: FeedWorld
    version: int = 0
    confirmed: int = -1

    @property
    def etag(self) -> str:
        return f'"{self.name}-{self.version}"'

    @property
    def _batch(self) -> tuple[Told, ...]:
        return self.batches[self.version - 1] if self.version else ()

    @property
    def drained(self) -> bool:
        """Whether all was served and the service has shown that it keeps it."""
        return self.confirmed == len(self.batches)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """One request, under the world's lock but for the writing."""
        with self.world.lock:
            self.world.asked[self.name] += 1
            kept = handler.headers.get("If-None-Match") == self.etag
            if kept:
                self.confirmed = self.version
                kept = not self._next()
            body, etag, told = (
                self._document(),
                self.etag,
                self.batches[self.version - 1] if self.version else (),
            )
        handler.send_response(304 if kept else 200)
        handler.send_header("ETag", etag)
        if not kept:
            handler.send_header("Content-Type", "application/atom+xml")
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if not kept:
            handler.wfile.write(body)
            handler.wfile.flush()
            self.world.note_served((one.guid, one.title) for one in told)

    def _next(self) -> bool:
        if self.version >= len(self.batches) or not self.world.may_release(len(self.batches[self.version])):
            return False
        self.version += 1
        return True

    def _document(self) -> bytes:
        return (
            f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><id>urn:crash:{self.name}</id>'
            f"<title>{self.name}</title>{''.join(map(self._entry, self._batch))}</feed>"
        ).encode()

    def _entry(self, one: Told) -> str:
        when = (self.world.began + SPAN * one.at).isoformat()
        return (
            f"<entry><id>{one.guid}</id><title>{escape(one.title)}</title><published>{when}</published>"
            f"<updated>{when}</updated><summary>{escape(one.text)}</summary></entry>"
        )


class FeedWorld:
    """All feeds of a script over one server; `allow` sets how many revisions may be out by now."""

    def __init__(self, script: Script) -> None:
        self.lock = threading.Lock()
        self.began = datetime.now(UTC) - SPAN - timedelta(minutes=1)
        self.served: Counter[Key] = Counter()
        self.asked: Counter[str] = Counter()
        self.released = 0
        self._allowed = 0
        self._server = FeedServer()
        self.feeds = [ServedFeed(f"feed{n}", batches, self) for n, batches in enumerate(script.feeds)]
        for feed in self.feeds:
            self._server.serve_raw(f"/{feed.name}", feed.answer)

    def __enter__(self) -> FeedWorld:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__(None, None, None)

    def urls(self) -> list[str]:
        return [self._server.url(f"/{feed.name}") for feed in self.feeds]

    def allow(self, revisions: int) -> None:
        """Let the feeds tell so many revisions in all."""
        self._allowed = revisions

    def may_release(self, revisions: int) -> bool:
        """Called with the lock held, by a feed that would tell so many more."""
        if self.released >= self._allowed:
            return False
        self.released += revisions
        return True

    def note_served(self, keys: Iterator[Key]) -> None:
        with self.lock:
            self.served.update(keys)

    @property
    def drained(self) -> bool:
        return all(feed.drained for feed in self.feeds)


class MoodyReceiver(WebhookReceiver):
    """Answers the first try of an id by its mood, and every other one truthfully."""

    def __init__(self, moods: dict[str, float], seed: int) -> None:
        super().__init__()
        self._moods = moods
        self._chance = random.Random(seed)
        self._seen: set[str] = set()
        self.cut = 0

    def take(self, request: Received) -> Answer:
        """Logs the request; called by the server's threads."""
        usual = super().take(request)
        with self._lock:
            first = request.id not in self._seen
            self._seen.add(request.id)
            draw = self._chance.random()
        return self._by_mood(draw) or usual if first else usual

    def _by_mood(self, draw: float) -> Answer | None:
        for mood, share in self._moods.items():
            if draw < share:
                self.cut += mood == "lie"
                return _MOODS[mood]
            draw -= share
        return None


_MOODS = {
    "fail": Answer(500),
    "busy": Answer(503, headers=(("Retry-After", "1"),)),
    "lie": Answer(does=Does.CUT),  # it has the message, and does not say so
    "hang": Answer(does=Does.HANG),
}


@dataclass(frozen=True, slots=True)
class Receivers:
    """Where alerts arrive, by the name of the channel."""

    hooks: dict[str, MoodyReceiver]
    mail: MailServer

    def ids(self) -> dict[str, list[str]]:
        """Every id that arrived at each channel, repeats included, as the deliveries are named."""
        found = {name: hook.ids for name, hook in self.hooks.items()}
        found["mail"] = [
            str(one.message["Message-ID"]).strip("<>").partition("@")[0] for one in self.mail.mails
        ]
        return found

    def unequal_bodies(self) -> int:
        """Ids that arrived with more than one body."""
        pairs = {(name, one.id, one.body_hash) for name, hook in self.hooks.items() for one in hook.received}
        return len(pairs) - len({(name, id_) for name, id_, _ in pairs})


@contextmanager
def receivers(seed: int, *, moody: bool = True) -> Iterator[Receivers]:
    """A truthful webhook, one that fails, one that lies, one that hangs, and a mail server that cuts some.

    Where they are not `moody`, all are truthful.
    """
    moods: dict[str, dict[str, float]] = {
        "truthful": {},
        "failing": {"fail": 0.2, "busy": 0.1},
        "lying": {"lie": 0.25},
        "hanging": {"hang": 0.03},
    }
    chance = random.Random(seed)
    acts = [Does.CUT if moody and chance.random() < 0.05 else Does.ANSWER for _ in range(20_000)]
    with ExitStack() as stack:
        hooks = {
            name: stack.enter_context(MoodyReceiver(mood if moody else {}, seed + number))
            for number, (name, mood) in enumerate(moods.items())
        }
        mail = stack.enter_context(MailServer(does=acts))
        yield Receivers(hooks, mail)
