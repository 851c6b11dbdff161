"""A batch of claimed items: read one after the other, then committed together.

What it costs to claim and to commit is paid once for many items where many wait, and a batch is one item
where one comes. All or nothing: where anything is wrong with a batch (an item that cannot be read, a lease
that was lost, a story that another worker changed), each of its items is handled by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from time import monotonic

from service import logs
from service.core.model import ClaimedRevision
from service.doorbell import Work
from service.errors import Conflict, LeaseLost, StoreError
from service.wiring import Parts
from workers.items import Handled, Read, Rules, handle_item, handle_together, read
from workers.renewing import Keeper

RETRY_ITEM_SECONDS = 5.0
MOST_CONFLICTS = 5
# No item waits longer for those read after it in its batch; long articles come to commit by ones and twos.
MOST_READING_SECONDS = 0.25

Stop = Callable[[], bool]
Watch = Callable[[], AbstractContextManager[None]]


def keeper_of(parts: Parts) -> Keeper[ClaimedRevision]:
    """What renews the leases of items while this process is busy with them."""
    seconds = parts.settings.lease_seconds
    return Keeper(lambda held: parts.ledger.items.renew(held, parts.clock(), seconds), seconds)


def do_batch(
    parts: Parts,
    claimed: Sequence[ClaimedRevision],
    stop: Stop,
    watch: Watch,
    reading_seconds: float = MOST_READING_SECONDS,
) -> int:
    """Handles claimed revisions in their order until all are or `stop` says so; how many were.

    What was read within `reading_seconds` is committed together. What was not begun is given back.
    StoreError where the ledger is away.
    """
    left = list(claimed)
    while left and not (stop() and len(left) < len(claimed)):
        taken = _together(parts, left, watch, reading_seconds)
        if not taken:
            return len(claimed) - len(left) + _one_by_one(parts, left, watch)
        left = left[taken:]
    if left:
        parts.ledger.items.give_back(left)
    return len(claimed) - len(left)


def handle_claimed(parts: Parts, claimed: ClaimedRevision) -> tuple[Handled, ...] | None:
    """Handles one revision, whatever it does; None where it is not done. StoreError: the ledger is away."""
    try:
        handled = _handle_patiently(parts, claimed)
    except LeaseLost:
        logs.warning("item.lease_lost", item=claimed.item.id, revision=claimed.item.revision)
        return None
    except StoreError:  # the ledger is away, which is not the item's fault: its lease runs out by itself
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a unit of work: one bad item stops no other
        _set_aside(parts, claimed, error)
        return None
    _log(claimed, handled)
    return handled


def _together(parts: Parts, claimed: Sequence[ClaimedRevision], watch: Watch, seconds: float) -> int:
    """Handles the first of them in one commit; how many. 0: something is wrong, and nothing was done."""
    rules = _rules(parts)
    try:
        batch = _read_some(rules, claimed, watch, seconds)
        with watch():
            done = handle_together(parts.ledger, rules, batch, parts.clock())
    except (LeaseLost, Conflict) as error:
        logs.line("batch.broken", items=len(claimed), error=error)
        return 0
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a unit of work: whose fault it is comes out below
        logs.line("batch.broken", items=len(claimed), error=f"{type(error).__name__}: {error}")
        return 0
    for one, handled in zip(batch, done, strict=True):
        _log(one.claimed, handled)
    _ring(parts, [one for handled in done for one in handled])
    return len(batch)


def _read_some(rules: Rules, claimed: Sequence[ClaimedRevision], watch: Watch, seconds: float) -> list[Read]:
    """At least one, and no more once reading took its time."""
    began = monotonic()
    batch: list[Read] = []
    for one in claimed:
        with watch():
            batch.append(read(rules, one))
        if monotonic() - began > seconds:
            break
    return batch


def _one_by_one(parts: Parts, claimed: Sequence[ClaimedRevision], watch: Watch) -> int:
    """Each by itself; what stands behind one of its feed that is not done waits. How many were tried."""
    stuck: set[str] = set()
    tried = 0
    for one in claimed:
        if one.feed_id in stuck:
            parts.ledger.items.give_back([one])
            continue
        with watch():
            handled = handle_claimed(parts, one)
        if handled is None:
            stuck.add(one.feed_id)
        else:
            _ring(parts, handled)
        tried += 1
    return tried


def _ring(parts: Parts, handled: Sequence[Handled]) -> None:
    if any(decision.alert for one in handled for decision in one.decisions):
        parts.bell.ring(Work.DELIVERIES)


def _rules(parts: Parts) -> Rules:
    return Rules(
        parts.knowledge, parts.subscriptions, parts.watchlist, clocks=parts.clocks, clock=parts.clock
    )


def _handle_patiently(parts: Parts, claimed: ClaimedRevision) -> tuple[Handled, ...]:
    """Handles the item again where another worker changed the same story meanwhile."""
    rules = _rules(parts)
    for _ in range(MOST_CONFLICTS):
        try:
            return handle_item(parts.ledger, rules, claimed, parts.clock())
        except Conflict:
            logs.line("item.conflict", item=claimed.item.id, revision=claimed.item.revision)
    return handle_item(parts.ledger, rules, claimed, parts.clock())


def _log(claimed: ClaimedRevision, handled: tuple[Handled, ...]) -> None:
    events = [one.step.event.value for one in handled if one.step.event]
    logs.line(
        "item.handled",
        item=claimed.item.id,
        revision=claimed.item.revision,
        statements=len(handled),
        stories=",".join(dict.fromkeys(one.step.story.id for one in handled)) or None,
        events=",".join(events) or None,
        alerts=sum(decision.alert is not None for one in handled for decision in one.decisions),
    )


def _set_aside(parts: Parts, claimed: ClaimedRevision, error: Exception) -> None:
    why = f"{type(error).__name__}: {error}"
    try:
        quarantined = parts.ledger.items.fail(claimed, why, parts.clock(), RETRY_ITEM_SECONDS)
    except LeaseLost:
        quarantined = False
    name = "item.quarantined" if quarantined else "item.failed"
    logs.failure(name, error, item=claimed.item.id, revision=claimed.item.revision)
