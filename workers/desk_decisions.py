"""Decisions that a page or a program asks for, taken as the commands take them, and their log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from service.core.decisions import Act, Decision, in_force
from service.core.hushes import Hush, HushAct, said, standing
from service.core.model import Subscription
from service.errors import InputError
from service.store.ledger import Ledger
from service.web.curation import Asked, AuditRow, Done
from workers.curating import Decided, Desk
from workers.hushing import Asked as Quieted, quiet, unquiet

_HUSHES = {"ack": HushAct.ACK, "mute": HushAct.MUTE, "snooze": HushAct.SNOOZE}


@dataclass(frozen=True, slots=True)
class Deciding:
    """Where decisions are taken; `ring` says that somebody is to be told because of one."""

    ledger: Ledger
    subscriptions: Callable[[], tuple[Subscription, ...]]
    ring: Callable[[], None]
    clock: Callable[[], datetime]

    def decide(self, asked: Asked, who: str) -> Done:
        """Take what was asked for. InputError where it cannot be done."""
        if asked.act in _HUSHES:
            return self._quieted(asked, who)
        if asked.act == "undo" and asked.id.startswith("h_"):
            hush = unquiet(self.ledger, asked.id, who, self.clock(), asked.why)
            return Done(hush.id, asked.act, hush.story_id)
        decided = _decided(Desk(self.ledger, self.subscriptions(), who, self.clock()), asked)
        told = sum(1 for one in decided.handled for d in one.decisions if d.alert)
        if told:
            self.ring()
        return Done(decided.decision.id, asked.act, decided.decision.story, told)

    def _quieted(self, asked: Asked, who: str) -> Done:
        names = [one.name for one in self.subscriptions()]
        if asked.subscription and asked.subscription not in names:
            raise InputError(f"There is no subscription {asked.subscription!r}.")
        wanted = Quieted(_HUSHES[asked.act], asked.id, asked.lasts, asked.subscription or None, asked.why)
        hush = quiet(self.ledger, wanted, who, self.clock())
        return Done(hush.id, asked.act, hush.story_id)

    def audit(self, story_id: str) -> tuple[AuditRow, ...]:
        """What people did with a story, the last first."""
        with self.ledger.looking() as transaction:
            log = transaction.decisions()
            hushes = transaction.hushes_of(story_id)
        stand = {one.id for one in in_force(log)}
        about = {one.id for one in log if story_id in (one.story, one.into)}
        mine = [one for one in log if one.id in about or one.undoes in about]
        quieted = {one.id for one in standing(hushes)}
        rows = [_decision_row(one, stands=one.id in stand) for one in mine]
        rows += [_hush_row(one, stands=one.id in quieted) for one in hushes]
        return tuple(sorted(rows, key=lambda row: row.at, reverse=True))


def _decided(desk: Desk, asked: Asked) -> Decided:
    match asked.act:
        case "join":
            return desk.join(asked.id, asked.why)
        case "refuse":
            return desk.refuse(asked.id, asked.why)
        case "merge":
            return desk.merge(asked.id, asked.into, asked.why)
        case "split":
            return desk.split(asked.id, asked.items, asked.why)
        case "move":
            return desk.move(asked.id, asked.into, asked.why)
        case "rename":
            return desk.rename(asked.id, asked.name, asked.why)
        case "wrong":
            return desk.wrong(asked.id, asked.why)
        case _:
            return desk.undo(asked.id, asked.why)


# --- the log ---------------------------------------------------------------------------------------


def _decision_row(one: Decision, *, stands: bool) -> AuditRow:
    what = {
        Act.JOIN: "a doubtful claim belongs to it",
        Act.REFUSE: "a doubtful claim does not belong to it",
        Act.MERGE: f"{one.story} is one with {one.into}",
        Act.SPLIT: f"a part of {one.story} is a story of its own, {one.into}",
        Act.MOVE: f"statements moved to {one.into}",
        Act.RENAME: f"shown as “{one.name}”",
        Act.WRONG: "a statement was read wrongly",
        Act.UNDO: f"took {one.undoes} back",
    }[one.act]
    return AuditRow(one.id, one.at, one.who, what, one.why, stands)


def _hush_row(one: Hush, *, stands: bool) -> AuditRow:
    what = f"took {one.undoes} back" if one.act is HushAct.UNDO else said(one)
    return AuditRow(one.id, one.at, one.who, what, one.why, stands)
