"""Items and their revisions: what was said, kept once, and the work of reading it, under leases.

How a revision is chosen: within a feed only the front may be handled, because a story depends on the order
in which its items are taken: the fresh ones first, then backfill, each in the order told. Between feeds too
fresh goes before backfill, then the earlier told. A claim costs one look at the front of each feed that has
work, however much lies behind it.

How poison is told from innocence: a worker can die for any reason, so what it held is tried again, by
whoever comes. What outlived two workers is tried alone (`ClaimedRevision.alone`), in a process that does
nothing else, and only what kills two of those is set aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, bindparam, case, func, select, update

from service.core.feed import NewRevision
from service.core.model import ClaimedRevision, Item
from service.errors import LeaseLost
from service.store.arrivals import add_revisions
from service.store.batches import take_batch
from service.store.engine import reading, writing
from service.store.fronts import FRONTS, asked, free, free_fronts
from service.store.leases import CALLERS_TIME, LeaseClock, LeaseTimes, new_token
from service.store.pauses import is_paused
from service.store.schema import PENDING, QUARANTINED, revisions

MOST_TRIES = 2  # a revision that failed this often is set aside
DEATHS_BEFORE_ALONE = 2  # after so many lost workers it is tried alone
AMONG_OTHERS_EVERY = 4
MOST_ALONE = 2  # so many deaths alone prove that it is the revision's fault
MOST_DEATHS = 12  # where not even trying it alone outlives it, as when it brings down the whole machine
KILLED = f"lost its worker {MOST_DEATHS} times"
_r = revisions
NEXT_REVISION = free_fronts(_r).limit(1).with_for_update(of=_r, skip_locked=True)
_front = _r.alias("f")
_behind = _r.alias("b")
_DUE = (
    select(func.count())
    .select_from(
        FRONTS.join(_front, _front.c.id == FRONTS.c.id).join(_behind, _behind.c.feed_id == _front.c.feed_id)
    )
    .where(free(_front), free(_behind))
)
_TAKE = (
    update(_r)
    .where(_r.c.id == bindparam("row"))
    .values(
        # A row that still has a token lost its worker: that was no try of its own.
        tries=_r.c.tries + case((_r.c.token.is_(None), 1), else_=0),
        deaths=_r.c.deaths + case((_r.c.token.is_(None), 0), else_=1),
        token=bindparam("new_token"),
        lease_until=bindparam("until"),
    )
)
_OURS = and_(
    _r.c.item_id == bindparam("item"),
    _r.c.revision == bindparam("number"),
    _r.c.token == bindparam("held"),
    _r.c.state == PENDING,
)
_DONE = (
    update(_r)
    .where(_OURS)
    .values(state="done", token=None, lease_until=None, read_by=bindparam("rules"), why=bindparam("said"))
)
_UNTRIED = update(_r).where(_OURS).values(tries=_r.c.tries - 1, token=None, lease_until=None)
_RENEW = update(_r).where(_OURS).values(lease_until=bindparam("until"))
_DIED_ALONE = (
    update(_r)
    .where(_OURS)
    .values(
        alone=_r.c.alone + 1,
        state=case((_r.c.alone + 1 >= MOST_ALONE, "quarantined"), else_=_r.c.state),
        why=bindparam("said"),
        token=case((_r.c.alone + 1 >= MOST_ALONE, None), else_=_r.c.token),
        lease_until=case((_r.c.alone + 1 >= MOST_ALONE, None), else_=_r.c.lease_until),
    )
    .returning(_r.c.state)
)
_AGAIN = (
    update(_r)
    .where(_r.c.state == QUARANTINED)
    .values(state="pending", next_at=None, tries=0, deaths=0, alone=0, why=None)
)
# Of what else that worker held: whoever takes something of it over notes its death on all of it.
_LOST = (
    select(_r.c.id)
    .where(_r.c.state == PENDING, _r.c.token == bindparam("lost"), _r.c.id != bindparam("row"))
    .with_for_update(skip_locked=True)
)
_NOTE_DEATH = (
    update(_r)
    .where(_r.c.id.in_(bindparam("rows", expanding=True)))
    .values(tries=_r.c.tries - 1, deaths=_r.c.deaths + 1, token=None, lease_until=None)
)
_GIVE_BACK = (
    update(_r)
    .where(_OURS)
    .values(
        state=bindparam("new_state"),
        next_at=bindparam("again"),
        why=bindparam("said"),
        token=None,
        lease_until=None,
    )
)


class RevisionRows:
    """The reading work of one ledger."""

    def __init__(self, engine: Engine, clock: LeaseClock = CALLERS_TIME) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, told: Sequence[tuple[Item, str]]) -> int:
        """Save items that came without a feed, each with its fingerprint, as work; how many were new.

        Items of equal `told_at` are taken in the order given. The ledger numbers the revisions itself.
        """
        rows = [_without_feed(item, words, place) for place, (item, words) in enumerate(told)]
        with writing(self._engine) as connection:
            return add_revisions(connection, "", rows, None)

    def claim(self, now: datetime, lease_seconds: float) -> ClaimedRevision | None:
        """The next revision to handle, leased to the caller; None where there is none right now.

        One whose lease ran out too often is set aside on the way.
        """
        with writing(self._engine, light=True) as connection:
            if is_paused(connection):
                return None
            times = self._times(connection, now, lease_seconds)
            return _claim_one(connection, now, times)

    def claim_some(self, now: datetime, lease_seconds: float, most: int) -> tuple[ClaimedRevision, ...]:
        """At most `most` revisions that `claim` would hand out one after the other, in that order.

        They share one token. What lost a worker before comes by itself; () where there is none right now.
        """
        with writing(self._engine, light=True) as connection:
            if is_paused(connection):
                return ()
            times = self._times(connection, now, lease_seconds)
            batch = take_batch(connection, now, times, most)
            if batch.suspect:
                one = _claim_one(connection, now, times)
                return () if one is None else (one,)
        return tuple(ClaimedRevision(item_of(row), row.feed_id, batch.token, row.tries) for row in batch.rows)

    def give_back(self, claimed: Sequence[ClaimedRevision]) -> None:
        """Let go of what was not begun, as if nobody had claimed it; what is another's by now stays so."""
        with writing(self._engine, light=True) as connection:
            connection.execute(_UNTRIED, [_holder(one) for one in claimed])

    def renew(self, claimed: ClaimedRevision, now: datetime, lease_seconds: float) -> None:
        """Hold the lease until `lease_seconds` after `now`. LeaseLost where it is another's or finished."""
        with writing(self._engine, light=True) as connection:
            until = self._times(connection, now, lease_seconds).until
            held = connection.execute(_RENEW, _holder(claimed) | {"until": until})
            _must_be_held(claimed, held.rowcount)

    def fail(self, claimed: ClaimedRevision, why: str, now: datetime, retry_seconds: float) -> bool:
        """Give the revision back, to be tried after `retry_seconds`, or set it aside on its last try.

        True where it was set aside, with `why`. LeaseLost where it is another's.
        """
        last = claimed.tries >= MOST_TRIES
        change = {
            "new_state": "quarantined" if last else "pending",
            "again": now + timedelta(seconds=retry_seconds),
            "said": why,
        }
        with writing(self._engine) as connection:
            given = connection.execute(_GIVE_BACK, _holder(claimed) | change)
            _must_be_held(claimed, given.rowcount)
        return last

    def died_alone(self, claimed: ClaimedRevision, why: str) -> bool:
        """Record that the process which tried the revision alone died of it. LeaseLost as `fail`.

        True where that was once too often and it was set aside, with `why`; else the lease goes on.
        """
        with writing(self._engine) as connection:
            rows = connection.execute(_DIED_ALONE, _holder(claimed) | {"said": why}).all()
            _must_be_held(claimed, len(rows))
        return bool(rows[0].state != "pending")

    def retry(self, item_id: str | None = None) -> list[tuple[str, int]]:
        """Let what was set aside (of one item, or all of it) be tried anew; item ids and revisions."""
        chosen = _AGAIN if item_id is None else _AGAIN.where(_r.c.item_id == item_id)
        with writing(self._engine) as connection:
            rows = connection.execute(chosen.returning(_r.c.item_id, _r.c.revision))
            return sorted((row.item_id, row.revision) for row in rows)

    def _times(self, connection: Connection, now: datetime, lease_seconds: float) -> LeaseTimes:
        return LeaseTimes.at(self._clock.now(connection, now), lease_seconds)

    def latest(self, item_id: str) -> Item | None:
        """The item as its latest revision has it, or None where there is none."""
        with reading(self._engine) as connection:
            return latest_item(connection, item_id)

    def quarantined(self) -> list[tuple[str, int, str]]:
        """What was set aside: item id, revision, reason."""
        wanted = (
            select(_r.c.item_id, _r.c.revision, _r.c.why)
            .where(_r.c.state == QUARANTINED)
            .order_by(_r.c.item_id, _r.c.revision)
        )
        with reading(self._engine) as connection:
            return [(row.item_id, row.revision, row.why or "") for row in connection.execute(wanted)]


def latest_item(connection: Connection, item_id: str) -> Item | None:
    """The item as its latest revision has it, or None where there is none."""
    wanted = select(_r).where(_r.c.item_id == item_id).order_by(_r.c.revision.desc()).limit(1)
    row = connection.execute(wanted).first()
    return None if row is None else item_of(row)


def revisions_due(connection: Connection, now: datetime, times: LeaseTimes) -> int:
    """How many revisions wait in feeds whose front could be claimed now: 0 exactly where a claim is None."""
    return int(connection.execute(_DUE, asked(now, times)).scalar_one())


@dataclass(frozen=True, slots=True)
class Done:
    """A revision that is handled: `read_by` which rules, and what was `said` to be read in it."""

    claimed: ClaimedRevision
    read_by: str | None = None
    said: str | None = None


def mark_done(connection: Connection, done: Sequence[Done]) -> None:
    """The revisions are handled, and nobody else can take one until the end of the transaction.

    LeaseLost where the lease on any of them is another's.
    """
    rows = [_holder(one.claimed) | {"rules": one.read_by, "said": one.said} for one in done]
    if connection.execute(_DONE, rows).rowcount != len(rows):
        names = ", ".join(f"{one.claimed.item.id} revision {one.claimed.item.revision}" for one in done)
        raise LeaseLost(f"The lease on {names} was lost.")


def _claim_one(connection: Connection, now: datetime, times: LeaseTimes) -> ClaimedRevision | None:
    while (row := connection.execute(NEXT_REVISION, asked(now, times)).first()) is not None:
        if row.token is None or row.deaths < MOST_DEATHS - 1:
            return _take(connection, row, times.until)
        _set_aside(connection, row)
    return None


def _without_feed(item: Item, fingerprint: str, position: int) -> NewRevision:
    return NewRevision(
        item_id=item.id,
        fingerprint=fingerprint,
        guid=None,
        title=item.title,
        text=item.text,
        url=item.url,
        outlet=item.outlet,
        lang=item.lang,
        published=item.published,
        told_at=item.told_at,
        position=position,
        backfill=item.backfill,
        reason="new",
    )


def _take(connection: Connection, row: Row[Any], until: datetime) -> ClaimedRevision:
    token = new_token()
    connection.execute(_TAKE, {"row": row.id, "new_token": token, "until": until})
    died = row.token is not None
    if died:
        lost = connection.execute(_LOST, {"lost": row.token, "row": row.id}).scalars().all()
        if lost:
            connection.execute(_NOTE_DEATH, {"rows": lost})
    return ClaimedRevision(
        item=item_of(row),
        feed_id=row.feed_id,
        token=token,
        tries=row.tries + (0 if died else 1),
        alone=_is_alone(row.deaths + died, row.alone),
    )


def _is_alone(deaths: int, proofs: int) -> bool:
    """Whether it is tried alone. `proofs`: how often it killed the process that tried it so.

    Trying alone takes seconds, which workers that are killed every few seconds never have: so where nothing
    is proven against it, it is tried among the others again once in a while.
    """
    return deaths >= DEATHS_BEFORE_ALONE and (proofs > 0 or deaths % AMONG_OTHERS_EVERY != 0)


def item_of(row: Row[Any]) -> Item:
    """The item that a row of `revisions` holds."""
    return Item(
        id=row.item_id,
        title=row.title,
        text=row.text,
        told_at=row.told_at,
        url=row.url,
        outlet=row.outlet,
        published=row.published,
        lang=row.lang,
        revision=row.revision,
        backfill=row.backfill,
        position=row.position,
    )


def _set_aside(connection: Connection, row: Row[Any]) -> None:
    connection.execute(
        update(_r)
        .where(_r.c.id == row.id)
        .values(state="quarantined", why=KILLED, token=None, lease_until=None)
    )


def _holder(claimed: ClaimedRevision) -> dict[str, object]:
    return {"item": claimed.item.id, "number": claimed.item.revision, "held": claimed.token}


def _must_be_held(claimed: ClaimedRevision, rows: int) -> None:
    if rows != 1:
        raise LeaseLost(f"The lease on {claimed.item.id} revision {claimed.item.revision} was lost.")
