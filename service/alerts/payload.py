"""What a message says to a program: JSON in ASCII, keys in a fixed order. Pure: same input, same bytes.

It holds the words exactly as kept, so that offsets hold; ASCII makes every control character an escape.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import quote

from service.alerts.inert import web_link
from service.alerts.lines import first_line
from service.core.backing import Backing, Track
from service.core.messages import ChannelAlert, ChannelTest, Digest, FeedAlert, Told
from service.core.model import Alert, Position, Quotation

_Json = dict[str, object]


def webhook_body(message: Told, base_url: str) -> bytes:
    """The message as one line of JSON. Times are ISO 8601 in UTC. `base_url` is where our pages are."""
    whole = payload(message, base_url)
    return json.dumps(whole, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def payload(message: Told, base_url: str) -> _Json:
    """The envelope of Standard Webhooks: the dotted type, the moment, and what there is to say."""
    match message:
        case Alert():
            data = _story_data(message, base_url)
        case FeedAlert():
            data = _feed_data(message, base_url)
        case Digest():
            data = _digest_data(message, base_url)
        case ChannelTest():
            data = {"id": message.id, "headline": first_line(message), "channel": message.channel}
        case ChannelAlert():
            data = _channel_data(message, base_url)
    return {"type": message.event, "timestamp": _iso(message.at), "data": data}


def story_link(story_id: str, base_url: str) -> str:
    """The address of a story's page."""
    return f"{base_url.rstrip('/')}/stories/{quote(story_id, safe='', errors='replace')}"


def feeds_link(base_url: str) -> str:
    """Where the page lists the feeds and how they are."""
    return f"{base_url.rstrip('/')}/#feeds"


def deliveries_link(base_url: str) -> str:
    """Where the page shows deliveries and how the channels are."""
    return f"{base_url.rstrip('/')}/deliveries"


def _story_data(alert: Alert, base_url: str) -> _Json:
    story = story_link(alert.story_id, base_url)
    data: _Json = {
        "id": alert.id,
        "headline": first_line(alert),
        "reason": alert.reason,
        "subscription": alert.subscription,
        "language": alert.language,
        "after_seconds": _after(alert),
        "story": {
            "id": alert.story_id,
            "claim": alert.claim,
            "status": alert.status,
            "url": story,
            "positions": [_position_json(position) for position in alert.positions],
        },
        "kind": alert.kind,
        "party": alert.party,
        "speaker": alert.speaker,
        "role": alert.role,
        "strength": alert.strength,
        "evidence": _quotation_json(alert.evidence),
        "rumor": _quotation_json(alert.rumor),
        "earlier": _quotation_json(alert.earlier),
        "links": {
            "story": story,
            "evidence": web_link(alert.evidence.url),
            "rumor": web_link(alert.rumor.url) if alert.rumor else None,
        },
    }
    if alert.backing is not None:
        data["backing"] = _backing_json(alert.backing)
    if alert.doubtful:  # said only where a subscription asked for such alerts
        data["doubtful"] = True
    if alert.note is not None:  # of a clock that ran out
        data["note"] = alert.note
    return data


def _feed_data(alert: FeedAlert, base_url: str) -> _Json:
    return {
        "id": alert.id,
        "headline": first_line(alert),
        "reason": alert.reason,
        "subscription": alert.subscription,
        "feed": {"id": alert.feed_id, "outlet": alert.outlet, "url": web_link(alert.url)},
        "why": alert.why,
        "links": {"feeds": feeds_link(base_url)},
    }


def _channel_data(alert: ChannelAlert, base_url: str) -> _Json:
    return {
        "id": alert.id,
        "headline": first_line(alert),
        "subscription": alert.subscription,
        "channel": alert.channel,
        "since": _iso(alert.since),
        "given_up": alert.given_up,
        "why": alert.why,
        "links": {"deliveries": deliveries_link(base_url)},
    }


def _digest_data(digest: Digest, base_url: str) -> _Json:
    return {
        "id": digest.id,
        "headline": first_line(digest),
        "subscription": digest.subscription,
        "held_by": list(digest.holds),
        "since": _iso(digest.since),
        "count": digest.count,
        "more": digest.count - len(digest.listed),
        "alerts": [payload(one, base_url) for one in digest.listed],
    }


def _position_json(position: Position) -> _Json:
    return {
        "party": position.party,
        "stance": position.stance,
        "strength": position.strength,
        "speaker": position.speaker,
        "role": position.role,
        "at": _iso(position.at),
    }


def _backing_json(backing: Backing) -> _Json:
    return {
        "origin": backing.origin,
        "named_by": backing.named_by,
        "reports": backing.reports,
        "independent": backing.independent,
        "outlet_record": _track_json(backing.outlet),
        "party_record": _track_json(backing.party),
    }


def _track_json(track: Track | None) -> _Json | None:
    if track is None:
        return None
    return {"name": track.name, "part": track.part, "of": track.of, "low": track.low, "high": track.high}


def _quotation_json(said: Quotation | None) -> _Json | None:
    if said is None:
        return None
    return {
        "text": said.text,
        "field": said.field,
        "start": said.start,
        "end": said.end,
        "item": said.item_id,
        "kind": said.kind,
        "party": said.party,
        "speaker": said.speaker,
        "url": web_link(said.url),
        "outlet": said.outlet,
        "title": said.title,
        "told_at": _iso(said.told_at),
    }


def _after(alert: Alert) -> int | None:
    """Whole seconds from the report to the evidence; None without a report."""
    if alert.rumor is None:
        return None
    return int((alert.evidence.told_at - alert.rumor.told_at).total_seconds())


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
