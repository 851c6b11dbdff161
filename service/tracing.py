"""Why somebody was told, or was not: an item, a story or an alert through its stages, from what is stored.

How it decides: each stage is a row that was written when the stage was passed; here they are only put in
order and into words. The stage that stopped an alert is the one that its stored reason belongs to. What it
leaves out: what would be decided today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from service.alerts.inert import one_line
from service.alerts.lines import channel_why, first_line
from service.alerts.words import HOLDS, REASONS, moment
from service.core.alerting import NEWS
from service.core.hushes import HushAct, said as hush_said, standing
from service.core.messages import ChannelAlert, Digest, FeedAlert
from service.core.model import Alert, DeliveryState, Reason
from service.errors import InputError
from service.store.traces import (
    ClockTrace,
    MessageTrace,
    RevisionTrace,
    StatementTrace,
    Trace,
)
from service.store.verdicts import Verdict

EVERYBODY = "every subscription"
_WORDS = 160


class Stage(StrEnum):
    """What an alert passes on its way, in this order."""

    SEEN = "seen"
    STORED = "stored"
    READ = "read"
    MATCHED = "matched"
    MOVED = "moved"
    DECIDED = "decided"
    QUIETED = "quieted"
    HELD = "held"
    SENT = "sent"


# Which stage a reason not to tell belongs to; those that are not here are decided for the subscription.
_STOPS_AT = {
    Reason.BACKFILL: Stage.STORED,
    Reason.MARKED_WRONG: Stage.READ,
    Reason.DOUBTFUL_JOIN: Stage.MATCHED,
    Reason.EARLY: Stage.MATCHED,
    Reason.REPEAT: Stage.MOVED,
    Reason.RECAP: Stage.MOVED,
    Reason.LATE: Stage.MOVED,
    Reason.MUTED: Stage.QUIETED,
    Reason.SNOOZED: Stage.QUIETED,
    Reason.ACKNOWLEDGED: Stage.QUIETED,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is known of one stage. `at` is None where it has no moment of its own."""

    stage: Stage
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How it ended for one subscription. `stopped_by`: the stage that stopped it, None where it was told."""

    subscription: str
    lines: tuple[Line, ...]
    stopped_by: Stage | None
    reason: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One thing that may be told: a statement, a clock, a feed; or what an item had in common with others.

    `ends` is empty where nothing in it concerns a subscription; `stopped_by` says which stage ended it then.
    """

    title: str
    lines: tuple[Line, ...] = ()
    ends: tuple[End, ...] = ()
    stopped_by: Stage | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """The answer: of what kind the thing asked for is, its name, and its chapters in the order of events."""

    about: str
    id: str
    title: str
    chapters: tuple[Chapter, ...]


class TracesLike(Protocol):
    """The reads of a ledger that an answer is made from."""

    def item(self, item_id: str) -> Trace | None: ...

    def story(self, story_id: str) -> Trace | None: ...

    def alert(self, alert_id: str) -> Trace | None: ...


def why(traces: TracesLike, asked: str, subscription: str | None = None) -> Why:
    """What became of the alert, story or item of that id, for one subscription or all.

    InputError where there is none of that id.
    """
    if (trace := traces.alert(asked)) is not None:
        return Why("alert", asked, first_line(trace.messages[0].message), _of_alert(trace, subscription))
    if (trace := traces.story(asked)) is not None and trace.story is not None:
        return Why("story", asked, one_line(trace.story.claim), _of_story(trace, subscription))
    if (trace := traces.item(asked)) is not None:
        return Why("item", asked, one_line(trace.revisions[-1].title), _of_item(trace, subscription))
    raise InputError(f"There is no item, story or alert {asked[:80]!r}.")


def _of_item(trace: Trace, subscription: str | None) -> tuple[Chapter, ...]:
    return tuple(chapter for one in trace.revisions for chapter in _of_revision(one, trace, subscription))


def _of_revision(revision: RevisionTrace, trace: Trace, subscription: str | None) -> Iterator[Chapter]:
    mine = [one for one in trace.statements if (one.item_id, one.revision) == _key(revision)]
    unread = None if mine else Stage.READ
    yield Chapter(_item_title(revision), tuple(_item_lines(revision)), (), unread)
    for one in mine:
        yield _of_statement(one, trace, subscription)


def _of_story(trace: Trace, subscription: str | None) -> tuple[Chapter, ...]:
    assert trace.story is not None
    chapters = [Chapter(f"the story, {trace.story.status}", tuple(_story_lines(trace)))]
    revisions = {_key(one): one for one in trace.revisions}
    for one in trace.statements:
        revision = revisions.get((one.item_id, one.revision))
        chapters.append(_of_statement(one, trace, subscription, revision))
    chapters += [_of_clock(one, trace, subscription) for one in trace.clocks]
    return tuple(chapters)


def _of_alert(trace: Trace, subscription: str | None) -> tuple[Chapter, ...]:
    chapters = list(_of_item(trace, subscription) if trace.statements else ())
    chapters = [one for one in chapters if one.ends or one.stopped_by is None]
    chapters += [_of_clock(one, trace, subscription) for one in trace.clocks]
    if not trace.verdicts:  # about a feed, or decided before verdicts were kept
        chapters += [_alone(one) for one in trace.messages]
    return tuple(chapters)


def _alone(sent: MessageTrace) -> Chapter:
    message = sent.message
    match message:
        case FeedAlert():
            name, why_so = f"the feed {message.outlet or message.feed_id}", REASONS[message.reason]
        case Digest():
            name, why_so = "the alert", "several were told together"
        case ChannelAlert():
            name, why_so = f"the channel {message.channel}", channel_why(message)
        case Alert():
            name, why_so = "the alert", REASONS[message.reason]
    decided = Line(Stage.DECIDED, f"{message.event}: {why_so}", sent.created_at)
    return Chapter(name, (), (_told(message.subscription, sent, (decided,), str(message.event)),))


# --- an item ---------------------------------------------------------------------------------------


def _key(revision: RevisionTrace) -> tuple[str, int]:
    return revision.item_id, revision.revision


def _item_title(revision: RevisionTrace) -> str:
    return f"{revision.item_id}, revision {revision.revision}: {one_line(revision.title)}"


def _item_lines(revision: RevisionTrace) -> Iterator[Line]:
    where = f"in the feed {revision.feed_id}" if revision.feed_id else "handed in"
    published = moment(revision.published) if revision.published else "no date given"
    yield Line(Stage.SEEN, f"{where}, published {published}", revision.seen_at)
    flag = f"; its date is {revision.date_flag}" if revision.date_flag else ""
    fresh = "as history, which alerts nobody" if revision.backfill else "as news"
    yield Line(Stage.STORED, f"{revision.reason}, {fresh}{flag}", revision.seen_at)
    yield Line(Stage.READ, _read(revision))


def _read(revision: RevisionTrace) -> str:
    if revision.state == "pending":
        tried = f" (the last try failed: {revision.why})" if revision.why else ""
        return f"not yet: it waits{tried}"
    if revision.state == "quarantined":
        return f"set aside: {revision.why}"
    return f"as {revision.why}" if revision.why else "done"


# --- a statement -----------------------------------------------------------------------------------


def _of_statement(
    one: StatementTrace, trace: Trace, subscription: str | None, revision: RevisionTrace | None = None
) -> Chapter:
    lines = [*_item_lines(revision)][:2] if revision is not None else []
    lines += _statement_lines(one)
    if one.story_id is None:
        return Chapter(_statement_title(one), tuple(lines), (), Stage.MATCHED)
    return Chapter(_statement_title(one), tuple(lines), tuple(_ends(one, trace, subscription)))


def _statement_title(one: StatementTrace) -> str:
    statement = one.statement
    firmly = f" ({statement.strength.value})" if statement.strength else ""
    words = one_line(statement.evidence.text, _WORDS)
    by = statement.party or "nobody named"
    return f"{one.item_id}#{one.ordinal}: {statement.kind.value}{firmly} by {by}: “{words}”"


def _statement_lines(one: StatementTrace) -> Iterator[Line]:
    statement = one.statement
    fresh = "" if statement.fresh else ", old words told again"
    sure = f"{statement.confidence:.0%} sure"
    yield Line(Stage.READ, f"by {', '.join(statement.because) or 'no cue'}, {sure}{fresh}", one.at)
    if one.story_id is None:
        yield Line(Stage.MATCHED, f"joined no story: {one.why or 'none fits'}")
        return
    reasons = "; ".join((*one.joined_because, *one.decided_because))
    doubt = "" if one.sure is not False else " (doubtful)"
    score = f", score {one.score:.2f}" if one.score is not None else ""
    yield Line(Stage.MATCHED, f"{one.story_id}{doubt}{score}: {reasons or 'no reason is kept'}")
    moved = one.event.value if one.event else "nothing moved"
    because = f" ({one.reason.value}: {REASONS[one.reason]})" if one.reason else ""
    yield Line(Stage.MOVED, f"{moved}{because}")


def _ends(one: StatementTrace, trace: Trace, subscription: str | None) -> Iterator[End]:
    decided = [verdict for verdict in trace.verdicts if _is_on(verdict, one)]
    wanted = [verdict for verdict in decided if subscription in (None, verdict.subscription)]
    yield from (_end(verdict, trace) for verdict in wanted)
    if wanted or (decided and subscription is None):
        return
    name = subscription or EVERYBODY
    if one.reason is None:
        line = Line(Stage.DECIDED, "nothing is decided yet")
        yield End(name, (line,), Stage.DECIDED, "undecided")
    elif one.reason in NEWS:
        line = Line(Stage.DECIDED, "nothing was decided for it: it was not there at that time")
        yield End(name, (line,), Stage.DECIDED, "not_there")
    else:
        line = Line(Stage.DECIDED, f"{one.reason.value}: {REASONS[one.reason]}")
        yield End(name, (line,), _STOPS_AT.get(one.reason, Stage.DECIDED), one.reason.value)


def _is_on(verdict: Verdict, one: StatementTrace) -> bool:
    cause = verdict.cause
    return (cause.item_id, cause.revision, cause.ordinal) == (one.item_id, one.revision, one.ordinal)


def _end(verdict: Verdict, trace: Trace) -> End:
    note = f" ({verdict.note})" if verdict.note else ""
    line = Line(Stage.DECIDED, f"{verdict.reason.value}: {REASONS[verdict.reason]}{note}")
    if verdict.alert_id is None:
        stopped = _STOPS_AT.get(verdict.reason, Stage.DECIDED)
        return End(verdict.subscription, (line,), stopped, verdict.reason.value)
    sent = next((one for one in trace.messages if one.message.id == verdict.alert_id), None)
    if sent is None:
        return End(verdict.subscription, (line,), Stage.SENT, "no such alert is kept")
    if sent.held is not None and sent.held.state == "dropped":
        stopped = _STOPS_AT.get(verdict.reason, Stage.HELD)
        return End(verdict.subscription, (*_hold_lines(sent), line), stopped, verdict.reason.value)
    return _told(verdict.subscription, sent, (line,), verdict.reason.value)


# --- a story, a clock ------------------------------------------------------------------------------


def _story_lines(trace: Trace) -> Iterator[Line]:
    story = trace.story
    if story is not None and story.became:
        yield Line(Stage.MATCHED, f"it was merged into {story.became}: ask about that one")
    stand = standing(trace.hushes)
    for hush in trace.hushes:
        if hush.act is not HushAct.UNDO:
            undone = "" if hush in stand else ", undone since"
            yield Line(
                Stage.QUIETED, f"{hush_said(hush)}{undone}{': ' if hush.why else ''}{hush.why}", hush.at
            )


def _of_clock(clock: ClockTrace, trace: Trace, subscription: str | None) -> Chapter:
    on = f" on {clock.party}" if clock.party else ""
    how = {"pending": "runs", "fired": "ran out", "stopped": "was stopped by a reply"}[clock.state]
    line = Line(Stage.MOVED, f"{how}, until {moment(clock.due_at)}", clock.started_at)
    decided = [
        one for one in trace.verdicts if (one.cause.rule, one.cause.party) == (clock.rule, clock.party)
    ]
    ends = tuple(_end(one, trace) for one in decided if subscription in (None, one.subscription))
    stopped = None if ends else Stage.MOVED
    return Chapter(f"the clock {clock.rule}{on}", (line,), ends, stopped)


# --- on its way ------------------------------------------------------------------------------------


def _told(name: str, sent: MessageTrace, before: Sequence[Line], reason: str) -> End:
    lines = [*before, *_hold_lines(sent)]
    if sent.held is not None and sent.held.state == "pending":
        return End(name, tuple(lines), Stage.HELD, sent.held.hold.value)
    message = (sent.held.digest_id if sent.held else None) or sent.message.id
    lines += [Line(Stage.SENT, f"as {message}", sent.created_at if sent.held is None else None)]
    lines += _delivery_lines(sent)
    states = [delivery.state for delivery in sent.deliveries]
    arrived = DeliveryState.DELIVERED in states
    return End(name, tuple(lines), None if arrived else Stage.SENT, reason)


def _hold_lines(sent: MessageTrace) -> Iterator[Line]:
    if sent.held is not None:
        until = f"until {moment(sent.held.until)}, for {HOLDS[sent.held.hold]}"
        yield Line(Stage.HELD, f"{sent.message.id} {until}: {sent.held.state}", sent.created_at)


def _delivery_lines(sent: MessageTrace) -> Iterable[Line]:
    if not sent.deliveries:
        yield Line(Stage.SENT, "to nobody: the subscription has no channel")
    for delivery in sent.deliveries:
        for tried in delivery.attempts:
            outcome = "taken" if tried.ok else "failed"
            status = f" {tried.status}" if tried.status is not None else ""
            text = (
                f"{delivery.channel}, try {tried.number}: {outcome}{status} {one_line(tried.answer)}".rstrip()
            )
            yield Line(Stage.SENT, text, tried.at)
        if delivery.state is DeliveryState.PENDING:
            yield Line(Stage.SENT, f"{delivery.channel}: on its way, next try {moment(delivery.next_at)}")
        elif delivery.state is DeliveryState.DEAD:
            yield Line(Stage.SENT, f"{delivery.channel}: given up")
