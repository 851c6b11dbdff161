"""The command `why`: what an item, a story or an alert went through, and which stage stopped it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

from service import wiring
from service.settings import Settings
from service.tracing import Chapter, End, Line, Why, why


def show_why(settings: Settings, asked: str, subscription: str | None) -> None:
    """Prints the answer for one subscription or all. InputError where there is nothing of that id."""
    with closing(wiring.open_ledger(settings)) as ledger:
        answer = why(ledger.traces, asked, subscription)
    sys.stdout.write("\n".join(report(answer)) + "\n")


def report(answer: Why) -> Iterator[str]:
    """The lines of an answer."""
    yield f"{answer.about} {answer.id}: {answer.title}"
    for chapter in answer.chapters:
        yield ""
        yield from _chapter(chapter)


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield chapter.title
    for line in chapter.lines:
        yield f"  {_line(line)}"
    for end in chapter.ends:
        yield from _end(end)
    if chapter.stopped_by is not None:
        yield f"  => stopped at: {chapter.stopped_by}"


def _end(end: End) -> Iterator[str]:
    yield f"  for {end.subscription}"
    for line in end.lines:
        yield f"    {_line(line)}"
    outcome = f"stopped at: {end.stopped_by} ({end.reason})" if end.stopped_by else f"told ({end.reason})"
    yield f"    => {outcome}"


def _line(line: Line) -> str:
    return f"{line.stage:<8} {line.text}{_stamp(line.at)}"


def _stamp(at: datetime | None) -> str:
    return f"  [{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}]" if at is not None else ""
