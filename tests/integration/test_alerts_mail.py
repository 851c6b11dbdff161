"""E-mail against a real SMTP server on loopback."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from service.alerts.channels import MailChannel
from service.alerts.mail import MailTransport, message
from service.alerts.smtp import CONCURRENCY, Submitter
from service.core.model import Alert
from service.errors import OutgoingError
from tests.alert_examples import BASE_URL, XIAOMI_DENIES, denial
from tests.fakes_receivers import Does, Mail, MailServer, client_tls

AT = datetime(2026, 2, 3, 15, 0, 2, tzinfo=UTC)
ANNA, BERT = "anna@example.com", "bert@example.com"
PASSWORD = "hunter2-correct-horse"


def channel_to(server: MailServer | int, **changes: Any) -> MailChannel:
    port = server if isinstance(server, int) else server.port
    channel = MailChannel("post", "127.0.0.1", port, "none", None, None, "watch@example.org", (ANNA,), 5.0)
    return replace(channel, **changes)


def transport_to(channel: MailChannel) -> MailTransport:
    return MailTransport(channel, BASE_URL, Submitter(channel, client_tls()))


def send(channel: MailChannel, alert: Alert | None = None) -> None:
    asyncio.run(transport_to(channel).send("msg_1", alert or denial(), AT))


def failure(channel: MailChannel) -> OutgoingError:
    with pytest.raises(OutgoingError) as caught:
        send(channel)
    return caught.value


def sent_by(transport: MailTransport, tries: int) -> list[str]:
    """What each of several tries of one delivery came to."""

    async def all_tries() -> list[str]:
        outcomes = []
        for _ in range(tries):
            try:
                outcomes.append((await transport.send("msg_1", denial(), AT)).answer)
            except OutgoingError as error:
                outcomes.append(f"permanent {error.status}" if error.permanent else f"later {error.status}")
        return outcomes

    return asyncio.run(all_tries())


def part(mail: Mail | EmailMessage, kind: str) -> str:
    parsed = mail.message if isinstance(mail, Mail) else mail
    found = parsed.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def test_a_person_gets_the_alert_in_text_and_html_with_its_first_line_as_subject() -> None:
    with MailServer() as server:
        send(channel_to(server, recipients=(ANNA, BERT)))
        (mail,) = server.wait_for(1)
    head = mail.message
    assert head["Subject"] == "Xiaomi denies it flatly: Ford in talks with Xiaomi on a US joint venture"
    assert (mail.sender, mail.recipients) == ("watch@example.org", (ANNA, BERT))
    assert head["From"] == "rumorwatch <watch@example.org>"
    assert head["Message-ID"] == "<msg_1@example.org>"
    assert head["Date"].datetime == AT
    assert head["Auto-Submitted"] == "auto-generated"
    assert head["Precedence"] is None
    assert head["Reply-To"] is None
    assert part(mail, "plain").startswith(head["Subject"] + "\n2 days 11 h after the report.\n")
    assert XIAOMI_DENIES.text in part(mail, "html")


def test_every_line_of_the_mail_fits_the_standard_also_in_chinese() -> None:
    long = replace(
        denial(),
        claim="福特与小米洽谈" * 40,
        party="小米汽车",
        evidence=replace(XIAOMI_DENIES, text="否认" * 900),
    )
    with MailServer() as server:
        send(channel_to(server), long)
        (mail,) = server.wait_for(1)
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    assert mail.raw.isascii()
    assert b"Subject:\r\n" not in mail.raw
    assert len(mail.message["Subject"]) <= 200
    assert mail.message["Subject"].startswith("小米汽车 denies it flatly: 福特与小米洽谈福特")


def test_the_message_id_stays_over_tries_and_differs_between_deliveries() -> None:
    channel = channel_to(25)
    ids = [message(channel, BASE_URL, one, denial(), AT)["Message-ID"] for one in ("msg_1", "msg_1", "msg_2")]
    assert ids[0] == ids[1] != ids[2]
    later = message(channel, BASE_URL, "msg_1", denial(), datetime(2026, 2, 4, tzinfo=UTC))
    assert later["Message-ID"] == ids[0]


INJECTIONS = [
    "x\r\nBcc: all@example.com",
    "x\nReply-To: e@example.com",
    "x\r\n\r\n<b>body",
    "x\u2028Bcc: a@b",
    "x\x0bBcc: a@b",
]


@pytest.mark.parametrize(
    "text", [*INJECTIONS, "x\r\n.\r\nMAIL FROM:<e@example.com>", "=?utf-8?q?x=0D=0ABcc:_a@b?="]
)
def test_feed_text_adds_no_header_and_no_recipient(text: str) -> None:
    hostile = replace(
        denial(),
        claim=text,
        party=text,
        speaker=text,
        story_id=text,
        evidence=replace(XIAOMI_DENIES, text=text, title=text, outlet=text, url=text),
    )
    plain = {name.lower() for name in message(channel_to(25), BASE_URL, "msg_1", denial(), AT)}
    with MailServer() as server:
        send(channel_to(server), hostile)
        (mail,) = server.wait_for(1)
    assert {name.lower() for name in mail.message} - {"x-peer", "x-mailfrom", "x-rcptto"} == plain
    assert mail.recipients == (ANNA,)
    assert mail.message["To"] == ANNA
    assert mail.message["From"] == "rumorwatch <watch@example.org>"


# --- encryption and log-in -------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_encrypted_and_logged_in(security: str) -> None:
    with MailServer(security=security, login=("me", PASSWORD)) as server:
        send(channel_to(server, security=security, username="me", password=PASSWORD))
        (mail,) = server.wait_for(1)
    assert mail.encrypted
    assert server.logins == [("me", PASSWORD)]


@pytest.mark.parametrize("login", [None, ("me", PASSWORD)])
def test_a_server_without_starttls_gets_neither_mail_nor_password(login: tuple[str, str] | None) -> None:
    user, password = login or (None, None)
    with MailServer(login=login) as server:
        error = failure(channel_to(server, security="starttls", username=user, password=password))
        assert server.mails == []
        assert server.logins == []
    assert not error.permanent


def test_a_password_is_not_sent_over_plain_text_even_if_nobody_checked_the_channel() -> None:
    with MailServer(login=("me", PASSWORD)) as server:
        error = failure(channel_to(server, username="me", password=PASSWORD))
        assert server.connections == 0
    assert error.permanent
    assert PASSWORD not in str(error)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(security: str) -> None:
    with MailServer(security=security) as server:
        channel = channel_to(server, security=security)
        with pytest.raises(OutgoingError, match="certificate verify failed") as caught:
            asyncio.run(MailTransport(channel, BASE_URL).send("msg_1", denial(), AT))
        assert server.mails == []
    assert not caught.value.permanent


def test_a_certificate_of_another_host_gets_no_mail() -> None:
    # The same server by another name: the certificate holds for 127.0.0.1 only.
    with MailServer(security="starttls") as server:
        error = failure(channel_to(server, host="localhost", security="starttls"))
        assert server.mails == []
    assert "localhost" in str(error)
    assert not error.permanent


def test_a_wrong_password_may_be_put_right_and_is_never_shown() -> None:
    with MailServer(security="starttls", login=("me", "other")) as server:
        error = failure(channel_to(server, security="starttls", username="me", password=PASSWORD))
    assert (error.status, error.permanent) == (535, False)
    assert PASSWORD not in str(error) + error.answer


# --- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reply", "permanent"), [("450 try later", False), ("550 no such user", True)])
def test_a_refused_recipient_is_permanent_by_its_code(reply: str, permanent: bool) -> None:
    with MailServer(rcpt={ANNA: reply}) as server:
        error = failure(channel_to(server))
        assert server.mails == []
    assert (error.status, error.permanent) == (int(reply[:3]), permanent)
    assert ANNA in str(error)
    assert reply[4:] in error.answer


@pytest.mark.parametrize(("reply", "permanent"), [("451 greylisted", False), ("554 looks like spam", True)])
def test_a_refused_message_is_permanent_by_its_code(reply: str, permanent: bool) -> None:
    with MailServer(data=[reply]) as server:
        error = failure(channel_to(server))
        assert server.mails == []
    assert (error.status, error.permanent) == (int(reply[:3]), permanent)


def recipients_of(mails: Iterable[Mail]) -> list[tuple[str, ...]]:
    return [mail.recipients for mail in mails]


def test_whom_the_server_took_gets_nothing_twice_when_the_other_is_tried_again() -> None:
    with MailServer(rcpt={BERT: "450 later"}) as server:
        transport = transport_to(channel_to(server, recipients=(ANNA, BERT)))
        assert sent_by(transport, 2) == ["later 450", "later 450"]
        server.rcpt.clear()
        assert sent_by(transport, 2) == ["accepted", "taken at an earlier try"]
        assert recipients_of(server.mails) == [(ANNA,), (BERT,)]


def test_one_recipient_refused_for_good_does_not_keep_the_mail_from_the_other() -> None:
    with MailServer(rcpt={BERT: "550 gone"}) as server:
        assert sent_by(transport_to(channel_to(server, recipients=(BERT, ANNA))), 1) == ["permanent 550"]
        assert recipients_of(server.mails) == [(ANNA,)]


def test_a_server_that_hangs_up_between_recipients_has_taken_none() -> None:
    with MailServer(rcpt={BERT: "421 closing"}) as server:
        transport = transport_to(channel_to(server, recipients=(ANNA, BERT)))
        assert sent_by(transport, 1) == ["later 421"]
        server.rcpt.clear()
        assert sent_by(transport, 1) == ["accepted"]
        assert recipients_of(server.mails) == [(ANNA, BERT)]


def test_a_cut_before_the_last_word_is_tried_again_under_the_same_message_id() -> None:
    with MailServer(does=[Does.CUT]) as server:
        assert sent_by(transport_to(channel_to(server)), 2) == ["later None", "accepted"]
        first, second = server.wait_for(2)
    assert first.message["Message-ID"] == second.message["Message-ID"]


# --- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("does", [Does.HANG, Does.DRIP])
def test_a_server_that_hangs_or_drips_is_cut_off_at_the_timeout(does: Does) -> None:
    with MailServer(does=[does]) as server:
        started = time.monotonic()
        error = failure(channel_to(server, timeout_seconds=0.4))
        assert 0.3 < time.monotonic() - started < 2.0
    assert not error.permanent


def test_conversations_that_were_cut_off_leave_their_threads_to_the_next() -> None:
    async def drips_then_one(transport: MailTransport) -> list[object]:
        drips = [transport.send(f"msg_d{number}", denial(), AT) for number in range(CONCURRENCY)]
        failed = await asyncio.gather(*drips, return_exceptions=True)
        return [*map(type, failed), (await transport.send("msg_1", denial(), AT)).answer]

    with MailServer(does=[Does.DRIP] * CONCURRENCY) as server:
        outcomes = asyncio.run(drips_then_one(transport_to(channel_to(server, timeout_seconds=1.0))))
        assert outcomes == [*[OutgoingError] * CONCURRENCY, "accepted"]


def test_a_server_that_is_slow_to_say_good_bye_has_taken_the_mail() -> None:
    with MailServer(does=[Does.LINGER]) as server:
        send(channel_to(server, timeout_seconds=1.0))
        assert len(server.mails) == 1


def test_a_tls_handshake_that_never_ends_is_cut_off() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        channel = channel_to(silent.getsockname()[1], security="tls", timeout_seconds=0.3)
        started = time.monotonic()
        assert not failure(channel).permanent
        assert time.monotonic() - started < 2.0


def test_nobody_listening_is_a_failure_that_may_pass() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        assert not failure(channel_to(taken.getsockname()[1])).permanent
