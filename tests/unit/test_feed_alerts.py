"""Who hears of what befell a feed, and what they are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from service.alerts.channels import MailChannel
from service.alerts.mail import message
from service.alerts.render import first_line, html, plain_text, webhook_body
from service.core.feed_alerts import Subject, decide_feed
from service.core.history import FeedEvent, FeedNotice
from service.core.messages import FeedAlert
from service.core.model import Reason, Subscription

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
WIRE = Subject("f_1", "The Wire", "https://wire.example/feed")
ALL, FORD = Subscription("all"), Subscription("ford", watchlist=("Ford",))


def decided(event: FeedEvent, subscription: Subscription = ALL) -> object:
    return decide_feed(FeedNotice(event, "nothing came since noon"), WIRE, subscription, AT)


def told(event: FeedEvent = FeedEvent.DARK, why: str = "nothing came since noon") -> FeedAlert:
    decision = decide_feed(FeedNotice(event, why), WIRE, ALL, AT)
    assert decision is not None
    assert decision.alert is not None
    return decision.alert


@pytest.mark.parametrize("event", FeedEvent)
def test_dark_back_gone_and_moved_are_told_and_nothing_else(event):
    alerts = event in ("feed.dark", "feed.back", "feed.gone", "feed.moved")
    assert (decided(event) is not None) is alerts


@pytest.mark.parametrize(
    ("feeds", "watchlist", "hears"),
    [
        (None, (), True),
        (None, ("Ford",), False),
        (True, ("Ford",), True),
        (False, (), False),
    ],
)
def test_whoever_watches_everything_hears_of_feeds_unless_it_says_otherwise(feeds, watchlist, hears):
    decision = decided(FeedEvent.DARK, Subscription("s", watchlist=watchlist, feeds=feeds))
    assert (decision.alert is not None) is hears
    assert decision.reason is (Reason.FEED_NOTICE if hears else Reason.NOT_WATCHED)


def test_each_darkness_of_a_feed_is_an_alert_of_its_own():
    again = decide_feed(FeedNotice(FeedEvent.DARK, "x"), WIRE, ALL, AT.replace(day=2))
    assert len({told().id, told(FeedEvent.BACK).id, again.alert.id}) == 3
    assert told().id == told(why="in other words").id


def test_a_program_is_told_the_feed_in_the_place_of_the_story():
    body = json.loads(webhook_body(told(), "http://127.0.0.1:8731/"))
    assert (body["type"], body["timestamp"]) == ("feed.dark", "2026-03-01T12:00:00Z")
    assert body["data"]["feed"] == {"id": "f_1", "outlet": "The Wire", "url": "https://wire.example/feed"}
    assert body["data"]["links"] == {"feeds": "http://127.0.0.1:8731/#feeds"}
    assert "story" not in body["data"]


def test_a_person_reads_which_feed_and_why_in_the_first_line():
    assert first_line(told()) == "The feed The Wire brings nothing any more: nothing came since noon"
    lines = plain_text(told(), "http://127.0.0.1:8731").splitlines()
    assert lines[-2:] == [
        "Why you get this: it befell a feed that is watched (subscription all).",
        "Feeds: http://127.0.0.1:8731/#feeds",
    ]


def test_the_words_of_a_feed_are_inert_in_a_mail():
    hostile = told(why="<script>alert(1)</script>\r\nBcc: all@example.org =?utf-8?q?=0aX?=")
    assert "<script>" not in html(hostile, "http://127.0.0.1:8731")
    channel = MailChannel("m", "127.0.0.1", 25, "none", None, None, "a@example.org", ("b@example.org",))
    mail = message(channel, "http://127.0.0.1:8731", "msg_1", hostile, AT)
    assert mail["Bcc"] is None
    assert mail["References"] == "<f_1@example.org>"
    assert str(mail["Subject"]).startswith("The feed The Wire brings nothing")
