"""Whether a statement is news in its item, or an old one told again.

How it decides: recap phrases (had denied, previously, as reported by) inside the statement's clause, and a
past year or another month at its head, make it old. What it leaves out: that the same quotation was seen
before in another item, which is the story's business.
"""

from __future__ import annotations

import re
from datetime import datetime

from service.core.reading.cues import Hit, Scan
from service.core.reading.lexicon import CueKind, Lexicon
from service.core.reading.sentences import Passage, Span
from service.core.text import fold

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_QUALIFIERS = (CueKind.RECAP, CueKind.RELAY, CueKind.RUMOR, CueKind.ECHO)
_DATE_REACH = 18
_BEFORE_CLAUSE = 40
_LEADS_IN = 2
_AFTER_YEAR = ("年", "/", "-", ".")


def qualified_by(kind: CueKind, hit: Hit, span: Span, passage: Passage, scan: Scan, limit: int) -> str | None:
    """The id of the phrase of `kind` (recap, relay) in, over or after the clause of `hit`, up to `limit`.

    A date inside a quotation is of what is told there, not of who tells it.
    """
    quotation = passage.quotation_at(hit.start)
    opened = quotation.start if quotation is not None else span.start
    for other in scan.hits_between(min(span.start, opened) - _BEFORE_CLAUSE, limit):
        leads_in = quotation is not None and 0 <= opened - other.end <= _LEADS_IN  # earlier he said: "..."
        near = other.cue.kind is kind and (other.end > span.start or leads_in) and _belongs(other, hit)
        near = near and passage.quotation_at(other.start) in (None, quotation)
        if near and not _is_of_another(other, hit, scan):
            return other.cue.id
    return None


def _belongs(recap: Hit, hit: Hit) -> bool:
    """Over the cue, or before it; after it only close by, or the recap belongs to what is denied."""
    return recap.start < hit.end or recap.start - hit.end <= recap.cue.reach


def _is_of_another(recap: Hit, hit: Hit, scan: Scan) -> bool:
    """Whether the phrase holds a statement of another kind ("after denying it, X confirmed")."""
    inside = (h.cue.kind for h in scan.hits_between(recap.start, recap.end))
    return any(kind is not hit.cue.kind and kind not in _QUALIFIERS for kind in inside)


def dated_back(
    hit: Hit, span: Span, passage: Passage, scan: Scan, told_at: datetime, lexicon: Lexicon
) -> bool:
    """Whether the clause's own date, before the cue or right after it, lies before the item's month."""
    reach = _DATE_REACH if lexicon.source.spaced else 0  # without spaces a date after the cue is the claim's
    start, end = span.start, min(span.end, hit.end + reach) if reach else hit.start
    years = [
        int(m.group()) for m in _YEAR.finditer(passage.flat, start, end) if _is_date(m, passage, lexicon)
    ]
    if years:
        return max(years) < told_at.year
    marks = (*scan.within("months", start, hit.start), *scan.within("months", hit.end, end))
    names = [fold(name) for name in lexicon.words("months")] if marks else []
    for mark in marks:
        if lexicon.source.capitals and not passage.text[mark.start].isupper():
            continue  # "may" and "march" are words too
        if scan.within("unreal", start, mark.start):
            continue  # it will happen then
        month = names.index(mark.value) % 12 + 1 if mark.value in names else told_at.month
        if (told_at.month - month) % 12 not in (0, 11) and not _near(month, told_at):
            return True
    return False


def _near(month: int, told_at: datetime) -> bool:
    """The month before counts as now in the first days of a month."""
    return (told_at.month - month) % 12 == 1 and told_at.day <= 5


def _is_date(match: re.Match[str], passage: Passage, lexicon: Lexicon) -> bool:
    """Whether a year dates the clause ("in 2019") and does not name a thing ("the 2019 merger")."""
    if not lexicon.source.spaced:  # a year inside a title or a document's number dates nothing
        return passage.quotation_at(match.start()) is None and passage.flat[match.end() :][:1] in _AFTER_YEAR
    before = passage.flat[max(0, match.start() - 16) : match.start()].split()
    return bool(before and lexicon.has("prepositions", before[-1]))
