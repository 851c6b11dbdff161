"""The words a person reads for our kinds, strengths, roles, reasons and times. English, one table each.

The page and the commands speak English; alerts are told in the reader's language, of which ENGLISH is one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service.alerts.inert import one_line
from service.alerts.tongue import Tongue
from service.core.breaking import ChannelEvent
from service.core.history import FeedEvent
from service.core.model import Kind, Reason, Role, Status, Strength
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


PHRASES: dict[str, str] = {
    "source_for": "An unnamed source for {name}",
    "source": "An unnamed source",
    # The same inside a sentence.
    "source_for.inside": "an unnamed source for {name}",
    "source.inside": "an unnamed source",
    "somebody": "Somebody",
    "somebody.inside": "somebody",
    "line": "{who} {stance}: {claim}",
    "line_now": "{who} now {stance}: {claim}",
    "line_noted": "{note}: {claim}",
    "line_reported": "Reported: {claim}",
    "line_doubtful": "Doubtful: {line}",
    "line_feed": "The feed {name} {event}: {why}",
    "line_channel": "The channel {name} {event}: {why}",
    "line_digest": "{count} alerts held back by {holds}",
    "line_digest.one": "{count} alert held back by {holds}",
    "unnamed": "unnamed",
    "and": " and ",
    "voice_joint": ", ",
    "after": "{span} after the report",
    "before": "{span} before the report",
    "same_article": "in the same article as the report",
    "what_says": "What {who} says",
    "what_is_reported": "What is reported",
    "what_was_reported": "What was reported",
    "said_before": "What {who} said before",
    "said_before_unknown": "What was said before",
    "unknown_outlet": "unknown outlet",
    "source_line": "{outlet}, {when}",
    "grid": "Who says what",
    "grid_line": "{party} {stance}",
    "more_parties": "and {count} more parties, on the story's page",
    "more_parties.one": "and {count} more party, on the story's page",
    "status": "The story is {status}.",
    "why": "{reason} (subscription {subscription})",
    "why_line": "Why you get this: {why}.",
    "why_channel": "it is about a channel that should have told alerts",
    "why_test": "a person tried this channel, and it works",
    "line_test": "A test of the channel {name}: nothing happened",
    "mute": "Mute this story",
    "mute_line": "Mute this story: {mute}",
    "label.page": "The page",
    "read_there": "Read it there",
    "since": "since {when}",
    "more_on_page": "And {count} more, on the page.",
    "label.story": "Story",
    "label.whole_story": "The whole story",
    "label.feeds": "Feeds",
    "label.alerts": "All alerts",
    "label.deliveries": "Deliveries",
    "page": "{label}: {page}",
    "opening": "{timing}.",
    "carried": "{count} independent sources carry it, in {reports} reports.",
    "carried.one": "1 independent source carries it (reports seen: {reports}).",
    "origin_named": "{name} told it first, as {count} other outlets say.",
    "origin_named.one": "{name} told it first, as another outlet says.",
    "origin_seen": "{name} told it first, as far as was seen.",
    "track_outlet": "Of {of} rumors that {name} told first and that ended, {part} were confirmed "
    "({low} to {high} %, at 95 %).",
    "track_outlet_few": "Of rumors that {name} told first, {of} have ended: too few to say anything.",
    "track_party": "Of {of} stories that {name} denied, {part} went against the denial later "
    "({low} to {high} %, at 95 %).",
    "track_party_few": "{name} denied {of} stories so far: too few to say anything.",
    "track_note": "That is what came of earlier words, and says nothing of how true these are.",
    "given_up": "{count} deliveries were given up",
    "given_up.one": "{count} delivery was given up",
    "given_up_back": "{lost} meanwhile, and can be sent again",
    "waiting_back": "what waited for it is on its way",
    "last_said": "{lost}; the last try said: {why}",
    "nothing_since": "nothing got through since {when}; the last try said: {why}",
}

ENGLISH = Tongue(
    code="en",
    stances=STANCES,
    roles=ROLES,
    statuses=STATUSES,
    reasons=REASONS,
    holds=HOLDS,
    feed_events=FEED_EVENTS,
    channel_events=CHANNEL_EVENTS,
    phrases=PHRASES,
    moment=moment,
    elapsed=elapsed,
)
