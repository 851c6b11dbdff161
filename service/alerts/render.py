"""What a message says to a person, in text and HTML. Pure: same input, same bytes. For programs: payload.py.

What people see is first put into a `View` whose strings are inert (inert.py); text and HTML only lay it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import jinja2

from service.alerts.inert import one_line, quotation, web_link
from service.alerts.payload import deliveries_link, feeds_link, story_link, webhook_body
from service.alerts.words import (
    HOLDS,
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
TESTED = "a person tried this channel, and it works"


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

    `sides` are the quotations, the new one first. `grid` holds the latest positions, `more` counts the rest.
    `entries` are the alerts of a digest, `unlisted` counts those that are not among them. `page` is where all
    of it stands, `label` what stands there. What a message has none of is empty.
    """

    headline: str
    why: str
    page: str
    label: str
    timing: str = ""
    sides: tuple[Side, ...] = ()
    grid: tuple[Row, ...] = ()
    more: int = 0
    status: str = ""
    entries: tuple[Entry, ...] = ()
    unlisted: int = 0


def view(message: Told, base_url: str) -> View:
    """The message as people see it; `base_url` is where our pages are, with or without a slash at its end."""
    match message:
        case Alert():
            return _of_story(message, base_url)
        case FeedAlert():
            return View(first_line(message), _why(message), feeds_link(base_url), "Feeds")
        case Digest():
            return _of_digest(message, base_url)
        case ChannelTest():
            return View(first_line(message), TESTED, f"{base_url.rstrip('/')}/", "The page")
        case ChannelAlert():
            why = "it is about a channel that should have told alerts"
            return View(first_line(message), why, deliveries_link(base_url), "Deliveries")


def _of_story(alert: Alert, base_url: str) -> View:
    return View(
        headline=first_line(alert),
        timing=since_report(alert.evidence, alert.rumor),
        sides=_sides(alert),
        grid=tuple(map(_row, _latest(alert.positions))),
        more=max(0, len(alert.positions) - GRID_LIMIT),
        status=STATUSES[alert.status],
        why=_why(alert),
        page=story_link(alert.story_id, base_url),
        label="Story",
    )


def _why(alert: Alert | FeedAlert) -> str:
    return f"{REASONS[alert.reason]} (subscription {one_line(alert.subscription, NAME_LIMIT)})"


def _of_digest(digest: Digest, base_url: str) -> View:
    held = " and ".join(HOLDS[hold] for hold in digest.holds)
    return View(
        headline=first_line(digest),
        why=f"{held} (subscription {one_line(digest.subscription, NAME_LIMIT)})",
        page=f"{base_url.rstrip('/')}/",
        label="All alerts",
        timing=f"since {moment(digest.since)}",
        entries=tuple(_entry(one, base_url) for one in digest.listed),
        unlisted=digest.count - len(digest.listed),
    )


def _entry(alert: Alert | FeedAlert, base_url: str) -> Entry:
    if isinstance(alert, FeedAlert):
        return Entry(first_line(alert), "", "", moment(alert.at), feeds_link(base_url))
    side = _side("", alert.evidence)
    timing = since_report(alert.evidence, alert.rumor)
    return Entry(first_line(alert), timing, side.text, side.source, story_link(alert.story_id, base_url))


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


# --- laid out --------------------------------------------------------------------------------------


def plain_text(message: Told, base_url: str, mute: str | None = None) -> str:
    """The message as text of short blocks; its first line is `first_line`. `mute`: where one mutes it."""
    shown = view(message, base_url)
    blocks = [f"{shown.headline}\n{_opening(shown)}".rstrip(), *map(_quoted, shown.sides)]
    blocks += map(_told_shortly, shown.entries)
    if shown.unlisted:
        blocks.append(f"And {shown.unlisted} more, on the page.")
    if shown.grid:
        more = [f"- and {shown.more} more parties, on the story's page"] if shown.more else []
        blocks.append("\n".join(["Who says what", *map(_grid_line, shown.grid), *more]))
    status = f"The story is {shown.status}.\n" if shown.status else ""
    blocks.append(f"{status}Why you get this: {shown.why}.\n{shown.label}: {shown.page}")
    if mute:
        blocks.append(f"Mute this story: {mute}")
    return "\n\n".join(blocks) + "\n"


def _told_shortly(entry: Entry) -> str:
    where = ", ".join(part for part in (entry.source, entry.timing) if part)
    quoted = f"> {entry.text}" if entry.text else ""
    lines = (f"* {entry.headline}", f"  {where}", quoted, f"  {entry.more}")
    return "\n".join(line for line in lines if line)


def _opening(shown: View) -> str:
    return f"{shown.timing[0].upper()}{shown.timing[1:]}." if shown.timing else ""


def _quoted(side: Side) -> str:
    lines = [f"{side.heading} ({side.source})", f"> {side.text}", f"  {side.title}" if side.title else ""]
    return "\n".join(line for line in [*lines, f"  {side.url}" if side.url else ""] if line)


def _grid_line(row: Row) -> str:
    through = f" ({row.voice})" if row.voice else ""
    return f"- {row.party} {row.stance}{through}, {row.when}"


def html(message: Told, base_url: str, mute: str | None = None) -> str:
    """The message as a mail's HTML: every value escaped, nothing loaded from elsewhere."""
    shown = view(message, base_url)
    return _template().render(shown=shown, opening=_opening(shown), mute=mute)


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
