"""What a message says to a person, in text and HTML. Pure: same input, same bytes. For programs: payload.py.

What people see is first put into a `View` whose strings are inert (inert.py); text and HTML only lay it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import jinja2

from service.alerts.inert import one_line, quotation, web_link
from service.alerts.lines import (
    backing_lines,
    first_line,
    held_by,
    since_report,
    subject,
    tongue_of,
    voice,
)
from service.alerts.payload import deliveries_link, feeds_link, story_link, webhook_body
from service.alerts.tongue import Tongue
from service.alerts.words import NAME_LIMIT
from service.core.messages import ChannelAlert, ChannelTest, Digest, FeedAlert, Told
from service.core.model import Alert, Kind, Position, Quotation

__all__ = [
    "Entry",
    "Row",
    "Side",
    "View",
    "first_line",
    "html",
    "plain_text",
    "story_link",
    "view",
    "webhook_body",
]

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
class Entry:
    """One alert in a digest, as short as it can be understood; `more` is where all of it stands."""

    headline: str
    timing: str
    text: str
    source: str
    more: str


@dataclass(frozen=True, slots=True)
class View:
    """All that a person is shown, in inert strings.

    `sides` are the quotations, the new one first. `backing` says who else carries it and what came of earlier
    words. `grid` holds the latest positions, `more` counts the rest.
    `entries` are the alerts of a digest, `unlisted` counts those that are not among them. `page` is where all
    of it stands, `label` what stands there. What a message has none of is empty.
    """

    headline: str
    why: str
    page: str
    label: str
    timing: str = ""
    sides: tuple[Side, ...] = ()
    backing: tuple[str, ...] = ()
    grid: tuple[Row, ...] = ()
    more: int = 0
    status: str = ""
    entries: tuple[Entry, ...] = ()
    unlisted: int = 0


def view(message: Told, base_url: str) -> View:
    """The message as people see it; `base_url` is where our pages are, with or without a slash at its end."""
    tongue = tongue_of(message)
    match message:
        case Alert():
            return _of_story(message, base_url, tongue)
        case FeedAlert():
            return View(
                first_line(message), _why(message, tongue), feeds_link(base_url), tongue.say("label.feeds")
            )
        case Digest():
            return _of_digest(message, base_url, tongue)
        case ChannelTest():
            page, label = f"{base_url.rstrip('/')}/", tongue.say("label.page")
            return View(first_line(message), tongue.say("why_test"), page, label)
        case ChannelAlert():
            label = tongue.say("label.deliveries")
            return View(first_line(message), tongue.say("why_channel"), deliveries_link(base_url), label)


def _of_story(alert: Alert, base_url: str, tongue: Tongue) -> View:
    return View(
        headline=first_line(alert),
        timing=since_report(tongue, alert.evidence, alert.rumor),
        sides=_sides(alert, tongue),
        backing=backing_lines(tongue, alert.backing),
        grid=tuple(_row(position, tongue) for position in _latest(alert.positions)),
        more=max(0, len(alert.positions) - GRID_LIMIT),
        status=tongue.say("status", status=tongue.statuses[alert.status]),
        why=_why(alert, tongue),
        page=story_link(alert.story_id, base_url),
        label=tongue.say("label.story"),
    )


def _why(alert: Alert | FeedAlert, tongue: Tongue) -> str:
    name = one_line(alert.subscription, NAME_LIMIT)
    return tongue.say("why", reason=tongue.reasons[alert.reason], subscription=name)


def _of_digest(digest: Digest, base_url: str, tongue: Tongue) -> View:
    name = one_line(digest.subscription, NAME_LIMIT)
    return View(
        headline=first_line(digest),
        why=tongue.say("why", reason=held_by(digest), subscription=name),
        page=f"{base_url.rstrip('/')}/",
        label=tongue.say("label.alerts"),
        timing=tongue.say("since", when=tongue.moment(digest.since)),
        entries=tuple(_entry(one, base_url, tongue) for one in digest.listed),
        unlisted=digest.count - len(digest.listed),
    )


def _entry(alert: Alert | FeedAlert, base_url: str, tongue: Tongue) -> Entry:
    if isinstance(alert, FeedAlert):
        return Entry(first_line(alert), "", "", tongue.moment(alert.at), feeds_link(base_url))
    side = _side("", alert.evidence, tongue)
    timing = since_report(tongue, alert.evidence, alert.rumor)
    return Entry(first_line(alert), timing, side.text, side.source, story_link(alert.story_id, base_url))


def _sides(alert: Alert, tongue: Tongue) -> tuple[Side, ...]:
    who = subject(tongue, alert.party, alert.speaker, alert.role, inside=True)
    reported = alert.kind is Kind.RUMOR
    heading = tongue.say("what_is_reported") if reported else tongue.say("what_says", who=who)
    before = alert.earlier.party if alert.earlier else None
    said_before = (
        tongue.say("said_before", who=one_line(before, NAME_LIMIT))
        if before
        else tongue.say("said_before_unknown")
    )
    rest = [(tongue.say("what_was_reported"), alert.rumor), (said_before, alert.earlier)]
    # The report itself is not set beside itself.
    others = [_side(title, q, tongue) for title, q in rest if q is not None and q != alert.evidence]
    return (_side(heading, alert.evidence, tongue), *others)


def _side(heading: str, said: Quotation, tongue: Tongue) -> Side:
    outlet = one_line(said.outlet, NAME_LIMIT) if said.outlet else tongue.say("unknown_outlet")
    return Side(
        heading=heading,
        text=quotation(said.text),
        title=one_line(said.title),
        source=tongue.say("source_line", outlet=outlet, when=tongue.moment(said.told_at)),
        url=web_link(said.url),
    )


def _latest(positions: tuple[Position, ...]) -> list[Position]:
    return sorted(positions, key=lambda position: position.at)[-GRID_LIMIT:]


def _row(position: Position, tongue: Tongue) -> Row:
    return Row(
        party=one_line(position.party, NAME_LIMIT),
        stance=tongue.stance(position.stance, position.strength),
        voice=voice(tongue, position.party, position.speaker, position.role),
        when=tongue.moment(position.at),
    )


# --- laid out --------------------------------------------------------------------------------------


def plain_text(message: Told, base_url: str, mute: str | None = None) -> str:
    """The message as text of short blocks; its first line is `first_line`. `mute`: where one mutes it."""
    shown, tongue = view(message, base_url), tongue_of(message)
    blocks = [f"{shown.headline}\n{_opening(shown, tongue)}".rstrip(), *map(_quoted, shown.sides)]
    blocks += map(_told_shortly, shown.entries)
    if shown.unlisted:
        blocks.append(tongue.say("more_on_page", count=shown.unlisted))
    if shown.grid:
        more = [f"- {tongue.count('more_parties', shown.more)}"] if shown.more else []
        rows = [_grid_line(row, tongue) for row in shown.grid]
        blocks.append("\n".join([tongue.say("grid"), *rows, *more]))
    if shown.backing:
        blocks.append("\n".join(shown.backing))
    status = f"{shown.status}\n" if shown.status else ""
    page = tongue.say("page", label=shown.label, page=shown.page)
    blocks.append(f"{status}{tongue.say('why_line', why=shown.why)}\n{page}")
    if mute:
        blocks.append(tongue.say("mute_line", mute=mute))
    return "\n\n".join(blocks) + "\n"


def _told_shortly(entry: Entry) -> str:
    where = ", ".join(part for part in (entry.source, entry.timing) if part)
    quoted = f"> {entry.text}" if entry.text else ""
    lines = (f"* {entry.headline}", f"  {where}", quoted, f"  {entry.more}")
    return "\n".join(line for line in lines if line)


def _opening(shown: View, tongue: Tongue) -> str:
    if not shown.timing:
        return ""
    return tongue.say("opening", timing=f"{shown.timing[0].upper()}{shown.timing[1:]}")


def _quoted(side: Side) -> str:
    lines = [f"{side.heading} ({side.source})", f"> {side.text}", f"  {side.title}" if side.title else ""]
    return "\n".join(line for line in [*lines, f"  {side.url}" if side.url else ""] if line)


def _grid_line(row: Row, tongue: Tongue) -> str:
    through = f" ({row.voice})" if row.voice else ""
    said = tongue.say("grid_line", party=row.party, stance=row.stance)
    return f"- {said}{through}, {row.when}"


def html(message: Told, base_url: str, mute: str | None = None) -> str:
    """The message as a mail's HTML: every value escaped, nothing loaded from elsewhere."""
    shown, tongue = view(message, base_url), tongue_of(message)
    whole = tongue.say("label.whole_story") if isinstance(message, Alert) else shown.label
    opening = _opening(shown, tongue)
    return _template().render(shown=shown, opening=opening, tongue=tongue, whole=whole, mute=mute)


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
