"""From rows to what a person reads: sentences, clocks, marked quotations, links that may be followed. Pure.

Feed text is inert on a page because of three things: the templates escape all of it, `inert` takes out what
could turn the line around or stop the answer, and `web_link` lets only plain web addresses become links.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from markupsafe import Markup

from service.alerts import words as told
from service.alerts.inert import web_link
from service.alerts.lines import first_line
from service.core.messages import Message
from service.core.model import EventType, Kind, Position, Quotation, Reason, Role, Strength
from service.store.views import AlertRow, FeedAlertRow, TimelineRow
from service.web import words

# Embeddings, overrides and isolates reorder what stands around them. The plain marks LRM, RLM and ALM stay:
# Arabic and Hebrew need them and they reach no further than themselves.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")

_UNITS = (("y", 365 * 86400), ("mo", 30 * 86400), ("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


@dataclass(frozen=True, slots=True)
class Marked:
    """A quotation with the evidence marked in it; `before` and `after` may be empty."""

    before: str
    evidence: str
    after: str


def inert(value: object) -> object:
    """A template's value without characters that could turn its line around. Markup of ours passes."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _UNFIT.sub("", value)
    return value


def site(url: str | None) -> str:
    """The host of `url` for a person, without www; "" where it is no web address."""
    plain = web_link(url)
    return (urlsplit(plain).hostname or "").removeprefix("www.") if plain else ""


def elapsed(span: timedelta) -> str:
    """A span in its two largest units, "2 d 11 h". Seconds stand alone; anything negative is "0 s"."""
    rest = max(0, int(span.total_seconds()))
    shown: list[str] = []
    for index, (unit, size) in enumerate(_UNITS):
        count, remainder = divmod(rest, size)
        if count or (unit == "s" and not shown):
            shown.append(f"{count} {unit}")
            shown += _next_unit(remainder, index + 1)
            break
    return " ".join(shown)


def seconds(count: int | None) -> str:
    """So many seconds as a span, "" where it is not known."""
    return "" if count is None else elapsed(timedelta(seconds=count))


def _next_unit(rest: int, index: int) -> list[str]:
    if index >= len(_UNITS) - 1:  # minutes say enough: no seconds beside them
        return []
    unit, size = _UNITS[index]
    return [f"{rest // size} {unit}"] if rest >= size else []


def ago(then: datetime, now: datetime) -> str:
    """How long ago, or "just now" up to a minute and for moments that are still to come."""
    span = now - then
    return "just now" if span < timedelta(minutes=1) else f"{elapsed(span)} ago"


def stance(kind: Kind, strength: Strength | None) -> str:
    """A position in two or three words, for a chip."""
    if kind is Kind.DENIAL and strength is not None:
        return words.DENIAL[strength]
    return words.STANCE[kind]


def subject(kind: Kind, party: str | None, speaker: str | None, role: Role | None, outlet: str | None) -> str:
    """Who a headline is about. A report is its outlet's, whoever whispered it."""
    teller = outlet if party is None or role is Role.SOURCE else party
    return teller if kind is Kind.RUMOR and teller else told.subject(party, speaker, role)


def holder(position: Position) -> str:
    """Whose position it is: an unnamed source is never shown as the party it speaks for."""
    return told.subject(position.party, position.speaker, position.role)


def why(reason: Reason) -> str:
    """The reason of a decision as a sentence."""
    words_of_it = told.REASONS[reason]
    return f"{words_of_it[0].upper()}{words_of_it[1:]}."


def verdict(positions: Sequence[Position]) -> str:
    """Where the parties stand, in one sentence. What somebody says who cannot know is told apart."""
    clauses = [_clause(positions, stance) for stance in words.VERDICT]
    hearsay = [holder(p) for p in positions if _is_hearsay(p)]
    if hearsay:
        clauses.append(f"{listed(hearsay)} said words that settle nothing")
    sentence = "; ".join(clause for clause in clauses if clause)
    return f"{sentence}." if sentence else "Nobody has denied or confirmed it."


def _clause(positions: Sequence[Position], stance: Kind | Strength) -> str:
    parties = [holder(p) for p in positions if stance in (p.strength, p.stance) and not _is_hearsay(p)]
    one, several = words.VERDICT[stance]
    return f"{listed(parties)} {one if len(parties) == 1 else several}" if parties else ""


def _is_hearsay(position: Position) -> bool:
    return not position.moves_status and position.strength is not Strength.NON_DENIAL


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names as a person lists them: "Ford, Xiaomi and BYD"; more than `most` are counted."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} others"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def quoted(row: TimelineRow) -> Marked:
    """A timeline row's words with the evidence marked, within its title where it stands in the title."""
    evidence, title = row.evidence, row.item_title
    if evidence.field == "title" and title[evidence.start : evidence.end] == evidence.text:
        return Marked(title[: evidence.start], evidence.text, title[evidence.end :])
    return Marked(row.before, evidence.text, row.after)


def after_report(at: datetime, item_id: str, rumor: Quotation | None) -> str:
    """How long after the first report, "" where none was seen or it came later."""
    if rumor is None or at < rumor.told_at:
        return ""
    if item_id == rumor.item_id:
        return "in the same article as the report"
    return f"{elapsed(at - rumor.told_at)} after the report"


def line(message: Message) -> str:
    """A message in one line, as its reader was told."""
    return first_line(message)


def is_of_feed(row: AlertRow | FeedAlertRow) -> bool:
    """Whether an alert is about a feed, not about a story."""
    return isinstance(row, FeedAlertRow)


def turned(event: EventType | None) -> bool:
    """Whether an event is a change of mind, which a headline says first."""
    return event is EventType.REVERSED
