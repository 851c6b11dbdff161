"""What a link in a mail does: mutes its story for its subscription, once, or takes it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.core.hushes import Hush, HushAct, hush_id, standing
from service.core.model import Story
from service.core.mute_tokens import MuteToken
from service.store.handling import Handling
from service.store.ledger import Ledger

WHO = "a link in a mail"


@dataclass(frozen=True, slots=True)
class MuteState:
    """A story as who holds a link sees it. `by_link`: it is muted, and a link did it."""

    claim: str
    subscription: str
    by_link: bool


def mute_state(ledger: Ledger, token: MuteToken) -> MuteState | None:
    """How the story of a link stands, None where it is no more."""
    with ledger.looking() as transaction:
        return _state(transaction, token)


def mute(ledger: Ledger, token: MuteToken, now: datetime) -> MuteState | None:
    """Mute the story for the subscription; nothing more where a link did it already."""
    with ledger.curating() as transaction:
        story = _living(transaction, token.story_id)
        if story is not None and not _muted(transaction, story, token):
            _say(transaction, HushAct.MUTE, story, token, now)
        return _state(transaction, token)


def unmute(ledger: Ledger, token: MuteToken, now: datetime) -> MuteState | None:
    """Take back what links did; what a person said elsewhere stays."""
    with ledger.curating() as transaction:
        story = _living(transaction, token.story_id)
        for hush in [] if story is None else _muted(transaction, story, token):
            assert story is not None
            _say(transaction, HushAct.UNDO, story, token, now, hush)
        return _state(transaction, token)


def _say(
    transaction: Handling,
    act: HushAct,
    story: Story,
    token: MuteToken,
    now: datetime,
    undoes: Hush | None = None,
) -> None:
    id_ = hush_id(transaction.count_hushes() + 1, act, story.id, now)
    whom = token.subscription if undoes is None else None
    where = story.id if undoes is None else undoes.story_id
    transaction.add_hush(Hush(id_, act, now, WHO, where, whom, undoes=undoes.id if undoes else None))


def _state(transaction: Handling, token: MuteToken) -> MuteState | None:
    story = _living(transaction, token.story_id)
    if story is None:
        return None
    return MuteState(story.claim.text, token.subscription, bool(_muted(transaction, story, token)))


def _muted(transaction: Handling, story: Story, token: MuteToken) -> list[Hush]:
    said = standing(transaction.hushes_of(story.id))
    mine = [one for one in said if one.act is HushAct.MUTE and one.who == WHO]
    return [one for one in mine if one.subscription == token.subscription]


def _living(transaction: Handling, story_id: str) -> Story | None:
    """The story, or the one that it was merged into."""
    story = transaction.story(story_id)
    while story is not None and story.became:
        story = transaction.story(story.became)
    return None if story is None or story.became is not None else story
