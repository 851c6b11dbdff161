"""What becomes of a decision to alert, in its own commit: sent, held or silenced, and written down."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from service.core.hushes import hushed
from service.core.model import AlertDecision, Reason, Subscription
from service.store.alerts import save_message
from service.store.hushes import hushes_of
from service.store.verdicts import Cause, Verdict, save_verdict


def put(
    connection: Connection,
    decision: AlertDecision,
    subscription: Subscription,
    cause: Cause,
    now: datetime,
    said: Reason | None = None,
) -> AlertDecision:
    """Save the alert of a decision where nobody quieted its story, and what was decided; the decision it is.

    `said` is the reason that the statement's own row gives: a decision that says the same leaves no row.
    """
    if decision.alert is not None:
        decision = hushed(decision, hushes_of(connection, decision.alert.story_id), now)
    alert = decision.alert
    if alert is not None:
        save_message(connection, alert, subscription.channels, now)
    if alert is not None or decision.reason is not said:
        alert_id = alert.id if alert else None
        verdict = Verdict(subscription.name, decision.reason, alert_id, decision.note, cause)
        save_verdict(connection, verdict, now)
    return decision
