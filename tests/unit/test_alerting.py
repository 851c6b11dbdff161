"""Who hears of a step, who does not, and the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.core.alerting import EVERYTHING, decide_alert, is_watched
from service.core.model import Kind, Reason, Role, Step, Strength, Subscription
from service.core.stories import advance
from tests.builders import SURE, a_statement, an_item, an_open_story


def a_step(statement=None, *, backfill: bool = False, story=None) -> Step:
    item = replace(an_item(day=1, item_id="the-denial"), backfill=backfill)
    return advance(story or an_open_story(), statement or a_statement(), item, SURE)


@pytest.mark.parametrize("strength", [Strength.FLAT, Strength.LIMITED, Strength.NOT_AWARE])
def test_a_first_denial_alerts_from_not_aware_up(strength):
    decision = decide_alert(a_step(a_statement(strength=strength)), EVERYTHING)
    assert decision.alert is not None
    assert (decision.reason, decision.alert.strength) == (Reason.FIRST_DENIAL_BY_PARTY, strength)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (a_statement(strength=Strength.NON_DENIAL), Reason.BELOW_THRESHOLD),
        (a_statement(role=Role.SOURCE), Reason.BELOW_THRESHOLD),
        (a_statement(Kind.RUMOR, "Reuters"), Reason.RUMOR),
        (a_statement(Kind.NO_COMMENT), Reason.NO_COMMENT),
        (a_statement(Kind.STANDS_BY, "Reuters"), Reason.STANDS_BY),
        (a_statement(fresh=False), Reason.RECAP),
    ],
)
def test_what_is_no_news_alerts_nobody_and_says_why(statement, reason):
    decision = decide_alert(a_step(statement), EVERYTHING)
    assert (decision.alert, decision.reason) == (None, reason)


def test_a_backfill_builds_stories_and_alerts_nobody():
    step = a_step(backfill=True)
    assert step.story.position_of("Ford") is not None
    assert decide_alert(step, EVERYTHING).reason is Reason.BACKFILL
    assert decide_alert(step, EVERYTHING).alert is None


def test_a_subscription_hears_only_of_what_it_watches():
    apple, ford = Subscription("a", watchlist=("Apple",)), Subscription("f", watchlist=("Ford",))
    assert decide_alert(a_step(), apple).reason is Reason.NOT_WATCHED
    assert decide_alert(a_step(), ford).alert is not None


def test_a_subscription_may_ask_for_firm_denials_only():
    firm = Subscription("firm", minimum_strength=Strength.FLAT)
    decision = decide_alert(a_step(a_statement(strength=Strength.LIMITED)), firm)
    assert (decision.alert, decision.reason) == (None, Reason.BELOW_THRESHOLD)


def test_an_alert_carries_both_quotations_and_the_grid():
    alert = decide_alert(a_step(), EVERYTHING).alert
    assert alert is not None
    assert alert.rumor is not None
    assert (alert.rumor.item_id, alert.evidence.item_id) == ("the-report", "the-denial")
    assert [position.party for position in alert.positions] == ["Ford"]


def alert_id(statement, subscription=EVERYTHING) -> str:
    alert = decide_alert(a_step(statement), subscription).alert
    assert alert is not None
    return alert.id


def test_an_alert_is_one_for_subscription_story_party_stance_and_strength():
    same = alert_id(a_statement())
    assert same == alert_id(a_statement(words="It is said in other words."))
    others = {
        alert_id(a_statement(), Subscription("another")),
        alert_id(a_statement(party="Xiaomi")),
        alert_id(a_statement(strength=Strength.LIMITED)),
        alert_id(a_statement(Kind.CONFIRMATION)),
    }
    assert len(others) == 4
    assert same not in others


def test_a_turn_back_is_another_alert_than_the_first_denial():
    story = an_open_story()
    seen = []
    kinds = (Kind.DENIAL, Kind.CONFIRMATION, Kind.DENIAL, Kind.CONFIRMATION)
    for day, kind in enumerate(kinds, start=1):
        step = advance(story, a_statement(kind), an_item(day=day), SURE)
        alert = decide_alert(step, EVERYTHING).alert
        assert alert is not None
        seen.append(alert.id)
        story = step.story
    assert len(set(seen)) == 4


def test_an_empty_watchlist_watches_everything():
    assert is_watched(a_statement(), ())
    assert is_watched(a_statement(), ("Xiaomi",))
    assert not is_watched(a_statement(), ("Apple",))
