"""The ledger check: served against stored, expected against alerted, delivered against received."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import Engine, and_, func, select

from service.core.model import Alert
from service.errors import StoreError
from service.store.codec import decode
from service.store.engine import connect, reading
from service.store.schema import alerts, deliveries, items, revisions
from tests.crash.crew import holder
from tests.crash.story_lines import Script
from tests.crash.world import FeedWorld, Receivers


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; `faults` is empty where nothing was lost and nothing shown twice."""

    faults: tuple[str, ...]
    revisions: int
    alerts: int
    deliveries: int
    wire_repeats: int

    def __str__(self) -> str:
        head = (
            f"{self.revisions} revisions stored, {self.alerts} alerts, {self.deliveries} deliveries, "
            f"{self.wire_repeats} repeats on the wire"
        )
        return (
            f"{head}: 0 lost, 0 shown twice"
            if not self.faults
            else "\n  ".join((f"{head}: LOST OR DOUBLED", *self.faults))
        )


@dataclass
class LedgerEye:
    """Looks at a ledger from outside, by a connection of its own; an answer is None where it is away."""

    url: str

    def __post_init__(self) -> None:
        self._engine: Engine = connect(self.url)

    def close(self) -> None:
        self._engine.dispose()

    def waiting(self) -> int | None:
        """How many revisions and deliveries are not at their end."""
        counts = [
            select(func.count()).select_from(table).where(table.c.state == "pending")
            for table in (revisions, deliveries)
        ]
        try:
            with reading(self._engine) as connection:
                return sum(int(connection.execute(one).scalar_one()) for one in counts)
        except StoreError:
            return None

    def revisions(self) -> int:
        """How many revisions are stored; -1 where the ledger is away."""
        try:
            with reading(self._engine) as connection:
                return int(connection.execute(select(func.count()).select_from(revisions)).scalar_one())
        except StoreError:
            return -1

    def held_by(self, pid: int) -> list[tuple[str, int | str, str]] | None:
        """What a process holds: table, row, token."""
        found: list[tuple[str, int | str, str]] = []
        try:
            with reading(self._engine) as connection:
                for table in (revisions, deliveries):
                    mine = and_(table.c.state == "pending", table.c.token.startswith(holder(pid)))
                    rows = connection.execute(select(table.c.id, table.c.token).where(mine))
                    found += [(table.name, row.id, row.token) for row in rows]
        except StoreError:
            return None
        return found

    def token_of(self, table: str, row: int | str) -> str | None:
        """Who holds a row now; None: nobody. StoreError where the ledger is away."""
        chosen = revisions if table == "revisions" else deliveries
        with reading(self._engine) as connection:
            return connection.execute(select(chosen.c.token).where(chosen.c.id == row)).scalar()

    def judge(self, script: Script, world: FeedWorld, receivers: Receivers) -> Verdict:
        """The check of everything, once the ledger is quiet."""
        faults: list[str] = []
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(items.c.guid, revisions.c.title, revisions.c.state, revisions.c.why).join(
                    items, items.c.id == revisions.c.item_id
                )
            ).all()
            told = [decode(Alert, row.alert) for row in connection.execute(select(alerts.c.alert))]
            sent = connection.execute(
                select(deliveries.c.id, deliveries.c.channel, deliveries.c.state, deliveries.c.alert_id)
            ).all()
        stored = Counter((row.guid, row.title) for row in rows)
        faults += _different("served and not stored", set(world.served) - set(stored))
        faults += _different("stored and never served", set(stored) - set(world.served))
        faults += _different("stored twice", {key for key, count in stored.items() if count > 1})
        faults += _different("not handled", {(r.guid, r.state, r.why) for r in rows if r.state != "done"})
        parties = Counter(alert.party for alert in told)
        faults += _different("expected and not alerted", script.parties - set(parties))
        faults += _different("alerted and not expected", set(parties) - script.parties)
        faults += _different("alerted twice", {party for party, count in parties.items() if count > 1})
        faults += _different(
            "not delivered", {(r.channel, r.id, r.state) for r in sent if r.state != "delivered"}
        )
        repeats = 0
        for channel, arrived in receivers.ids().items():
            due = Counter(row.id for row in sent if row.channel == channel)
            faults += _different(f"never arrived at {channel}", set(due) - set(arrived))
            faults += _different(f"arrived at {channel} and is not in the ledger", set(arrived) - set(due))
            repeats += len(arrived) - len(set(arrived))
        if receivers.unequal_bodies():
            faults.append(f"{receivers.unequal_bodies()} ids arrived with more than one body")
        return Verdict(tuple(faults), len(rows), len(told), len(sent), repeats)


def _different(what: str, found: set[object] | set[str] | frozenset[str]) -> list[str]:
    return [f"{len(found)} {what}, as {sorted(map(str, found))[:3]}"] if found else []


@dataclass
class Recovery:
    """How long work that a killed process held took until somebody else had it, or it was done."""

    eye: LedgerEye
    seconds: list[float] = field(default_factory=list)
    _open: dict[tuple[str, int | str, str], float] = field(default_factory=dict)

    def killed(self, pid: int) -> None:
        """Remember what the process held; called right after its death."""
        now = time.monotonic()
        for held in self.eye.held_by(pid) or []:
            self._open[held] = now

    def look(self) -> None:
        """Close what was taken up since the last look."""
        for (table, row, token), since in list(self._open.items()):
            try:
                changed = self.eye.token_of(table, row) != token
            except StoreError:
                return
            if changed:
                del self._open[(table, row, token)]
                self.seconds.append(time.monotonic() - since)

    def __str__(self) -> str:
        if not self.seconds:
            return "no killed process held work"
        p50, p95, most = (self._share(share) for share in (0.5, 0.95, 1.0))
        taken = f"{len(self.seconds)} pieces of work taken up again"
        return f"{taken}: p50 {p50:.1f} s, p95 {p95:.1f} s, max {most:.1f} s"

    def _share(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    @property
    def in_time(self) -> bool:
        """At most 20 s at the 95th percentile, 30 s at most."""
        return not self.seconds or (self._share(0.95) <= 20 and self._share(1.0) <= 30)
