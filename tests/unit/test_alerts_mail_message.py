"""The mail as it is written, whatever feeds put into it."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings, strategies as st

from service.alerts.channels import MailChannel
from service.alerts.mail import message
from service.core.model import Alert
from tests.alert_examples import BASE_URL, XIAOMI_DENIES, denial

AT = datetime(2026, 2, 3, 15, 0, 2, tzinfo=UTC)
CHANNEL = MailChannel(
    "post", "mail.example", 587, "none", None, None, "watch@example.org", ("anna@example.com",)
)
HEADERS = [
    "subject",
    "from",
    "to",
    "date",
    "message-id",
    "references",
    "auto-submitted",
    "mime-version",
    "content-type",
]

# What a header or an encoded word is made of, so that chance meets it often.
CRUMBS = st.lists(
    st.one_of(
        st.sampled_from(["=?", "?=", "=?utf-8?q?", "=?utf-8?b?DQpCY2M6IGFAYg==?=", "=0D=0A", "\r\n", "\n"]),
        st.sampled_from(["Bcc: a@b", "小米", "–", " ", "<", ">", ",", ";", '"', "\\", "=", "?", "x" * 90]),
        st.sampled_from(["\x00", "\u2028", "\ud800", "\x85"]),
        st.text(max_size=20),
    ),
    max_size=30,
).map("".join)


def written(alert: Alert, delivery_id: str = "msg_1") -> EmailMessage:
    """The mail after its way over the wire."""
    return message_from_bytes(message(CHANNEL, BASE_URL, delivery_id, alert, AT).as_bytes(), policy=SMTP)


def saying(text: str) -> Alert:
    said = replace(XIAOMI_DENIES, text=text, title=text, outlet=text, url=text)
    return replace(denial(), claim=text, party=text, story_id=text, subscription=text, evidence=said)


@settings(deadline=None)
@given(CRUMBS)
def test_no_feed_text_adds_a_header_or_changes_another(text: str) -> None:
    mail = written(saying(text))
    assert [name.lower() for name in mail] == HEADERS
    assert (mail["From"], mail["To"]) == ("rumorwatch <watch@example.org>", "anna@example.com")
    assert len(mail["Subject"]) <= 200
    assert not {unicodedata.category(character) for character in mail["Subject"]} & {"Cc", "Zl", "Zp"}
    assert not mail.defects


@pytest.mark.parametrize(
    "claim",
    [
        "Ford in talks " * 12,
        "a" * 180,
        "福特与小米洽谈" * 25,
        "Ford – Xiaomi " * 12,
        "x" * 70 + " 小米",
        "é" * 150,
    ],
)
def test_a_subject_arrives_as_it_was_written(claim: str) -> None:
    whole = message(CHANNEL, BASE_URL, "msg_1", replace(denial(), claim=claim), AT)
    raw = whole.as_bytes()
    assert message_from_bytes(raw, policy=SMTP)["Subject"] == whole["Subject"]
    assert b"Subject:\r\n" not in raw


def test_the_message_id_holds_the_delivery_and_nothing_else() -> None:
    assert written(denial(), "msg_9>\r\nBcc: a@b")["Message-ID"] == "<msg_9---Bcc--a-b@example.org>"
