"""What an alert says: for a person in text and HTML, for a program in JSON. Pure: same input, same bytes.

What people see is first put into a `View` whose strings are inert (inert.py); text and HTML only lay it out.
The JSON holds the words exactly as kept, so that offsets hold; it is ASCII, which makes every control
character an escape.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

import jinja2

from service.alerts.inert import one_line, quotation, web_link
from service.alerts.words import (
    NAME_LIMIT,
    REASONS,
    STATUSES,
    first_line,
    moment,
    since_report,
    stance,
    subject,
    voice,
)
from service.core.model import Alert, Kind, Position, Quotation

__all__ = ["Row", "Side", "View", "first_line", "html", "plain_text", "story_link", "view", "webhook_body"]

GRID_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Side:
    """One quotation with its heading, and where and when it was said."""

    heading: str
    text: str
    title: str
    source: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One party in the grid."""

    party: str
    stance: str
    voice: str
    when: str


@dataclass(frozen=True, slots=True)
class View:
    """All that a person is shown, in inert strings.

    `sides` are the quotations, the new one first. `grid` holds the latest positions, `more` counts the rest.
    """

    headline: str
    timing: str
    sides: tuple[Side, ...]
    grid: tuple[Row, ...]
    more: int
    status: str
    why: str
    story: str


def view(alert: Alert, base_url: str) -> View:
    """The alert as people see it; `base_url` is where our pages are, with or without a slash at its end."""
    return View(
        headline=first_line(alert),
        timing=since_report(alert.evidence, alert.rumor),
        sides=_sides(alert),
        grid=tuple(map(_row, _latest(alert.positions))),
        more=max(0, len(alert.positions) - GRID_LIMIT),
        status=STATUSES[alert.status],
        why=f"{REASONS[alert.reason]} (subscription {one_line(alert.subscription, NAME_LIMIT)})",
        story=story_link(alert.story_id, base_url),
    )


def story_link(story_id: str, base_url: str) -> str:
    """The address of a story's page."""
    return f"{base_url.rstrip('/')}/stories/{quote(story_id, safe='', errors='replace')}"


def _sides(alert: Alert) -> tuple[Side, ...]:
    who = subject(alert.party, alert.speaker, alert.role)
    heading = "What is reported" if alert.kind is Kind.RUMOR else f"What {_inside(who)} says"
    before = alert.earlier.party if alert.earlier else None
    said_before = f"What {one_line(before, NAME_LIMIT)} said before" if before else "What was said before"
    rest = [("What was reported", alert.rumor), (said_before, alert.earlier)]
    # The report itself is not set beside itself.
    others = [_side(title, q) for title, q in rest if q is not None and q != alert.evidence]
    return (_side(heading, alert.evidence), *others)


def _inside(who: str) -> str:
    # "An unnamed source" and "Somebody" start a sentence in the first line, and stand inside one here.
    ours = who == "Somebody" or who.startswith("An unnamed source")
    return who[0].lower() + who[1:] if ours else who


def _side(heading: str, said: Quotation) -> Side:
    outlet = one_line(said.outlet, NAME_LIMIT) if said.outlet else "unknown outlet"
    return Side(
        heading=heading,
        text=quotation(said.text),
        title=one_line(said.title),
        source=f"{outlet}, {moment(said.told_at)}",
        url=web_link(said.url),
    )


def _latest(positions: tuple[Position, ...]) -> list[Position]:
    return sorted(positions, key=lambda position: position.at)[-GRID_LIMIT:]


def _row(position: Position) -> Row:
    return Row(
        party=one_line(position.party, NAME_LIMIT),
        stance=stance(position.stance, position.strength),
        voice=voice(position.party, position.speaker, position.role),
        when=moment(position.at),
    )


# --- for a person ----------------------------------------------------------------------------------


def plain_text(alert: Alert, base_url: str) -> str:
    """The alert as text of short blocks; its first line is `first_line`."""
    shown = view(alert, base_url)
    blocks = [f"{shown.headline}\n{_opening(shown)}".rstrip(), *map(_quoted, shown.sides)]
    if shown.grid:
        more = [f"- and {shown.more} more parties, on the story's page"] if shown.more else []
        blocks.append("\n".join(["Who says what", *map(_grid_line, shown.grid), *more]))
    blocks.append(f"The story is {shown.status}.\nWhy you get this: {shown.why}.\nStory: {shown.story}")
    return "\n\n".join(blocks) + "\n"


def _opening(shown: View) -> str:
    return f"{shown.timing[0].upper()}{shown.timing[1:]}." if shown.timing else ""


def _quoted(side: Side) -> str:
    lines = [f"{side.heading} ({side.source})", f"> {side.text}", f"  {side.title}" if side.title else ""]
    return "\n".join(line for line in [*lines, f"  {side.url}" if side.url else ""] if line)


def _grid_line(row: Row) -> str:
    through = f" ({row.voice})" if row.voice else ""
    return f"- {row.party} {row.stance}{through}, {row.when}"


def html(alert: Alert, base_url: str) -> str:
    """The alert as a mail's HTML: every value escaped, nothing loaded from elsewhere."""
    shown = view(alert, base_url)
    return _template().render(shown=shown, opening=_opening(shown))


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("service.alerts"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("mail.html")


# --- for a program ---------------------------------------------------------------------------------


def webhook_body(alert: Alert, base_url: str) -> bytes:
    """The alert as JSON in ASCII, one line, keys in a fixed order. Times are ISO 8601 in UTC."""
    story = story_link(alert.story_id, base_url)
    data: dict[str, object] = {
        "id": alert.id,
        "headline": first_line(alert),
        "reason": alert.reason,
        "subscription": alert.subscription,
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
    if alert.doubtful:  # said only where a subscription asked for such alerts
        data["doubtful"] = True
    if alert.note is not None:  # of a clock that ran out
        data["note"] = alert.note
    whole = {"type": alert.event, "timestamp": _iso(alert.at), "data": data}
    return json.dumps(whole, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def _position_json(position: Position) -> dict[str, object]:
    return {
        "party": position.party,
        "stance": position.stance,
        "strength": position.strength,
        "speaker": position.speaker,
        "role": position.role,
        "at": _iso(position.at),
    }


def _quotation_json(said: Quotation | None) -> dict[str, object] | None:
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


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
