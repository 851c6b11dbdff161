"""What a message says in a line, in the reader's language: who does what, since when, and why. Pure.

Every string that comes from a feed is made inert here (inert.py). The first line says who and what in its
first 70 characters, which is what a phone shows; names that are longer are cut there, and whole further down.
"""

from __future__ import annotations

from datetime import timedelta

from service.alerts.chinese import CHINESE
from service.alerts.inert import one_line
from service.alerts.tongue import Tongue
from service.alerts.words import ENGLISH, NAME_LIMIT
from service.core.backing import Backing, Track
from service.core.breaking import ChannelEvent
from service.core.first_lines import filled
from service.core.messages import ChannelAlert, ChannelTest, Digest, FeedAlert, Told
from service.core.model import Alert, Kind, Quotation, Reason, Role

TONGUES = {tongue.code: tongue for tongue in (ENGLISH, CHINESE)}
FIRST_NAME_LIMIT = 36
SOURCE_NAME_LIMIT = 20


def tongue_of(message: Told) -> Tongue:
    """The language that a message is told in; English where we have no such language."""
    return TONGUES.get(message.language, ENGLISH)


def first_line(message: Told) -> str:
    """The message at a glance, at most 200 characters: `Xiaomi denies it flatly: Ford in talks with ...`.

    An alert that may be about another story begins with `Doubtful:`. A subscription's own template says the
    rest as it wants it.
    """
    tongue = tongue_of(message)
    match message:
        case FeedAlert():
            name = one_line(message.outlet, NAME_LIMIT) or tongue.say("unnamed")
            event = tongue.feed_events[message.event]
            return one_line(tongue.say("line_feed", name=name, event=event, why=one_line(message.why)))
        case ChannelAlert():
            name, event = one_line(message.channel, NAME_LIMIT), tongue.channel_events[message.event]
            return one_line(tongue.say("line_channel", name=name, event=event, why=channel_why(message)))
        case ChannelTest():
            return one_line(tongue.say("line_test", name=one_line(message.channel, NAME_LIMIT)))
        case Digest():
            return one_line(tongue.count("line_digest", message.count, holds=held_by(message)))
        case Alert():
            line = _custom(message, tongue) if message.template else _first_line(message, tongue)
            return one_line(tongue.say("line_doubtful", line=line) if message.doubtful else line)


def _first_line(alert: Alert, tongue: Tongue) -> str:
    claim = one_line(alert.claim)
    if alert.note is not None:
        return tongue.say("line_noted", note=one_line(alert.note), claim=claim)
    if alert.kind is Kind.RUMOR:
        return tongue.say("line_reported", claim=claim)
    limit = SOURCE_NAME_LIMIT if alert.role is Role.SOURCE else FIRST_NAME_LIMIT
    who = subject(tongue, alert.party, alert.speaker, alert.role, limit)
    stance = tongue.stance(alert.kind, alert.strength)
    return tongue.say("line_now" if _turned(alert) else "line", who=who, stance=stance, claim=claim)


def _custom(alert: Alert, tongue: Tongue) -> str:
    rooms = {
        "who": subject(tongue, alert.party, alert.speaker, alert.role),
        "party": one_line(alert.party or "", NAME_LIMIT),
        "speaker": one_line(alert.speaker or "", NAME_LIMIT),
        "stance": tongue.stance(alert.kind, alert.strength),
        "strength": str(alert.strength or ""),
        "claim": one_line(alert.claim),
        "outlet": one_line(alert.evidence.outlet or "", NAME_LIMIT),
        "status": str(alert.status),
        "event": str(alert.event),
        "after": since_report(tongue, alert.evidence, alert.rumor),
        "subscription": one_line(alert.subscription, NAME_LIMIT),
    }
    # A template whose rooms are all empty would be a mail without a subject.
    return filled(alert.template, rooms).strip() or _first_line(alert, tongue)


def _turned(alert: Alert) -> bool:
    """Whether the party that speaks is the one that said the opposite before."""
    return (
        alert.reason is Reason.REVERSAL and alert.earlier is not None and alert.earlier.party == alert.party
    )


def subject(
    tongue: Tongue,
    party: str | None,
    speaker: str | None,
    role: Role | None,
    limit: int = NAME_LIMIT,
    *,
    inside: bool = False,
) -> str:
    """Who speaks, as a sentence begins or goes on. A source is never shown as the party it speaks about."""
    name = one_line(party or speaker or "", limit)
    where = ".inside" if inside else ""
    if role is Role.SOURCE:
        return tongue.say(f"source_for{where}", name=name) if name else tongue.say(f"source{where}")
    return name or tongue.say(f"somebody{where}")


def voice(tongue: Tongue, party: str | None, speaker: str | None, role: Role | None) -> str:
    """Through whom a party spoke: `Lei Jun, an executive`, `the party itself`; empty where unknown."""
    person = one_line(speaker, NAME_LIMIT) if speaker and speaker != party else ""
    parts = (person, tongue.roles[role] if role else "")
    return tongue.say("voice_joint").join(part for part in parts if part)


def since_report(tongue: Tongue, evidence: Quotation, rumor: Quotation | None) -> str:
    """How long after the rumor the evidence came: `2 days 11 h after the report`; empty without a rumor."""
    if rumor is None:
        return ""
    if evidence.item_id == rumor.item_id:
        return tongue.say("same_article")
    gap = evidence.told_at - rumor.told_at
    return tongue.say("before" if gap < timedelta(0) else "after", span=tongue.elapsed(gap))


def held_by(digest: Digest) -> str:
    """Why the alerts of a digest were held."""
    tongue = tongue_of(digest)
    return tongue.say("and").join(tongue.holds[hold] for hold in digest.holds)


def channel_why(alert: ChannelAlert) -> str:
    """What befell a channel, in one sentence."""
    tongue = tongue_of(alert)
    lost = tongue.count("given_up", alert.given_up) if alert.given_up else ""
    if alert.event is ChannelEvent.BACK:
        return tongue.say("given_up_back", lost=lost) if lost else tongue.say("waiting_back")
    why = one_line(alert.why)
    if lost:
        return tongue.say("last_said", lost=lost, why=why)
    return tongue.say("nothing_since", when=tongue.moment(alert.since), why=why)


def backing_lines(tongue: Tongue, backing: Backing | None) -> tuple[str, ...]:
    """How many carry it, who told it first, and what came of earlier words; each a sentence, () : nothing."""
    if backing is None:
        return ()
    lines = [tongue.count("carried", backing.independent, reports=backing.reports)] if backing.reports else []
    if backing.origin:
        name = one_line(backing.origin, NAME_LIMIT)
        named = tongue.count("origin_named", backing.named_by, name=name)
        lines.append(named if backing.named_by else tongue.say("origin_seen", name=name))
    tracks = [("track_outlet", backing.outlet), ("track_party", backing.party)]
    told = [_track(tongue, phrase, track) for phrase, track in tracks if track is not None]
    return (*lines, *told, *((tongue.say("track_note"),) if told else ()))


def _track(tongue: Tongue, phrase: str, track: Track) -> str:
    name = one_line(track.name, NAME_LIMIT)
    if track.low is None or track.high is None:
        return tongue.say(f"{phrase}_few", name=name, of=track.of)
    low, high = round(100 * track.low), round(100 * track.high)
    return tongue.say(phrase, name=name, of=track.of, part=track.part, low=low, high=high)
