"""The words a person reads for our kinds, strengths, roles, reasons and times. English, one table each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service.alerts.inert import one_line
from service.core.breaking import ChannelEvent
from service.core.history import FeedEvent
from service.core.messages import ChannelAlert, ChannelTest, Digest, FeedAlert, Told
from service.core.model import Alert, Kind, Quotation, Reason, Role, Status, Strength
from service.core.words import Hold

NAME_LIMIT = 80

STANCES: dict[tuple[Kind, Strength | None], str] = {
    (Kind.DENIAL, Strength.FLAT): "denies it flatly",
    (Kind.DENIAL, Strength.LIMITED): "denies part of it",
    (Kind.DENIAL, Strength.NOT_AWARE): "says it knows nothing of it",
    (Kind.DENIAL, Strength.NON_DENIAL): "plays it down without denying it",
    (Kind.DENIAL, None): "denies it",
    (Kind.CONFIRMATION, None): "confirms it",
    (Kind.NO_COMMENT, None): "does not comment",
    (Kind.RETRACTION, None): "withdraws it",
    (Kind.STANDS_BY, None): "stands by it",
    (Kind.RUMOR, None): "reports it",
}

ROLES: dict[Role, str] = {
    Role.PRINCIPAL: "the party itself",
    Role.SPOKESMAN: "a spokesman",
    Role.EXECUTIVE: "an executive",
    Role.AUTHORITY: "an authority",
    Role.FACT_CHECKER: "a fact-checker",
    Role.OUTLET: "the outlet",
    Role.SOURCE: "an unnamed source",
}

STATUSES: dict[Status, str] = {
    Status.OPEN: "open: nobody who can know denies or confirms it",
    Status.DENIED: "denied: nobody confirms it",
    Status.CONFIRMED: "confirmed",
    Status.DISPUTED: "disputed: some deny what others hold to",
    Status.RETRACTED: "retracted by the outlet that reported it",
}

REASONS: dict[Reason, str] = {
    Reason.FIRST_DENIAL_BY_PARTY: "it is this party's first denial in this story",
    Reason.STRONGER_DENIAL: "this party denies more firmly than before",
    Reason.FIRST_CONFIRMATION_BY_PARTY: "it is this party's first confirmation in this story",
    Reason.REVERSAL: "it turns around what was said before",
    Reason.RETRACTION: "the outlet withdraws what it reported",
    Reason.RUMOR: "it is a report of the claim",
    Reason.NO_COMMENT: "this party was asked and does not comment",
    Reason.STANDS_BY: "the outlet holds to its report after a denial",
    Reason.REPEAT: "it repeats what was said before",
    Reason.RECAP: "it recalls something old",
    Reason.BELOW_THRESHOLD: "it is weaker than the subscription asks for",
    Reason.DOUBTFUL_JOIN: "it may belong to another story",
    Reason.LATE: "it was told before words of this party that are known already",
    Reason.EARLY: "it was told before anything that opens the story",
    Reason.TOLD_NEARBY: "the same was told already, in a story that is nearly the same",
    Reason.MARKED_WRONG: "a person marked it as wrong",
    Reason.SILENCE: "nobody has replied to the report for as long as the silence watch allows",
    Reason.RULE_CLOCK: "a time that the rules of a market set has run out",
    Reason.BACKFILL: "it is older than the watch on its feed",
    Reason.NOT_WATCHED: "it is about nobody on the watchlist",
    Reason.FEED_NOTICE: "it befell a feed that is watched",
    Reason.OTHER_LANGUAGE: "it is in a language that the subscription does not ask for",
    Reason.OTHER_OUTLET: "it is told by an outlet that the subscription does not ask for",
    Reason.OTHER_EVENT: "it is an event that the subscription does not ask for",
    Reason.OTHER_PARTY: "it is the word of a party that the subscription does not ask for",
    Reason.UNSURE: "the reader is less sure of it than the subscription asks for",
    Reason.PAUSED: "the subscription was paused",
    Reason.MUTED: "a person muted the story",
    Reason.SNOOZED: "a person snoozed the story",
    Reason.ACKNOWLEDGED: "a person has acknowledged the story, and its status has not changed since",
}

HOLDS: dict[Hold, str] = {
    Hold.QUIET_HOURS: "quiet hours",
    Hold.DIGEST: "the digest that the subscription asks for",
    Hold.COOLDOWN: "the pause after an alert on the same story",
    Hold.STORM: "more alerts at once than the subscription takes",
}

FEED_EVENTS: dict[FeedEvent, str] = {
    FeedEvent.DARK: "brings nothing any more",
    FeedEvent.BACK: "is back",
    FeedEvent.GONE: "is gone and not polled any more",
    FeedEvent.MOVED: "has moved for good",
    FeedEvent.GAP: "may have had news that were missed",
    FeedEvent.PAUSED: "is paused",
    FeedEvent.RESUMED: "is polled again",
}

CHANNEL_EVENTS: dict[ChannelEvent, str] = {
    ChannelEvent.FAILING: "does not deliver",
    ChannelEvent.BACK: "delivers again",
}

# No strftime: its month names follow the machine's locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def stance(kind: Kind, strength: Strength | None) -> str:
    """What somebody does to the claim, as a verb phrase: `denies it flatly`."""
    return STANCES[kind, strength if kind is Kind.DENIAL else None]


def subject(party: str | None, speaker: str | None, role: Role | None) -> str:
    """Who speaks, short enough for a first line. A source is never shown as the party it speaks about."""
    name = one_line(party or speaker or "", NAME_LIMIT)
    if role is Role.SOURCE:
        return f"An unnamed source for {name}" if name else "An unnamed source"
    return name or "Somebody"


def voice(party: str | None, speaker: str | None, role: Role | None) -> str:
    """Through whom a party spoke: `Lei Jun, an executive`, `the party itself`; empty where unknown."""
    person = one_line(speaker, NAME_LIMIT) if speaker and speaker != party else ""
    return ", ".join(part for part in (person, ROLES[role] if role else "") if part)


def moment(at: datetime) -> str:
    """`3 Feb 2026 15:00 UTC`."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year} {utc:%H:%M} UTC"


def elapsed(duration: timedelta) -> str:
    """A duration in its two largest units, rounded down: `2 days 11 h`, `3 h 5 min`, `less than a minute`."""
    minutes = int(abs(duration).total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {rest} min" if rest else "")
    return f"{rest} min" if rest else "less than a minute"


def since_report(evidence: Quotation, rumor: Quotation | None) -> str:
    """How long after the rumor the evidence came: `2 days 11 h after the report`; empty without a rumor."""
    if rumor is None:
        return ""
    if evidence.item_id == rumor.item_id:
        return "in the same article as the report"
    gap = evidence.told_at - rumor.told_at
    return f"{elapsed(gap)} {'before' if gap < timedelta(0) else 'after'} the report"


def first_line(message: Told) -> str:
    """The message at a glance, at most 200 characters: `Xiaomi denies it flatly: Ford in talks with ...`.

    An alert that may be about another story begins with `Doubtful:`.
    """
    match message:
        case FeedAlert():
            name = one_line(message.outlet, NAME_LIMIT) or "unnamed"
            return one_line(f"The feed {name} {FEED_EVENTS[message.event]}: {one_line(message.why)}")
        case Digest():
            return _digest_line(message)
        case ChannelTest():
            return one_line(
                f"A test of the channel {one_line(message.channel, NAME_LIMIT)}: nothing happened"
            )
        case ChannelAlert():
            name = one_line(message.channel, NAME_LIMIT)
            return one_line(f"The channel {name} {CHANNEL_EVENTS[message.event]}: {channel_why(message)}")
        case Alert():
            line = _first_line(message)
            return one_line(f"Doubtful: {line}") if message.doubtful else line


def channel_why(alert: ChannelAlert) -> str:
    """What befell a channel, in one sentence."""
    count = alert.given_up
    lost = f"{count} {'delivery was' if count == 1 else 'deliveries were'} given up" if count else ""
    if alert.event is ChannelEvent.BACK:
        return f"{lost} meanwhile, and can be sent again" if lost else "what waited for it is on its way"
    failed = f"nothing got through since {moment(alert.since)}; the last try said: {one_line(alert.why)}"
    return f"{lost}; the last try said: {one_line(alert.why)}" if lost else failed


def _digest_line(digest: Digest) -> str:
    what = f"{digest.count} alert{'' if digest.count == 1 else 's'}"
    return one_line(f"{what} held back by {' and '.join(HOLDS[hold] for hold in digest.holds)}")


def _first_line(alert: Alert) -> str:
    claim = one_line(alert.claim)
    if alert.note is not None:
        return one_line(f"{one_line(alert.note)}: {claim}")
    if alert.kind is Kind.RUMOR:
        return one_line(f"Reported: {claim}")
    who = subject(alert.party, alert.speaker, alert.role)
    now = " now" if _turned(alert) else ""
    return one_line(f"{who}{now} {stance(alert.kind, alert.strength)}: {claim}")


def _turned(alert: Alert) -> bool:
    """Whether the party that speaks is the one that said the opposite before."""
    return (
        alert.reason is Reason.REVERSAL and alert.earlier is not None and alert.earlier.party == alert.party
    )
