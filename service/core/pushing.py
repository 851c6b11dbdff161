"""What is agreed with the hub of a feed, and what to make of what the hub asks and sends (WebSub).

How it decides: a hub is asked for a lease of ten days, and again when a fifth of what it gave is left. It may
verify only what we asked it for, within the hour, by the same mode and topic. A content is ours where its
signature is. A hub is trusted, and its feed polled less often, while the lease lives, the hub has pushed, and
no poll since then found news: news that a poll finds first are news that the hub should have brought, so from
that poll on the feed is polled at its old pace, until the hub pushes again.

The protocol: W3C WebSub, sections 5 (subscribing, verification of intent, denial) and 7 (signatures).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from service.core.history import PUSHED, PastPoll

SUBSCRIBE = "subscribe"
UNSUBSCRIBE = "unsubscribe"
DENIED = "denied"
ASKED_LEASE = timedelta(days=10)
MOST_LEASE = timedelta(days=30)
UNSAID_LEASE = timedelta(days=1)
VERIFIES_WITHIN = timedelta(hours=1)
MOST_ENDINGS = 3
_SOONEST = timedelta(minutes=1)
_BACKOFF = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
_DENIED_FOR = timedelta(days=1)
_METHODS = ("sha1", "sha256", "sha384", "sha512")


class HubState(StrEnum):
    """How it stands between us and a hub."""

    OFFERED = "offered"  # the feed names it; nothing is agreed
    ASKED = "asked"  # we asked, it has not verified yet
    ACTIVE = "active"  # it verified, and pushes while its lease lives
    DENIED = "denied"
    ENDING = "ending"  # we asked it to end


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is agreed with the hub of one feed, without the keys.

    `asked_mode` is what the hub may verify until `asked_until`. `next_at` is when we ask it next. `tries`
    counts what we asked since it last verified. `offered`: the feed's last document still named the hub.
    `pushes` were taken, `refused` had no right signature.
    """

    hub: str
    topic: str
    state: HubState
    next_at: datetime
    offered: bool = True
    asked_mode: str | None = None
    asked_at: datetime | None = None
    asked_until: datetime | None = None
    lease_until: datetime | None = None
    pushed_at: datetime | None = None
    tries: int = 0
    pushes: int = 0
    refused: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a hub wants verified: the words of its request, as they came; None where one did not come."""

    mode: str | None
    topic: str | None
    challenge: str | None = None
    lease_seconds: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a hub's request changes. `answer`: what is sent back; None: nothing is known of what it asks."""

    after: Agreement
    answer: str | None
    why: str


def next_step(agreement: Agreement, polled: bool) -> str | None:
    """What to ask of the hub when the time has come. `polled`: its feed is, and so wants to be pushed."""
    if polled:
        return SUBSCRIBE if agreement.offered else None
    agreed = agreement.state in (HubState.ASKED, HubState.ACTIVE, HubState.ENDING)
    return UNSUBSCRIBE if agreed else None


def begun(agreement: Agreement, polled: bool, now: datetime) -> tuple[Agreement, str | None]:
    """The agreement once its hub is asked what is next, and that; None: there is nothing to ask."""
    mode = next_step(agreement, polled)
    if mode == UNSUBSCRIBE and agreement.state is HubState.ENDING and agreement.tries >= MOST_ENDINGS:
        return ended(agreement, now, "the hub never verified that it ends; what it pushes is refused"), None
    return (agreement if mode is None else asked(agreement, mode, now)), mode


def asked(agreement: Agreement, mode: str, now: datetime) -> Agreement:
    """The agreement once `mode` was asked for: what is verified within the hour is ours."""
    wanted = HubState.ASKED if mode == SUBSCRIBE else HubState.ENDING
    # A renewal that is not verified takes nothing away from a lease that lives.
    kept = mode == SUBSCRIBE and agreement.state is HubState.ACTIVE
    return replace(
        agreement,
        state=agreement.state if kept else wanted,
        asked_mode=mode,
        asked_at=now,
        asked_until=now + VERIFIES_WITHIN,
        next_at=now + _backoff(agreement.tries),
        tries=agreement.tries + 1,
        why="the hub was asked and has not verified yet",
    )


def failed(agreement: Agreement, asked_at: datetime, why: str, wait: timedelta | None) -> Agreement:
    """The agreement once what was asked at `asked_at` was not taken; unchanged where more happened since.

    `wait` is how long the hub wants to be left alone, None where it said nothing.
    """
    if agreement.asked_at != asked_at or agreement.asked_mode is None:
        return agreement
    unasked = {HubState.ASKED: HubState.OFFERED}.get(agreement.state, agreement.state)
    next_at = max(agreement.next_at, asked_at + min(wait or timedelta(), _BACKOFF[-1]))
    return replace(agreement, state=unasked, asked_mode=None, asked_until=None, next_at=next_at, why=why)


def ended(agreement: Agreement, now: datetime, why: str) -> Agreement:
    """The agreement once there is none any more: the hub may be asked anew."""
    return replace(
        agreement,
        state=HubState.OFFERED,
        asked_mode=None,
        asked_until=None,
        lease_until=None,
        pushed_at=None,
        tries=0,
        next_at=now,
        why=why,
    )


def _backoff(tries: int) -> timedelta:
    return _BACKOFF[min(tries, len(_BACKOFF) - 1)]


def verified(agreement: Agreement, intent: Intent, now: datetime) -> Verdict:
    """What a hub's verification of intent, or its denial, changes; only what we asked for is answered."""
    if intent.topic != agreement.topic:
        return Verdict(agreement, None, "it is about another topic")
    if intent.mode == DENIED:
        return _denied(agreement, intent, now)
    waited = agreement.asked_until is not None and now <= agreement.asked_until
    if intent.mode is None or intent.mode != agreement.asked_mode or not waited:
        return Verdict(agreement, None, "nothing of that kind was asked for")
    if not intent.challenge:
        return Verdict(agreement, None, "it brings no challenge")
    if intent.mode == UNSUBSCRIBE:
        after = ended(agreement, now, "the hub verified that it ends")
        return Verdict(after, intent.challenge, after.why)
    return Verdict(_leased(agreement, intent, now), intent.challenge, "the hub verified")


def _denied(agreement: Agreement, intent: Intent, now: datetime) -> Verdict:
    if agreement.state not in (HubState.ASKED, HubState.ACTIVE):
        return Verdict(agreement, None, "nothing of that kind was asked for")
    why = "the hub denied it" + (f": {intent.reason[:200]}" if intent.reason else "")
    after = replace(
        ended(agreement, now, why), state=HubState.DENIED, next_at=now + _DENIED_FOR, tries=agreement.tries
    )
    return Verdict(after, "", why)


def _leased(agreement: Agreement, intent: Intent, now: datetime) -> Agreement:
    lease = _lease(intent.lease_seconds)
    return replace(
        agreement,
        state=HubState.ACTIVE,
        lease_until=now + lease,
        next_at=now + max(_SOONEST, lease * 0.8),
        tries=0,
        why="the hub verified",
    )


def _lease(seconds: str | None) -> timedelta:
    usable = seconds is not None and seconds.isascii() and seconds.isdigit() and int(seconds[:12]) > 0
    return min(MOST_LEASE, timedelta(seconds=int(seconds[:12]))) if usable and seconds else UNSAID_LEASE


def signature_holds(header: str | None, secret: str, body: bytes) -> bool:
    """Whether `header` (X-Hub-Signature: method=hex digits) signs exactly `body` with `secret`.

    Takes the same time wherever the digits differ.
    """
    method, _, given = (header or "").strip().partition("=")
    method = method.lower()
    if method not in _METHODS:
        return False
    right = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    return hmac.compare_digest(right.encode(), given.strip().lower().encode("utf-8", "replace"))


def is_trusted(
    lease_until: datetime | None, pushed_at: datetime | None, polls: Sequence[PastPoll], now: datetime
) -> bool:
    """Whether a feed's hub brings its news, as of `now`; `polls` are the feed's last answers."""
    if lease_until is None or lease_until <= now or pushed_at is None:
        return False
    return not any(poll.new and poll.at > pushed_at for poll in polls if poll.outcome != PUSHED)
