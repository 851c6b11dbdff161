"""The commands `review`, `stories` and `decisions`: what a person is shown, and what they decide."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from service import wiring
from service.alerts.inert import one_line
from service.alerts.words import moment
from service.core.decisions import Act, Decision, in_force
from service.core.origins import Origin
from service.errors import InputError
from service.jsonl import dump
from service.settings import Settings
from service.store.codec import encode
from service.store.views import DoubtRow, StoryRow, TimelineRow
from workers.curating import Decided, Desk

MOST_STORIES = 200
MOST_DOUBTS = 200


def decide(settings: Settings, who: str, act: Callable[[Desk], Decided]) -> None:
    """Takes one decision in the service's ledger and prints its id and what was told because of it."""
    with closing(wiring.open_ledger(settings)) as ledger:
        desk = Desk(ledger, wiring.audience(settings, ledger).current(), who, wiring.utc_now())
        decided = act(desk)
    told = [d.alert for one in decided.handled for d in one.decisions if d.alert]
    decision = decided.decision
    into = f" into {decision.into}" if decision.into else ""
    _say(f"{decision.id}  {decision.act.value} {decision.story or ''}{into}".rstrip())
    for alert in told:
        _say(f"alert for {alert.subscription}: {alert.reason.value} ({alert.party})")
    _say(f"Undo it: rumorwatch stories undo {decision.id}")


def list_doubts(settings: Settings, *, jsonl: bool) -> None:
    """Prints the review list, the latest first."""
    with closing(wiring.open_ledger(settings)) as ledger:
        rows = ledger.reports.doubts(MOST_DOUBTS)
    if jsonl:
        for row in rows:
            _say(dump(_doubt_json(row)))
        return
    for row in rows:
        _say("\n".join(_doubt(row)))
    if not rows:
        _say("Nothing waits for a decision.")


def _doubt(row: DoubtRow) -> Iterator[str]:
    yield f"{row.id}  {moment(row.at)}  {row.outlet or 'unknown outlet'}: {one_line(row.item_title)}"
    yield f"  claims: {one_line(row.claim)}"
    for kind, party, words in row.statements:
        yield f"  {kind.value} by {party or 'nobody named'}: “{one_line(words)}”"
    yield f"  may belong to {row.story_id} ({row.story_status.value}): {one_line(row.story_claim)}"
    yield f"  score {row.score:.2f}: {'; '.join(row.reasons)}\n"


def _doubt_json(row: DoubtRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.at.isoformat(),
        "item": row.item_id,
        "outlet": row.outlet,
        "claim": row.claim,
        "statements": [
            {"kind": kind.value, "party": party, "text": words} for kind, party, words in row.statements
        ],
        "story": row.story_id,
        "story_claim": row.story_claim,
        "score": row.score,
        "reasons": list(row.reasons),
    }


def list_stories(settings: Settings, *, jsonl: bool) -> None:
    """Prints the stories, the latest moved first."""
    with closing(wiring.open_ledger(settings)) as ledger:
        rows = ledger.reports.stories(MOST_STORIES).items
    if jsonl:
        for row in rows:
            _say(dump(_story_json(row)))
        return
    table = Table(Column("id", no_wrap=True), "status", "last word", "reports", "alerts", "claim")
    for row in rows:
        cells = (row.id, row.status.value, moment(row.last_at), str(row.reports), str(row.alerts), row.claim)
        # Text, not markup: an item's words must not format our table.
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)


def _story_json(row: StoryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "claim": row.claim,
        "status": row.status.value,
        "opened_at": row.opened_at.isoformat(),
        "last_at": row.last_at.isoformat(),
        "reports": row.reports,
        "alerts": row.alerts,
    }


def show_story(settings: Settings, story_id: str) -> None:
    """Prints a story with its timeline. InputError where there is none."""
    with closing(wiring.open_ledger(settings)) as ledger:
        page = ledger.reports.story(story_id)
    if page is None:
        raise InputError(f"there is no story {story_id}.")
    story = page.story
    _say(f"{story.id}  {story.status.value}\n{one_line(story.claim)}")
    if story.origin is not None:
        _say(f"  {_origin(story.origin)}")
    for position in story.positions:
        firmly = f" ({position.strength.value})" if position.strength else ""
        _say(f"  {position.party}: {position.stance.value}{firmly}, {moment(position.at)}")
    for row in page.timeline:
        _say("\n".join(_told(row)))


def _origin(origin: Origin) -> str:
    outlet = one_line(origin.outlet or "an unknown outlet")
    how = f"named by {origin.named_by} others" if origin.named_by else "the first to report it"
    return f"from {outlet}, {how}; {origin.independent} independent of {origin.reports} reports"


def _told(row: TimelineRow) -> Iterator[str]:
    event = row.event.value if row.event else "nothing moved"
    yield f"\n{row.item_id}#{row.ordinal}  {moment(row.at)}  {row.outlet or 'unknown outlet'}"
    yield f"  {row.kind.value} by {row.party or 'nobody named'}  [{event}, {row.reason.value}]"
    yield f"  “{one_line(row.evidence.text)}”"
    if row.joined_because:
        yield f"  joined: {'; '.join(row.joined_because)}"


def list_decisions(settings: Settings) -> None:
    """Prints the log of decisions, the first one first."""
    log = _log(settings)
    standing = {decision.id for decision in in_force(log)}
    for decision in log:
        undone = decision.act is not Act.UNDO and decision.id not in standing
        _say("  ".join(_decided(decision, undone=undone)))
    if not log:
        _say("Nothing was decided yet.")


def _decided(decision: Decision, *, undone: bool) -> Iterator[str]:
    yield decision.id
    yield moment(decision.at)
    yield f"{decision.act.value} by {decision.who}{' (undone)' if undone else ''}"
    yield decision.undoes or decision.story or "no story"
    if decision.into:
        yield f"into {decision.into}"
    if decision.name or decision.why:
        yield one_line(" ".join(part for part in (decision.name, decision.why) if part))


def export_decisions(settings: Settings, file: Path | None) -> None:
    """Writes the log as JSON Lines to `file` or standard output."""
    lines = "".join(f"{encode(decision)}\n" for decision in _log(settings))
    if file is None:
        sys.stdout.buffer.write(lines.encode("utf-8"))
        sys.stdout.buffer.flush()
        return
    try:
        file.write_text(lines, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.") from None


def _log(settings: Settings) -> tuple[Decision, ...]:
    with closing(wiring.open_ledger(settings)) as ledger, ledger.looking() as transaction:
        return transaction.decisions()


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
