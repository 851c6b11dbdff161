"""Being pushed: asking hubs for it, and taking what they push (WebSub).

What a hub pushes goes the way of a poll: the contained parser, the core's plan, one commit. A hub gets an
address of its own for each feed, which nobody can guess, and a secret to sign with; both are made here and
stay in the ledger. What it leaves out: several hubs of one feed at a time; the first that it names is asked.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode

from service import logs
from service.core.feed import Feed
from service.core.plan_push import PushPlan, plan_push
from service.core.polling import identify
from service.core.pushing import (
    ASKED_LEASE,
    SUBSCRIBE,
    Agreement,
    HubState,
    Intent,
    Verdict,
    failed,
    signature_holds,
    verified,
)
from service.core.wishes import seconds_asked
from service.errors import FeedError, OutgoingError, StoreError
from service.feeds.parse import parse_feed
from service.net import GuardedClient, Request, Response, redirected, where
from service.store.hubs import Held

PATH = "/push/"
DEADLINE_SECONDS = 30.0
MAX_AT_ONCE = 5
MAX_ROUNDS = 8  # of MAX_REVISIONS each: more entries than a document may have
_MOST_HOPS = 3
_MOVED = (307, 308)
_MAX_ANSWER = 16 * 1024


class HubLedger(Protocol):
    """What pushing needs of the ledger's hubs: the store's HubRows."""

    def due(self, now: datetime, public_url: str, limit: int) -> list[Held]: ...

    def begin(
        self, seen: Held, now: datetime, public_url: str, keys: tuple[str, str]
    ) -> tuple[Held, str] | None: ...

    def by_token(self, token: str) -> Held | None: ...

    def change(self, feed_id: str, judge: Callable[[Agreement], Agreement]) -> None: ...

    def commit_push(self, feed_id: str, plan: PushPlan, now: datetime) -> int: ...


class PushedFeeds(Protocol):
    """What pushing needs of the ledger's feeds: the store's FeedRows."""

    def one(self, feed_id: str) -> Feed | None: ...

    def known(self, feed_id: str, item_ids: Collection[str]) -> dict[str, frozenset[str]]: ...


class PushLedger(Protocol):
    """A ledger, as far as pushing goes."""

    @property
    def feeds(self) -> PushedFeeds: ...

    @property
    def hubs(self) -> HubLedger: ...


@dataclass(frozen=True, slots=True)
class AskReport:
    """What one hub was asked for, and what it said at once: "" where it took it and will verify."""

    feed_id: str
    hub: str
    mode: str
    trouble: str


@dataclass(frozen=True, slots=True)
class Content:
    """What was pushed, as it came."""

    body: bytes
    content_type: str | None
    signature: str | None


@dataclass(frozen=True, slots=True)
class PushReport:
    """What became of a push: outcome `taken`, `unsigned` (ignored) or `unusable`."""

    feed_id: str
    outcome: str
    reason: str
    revisions: int = 0


def new_keys() -> tuple[str, str]:
    """A token for an address and a secret to sign with, 32 random bytes each."""
    return secrets.token_urlsafe(32), secrets.token_urlsafe(32)


# --- asking ----------------------------------------------------------------------------------------


async def ask_due(
    hubs: HubLedger, client: GuardedClient, public_url: str, clock: Callable[[], datetime], limit: int = 50
) -> list[AskReport]:
    """Ask the hubs of which something is due: to push, to go on, to end. StoreError passes.

    `public_url` is where this service is reached from outside, without a slash at the end.
    """
    places = asyncio.Semaphore(MAX_AT_ONCE)
    found = hubs.due(clock(), public_url, limit)

    async def ask_one(held: Held) -> AskReport | None:
        async with places:
            return await _ask(hubs, client, public_url, held, clock)

    asked = await asyncio.gather(*(ask_one(held) for held in found), return_exceptions=True)
    for one in asked:
        if isinstance(one, StoreError):
            raise one
        if isinstance(one, BaseException):
            logs.failure("feed.hub_broken", one)
    return [one for one in asked if isinstance(one, AskReport)]


async def _ask(
    hubs: HubLedger, client: GuardedClient, public_url: str, seen: Held, clock: Callable[[], datetime]
) -> AskReport | None:
    now = clock()
    # Noted before the request leaves: a hub may verify before it answers.
    begun = hubs.begin(seen, now, public_url, new_keys())
    if begun is None:
        return None
    held, mode = begun
    trouble, wait = "", None
    try:
        answer = await _post(client, _request(held, mode, public_url))
        if not 200 <= answer.status < 300:
            said = " ".join(answer.body[:200].decode("utf-8", "replace").split())
            trouble = f"{where(held.agreement.hub)} answered {answer.status}" + (f": {said}" if said else "")
            wait = seconds_asked(answer.header("retry-after"), now)
    except OutgoingError as error:
        trouble = str(error)
    if trouble:
        pause = None if wait is None else timedelta(seconds=min(wait, 86400))
        hubs.change(held.feed_id, lambda agreement: failed(agreement, now, trouble, pause))
    return AskReport(held.feed_id, held.agreement.hub, mode, trouble)


def _request(held: Held, mode: str, public_url: str) -> Request:
    words = {
        "hub.callback": f"{public_url}{PATH}{held.token}",
        "hub.mode": mode,
        "hub.topic": held.agreement.topic,
    }
    if mode == SUBSCRIBE:
        words |= {"hub.lease_seconds": f"{ASKED_LEASE.total_seconds():.0f}", "hub.secret": held.secret or ""}
    return Request(
        "POST",
        held.agreement.hub,
        (("Content-Type", "application/x-www-form-urlencoded"),),
        urlencode(words).encode("ascii"),
        deadline_seconds=DEADLINE_SECONDS,
        max_bytes=_MAX_ANSWER,
        cut_long_body=True,
        follow_redirects=False,
    )


async def _post(client: GuardedClient, request: Request) -> Response:
    """The hub's answer, where it may send us on to another address; never from https to plain http."""
    for _ in range(_MOST_HOPS):
        answer = await client.send(request)
        target = answer.header("location")
        if answer.status not in _MOVED or not target:
            return answer
        moved = redirected(request, answer.status, target)
        if request.url.lower().startswith("https:") and not moved.url.lower().startswith("https:"):
            raise OutgoingError(f"{where(request.url)} sends the secret on to plain http.", permanent=True)
        request = moved
    raise OutgoingError(f"{where(request.url)} redirects more than {_MOST_HOPS} times.")


# --- what hubs ask and send ------------------------------------------------------------------------


def answer_intent(hubs: HubLedger, token: str, intent: Intent, now: datetime) -> Verdict | None:
    """What to answer a hub that wants an intent verified, saved; None: the address is nobody's."""
    held = hubs.by_token(token)
    if held is None:
        return None
    verdict = verified(held.agreement, intent, now)

    def judge(agreement: Agreement) -> Agreement:
        nonlocal verdict
        verdict = verified(agreement, intent, now)
        return verdict.after

    hubs.change(held.feed_id, judge)
    outcome = "refused" if verdict.answer is None else "accepted"
    logs.line("feed.hub_intent", feed=held.feed_id, mode=intent.mode, outcome=outcome, reason=verdict.why)
    return verdict


def may_push(held: Held) -> bool:
    """Whether the hub is one that we want to be pushed by."""
    return held.agreement.state is HubState.ACTIVE and held.polled and held.secret is not None


def take_push(ledger: PushLedger, held: Held, content: Content, now: datetime) -> PushReport:
    """Save what was pushed, where it is signed with our secret. Blocks while it is parsed."""
    feed = ledger.feeds.one(held.feed_id)
    if feed is None or not signature_holds(content.signature, held.secret or "", content.body):
        ledger.hubs.change(held.feed_id, _refused)
        return PushReport(held.feed_id, "unsigned", "it has no right signature and is ignored")
    # Guids may be relative: read against another address than that of a poll they would name other items.
    base = feed.history.wishes.base or feed.url
    try:
        parsed = parse_feed(content.body, content.content_type, base)
    except FeedError as error:
        return PushReport(held.feed_id, "unusable", str(error))
    saved = 0
    identified = [one.item_id for one in identify(feed.id, parsed.entries)]
    for _ in range(MAX_ROUNDS):
        plan = plan_push(feed, parsed.entries, ledger.feeds.known(feed.id, identified), now, parsed.why)
        saved += ledger.hubs.commit_push(feed.id, replace(plan, unparsed=parsed.lost), now)
        if not plan.more:
            break
    reason = f"{saved} new or changed of {len(identified)} entries"
    return PushReport(feed.id, "taken", reason, saved)


def _refused(agreement: Agreement) -> Agreement:
    return replace(agreement, refused=agreement.refused + 1)
