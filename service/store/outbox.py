"""What becomes of a decision to alert, in its own commit: sent, held or silenced, and written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from service.core.hushes import hushed
from service.core.messages import FeedAlert
from service.core.model import Alert, AlertDecision, Reason, Subscription
from service.core.pacing import Held, held
from service.store.alerts import alert_exists, save_message
from service.store.backing import backing_of
from service.store.holds import hold_alert, recent
from service.store.hushes import hushes_of
from service.store.passages import Watch, save_passage
from service.store.verdicts import Cause, Verdict, save_verdict


def put(
    connection: Connection,
    decision: AlertDecision,
    subscription: Subscription,
    cause: Cause,
    now: datetime,
    said: Reason | None = None,
    watch: Watch | None = None,
) -> AlertDecision:
    """Save the alert of a decision where nobody quieted its story, and what was decided; the decision it is.

    `said` is the reason that the statement's own row gives: a decision that says the same leaves no row.
    `watch`: by which the stage times of the alert are kept.
    """
    matched_at = watch.clock() if watch is not None else None
    if decision.alert is not None:
        decision = hushed(decision, hushes_of(connection, decision.alert.story_id), now)
    alert = decision.alert
    if alert is not None:
        alert = replace(alert, backing=backing_of(connection, alert))
        decision = replace(decision, alert=alert)
        decision = replace(decision, held=send(connection, alert, subscription, now))
        if watch is not None and matched_at is not None:
            save_passage(connection, alert.id, cause, watch, matched_at)
    if alert is not None or decision.reason is not said:
        alert_id = alert.id if alert else None
        verdict = Verdict(subscription.name, decision.reason, alert_id, decision.note, cause)
        save_verdict(connection, verdict, now)
    return decision


def send(
    connection: Connection, alert: Alert | FeedAlert, subscription: Subscription, now: datetime
) -> Held | None:
    """Save an alert with its deliveries, once, or keep it back as the pace of its subscription says."""
    pace = subscription.pace
    story_id = alert.story_id if isinstance(alert, Alert) else None
    had = recent(connection, subscription.name, pace, story_id, now)
    waits = held(alert.event, pace, had, now)
    if waits is None:
        save_message(connection, alert, subscription.channels, now)
    elif not alert_exists(connection, alert.id):
        save_message(connection, alert, (), now, left=False)
        hold_alert(connection, alert, waits)
    return waits
