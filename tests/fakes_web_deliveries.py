"""What stands behind the addresses of deliveries, over a real ledger at noon."""

from __future__ import annotations

from service.store.ledger import Ledger
from service.web.deliveries import DeliveryDesk
from service.web.metrics import Measured
from tests.fakes_store import NOON


def delivery_desk(ledger: Ledger, digest: bytes | None = None) -> DeliveryDesk:
    """The deliveries of `ledger`; `digest`: of the token that lets somebody send again."""
    return DeliveryDesk(
        digest=digest,
        log=ledger.delivery_log,
        latency=ledger.passages.latency,
        resend=lambda asked: ledger.resending.one(asked, NOON),
        replay=lambda again, dry: ledger.resending.since(again, NOON, dry=dry),
        measured=lambda: Measured(
            ledger.reports.counts(NOON), ledger.delivery_log.channels(), ledger.passages.latency(NOON)
        ),
        clock=lambda: NOON,
    )
