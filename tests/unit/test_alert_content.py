"""What an alert says: who carries it, what came of earlier words, in which language, by whose first line."""

from __future__ import annotations

import json
import re
import string
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from service.alerts.chinese import CHINESE
from service.alerts.lines import TONGUES, backing_lines, first_line
from service.alerts.payload import webhook_body
from service.alerts.render import html, plain_text, view
from service.alerts.tongue import Tongue
from service.alerts.words import ENGLISH
from service.core.backing import Backing, Track
from service.core.breaking import ChannelEvent
from service.core.first_lines import ROOMS, check
from service.core.history import FeedEvent
from service.core.messages import ChannelAlert, Digest, FeedAlert
from service.core.model import Alert, Kind, Reason, Role, Strength
from service.core.words import Hold
from tests.alert_examples import BASE_URL, RUMOR, XIAOMI_DENIES, denial, reversal

OUTLET = Track("longportapp.cn", 3, 14, 0.0759, 0.4759)
BACKING = Backing("longportapp.cn", 2, 5, 3, OUTLET, Track("Xiaomi", 1, 4))


def backed(language: str = "en") -> Alert:
    return replace(denial(), backing=BACKING, language=language)


def test_a_person_reads_who_carries_it_and_what_came_of_earlier_words() -> None:
    lines = view(backed(), BASE_URL).backing
    assert lines == (
        "3 independent sources carry it, in 5 reports.",
        "longportapp.cn told it first, as 2 other outlets say.",
        "Of 14 rumors that longportapp.cn told first and that ended, 3 were confirmed (8 to 48 %, at 95 %).",
        "Xiaomi denied 4 stories so far: too few to say anything.",
        "That is what came of earlier words, and says nothing of how true these are.",
    )
    for shown in (plain_text(backed(), BASE_URL), html(backed(), BASE_URL)):
        assert all(line in shown for line in lines)


def test_a_record_is_never_shown_as_a_truth() -> None:
    for tongue in TONGUES.values():
        said = " ".join(backing_lines(tongue, BACKING)).lower()
        assert not {"reliable", "true stories", "trust", "accura", "可信", "属实"} & set(said.split())
        assert tongue.say("track_note").lower() in said


def test_what_nobody_reported_and_nobody_knows_is_not_made_up() -> None:
    assert backing_lines(ENGLISH, None) == ()
    assert backing_lines(ENGLISH, Backing(None, 0, 0, 0)) == ()
    assert backing_lines(ENGLISH, Backing("wire", 0, 1, 1)) == (
        "1 independent source carries it (reports seen: 1).",
        "wire told it first, as far as was seen.",
    )


def test_a_program_gets_the_same_as_numbers() -> None:
    data = json.loads(webhook_body(backed(), BASE_URL))["data"]
    assert data["after_seconds"] == timedelta(days=2, hours=11).total_seconds()
    assert data["language"] == "en"
    assert data["backing"] == {
        "origin": "longportapp.cn",
        "named_by": 2,
        "reports": 5,
        "independent": 3,
        "outlet_record": {"name": "longportapp.cn", "part": 3, "of": 14, "low": 0.0759, "high": 0.4759},
        "party_record": {"name": "Xiaomi", "part": 1, "of": 4, "low": None, "high": None},
    }


# --- the first line ---------------------------------------------------------------------------------

LONG = "Bayerische Motoren Werke Aktiengesellschaft of Munich and Others"


@pytest.mark.parametrize(("language", "strength", "role"), list(product(TONGUES, Strength, Role)))
def test_a_phone_shows_who_does_what_in_the_first_seventy_characters(
    language: str, strength: Strength, role: Role
) -> None:
    alert = replace(denial(), language=language, strength=strength, role=role, party=LONG)
    line = first_line(alert)
    said = TONGUES[language].stance(Kind.DENIAL, strength)
    assert line.index(said) + len(said) <= 75


# --- languages --------------------------------------------------------------------------------------


def rooms_of(phrase: str) -> set[str]:
    return {room for _, room, _, _ in string.Formatter().parse(phrase) if room}


def test_every_language_has_the_same_phrases_with_the_same_rooms_and_a_word_for_everything() -> None:
    plain = {name for name in ENGLISH.phrases if not name.endswith(".one")}
    assert plain == set(CHINESE.phrases)
    for name in plain:
        assert rooms_of(ENGLISH.phrases[name]) == rooms_of(CHINESE.phrases[name]), name
    for table in ("stances", "roles", "statuses", "reasons", "holds", "feed_events", "channel_events"):
        assert set(getattr(ENGLISH, table)) == set(getattr(CHINESE, table)), table


def messages(language: str) -> list[Any]:
    alert = backed(language)
    at, address = alert.at, "http://e.example"
    feed = FeedAlert("a", "s", FeedEvent.DARK, Reason.FEED_NOTICE, "f", "Wire", address, at, "w", language)
    channel = ChannelAlert("a", "channels", ChannelEvent.FAILING, "hook", at, at, 2, "503", language)
    digest = Digest("g", "s", alert.at, alert.at, (Hold.STORM, Hold.DIGEST), 9, (alert,), (feed,), language)
    return [alert, replace(reversal(), language=language), feed, channel, digest]


@pytest.mark.parametrize("number", range(5))
def test_a_chinese_reader_is_told_in_chinese_and_quoted_what_was_said(number: int) -> None:
    message = messages("zh")[number]
    text, page = plain_text(message, BASE_URL), html(message, BASE_URL)
    english = [one for one in ENGLISH.phrases.values() if len(one) > 5 and "{" not in one]
    assert not [one for one in english if one in text]
    assert '<html lang="zh">' in page
    if isinstance(message, Alert):
        assert message.evidence.text in text
        assert RUMOR.text in text
    assert "您为何收到" in text


def test_the_first_line_in_chinese_says_who_denies_what() -> None:
    assert first_line(backed("zh")) == "Xiaomi断然否认：Ford in talks with Xiaomi on a US joint venture"


def test_a_language_that_we_do_not_have_is_english() -> None:
    assert first_line(replace(denial(), language="tlh")) == first_line(denial())


def test_the_mail_in_chinese_is_the_golden_one() -> None:
    golden = Path(__file__).parent.parent / "cases" / "alerts" / "denial.zh.txt"
    assert plain_text(backed("zh"), BASE_URL) == golden.read_text("utf-8")


def test_a_count_of_one_has_its_own_words_where_a_language_has_some() -> None:
    assert ENGLISH.count("given_up", 1) == "1 delivery was given up"
    assert CHINESE.count("given_up", 1) == "放弃了 1 次送达"


# --- templates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{party} denies {claim}", "Xiaomi denies Ford in talks with Xiaomi on a US joint venture"),
        (
            "[{strength}] {who} {stance}, {after}",
            "[flat] Xiaomi denies it flatly, 2 days 11 h after the report",
        ),
        ("{{{outlet}}}", "{louisvelazquez.com}"),
        ("{speaker}", "Xiaomi denies it flatly: Ford in talks with Xiaomi on a US joint venture"),
    ],
)
def test_a_subscription_may_have_a_first_line_of_its_own(template: str, line: str) -> None:
    check(template)
    assert first_line(replace(denial(), template=template)) == line


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{party} denies {rumour}", "'rumour'"),
        ("{claim.__class__}", "claim.__class__"),
        ("{claim[0]}", "claim"),
        ("{0}", "'0'"),
        ("{}", "''"),
        ("{claim!r}", "a format"),
        ("{claim:>100000}", "a format"),
        ("{party", "brace"),
        ("one\ntwo", "one line"),
        ("x" * 201, "at most 200"),
    ],
)
def test_a_template_that_names_what_there_is_not_is_refused_by_name(template: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        check(template)


def test_every_room_can_be_filled_and_feed_text_is_inert_in_it() -> None:
    template = " ".join(f"{{{room}}}" for room in ROOMS)
    said = replace(XIAOMI_DENIES, outlet="a\u202eb")
    alert = replace(denial(), template=template[:200], claim="x\r\nBcc: you@e.example {party}", evidence=said)
    line = first_line(alert)
    assert "\n" not in line
    assert "\u202e" not in line
    assert "{party}" in line  # what a feed writes in braces stands for nothing


def test_both_languages_are_tongues() -> None:
    assert all(isinstance(one, Tongue) for one in TONGUES.values())
