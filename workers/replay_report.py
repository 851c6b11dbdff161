"""A replay for a person: every story with its timeline, then the alerts in order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from service.alerts.render import first_line
from service.core.model import AlertDecision, Kind, Quotation, Step
from workers.replay import Told

QUOTATION_WIDTH = 160


def report(told: Iterable[Told]) -> str:
    """The whole report as text, the same for the same replay."""
    moments = [one for one in told if one.handled or one.expired or one.ran_out]
    if not moments:
        return "No story: nothing that was read tells of a rumor or a denial.\n"
    return "\n".join((*_stories(moments), "", *_alerts(moments))) + "\n"


def _stories(moments: list[Told]) -> list[str]:
    by_story: dict[str, list[Told]] = {}
    for one in moments:
        by_story.setdefault(_story_id(one), []).append(one)
    lines = [f"STORIES ({len(by_story)})"]
    for story_id, rows in by_story.items():
        last = [row.handled.step.story for row in rows if row.handled][-1]
        principals = ", ".join(last.claim.principals) or "nobody named"
        lines += ["", f"{last.claim.text}", f"  {last.status.value.upper()} | {principals} | {story_id}"]
        lines += [line for row in rows for line in _timeline(row)]
    return lines


def _story_id(one: Told) -> str:
    if one.ran_out is not None:
        return one.ran_out.story.id
    story = one.handled.step.story if one.handled else one.expired
    assert story is not None
    return story.id


def _timeline(one: Told) -> list[str]:
    if one.ran_out is not None:
        told = ", ALERT" if one.ran_out.decisions[0].alert else ""
        clock = one.ran_out.clock
        return [f"  {_stamp(one.at)}  {clock.note} ({clock.rule.event.value}{told})"]
    if one.handled is None:
        return [f"  {_stamp(one.at)}  no news for 180 days (story.expired)"]
    step, decision = one.handled.step, one.handled.decisions[0]
    event = step.event.value if step.event else "nothing moved"
    marks = ", ".join((event, decision.reason.value, *_alerted(decision)))
    return [
        f"  {_stamp(one.at)}  {what(step)}  [{marks}]",
        f"      {step.item.outlet or step.item.id}: {shown(step.quotation)}",
    ]


def _alerted(decision: AlertDecision) -> tuple[str, ...]:
    if decision.alert is None:
        return ()
    held = decision.held
    return (f"ALERT, held until {_stamp(held.until)} ({held.hold.value})",) if held else ("ALERT",)


def what(step: Step) -> str:
    """Who does what, in a few words: `denial (flat) by Ford`."""
    statement = step.statement
    firmly = f" ({statement.strength.value})" if statement.strength else ""
    recap = "" if statement.fresh else ", a recap"
    by = "credited to" if statement.kind is Kind.RUMOR else "by"
    return f"{statement.kind.value}{firmly} {by} {statement.party or 'nobody named'}{recap}"


def shown(quotation: Quotation) -> str:
    """The quotation on one line, cut where it is long."""
    words = " ".join(quotation.text.split())
    return f"“{words if len(words) <= QUOTATION_WIDTH else words[: QUOTATION_WIDTH - 1] + '…'}”"


def _alerts(moments: list[Told]) -> list[str]:
    causes = (one.handled or one.ran_out for one in moments)
    alerts = [d.alert for cause in causes if cause for d in cause.decisions[:1] if d.alert]
    lines = [f"ALERTS ({len(alerts)})"]
    for number, alert in enumerate(alerts, start=1):
        lines += ["", f"{number}. {_stamp(alert.at)}  {first_line(alert)}"]
        lines.append(f"   {alert.reason.value}: {shown(alert.evidence)}")
        if alert.rumor is not None:
            lines.append(f"   the report, {_stamp(alert.rumor.told_at)}: {shown(alert.rumor)}")
    return lines


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")
