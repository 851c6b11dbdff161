"""A day at a desk, step by step as a case file tells it: who says what, who is quieted, what was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from service.audience import SubscriptionSettings
from service.clocks.release import release_due
from service.core.hushes import Hush, HushAct
from service.core.messages import Digest, FeedAlert, Message
from service.core.model import Attempt, Kind, Subscription
from service.store.ledger import Ledger
from service.subscribers import subscription
from tests.builders import FORD_XIAOMI, NOON
from tests.fakes_stories import APART, Room
from workers.hushing import Asked, quiet, unquiet

KINDS = {"deny": Kind.DENIAL, "confirm": Kind.CONFIRMATION, "retract": Kind.RETRACTION}


class DayAtDesk:
    """One subscription over one ledger, which `reopen` opens anew as a restart would."""

    def __init__(self, fields: dict[str, object], reopen: Callable[[], Ledger]) -> None:
        settings = SubscriptionSettings(name="desk", **fields)  # type: ignore[arg-type]
        self.subscription: Subscription = subscription(settings, ("hook",), None)
        self._reopen = reopen
        self.room = Room(reopen(), (self.subscription,))
        self.hush: Hush | None = None
        self.ids: list[str] = []

    def close(self) -> None:
        self.room.ledger.close()

    def step(self, text: str) -> None:
        """Does what a step says, at its moment; a `want` that is not so is an AssertionError."""
        day, time, verb, *rest = text.split(" ", 3)
        given = rest[0] if rest else ""
        clock = [int(part) for part in time.split(":")]
        now = datetime(2026, 2, int(day), *clock, tzinfo=UTC)
        self.room.now = now
        verb, _, story = verb.partition("@")
        party, _, other = given.partition("@")
        claim = APART if story or other else FORD_XIAOMI
        at = (now - NOON) / timedelta(days=1)
        if verb == "report":
            self.room.report(at, claim=claim)
        elif verb in KINDS:
            self.room.deny(at, party, claim, kind=KINDS[verb])
        elif verb == "want":
            release_due(self.room.ledger, (self.subscription,), now)
            assert self._sent(now) == given, text
        else:
            self._manage(verb, given, now)

    def _manage(self, verb: str, given: str, now: datetime) -> None:
        if verb == "restart":
            self.close()
            self.room.ledger = self._reopen()
        elif verb == "undo":
            assert self.hush is not None
            unquiet(self.room.ledger, self.hush.id, "Ada", now)
        elif verb in ("pause", "resume"):
            self.subscription = replace(self.subscription, paused=verb == "pause")
            self.room.subscriptions = (self.subscription,)
        else:
            first = min(
                self.room.living(), key=lambda id_: "Ford" not in self.room.story(id_).claim.principals
            )
            self.hush = quiet(self.room.ledger, Asked(HushAct(verb), first, given), "Ada", now)

    def _sent(self, now: datetime) -> str:
        told = []
        while (work := self.room.ledger.deliveries.claim(now, 60)) is not None:
            self.room.ledger.deliveries.finish(work, Attempt(1, now, True, 200, "ok", 0.0), None)
            self.ids.append(work.id)
            told.append(work.message)
        told.sort(key=lambda message: (message.at, message.id))
        return " ".join(map(_name, told)) or "-"


def _name(message: Message) -> str:
    if isinstance(message, Digest):
        assert message.count == len(message.listed)
        return f"[{' '.join(map(_name, message.listed))}]"
    return message.outlet if isinstance(message, FeedAlert) else str(message.party)
