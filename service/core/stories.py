"""How a story moves: one statement in, one step out.

How it decides: the statement is compared with its party's position and becomes a Move; TRANSITIONS says what
that move means to a story of that status; the status itself is always folded from the positions, so it can't
drift away from the grid that a person sees. What it leaves out: whether the statement belongs to this story
(matching.py) and who is told (alerting.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from service.core.model import (
    Claim,
    EventType,
    Item,
    Kind,
    Match,
    Position,
    Quotation,
    Reason,
    Statement,
    Status,
    Step,
    Story,
    Strength,
)
from service.core.text import name_key, stable_id

# A story without news for this long is dormant: its next report revives it.
DORMANT_AFTER = timedelta(days=180)
# A story's profile stops growing here, so that a long-lived story does not come to match everything.
MOST_TERMS = 60
MOST_PRINCIPALS = 4


class Move(StrEnum):
    """What a statement means, given what its party said before."""

    REPORT = "report"  # the claim is told, again or for the first time
    SILENCE = "silence"  # a party's first no comment
    SOFT_DENIAL = "soft_denial"  # a non-denial, or a denial by somebody who cannot know
    DENIAL = "denial"  # a party's first firm denial
    STRONGER_DENIAL = "stronger_denial"
    TURN_TO_DENIAL = "turn_to_denial"  # it confirmed before
    CONFIRMATION = "confirmation"  # a party's first, and nobody denies
    OVERTURN = "overturn"  # a party's first, against another's denial
    TURN_TO_CONFIRMATION = "turn_to_confirmation"  # it denied before
    RETRACTION = "retraction"
    STANDS_BY = "stands_by"
    REPEAT = "repeat"  # said before, or weaker than before
    RECAP = "recap"  # old news told inside a newer item


@dataclass(frozen=True, slots=True)
class Transition:
    """What a move does: the event, and the statuses that the fold may end in."""

    event: EventType | None
    to: frozenset[Status]


_REASON = {
    Move.REPORT: Reason.RUMOR,
    Move.SILENCE: Reason.NO_COMMENT,
    Move.SOFT_DENIAL: Reason.BELOW_THRESHOLD,
    Move.DENIAL: Reason.FIRST_DENIAL_BY_PARTY,
    Move.STRONGER_DENIAL: Reason.STRONGER_DENIAL,
    Move.TURN_TO_DENIAL: Reason.REVERSAL,
    Move.CONFIRMATION: Reason.FIRST_CONFIRMATION_BY_PARTY,
    Move.OVERTURN: Reason.REVERSAL,
    Move.TURN_TO_CONFIRMATION: Reason.REVERSAL,
    Move.RETRACTION: Reason.RETRACTION,
    Move.STANDS_BY: Reason.STANDS_BY,
    Move.REPEAT: Reason.REPEAT,
    Move.RECAP: Reason.RECAP,
}

_OPEN, _DENIED, _CONFIRMED = Status.OPEN, Status.DENIED, Status.CONFIRMED
_DISPUTED, _RETRACTED = Status.DISPUTED, Status.RETRACTED


def _to(event: EventType | None, *statuses: Status) -> Transition:
    return Transition(event, frozenset(statuses))


# Every pair of status and move. A pair that can't come up by itself (a party can't turn in an open story) has
# its row all the same: a person may correct positions by hand, and the fold then decides.
TRANSITIONS: dict[tuple[Status, Move], Transition] = {
    (_OPEN, Move.REPORT): _to(EventType.SPREAD, _OPEN),
    (_OPEN, Move.SILENCE): _to(EventType.NO_COMMENT, _OPEN),
    (_OPEN, Move.SOFT_DENIAL): _to(None, _OPEN),
    (_OPEN, Move.DENIAL): _to(EventType.DENIED, _DENIED, _DISPUTED),
    (_OPEN, Move.STRONGER_DENIAL): _to(EventType.DENIED, _DENIED, _DISPUTED),
    (_OPEN, Move.TURN_TO_DENIAL): _to(EventType.REVERSED, _DENIED, _DISPUTED),
    (_OPEN, Move.CONFIRMATION): _to(EventType.CONFIRMED, _CONFIRMED),
    (_OPEN, Move.OVERTURN): _to(EventType.REVERSED, _CONFIRMED, _DISPUTED),
    (_OPEN, Move.TURN_TO_CONFIRMATION): _to(EventType.REVERSED, _CONFIRMED, _DISPUTED),
    (_OPEN, Move.RETRACTION): _to(EventType.RETRACTED, _RETRACTED),
    (_OPEN, Move.STANDS_BY): _to(None, _OPEN),
    (_OPEN, Move.REPEAT): _to(None, _OPEN),
    (_OPEN, Move.RECAP): _to(None, _OPEN),
    (_DENIED, Move.REPORT): _to(EventType.SPREAD, _DENIED),
    (_DENIED, Move.SILENCE): _to(EventType.NO_COMMENT, _DENIED),
    (_DENIED, Move.SOFT_DENIAL): _to(None, _DENIED),
    (_DENIED, Move.DENIAL): _to(EventType.DENIED, _DENIED),
    (_DENIED, Move.STRONGER_DENIAL): _to(EventType.DENIED, _DENIED),
    (_DENIED, Move.TURN_TO_DENIAL): _to(EventType.REVERSED, _DENIED),
    (_DENIED, Move.CONFIRMATION): _to(EventType.CONFIRMED, _DISPUTED, _CONFIRMED),
    (_DENIED, Move.OVERTURN): _to(EventType.REVERSED, _DISPUTED, _CONFIRMED),
    (_DENIED, Move.TURN_TO_CONFIRMATION): _to(EventType.REVERSED, _CONFIRMED, _DISPUTED),
    (_DENIED, Move.RETRACTION): _to(EventType.RETRACTED, _RETRACTED),
    (_DENIED, Move.STANDS_BY): _to(EventType.DISPUTED, _DISPUTED),
    (_DENIED, Move.REPEAT): _to(None, _DENIED),
    (_DENIED, Move.RECAP): _to(None, _DENIED),
    (_CONFIRMED, Move.REPORT): _to(EventType.SPREAD, _CONFIRMED),
    (_CONFIRMED, Move.SILENCE): _to(EventType.NO_COMMENT, _CONFIRMED),
    (_CONFIRMED, Move.SOFT_DENIAL): _to(None, _CONFIRMED),
    (_CONFIRMED, Move.DENIAL): _to(EventType.DISPUTED, _DISPUTED),
    (_CONFIRMED, Move.STRONGER_DENIAL): _to(EventType.DISPUTED, _DISPUTED),
    (_CONFIRMED, Move.TURN_TO_DENIAL): _to(EventType.REVERSED, _DENIED, _DISPUTED, _RETRACTED),
    (_CONFIRMED, Move.CONFIRMATION): _to(EventType.CONFIRMED, _CONFIRMED),
    (_CONFIRMED, Move.OVERTURN): _to(EventType.REVERSED, _CONFIRMED, _DISPUTED),
    (_CONFIRMED, Move.TURN_TO_CONFIRMATION): _to(EventType.REVERSED, _CONFIRMED),
    (_CONFIRMED, Move.RETRACTION): _to(EventType.RETRACTED, _CONFIRMED),
    (_CONFIRMED, Move.STANDS_BY): _to(None, _CONFIRMED),
    (_CONFIRMED, Move.REPEAT): _to(None, _CONFIRMED),
    (_CONFIRMED, Move.RECAP): _to(None, _CONFIRMED),
    (_DISPUTED, Move.REPORT): _to(EventType.SPREAD, _DISPUTED),
    (_DISPUTED, Move.SILENCE): _to(EventType.NO_COMMENT, _DISPUTED),
    (_DISPUTED, Move.SOFT_DENIAL): _to(None, _DISPUTED),
    (_DISPUTED, Move.DENIAL): _to(EventType.DENIED, _DISPUTED, _DENIED),
    (_DISPUTED, Move.STRONGER_DENIAL): _to(EventType.DENIED, _DISPUTED),
    (_DISPUTED, Move.TURN_TO_DENIAL): _to(EventType.REVERSED, _DENIED, _DISPUTED, _RETRACTED),
    (_DISPUTED, Move.CONFIRMATION): _to(EventType.CONFIRMED, _DISPUTED),
    (_DISPUTED, Move.OVERTURN): _to(EventType.REVERSED, _DISPUTED),
    (_DISPUTED, Move.TURN_TO_CONFIRMATION): _to(EventType.REVERSED, _CONFIRMED, _DISPUTED),
    (_DISPUTED, Move.RETRACTION): _to(EventType.RETRACTED, _DISPUTED, _RETRACTED),
    (_DISPUTED, Move.STANDS_BY): _to(None, _DISPUTED),
    (_DISPUTED, Move.REPEAT): _to(None, _DISPUTED),
    (_DISPUTED, Move.RECAP): _to(None, _DISPUTED),
    (_RETRACTED, Move.REPORT): _to(EventType.SPREAD, _RETRACTED),
    (_RETRACTED, Move.SILENCE): _to(EventType.NO_COMMENT, _RETRACTED),
    (_RETRACTED, Move.SOFT_DENIAL): _to(None, _RETRACTED),
    (_RETRACTED, Move.DENIAL): _to(EventType.DENIED, _RETRACTED, _DENIED, _DISPUTED),
    (_RETRACTED, Move.STRONGER_DENIAL): _to(EventType.DENIED, _RETRACTED),
    (_RETRACTED, Move.TURN_TO_DENIAL): _to(EventType.REVERSED, _RETRACTED, _DISPUTED),
    (_RETRACTED, Move.CONFIRMATION): _to(EventType.CONFIRMED, _CONFIRMED),
    (_RETRACTED, Move.OVERTURN): _to(EventType.REVERSED, _DISPUTED, _CONFIRMED),
    (_RETRACTED, Move.TURN_TO_CONFIRMATION): _to(EventType.REVERSED, _CONFIRMED, _DISPUTED),
    (_RETRACTED, Move.RETRACTION): _to(EventType.RETRACTED, _RETRACTED),
    (_RETRACTED, Move.STANDS_BY): _to(EventType.DISPUTED, _RETRACTED, _OPEN, _DISPUTED),
    (_RETRACTED, Move.REPEAT): _to(None, _RETRACTED),
    (_RETRACTED, Move.RECAP): _to(None, _RETRACTED),
}

_OPENS = {
    Move.REPORT: EventType.OPENED,
    Move.SOFT_DENIAL: EventType.OPENED,
    Move.DENIAL: EventType.DENIED,
    Move.CONFIRMATION: EventType.CONFIRMED,
}


def fold_status(positions: tuple[Position, ...]) -> Status:
    """The status that these positions amount to; see the statuses of ARCHITECTURE.md."""
    moving = [p for p in positions if p.moves_status]
    stances = {p.stance for p in moving}
    denied, confirmed = Kind.DENIAL in stances, Kind.CONFIRMATION in stances
    if confirmed:
        return Status.DISPUTED if denied else Status.CONFIRMED
    if Kind.RETRACTION in stances:
        return Status.RETRACTED
    if denied:
        return Status.DISPUTED if Kind.STANDS_BY in stances else Status.DENIED
    return Status.OPEN


def quote(statement: Statement, item: Item) -> Quotation:
    """The statement's words with where they stand."""
    evidence = statement.evidence
    return Quotation(
        text=evidence.text,
        field=evidence.field,
        start=evidence.start,
        end=evidence.end,
        item_id=item.id,
        url=item.url,
        outlet=item.outlet,
        title=item.title,
        told_at=item.told_at,
        kind=statement.kind,
        party=statement.party,
        speaker=statement.speaker,
    )


def advance(
    story: Story, statement: Statement, item: Item, joined: Match, *, told_already: bool = False
) -> Step:
    """What `statement` does to `story`. `told_already`: this item has reported this story's claim before."""
    if not joined.sure:
        supposed = advance(story, statement, item, replace(joined, sure=True), told_already=told_already)
        return replace(hold_still(story, statement, item, joined, Reason.DOUBTFUL_JOIN), supposed=supposed)
    move = move_of(story, statement, item, told_already=told_already)
    quotation = quote(statement, item)
    after = _moved(story, statement, item, quotation, move)
    event = TRANSITIONS[(story.status, move)].event
    if move is Move.REPORT and item.told_at - story.last_at > DORMANT_AFTER:
        event = EventType.REVIVED
    earlier = _earlier(story, statement, move)
    return Step(after, statement, item, quotation, event, _REASON[move], joined, earlier)


def open_story(
    statement: Statement, item: Item, joined: Match, *, story_id: str | None = None
) -> Step | None:
    """The step that opens a story with `statement`, or None where such a statement opens none.

    A report opens one; so does a denial whose rumor was not seen, and, as news to nobody, a confirmation:
    whoever takes it back later turns. Silence and recaps do not.
    `story_id`: the id of a story that is folded anew.
    """
    story = blank_story(story_id or opened_id(statement, item), statement, item)
    move = move_of(story, statement, item)
    if move not in _OPENS:
        return None
    quotation = quote(statement, item)
    after = _moved(story, statement, item, quotation, move)
    reason = Reason.EARLY if move is Move.CONFIRMATION else _REASON[move]
    return Step(after, statement, item, quotation, _OPENS[move], reason, joined)


def opened_id(statement: Statement, item: Item) -> str:
    """The id of the story that `statement` opens: the same words give the same, on every machine."""
    evidence = statement.evidence.text
    return stable_id("s", item.told_at.isoformat(), item.title, evidence, statement.claim.text)


def blank_story(story_id: str, statement: Statement, item: Item) -> Story:
    """A story in which nothing has been said yet, about the claim of `statement`."""
    return Story(
        id=story_id,
        claim=statement.claim,
        status=Status.OPEN,
        positions=(),
        opened_at=item.told_at,
        last_at=item.told_at,
    )


def move_of(story: Story, statement: Statement, item: Item, *, told_already: bool = False) -> Move:
    """What `statement` means to `story`, given what its party said before."""
    if not statement.fresh:
        return Move.RECAP
    if statement.kind is Kind.RUMOR:
        return Move.REPEAT if told_already else Move.REPORT
    before = story.position_of(statement.party) if statement.party else None
    if before is not None and before.at > item.told_at and before.stance is not Kind.NO_COMMENT:
        return Move.REPEAT  # arrived late: the party has spoken since
    match statement.kind:
        case Kind.DENIAL:
            return _denial_move(before, statement)
        case Kind.CONFIRMATION:
            return _confirmation_move(story, before, statement)
        case Kind.NO_COMMENT:
            return Move.SILENCE if before is None and statement.party else Move.REPEAT
        case Kind.RETRACTION:
            return _outlet_move(before, statement, Move.RETRACTION)
        case _:
            return _outlet_move(before, statement, Move.STANDS_BY)


def _outlet_move(before: Position | None, statement: Statement, move: Move) -> Move:
    # A party that denies or confirms is no bystander: its own word counts, not what it says of a report.
    settled = (statement.kind, Kind.DENIAL, Kind.CONFIRMATION)
    said_before = before is not None and before.stance in settled
    return Move.REPEAT if said_before or statement.party is None else move


def _denial_move(before: Position | None, statement: Statement) -> Move:
    if not _is_firm(statement):
        soft_is_new = before is None or before.stance is Kind.NO_COMMENT
        return Move.SOFT_DENIAL if soft_is_new else Move.REPEAT
    if before is None or not before.moves_status:
        return Move.DENIAL
    if before.stance is Kind.CONFIRMATION:
        return Move.TURN_TO_DENIAL
    if before.stance is not Kind.DENIAL:
        return Move.DENIAL
    return Move.STRONGER_DENIAL if _rank(statement.strength) > _rank(before.strength) else Move.REPEAT


def _is_firm(statement: Statement) -> bool:
    known = statement.party is not None and statement.role is not None and statement.role.can_know
    return known and statement.strength is not Strength.NON_DENIAL


def _rank(strength: Strength | None) -> int:
    return -1 if strength is None else strength.rank


def _confirmation_move(story: Story, before: Position | None, statement: Statement) -> Move:
    if statement.party is None or statement.role is None or not statement.role.can_know:
        return Move.REPEAT
    if before is not None and before.moves_status and before.stance is Kind.DENIAL:
        return Move.TURN_TO_CONFIRMATION
    if before is not None and before.stance is Kind.CONFIRMATION:
        return Move.REPEAT
    stances = {p.stance for p in story.positions if p.moves_status}
    overturns = Kind.DENIAL in stances and Kind.CONFIRMATION not in stances
    return Move.OVERTURN if overturns else Move.CONFIRMATION


def _moved(story: Story, statement: Statement, item: Item, quotation: Quotation, move: Move) -> Story:
    positions = story.positions
    if move not in (Move.REPORT, Move.REPEAT, Move.RECAP) and statement.party:
        positions = _with_position(positions, statement, item, quotation)
    first_report = story.rumor is None and statement.kind is Kind.RUMOR and move is Move.REPORT
    return replace(
        story,
        claim=_grown(story.claim, statement.claim) if move is not Move.RECAP else story.claim,
        status=fold_status(positions),
        positions=positions,
        opened_at=min(story.opened_at, item.told_at) if move is Move.REPORT else story.opened_at,
        last_at=story.last_at if move is Move.RECAP else max(story.last_at, item.told_at),
        rumor=quotation if first_report else story.rumor,
        version=story.version + 1,
        reports=story.reports + (move is Move.REPORT),
        repeats=story.repeats + (move in (Move.REPEAT, Move.RECAP)),
    )


def _with_position(
    positions: tuple[Position, ...], statement: Statement, item: Item, quotation: Quotation
) -> tuple[Position, ...]:
    assert statement.party is not None
    new = Position(
        party=statement.party,
        stance=statement.kind,
        strength=statement.strength,
        role=statement.role,
        speaker=statement.speaker,
        at=item.told_at,
        quotation=quotation,
    )
    key = name_key(new.party)
    if not any(name_key(p.party) == key for p in positions):
        return (*positions, new)
    # A party that is spelled another way this time keeps the name by which it is in the grid.
    return tuple(replace(new, party=p.party) if name_key(p.party) == key else p for p in positions)


def _grown(claim: Claim, more: Claim) -> Claim:
    principals = claim.principals
    if len(principals) < 2:
        principals = tuple(dict.fromkeys((*principals, *more.principals)))[:MOST_PRINCIPALS]
    return replace(
        claim,
        principals=principals,
        firm=max(claim.firm, min(more.firm, len(principals))),
        relations=tuple(dict.fromkeys((*claim.relations, *more.relations)))[:MOST_PRINCIPALS],
        terms=_kept(claim.terms, more.terms),
        figures=_kept(claim.figures, more.figures),
        lang=claim.lang if claim.lang == more.lang else "",
        setting=_kept(claim.setting, more.setting) if claim.lang == more.lang else claim.setting,
    )


def _kept(words: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    new = [word for word in more if word not in words]
    return tuple(sorted((*words, *new[: max(0, MOST_TERMS - len(words))])))


def _earlier(story: Story, statement: Statement, move: Move) -> Quotation | None:
    if move in (Move.TURN_TO_DENIAL, Move.TURN_TO_CONFIRMATION, Move.STRONGER_DENIAL):
        before = story.position_of(statement.party or "")
        return before.quotation if before else None
    if move is Move.OVERTURN:
        denials = [p for p in story.positions if p.stance is Kind.DENIAL and p.moves_status]
        return max(denials, key=lambda p: p.at).quotation
    return None


def hold_still(story: Story, statement: Statement, item: Item, joined: Match, reason: Reason) -> Step:
    """The step of a statement that is linked to `story` and moves nothing, for `reason`."""
    unmoved = replace(story, version=story.version + 1)
    return Step(unmoved, statement, item, quote(statement, item), None, reason, joined)
