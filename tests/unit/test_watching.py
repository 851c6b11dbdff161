"""Whom a subscription watches, and what else it lets through: each filter has its own reason."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from service.core.alerting import decide_alert
from service.core.model import EventType, Kind, Reason, Role, Step, Subscription
from service.core.stories import advance, open_story
from service.core.watching import WatchKind, holds_word, word_of
from tests.builders import FORD_XIAOMI, SURE, a_statement, an_item, an_open_story

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "watching.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_word_is_found_in_its_bounds(case):
    assert holds_word(case["text"], word_of(WatchKind(case["kind"]), case["word"])) is case["found"]


def a_step(kind: Kind = Kind.DENIAL, **item) -> Step:
    told = replace(an_item("Ford says no.", day=1, item_id="the-denial"), **item)
    return advance(an_open_story(), a_statement(kind, words="Ford says no."), told, SURE)


def watching(kind: WatchKind, *texts: str) -> Subscription:
    return Subscription("s", words=tuple(word_of(kind, text) for text in texts))


def reason_of(subscription: Subscription, step: Step | None = None) -> Reason | None:
    decision = decide_alert(step or a_step(), subscription)
    return None if decision.alert else decision.reason


@pytest.mark.parametrize(
    ("subscription", "reason"),
    [
        (watching(WatchKind.COMPANY, "Ford"), None),
        (watching(WatchKind.KEYWORD, "合资", "joint venture"), None),
        (watching(WatchKind.KEYWORD, "merger"), Reason.NOT_WATCHED),
        # A keyword may stand in the title; a name there may belong to another claim.
        (watching(WatchKind.KEYWORD, "A title"), None),
        (
            watching(WatchKind.COMPANY, "A title"),
            Reason.NOT_WATCHED,
        ),
        (Subscription("s", languages=("zh",)), Reason.OTHER_LANGUAGE),
        (Subscription("s", languages=("zh", "en")), None),
        (Subscription("s", outlets=("Reuters",)), Reason.OTHER_OUTLET),
        (Subscription("s", outlets=("DAILY",)), None),
        (Subscription("s", outlets=("example.org",)), None),
        (Subscription("s", outlets=("ample.org",)), Reason.OTHER_OUTLET),
        (Subscription("s", events=(EventType.CONFIRMED,)), Reason.OTHER_EVENT),
        (Subscription("s", events=(EventType.DENIED,)), None),
        (Subscription("s", parties=("Xiaomi",)), Reason.OTHER_PARTY),
        (Subscription("s", parties=("Ford",)), None),
        (Subscription("s", minimum_confidence=0.95), Reason.UNSURE),
        (Subscription("s", minimum_confidence=0.9), None),
        (Subscription("s", paused=True), Reason.PAUSED),
    ],
)
def test_each_filter_lets_through_what_it_asks_for_and_says_why_not(subscription, reason):
    step = a_step(lang="en-GB", url="https://www.example.org/story")
    assert reason_of(subscription, step) is reason


def test_an_address_that_nobody_can_read_is_of_no_outlet():
    step = a_step(url="http://[")
    assert reason_of(Subscription("s", outlets=("example.org",)), step) is Reason.OTHER_OUTLET


def test_a_report_and_a_no_comment_alert_only_who_asks_for_them():
    rumor = a_statement(Kind.RUMOR, "Reuters", role=Role.OUTLET, claim=FORD_XIAOMI)
    opened = open_story(rumor, an_item(), SURE)
    silent = a_step(Kind.NO_COMMENT)
    asks = Subscription("s", events=(EventType.OPENED, EventType.NO_COMMENT))
    assert opened is not None
    for step, reason in ((opened, Reason.RUMOR), (silent, Reason.NO_COMMENT)):
        assert reason_of(Subscription("other"), step) is reason
        decision = decide_alert(step, asks)
        assert decision.alert is not None
        assert decision.alert.reason is reason
